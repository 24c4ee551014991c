"""Foreign CoAP programs over real sockets: to an endpoint of ours, and through the relay."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiocoap
import pytest

from emulator.air.faults import Faults
from emulator.air.udp.air import UdpAir
from emulator.air.udp.relay import UdpRelay
from emulator.clock.clocks import LoopClock
from emulator.coap.endpoint import Endpoint
from emulator.coap.server import Incoming

pytestmark = pytest.mark.realtime
LARGE = b"0123456789abcdef" * 200


class Site:
    """An endpoint of ours at a UDP address: GET answers LARGE, PUT the size of what came."""

    def __init__(self) -> None:
        self.clock = LoopClock()
        self.clock.start()
        self.air = UdpAir(self.run, Faults(latency=0))
        self.endpoint = Endpoint(lambda peer, datagram, now: self.send(peer, datagram, now))
        self.endpoint.serve = self.serve
        self.requests = 0
        self.address = self.air.attach("127.0.0.1:0", self.endpoint.receive)

    def run(self, call: Callable[[float], None]) -> None:
        now = self.clock.now()
        call(now)
        self.air.step(now)

    def send(self, peer: str, datagram: bytes, now: float) -> None:
        self.air.send(self.address, peer, datagram, now)

    def serve(self, incoming: Incoming, now: float) -> None:
        self.requests += 1
        payload = incoming.message.payload
        answer = aiocoap.Message(payload=b"%d" % len(payload) if payload else LARGE)
        answer.code = aiocoap.CHANGED if payload else aiocoap.CONTENT
        incoming.respond(answer, now)


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    made = Site()
    try:
        yield made
    finally:
        made.air.close()


@asynccontextmanager
async def client() -> AsyncIterator[aiocoap.Context]:
    context = await aiocoap.Context.create_client_context()
    try:
        yield context
    finally:
        await context.shutdown()


async def test_aiocoap_is_served() -> None:
    """Blocks both ways."""
    async with site() as server, client() as foreign:
        uri = f"coap://{server.address}/large"
        response = await foreign.request(aiocoap.Message(code=aiocoap.GET, uri=uri)).response
        assert response.payload == LARGE
        put = aiocoap.Message(code=aiocoap.PUT, uri=uri, payload=LARGE)
        assert (await foreign.request(put).response).payload == b"%d" % len(LARGE)
        assert server.air.lost == 0


async def test_aiocoap_is_served_through_a_relay_that_duplicates() -> None:
    """Each request is served once."""
    async with site() as server, client() as foreign:
        with UdpRelay(server.address, faults=Faults(latency=0, duplication=1)) as relay:
            uri = f"coap://{relay.address}/large"
            for count in range(1, 4):
                put = aiocoap.Message(code=aiocoap.PUT, uri=uri, payload=b"x" * count)
                assert (await foreign.request(put).response).payload == b"%d" % count
                relay.rebind()
            assert server.requests == 3
            assert relay.carried > 9


@pytest.mark.skipif(
    shutil.which("coap-client-notls") is None,
    reason="libcoap's client is not installed (Debian: libcoap3-bin)",
)
async def test_libcoap_is_served() -> None:
    async with site() as server:
        with UdpRelay(server.address) as relay:
            for address in (server.address, relay.address):
                process = await asyncio.create_subprocess_exec(
                    *("coap-client-notls", "-B", "60", "-m", "get", f"coap://{address}/large"),
                    stdout=asyncio.subprocess.PIPE,
                )
                output, _ = await process.communicate()
                assert output.strip() == LARGE
