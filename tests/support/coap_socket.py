"""An endpoint behind a UDP socket of this machine, in real time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiocoap import Message

from emulator.clock.deadlines import earliest
from emulator.coap.endpoint import Endpoint

T = TypeVar("T", bound="CoapSocket")


class CoapSocket(asyncio.DatagramProtocol):
    """Carries the datagrams and calls `step`. After `keep`, `lose` many datagrams are not sent.

    `receive` takes what arrives; `parts` have deadlines.
    """

    def __init__(self, **options: Any) -> None:
        self.endpoint = Endpoint(self._send, **options)
        self.endpoint.on_change = self._plan
        self.receive = self.endpoint.receive
        self.parts: list[Any] = [self.endpoint]
        self.address = ""
        self.keep = self.lose = 0
        self.sent: list[bytes] = []
        self._transport: asyncio.DatagramTransport | None = None
        self._event = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        host, port = transport.get_extra_info("sockname")[:2]
        self.address = f"{host}:{port}"

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.receive(f"{addr[0]}:{addr[1]}", data, time.time())
        self._event.set()

    async def acts(self) -> None:
        """Wait until it received something or did what was due."""
        self._event.clear()
        await self._event.wait()

    def _send(self, peer: str, datagram: bytes, _now: float) -> None:
        self.sent.append(datagram)
        if self.lose and not self.keep:
            self.lose -= 1
        elif self._transport is not None:
            host, _, port = peer.rpartition(":")
            self.keep = max(self.keep - 1, 0)
            self._transport.sendto(datagram, (host, int(port)))

    def _plan(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = earliest(*(part.due for part in self.parts))
        if due is not None:
            delay = max(due - time.time(), 0)
            self._timer = asyncio.get_running_loop().call_later(delay, self._step)

    def _step(self) -> None:
        self._timer = None
        for part in self.parts:
            part.step(time.time())
        self._plan()
        self._event.set()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()

    async def ask(self, peer: str, request: Message, **options: Any) -> Message:
        """The answer to a request."""
        answer: asyncio.Future[Message | None] = asyncio.get_running_loop().create_future()
        self.endpoint.request(
            peer, request, lambda response, _: answer.set_result(response), time.time(), **options
        )
        response = await answer
        assert response is not None, "no answer came"
        return response


@asynccontextmanager
async def coap_socket(kind: type[T] = CoapSocket, **options: Any) -> AsyncIterator[T]:  # type: ignore[assignment]
    loop = asyncio.get_running_loop()
    _, made = await loop.create_datagram_endpoint(
        lambda: kind(**options), local_addr=("127.0.0.1", 0)
    )
    try:
        yield made
    finally:
        made.close()
        await asyncio.sleep(0)
