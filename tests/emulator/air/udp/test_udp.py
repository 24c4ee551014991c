"""UDP air on the loopback of this machine."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.air.addresses import join, split
from emulator.air.faults import Faults, Link
from emulator.air.udp import air as air_file
from emulator.air.udp import names as names_file
from emulator.air.udp.air import UdpAir
from emulator.air.udp.names import MAX_LOOKUPS, MAX_WAITING, Names
from emulator.air.udp.sockets import bind, reached_at
from emulator.clock.clocks import VirtualClock
from tests.support.clock import run
from tests.support.effort import scaled
from tests.support.free_ports import free_port

pytestmark = pytest.mark.realtime
ACCESS_MACHINE = "183.230.40.40:5683"


class World:
    """A UDP air with a clock that only the test moves."""

    def __init__(self, faults: Faults | None = None, names: Names | None = None) -> None:
        self.clock = VirtualClock(start=1000)
        self.notes: list[str] = []
        self.news = asyncio.Event()
        quick = Faults(latency=0) if faults is None else faults
        self.air = UdpAir(self.run, quick, names=names)
        self.air.on_note = self.note

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.news.set()

    def run(self, call: Callable[[float], None]) -> None:
        """As a scheduler does: an input, then what is due."""
        call(self.clock.now())
        self.step()

    def step(self) -> None:
        self.air.step(self.clock.now())
        self.news.set()

    async def until(self, done: Callable[[], object]) -> None:
        while not done():
            self.news.clear()
            await self.news.wait()


class End:
    """An endpoint of the air that records (source, datagram)."""

    def __init__(self, world: World, address: str = "127.0.0.1:0") -> None:
        self.world = world
        self.received: list[tuple[str, bytes]] = []
        self.link = Link()
        self.address = world.air.attach(address, self.deliver, lambda: self.link)

    def deliver(self, source: str, datagram: bytes, now: float) -> None:
        self.received.append((source, datagram))

    def send(self, destination: str, datagram: bytes) -> None:
        self.world.run(partial(self.world.air.send, self.address, destination, datagram))

    async def until(self, count: int) -> list[tuple[str, bytes]]:
        await self.world.until(lambda: len(self.received) >= count)
        return self.received


class Foreign(asyncio.DatagramProtocol):
    """A program with a socket of its own."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, str]] = []
        self.news = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received.append((data, addr[0]))
        self.sender = addr
        self.news.set()

    async def until(self, count: int) -> None:
        while len(self.received) < count:
            self.news.clear()
            await self.news.wait()


@asynccontextmanager
async def foreign(
    host: str = "127.0.0.1",
) -> AsyncIterator[tuple[Foreign, int, asyncio.DatagramTransport]]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Foreign, (host, 0))
    try:
        yield protocol, transport.get_extra_info("sockname")[1], transport
    finally:
        transport.close()


@asynccontextmanager
async def world(faults: Faults | None = None, names: Names | None = None) -> AsyncIterator[World]:
    made = World(faults, names)
    try:
        yield made
    finally:
        made.air.close()


async def test_datagrams_pass_between_two_ends() -> None:
    async with world() as it:
        module, platform = End(it), End(it)
        module.send(platform.address, b"up")
        assert await platform.until(1) == [(module.address, b"up")]
        platform.send(module.address, b"down")
        assert await module.until(1) == [(platform.address, b"down")]
        assert (it.air.carried, it.air.lost, it.notes) == (2, 0, [])


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "[::]:0"])
async def test_a_route_leads_there_and_back(address: str) -> None:
    """Also to an end of the other IP version, and to one at all addresses of the machine."""
    async with world() as it:
        module, platform = End(it), End(it, address)
        it.air.routes[ACCESS_MACHINE] = platform.address
        seen: list[tuple[str, str, bytes, float]] = []
        it.air.on_datagram = lambda *datagram: seen.append(datagram)
        module.send(ACCESS_MACHINE, b"up")
        ((source, _),) = await platform.until(1)
        platform.send(source, b"down")
        assert await module.until(1) == [(ACCESS_MACHINE, b"down")]
        assert [entry[:2] for entry in seen] == [
            (module.address, ACCESS_MACHINE),
            (ACCESS_MACHINE, module.address),
        ]


class Answering(End):
    """Answers each datagram at once."""

    def deliver(self, source: str, datagram: bytes, now: float) -> None:
        super().deliver(source, datagram, now)
        self.send(source, b"re: " + datagram)


