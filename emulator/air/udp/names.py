"""Names of hosts, looked up in threads: neither the event loop nor the end of a program waits."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from emulator.air.addresses import split
from emulator.air.udp.sockets import SocketAddress

# guess: seconds for which an answer is used, also that there is none.
KEPT = 60.0
# guess: bounds memory and threads. Names that are kept, and look-ups at once.
MAX_NAMES = 256
MAX_LOOKUPS = 8
# guess: bounds memory. Datagrams that wait for one name.
MAX_WAITING = 16

Target = tuple[socket.AddressFamily, SocketAddress]


class Names:
    """Looks up `host:port`; of several addresses the first is taken.

    `lookup` has the arguments of `socket.getaddrinfo` and runs in threads.
    """

    def __init__(self, lookup: Callable[..., list[tuple[object, ...]]] | None = None) -> None:
        self._lookup = socket.getaddrinfo if lookup is None else lookup
        self._found: dict[str, tuple[float, Target | None]] = {}  # when, what
        self._waiting: dict[str, list[Callable[[Target | None], None]]] = {}
        self._closed = False

    def find(self, address: str, on_found: Callable[[Target | None], None]) -> None:
        """Call `on_found`, at once or later; None: there is no such host, or too many wait."""
        loop = asyncio.get_running_loop()
        known = self._found.get(address)
        if known is not None and loop.time() - known[0] < KEPT:
            on_found(known[1])
        elif address in self._waiting:
            if len(self._waiting[address]) < MAX_WAITING:
                self._waiting[address].append(on_found)
            else:
                on_found(None)
        elif len(self._waiting) >= MAX_LOOKUPS:
            on_found(None)
        else:
            self._waiting[address] = [on_found]
            # A daemon: the end of the program does not wait for an answer of a name server.
            look = partial(self._look, address, loop)
            threading.Thread(target=look, name=f"lookup {address}", daemon=True).start()

    def close(self) -> None:
        """No `on_found` is called from now on."""
        self._closed = True
        self._waiting.clear()

    def _look(self, address: str, loop: asyncio.AbstractEventLoop) -> None:
        host, port = split(address)
        found: Target | None = None
        try:
            first = self._lookup(host, port, type=socket.SOCK_DGRAM)[0]
            found = socket.AddressFamily(first[0]), first[4]  # type: ignore[arg-type,assignment]
        except (OSError, ValueError):  # ValueError: no text that a name may have
            pass
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(self._on_answer, address, found, loop)

    def _on_answer(
        self, address: str, found: Target | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        if self._closed:
            return
        if len(self._found) >= MAX_NAMES:
            del self._found[next(iter(self._found))]
        self._found[address] = loop.time(), found
        for on_found in self._waiting.pop(address):
            on_found(found)
