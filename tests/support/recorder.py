"""A protocol that keeps what its transport calls it with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.patience import PATIENCE


@dataclass
class Recorder(asyncio.Protocol):
    """`lost` has the argument of each `connection_lost`."""

    transport: asyncio.BaseTransport | None = None
    data: bytes = b""
    lost: list[Exception | None] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.changed.set()

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)
        self.changed.set()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until a call makes the condition true."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def closed(self) -> None:
        """Wait for the end of a transport that its user closed."""
        await self.until(lambda: self.lost)
        assert self.lost == [None]
