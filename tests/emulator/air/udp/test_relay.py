"""UDP relay between a foreign client and a foreign server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from emulator.air.addresses import split
from emulator.air.faults import Faults
from emulator.air.udp import relay as relay_file
from emulator.air.udp.relay import UdpRelay
from emulator.clock.clocks import VirtualClock

pytestmark = pytest.mark.realtime


class Program(asyncio.DatagramProtocol):
    """A foreign program; a server answers each datagram, unless `silent`."""

    def __init__(self, *, server: bool) -> None:
        self.server, self.silent = server, False
        self.received: list[bytes] = []
        self.senders: list[tuple[str, int]] = []
        self._news = asyncio.Event()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport
        host, port = transport.get_extra_info("sockname")[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received.append(data)
        self.senders.append(addr)
        if self.server and not self.silent:
            self.transport.sendto(b"re:" + data, addr)
        self._news.set()

    def send(self, destination: str, datagram: bytes) -> None:
        self.transport.sendto(datagram, split(destination))

    async def until(self, count: int) -> list[bytes]:
        while len(self.received) < count:
            self._news.clear()
            await self._news.wait()
        return self.received


@asynccontextmanager
async def programs(*servers: bool, host: str = "127.0.0.1") -> AsyncIterator[list[Program]]:
    loop = asyncio.get_running_loop()
    made = []
    for server in servers:
        make: Callable[[], Program] = lambda server=server: Program(server=server)  # noqa: E731
        made.append((await loop.create_datagram_endpoint(make, (host, 0)))[1])
    try:
        yield made
    finally:
        for program in made:
            program.transport.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_datagrams_pass_both_ways(host: str) -> None:
    async with programs(True, False, False, host=host) as (server, client, other):
        listen = "[::1]:0" if ":" in host else "127.0.0.1:0"
        seen: list[tuple[str, str, bytes]] = []
        with UdpRelay(server.address, listen=listen) as relay:
            relay.on_datagram = lambda *datagram: seen.append(datagram[:3])
            client.send(relay.address, b"a")
            assert await client.until(1) == [b"re:a"]
            other.send(relay.address, b"b")
            assert await other.until(1) == [b"re:b"]
            assert len(set(server.senders)) == 2
            assert (relay.carried, relay.lost) == (4, 0)
        assert seen == [
            (client.address, server.address, b"a"),
            (server.address, client.address, b"re:a"),
            (other.address, server.address, b"b"),
            (server.address, other.address, b"re:b"),
        ]


async def test_a_client_seems_to_be_elsewhere_after_a_rebind() -> None:
    async with programs(True, False) as (server, client):
        with UdpRelay(server.address) as relay:
            for count in (1, 2):
                client.send(relay.address, b"x")
                await client.until(count)
            relay.rebind()
            server.send("{}:{}".format(*server.senders[0]), b"to the old address")
            client.send(relay.address, b"y")
            assert await client.until(3) == [b"re:x", b"re:x", b"re:y"]
            first, second, third = server.senders
            assert first == second != third


async def test_delays_are_in_the_time_of_the_clock() -> None:
    clock = VirtualClock(start=0)
    async with programs(True, False) as (server, client):
        faults = Faults(latency=0, delayed=1, delay=40)
        with UdpRelay(server.address, faults=faults, clock=clock) as relay:
            arrived = asyncio.Event()
            relay.on_datagram = lambda *_: arrived.set()
            client.send(relay.address, b"late")
            await arrived.wait()
            assert clock.next == 40
            relay.faults.delayed = 0
            clock.advance(40)
            assert await client.until(1) == [b"re:late"]
            relay.faults.delayed = 1
            arrived.clear()
            client.send(relay.address, b"never")
            await arrived.wait()
        assert clock.next is None
        assert (relay.lost, server.received) == (1, [b"late"])


async def test_faults_meet_both_ways() -> None:
    async with programs(True, False) as (server, client):
        with UdpRelay(server.address, faults=Faults(latency=0, duplication=1)) as relay:
            client.send(relay.address, b"x")
            assert await client.until(4) == [b"re:x"] * 4
            assert server.received == [b"x"] * 2
            relay.faults.loss = 1
            arrived = asyncio.Event()
            relay.on_datagram = lambda *_: arrived.set()
            client.send(relay.address, b"lost")
            await arrived.wait()
            assert relay.lost == 1
            assert server.received == [b"x"] * 2


async def test_an_absent_server_and_a_stranger_change_nothing() -> None:
    async with programs(True, False, False) as (server, client, stranger):
        server.silent = True
        with UdpRelay(server.address) as relay:
            client.send(relay.address, b"x")
            await server.until(1)
            stranger.send("{}:{}".format(*server.senders[0]), b"not from the server")
            server.silent = False
            client.send(relay.address, b"y")
            assert await client.until(1) == [b"re:y"]
            server.transport.close()
            for _ in range(5):
                client.send(relay.address, b"z")
            client.send(client.address, b"own")
            assert (await client.until(2))[1] == b"own"


async def test_clients_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_file, "MAX_CLIENTS", 2)
    async with programs(True, False, False, False) as (server, *clients):
        with UdpRelay(server.address) as relay:
            for client in clients:
                client.send(relay.address, b"x")
                await client.until(1)
            assert len(relay._clients) == 2
            clients[1].send(relay.address, b"y")
            await clients[1].until(2)
            assert server.senders[1] == server.senders[3]
            clients[0].send(relay.address, b"y")
            await clients[0].until(2)
            assert server.senders[0] != server.senders[4]


async def test_what_cannot_be_sent_is_lost() -> None:
    async with programs(True, False, host="::1") as (server, client):
        with UdpRelay(server.address, listen="[::1]:0") as relay:
            relay._server = ("::1", 5683, 0, 99)  # no such interface
            arrived = asyncio.Event()
            relay.on_datagram = lambda *_: arrived.set()
            client.send(relay.address, b"x")
            await arrived.wait()
            relay._here = "192.0.2.1"
            relay.rebind()
            client.send(relay.address, b"x")
            arrived.clear()
            await arrived.wait()
            assert relay.carried + relay.lost == 2


def test_the_server_is_an_ip_address() -> None:
    with pytest.raises(ValueError, match="expected an IP address and a port"):
        UdpRelay("localhost:5683")
    assert UdpRelay("198.51.100.1:5683")._here == "0.0.0.0"
