"""Hosts on the network for the tests: a plain socket on the test's own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Peer:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.seen = b""

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.connection, data)

    async def reads(self, data: bytes) -> None:
        """Read until `data` is among what came."""
        while data not in self.seen:
            more = await asyncio.get_running_loop().sock_recv(self.connection, 65_536)
            assert more, f"the port closed after {self.seen!r}"
            self.seen += more

    async def is_left(self) -> None:
        """Read until the other side has closed."""
        try:
            while more := await asyncio.get_running_loop().sock_recv(self.connection, 65_536):
                self.seen += more
        except ConnectionResetError:
            pass


@asynccontextmanager
async def peer(url: str) -> AsyncIterator[Peer]:
    """A plain TCP client of `url`, `socket://` or `rfc2217://`."""
    host, _, number = url.partition("://")[2].rpartition(":")
    address = host.strip("[]"), int(number)
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, address)
        yield Peer(connection)


async def until(condition: Callable[[], bool]) -> None:
    """Run the event loop until the condition holds, where there is no event to wait for."""
    while not condition():
        turned = asyncio.Event()
        asyncio.get_running_loop().call_soon(turned.set)
        await turned.wait()


class Recorder:
    """Records the bytes and notes that it is called with."""

    def __init__(self) -> None:
        self.data = b""
        self.notes: list[str] = []
        self._news = asyncio.Event()

    def receive(self, data: bytes) -> None:
        self.data += data
        self._news.set()

    def note(self, text: str) -> None:
        self.notes.append(text)
        self._news.set()

    async def wait_for(self, data: bytes) -> None:
        while data not in self.data:
            self._news.clear()
            await self._news.wait()

    async def wait_for_note(self, text: str) -> None:
        while not any(text in note for note in self.notes):
            self._news.clear()
            await self._news.wait()