async def test_poll_takes_all_that_has_arrived_and_what_follows_from_it() -> None:
    """As a clock needs that moves only after that: without a turn of the event loop."""
    async with world() as it:
        it.air.poll()
        module, early = End(it), End(it)
        early.send(module.address, b"before the first poll")
        platform = Answering(it, "[::1]:0")
        it.air.routes[ACCESS_MACHINE] = platform.address
        for number in range(50):
            module.send(ACCESS_MACHINE, b"%d" % number)
        it.air.poll()
        assert [datagram for _, datagram in platform.received] == [b"%d" % n for n in range(50)]
        assert [datagram for _, datagram in module.received] == [
            b"before the first poll",
            *(b"re: %d" % number for number in range(50)),
        ]


async def test_poll_reads_in_the_order_of_opening() -> None:
    """Equal runs are equal, whichever socket the system names first."""
    order: list[End] = []

    class Noting(End):
        def deliver(self, source: str, datagram: bytes, now: float) -> None:
            order.append(self)

    async with world() as it:
        sender = End(it)
        ends: list[End] = [Noting(it) for _ in range(10)]
        it.air.poll()
        for end in reversed(ends):
            sender.send(end.address, b"x")
        it.air.poll()
        assert order == ends


async def test_poll_forgets_an_end_that_is_detached() -> None:
    async with world() as it:
        module, other = End(it), End(it)
        it.air.poll()
        module.send(other.address, b"x")
        it.air.detach(other.address)
        it.air.poll()
        again = End(it, other.address)
        module.send(again.address, b"y")
        it.air.poll()
        assert again.received == [(module.address, b"y")]
        assert other.received == []


async def test_a_foreign_client_is_served() -> None:
    async with world() as it, foreign() as (client, port, transport):
        platform = End(it)
        seen: list[tuple[str, str, bytes, float]] = []
        it.air.on_datagram = lambda *entry: seen.append(entry)
        transport.sendto(b"hello", ("127.0.0.1", int(platform.address.rpartition(":")[2])))
        ((source, datagram),) = await platform.until(1)
        assert seen == [(source, platform.address, b"hello", 1000)]
        assert (source, datagram) == (f"127.0.0.1:{port}", b"hello")
        platform.send(source, b"welcome")
        await client.until(1)
        assert client.received[0][0] == b"welcome"


async def test_a_foreign_server_is_reached_by_ipv6() -> None:
    async with world() as it, foreign("::1") as (server, port, transport):
        module = End(it)
        module.send(f"[0::1]:{port}", b"hello")
        await server.until(1)
        transport.sendto(b"welcome", server.sender)
        assert await module.until(1) == [(f"[0::1]:{port}", b"welcome")]


async def test_faults_meet_each_datagram_once() -> None:
    async with world(Faults(latency=0, duplication=1)) as it, foreign() as (other, port, transport):
        module, platform = End(it), End(it)
        module.send(platform.address, b"own")
        await platform.until(2)
        transport.sendto(b"in", ("127.0.0.1", int(platform.address.rpartition(":")[2])))
        await platform.until(4)
        platform.send(f"127.0.0.1:{port}", b"out")
        await other.until(2)
        assert [datagram for _, datagram in platform.received] == [b"own", b"own", b"in", b"in"]
        assert [datagram for datagram, _ in other.received] == [b"out", b"out"]


async def test_latency_is_in_the_time_of_the_clock() -> None:
    async with world(Faults(latency=2)) as it, foreign() as (_, _port, transport):
        module, platform = End(it), End(it)
        module.link = Link(latency=3)
        module.send(platform.address, b"up")
        assert it.air.deadline == 1005
        transport.sendto(b"in", ("127.0.0.1", int(platform.address.rpartition(":")[2])))
        await it.until(lambda: it.air.deadline == 1002)
        it.clock.advance(2)
        it.step()
        assert [datagram for _, datagram in platform.received] == [b"in"]
        it.clock.advance(3)
        it.step()
        await platform.until(2)
        assert it.air.deadline is None


async def test_a_closed_port_changes_nothing() -> None:
    """ICMP says that it is unreachable; the next datagrams pass."""
    async with world() as it:
        nowhere = f"127.0.0.1:{free_port()}"
        module, platform = End(it), End(it)
        for _ in range(5):
            module.send(nowhere, b"x")
            module.send(platform.address, b"y")
            platform.send(module.address, b"z")
        await platform.until(5)
        await module.until(5)
        assert it.notes == []


class BrokenSocket(socket.socket):
    """Fails once to read and once to write, as after a refused datagram."""

    broken = 0

    def recvfrom(self, *arguments: int) -> tuple[bytes, tuple[str, int]]:  # type: ignore[override]
        self.broken += 1
        if self.broken == 1:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        return super().recvfrom(*arguments)

    def sendto(self, *arguments: object) -> int:  # type: ignore[override]
        self.broken += 1
        if self.broken == 1:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return super().sendto(*arguments)  # type: ignore[call-overload]


