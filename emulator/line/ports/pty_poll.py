"""Events of all ptys of one event loop, through one epoll descriptor."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from weakref import WeakKeyDictionary


class PtyPoller:
    """Calls the callback of a descriptor with its epoll events, once for each change.

    Edge-triggered, because the master of a pty that no program has open reports a hang-up all the
    time and would keep the loop busy. With one epoll for all ptys, events of many ptys cost one
    iteration of the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._callbacks: dict[int, Callable[[int], None]] = {}
        self._epoll = select.epoll()
        loop.add_reader(self._epoll.fileno(), self._on_ready)

    def add(self, descriptor: int, on_events: Callable[[int], None]) -> None:
        self._epoll.register(descriptor, select.EPOLLIN | select.EPOLLET)
        self._callbacks[descriptor] = on_events

    def rearm(self, descriptor: int) -> None:
        """Report bytes that are already available again."""
        self._epoll.modify(descriptor, select.EPOLLIN | select.EPOLLET)

    def remove(self, descriptor: int) -> None:
        """Call before the descriptor is closed. The last removal closes the epoll."""
        self._epoll.unregister(descriptor)
        del self._callbacks[descriptor]
        if not self._callbacks:
            del _POLLERS[self._loop]
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()

    def _on_ready(self) -> None:
        for descriptor, events in self._epoll.poll(0):
            callback = self._callbacks.get(descriptor)
            if callback is None:  # removed by a callback before it
                continue
            try:
                callback(events)
            except Exception as error:  # like the loop: the other ptys continue
                message = f"error in the callback of pty descriptor {descriptor}"
                self._loop.call_exception_handler({"message": message, "exception": error})


_POLLERS: WeakKeyDictionary[asyncio.AbstractEventLoop, PtyPoller] = WeakKeyDictionary()


def poller_of(loop: asyncio.AbstractEventLoop) -> PtyPoller:
    """The poller of this event loop (Linux only)."""
    poller = _POLLERS.get(loop)
    if poller is None:
        poller = _POLLERS[loop] = PtyPoller(loop)
    return poller
