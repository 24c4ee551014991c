"""The strict servers at a UDP socket of this machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

from tests.support.strict_coap import Exchange
from tests.support.strict_server import StrictServer


class UdpEnd(asyncio.DatagramProtocol):
    """A socket; `arrived(peer, datagram)` gets what comes."""

    def __init__(self, arrived: Callable[[str, bytes], None]) -> None:
        self._arrived = arrived
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls, arrived: Callable[[str, bytes], None]) -> UdpEnd:
        loop = asyncio.get_running_loop()
        _, made = await loop.create_datagram_endpoint(
            lambda: cls(arrived), local_addr=("127.0.0.1", 0)
        )
        return made

    @property
    def uri(self) -> str:
        assert self._transport is not None
        return "coap://{}:{}".format(*self._transport.get_extra_info("sockname"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._arrived(f"{addr[0]}:{addr[1]}", data)

    def send(self, peer: str, datagram: bytes) -> None:
        assert self._transport is not None
        host, _, port = peer.rpartition(":")
        self._transport.sendto(datagram, (host, int(port)))

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


class StrictSite:
    """A strict server in real time."""

    def __init__(self) -> None:
        self.server = StrictServer(lambda peer, datagram, _now: self._end.send(peer, datagram))
        self._news = asyncio.Event()
        self._end: UdpEnd

    @property
    def uri(self) -> str:
        return self._end.uri

    @property
    def now(self) -> float:
        return time.time()

    async def open(self) -> None:
        self._end = await UdpEnd.open(self._arrived)

    def _arrived(self, peer: str, datagram: bytes) -> None:
        self.server.receive(peer, datagram, self.now)
        self._news.set()

    async def until(self, done: Callable[[], object]) -> None:
        while not done():
            self._news.clear()
            await self._news.wait()

    async def answered(self, exchange: Exchange) -> str:
        """Its code."""
        await self.until(lambda: exchange.answer is not None)
        return exchange.result

    def close(self) -> None:
        self._end.close()


@asynccontextmanager
async def strict_site() -> AsyncIterator[StrictSite]:
    made = StrictSite()
    await made.open()
    try:
        yield made
        assert made.server.faults == []
    finally:
        made.close()
        await asyncio.sleep(0)