async def test_errors_of_a_socket_lose_at_most_the_datagram(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "socket", BrokenSocket)
    async with world() as it:
        module, platform = End(it), End(it)
        module.send(platform.address, b"lost")
        for _ in range(2):
            module.send(platform.address, b"x")
        await platform.until(2)
        assert it.air.lost == 1
        assert it.notes == [
            f"datagram of {module.address} to {platform.address} lost:"
            " Resource temporarily unavailable"
        ]


@pytest.mark.parametrize(
    ("source", "destination", "note"),
    [
        ("127.0.0.1:0", "192.0.2.1:5683", "an end on loopback reaches this machine only"),
        ("127.0.0.1:0", "no address", "expected host:port"),
        ("127.0.0.1:0", "x:70000", "expected host:port"),
        ("127.0.0.2:0", "[::1]:5683", "bound to an address of the other IP version"),
    ],
)
async def test_what_cannot_be_sent_is_noted(source: str, destination: str, note: str) -> None:
    async with world() as it:
        module = End(it, source)
        module.send(destination, b"x")
        assert note in it.notes[0]
        assert (it.air.carried, it.air.lost) == (0, 1)
        module.send(module.address, b"y" * 70_000)
        assert "Message too long" in it.notes[1]


def own_address() -> str | None:
    """An address of this machine in a network, if there is one. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        host: str = probe.getsockname()[0]
        return host


@pytest.mark.skipif(own_address() is None, reason="this machine is in no network")
async def test_an_end_on_loopback_reaches_one_of_ours_in_the_network() -> None:
    async with world() as it:
        module, platform = End(it), End(it, f"{own_address()}:0")
        module.send(platform.address, b"up")
        assert await platform.until(1) == [(module.address, b"up")]
        platform.send(module.address, b"down")
        assert await module.until(1) == [(platform.address, b"down")]


async def test_nothing_comes_after_the_end() -> None:
    async with world(Faults(latency=1)) as it:
        module, platform, other = End(it), End(it), End(it)
        module.send(platform.address, b"on the way")
        it.air.detach(platform.address)
        it.air.detach(platform.address)
        assert End(it, platform.address).address == platform.address  # the port is free again
        it.air.send("127.0.0.1:1", other.address, b"of no attached end", it.clock.now())
        it.clock.advance(1)
        it.step()
        assert it.air.lost == 1
        it.air.close()
        assert it.air.deadline is None
        assert platform.received == other.received == []


async def test_an_end_may_leave_while_it_receives() -> None:
    async with world() as it:
        module, platform = End(it), End(it)
        platform.deliver = lambda *_: it.air.detach(platform.address)  # type: ignore[method-assign]
        leaving = it.air.attach("127.0.0.1:0", lambda *_: it.air.detach(leaving))
        for _ in range(3):
            module.send(leaving, b"x")
        module.send(module.address, b"after")
        assert await module.until(1) == [(module.address, b"after")]


@pytest.mark.parametrize("address", ["localhost:0", "127.0.0.1", "::1:0"])
async def test_an_end_needs_an_ip_address(address: str) -> None:
    async with world() as it:
        with pytest.raises(ValueError, match=r"expected (an IP address|host:port)"):
            End(it, address)


async def test_a_port_in_use_is_refused() -> None:
    async with world() as it:
        first = End(it)
        with pytest.raises(OSError, match="in use"):
            End(it, first.address)


# Names --------------------------------------------------------------------------------------------


class NameServer:
    """Answers look-ups with what `answer` gives, when the test says so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.port = 0
        self.names = Names(self.lookup)

    def lookup(self, host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        self.asked.append(host)
        if host == "nowhere":
            raise socket.gaierror(-2, "Name or service not known")
        if host == "x" * 64:
            host.encode("idna")
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("127.0.0.1", port))]


async def test_a_name_is_looked_up_once() -> None:
    server = NameServer()
    async with world(names=server.names) as it:
        module, platform = End(it), End(it)
        by_name = platform.address.replace("127.0.0.1", "platform.example")
        it.air.routes[ACCESS_MACHINE] = by_name
        for number in range(3):
            module.send(ACCESS_MACHINE, b"%d" % number)
        assert [datagram for _, datagram in await platform.until(3)] == [b"0", b"1", b"2"]
        module.send(by_name, b"3")
        platform.send(module.address, b"down")
        assert await module.until(1) == [(by_name, b"down")]
        assert server.asked == ["platform.example"]


