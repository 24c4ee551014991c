"""A datagram protocol that records what it receives, and an address for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from m5310.module.udp import Address

PEER = ("183.230.40.40", 5683)


class RecordingProtocol(asyncio.DatagramProtocol):
    """Records every call, in order."""

    def __init__(self) -> None:
        self.transport: asyncio.BaseTransport | None = None
        self.received: list[tuple[bytes, Address]] = []
        self.errors: list[Exception] = []
        self.ended: list[Exception | None] = []
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()

    async def until(self, done: Callable[[], bool]) -> None:
        while not done():
            self._news.clear()
            await self._news.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.received.append((data, addr))
        self._news.set()

    def error_received(self, exc: Exception) -> None:
        self.errors.append(exc)
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.append(exc)
        self._news.set()