async def test_a_name_led_elsewhere_is_the_source_of_replies() -> None:
    server = NameServer()
    async with world(names=server.names) as it:
        module, platform = End(it), End(it)
        it.air.routes[ACCESS_MACHINE] = platform.address.replace("127.0.0.1", "platform.example")
        module.send(ACCESS_MACHINE, b"up")
        await platform.until(1)
        platform.send(module.address, b"down")
        assert await module.until(1) == [(ACCESS_MACHINE, b"down")]


@pytest.mark.parametrize("host", ["nowhere", "x" * 64])
async def test_a_name_without_address_is_noted(host: str) -> None:
    server = NameServer()
    async with world(names=server.names) as it:
        module = End(it)
        module.send(f"{host}:5683", b"x")
        await it.until(lambda: it.notes)
        assert it.notes == [
            f"datagram of {module.address} to {host}:5683 lost: no address of this name"
        ]


async def test_a_name_is_looked_up_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    server = NameServer()
    async with world(names=server.names) as it:
        module, platform = End(it), End(it)
        by_name = platform.address.replace("127.0.0.1", "platform.example")
        module.send(by_name, b"1")
        await platform.until(1)
        monkeypatch.setattr(names_file, "KEPT", 0)
        module.send(by_name, b"2")
        await platform.until(2)
        assert server.asked == ["platform.example"] * 2


async def test_an_end_that_leaves_sends_nothing_more() -> None:
    server = NameServer()
    found = asyncio.Event()
    async with world(names=server.names) as it:
        module, platform = End(it), End(it)
        by_name = platform.address.replace("127.0.0.1", "platform.example")
        module.send(by_name, b"never")
        server.names.find(by_name, lambda _target: found.set())
        it.air.detach(module.address)
        await found.wait()
        assert (it.air.carried, it.air.lost, platform.received) == (0, 1, [])


async def test_kept_destinations_and_names_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(air_file, "MAX_TARGETS", 3)
    monkeypatch.setattr(names_file, "MAX_NAMES", 2)
    server = NameServer()
    async with world(names=server.names) as it:
        module, platform = End(it), End(it)
        names = [platform.address.replace("127.0.0.1", f"host{n}") for n in range(4)]
        for count, name in enumerate(names, 1):
            module.send(name, b"x")
            await platform.until(count)
        assert (len(it.air._targets), len(server.names._found)) == (1, 2)


async def test_look_ups_are_bounded_and_end_with_the_air() -> None:
    go = threading.Event()

    def lookup(*_: object, **_more: object) -> list[tuple[object, ...]]:
        go.wait(20)
        return [(socket.AF_INET, 0, 0, "", ("127.0.0.1", 1))]

    found: list[object] = []
    names = Names(lookup)
    for number in range(MAX_LOOKUPS + 3):
        names.find(f"host{number}:1", found.append)
    assert found == [None] * 3
    for _ in range(MAX_WAITING + 3):
        names.find("host0:1", found.append)
    assert found == [None] * 7
    names.close()
    go.set()
    assert found == [None] * 7


@settings(max_examples=scaled(100))
@given(
    destinations=st.lists(
        st.one_of(
            st.text(),
            st.builds("{}:{}".format, st.text(), st.integers(0, 70_000)),
            st.builds("{}:{}".format, st.ip_addresses(v=4), st.integers(0, 65_535)),
            st.builds("[{}]:{}".format, st.ip_addresses(v=6), st.integers(0, 65_535)),
        ),
        max_size=8,
    )
)
def test_any_destination_may_be_asked_for(destinations: list[str]) -> None:
    """A host may set any text as its server. Nothing of it leaves this machine."""

    async def send() -> None:
        async with world(names=NameServer().names) as it:
            module = End(it)
            for destination in destinations:
                module.send(destination, b"x")
            assert it.air.carried + it.air.lost == len(destinations)

    run(send(), virtual=False)


@pytest.mark.parametrize("address", ["127.0.0.1:5683", "[::1]:1", "192.0.2.7:5683"])
def test_address_of_one_interface_is_reached_as_it_is(address: str) -> None:
    assert reached_at(address) == address


@pytest.mark.parametrize("address", ["0.0.0.0:5683", "[::]:5683"])
def test_address_of_all_interfaces_is_reached_at_one_of_this_machine(address: str) -> None:
    reached = reached_at(address)
    host, port = split(reached)
    assert port == 5683
    assert not ip_address(host).is_unspecified
    bind(join(host, 0)).close()
