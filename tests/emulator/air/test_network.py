"""In-memory air: who gets a datagram, from whom it seems to come, and what is lost."""

from __future__ import annotations

from emulator.air.faults import Faults, Link
from emulator.air.network import MemoryAir
from emulator.air.routes import REMEMBERED

MODULE = "10.0.0.1:56830"
PLATFORM = "127.0.0.1:5683"
ACCESS_MACHINE = "183.230.40.40:5683"


class End:
    """An endpoint that records (time, source, datagram)."""

    def __init__(self, air: MemoryAir, address: str, link: Link | None = None) -> None:
        self.air, self.address = air, address
        self.link = Link() if link is None else link
        self.received: list[tuple[float, str, bytes]] = []
        air.attach(address, self.deliver, lambda: self.link)

    def deliver(self, source: str, datagram: bytes, now: float) -> None:
        self.received.append((now, source, datagram))

    def send(self, destination: str, datagram: bytes, now: float) -> None:
        self.air.send(self.address, destination, datagram, now)


class Echo(End):
    """Answers at once."""

    def deliver(self, source: str, datagram: bytes, now: float) -> None:
        super().deliver(source, datagram, now)
        self.send(source, b"re:" + datagram, now)


def run(air: MemoryAir, until: float = 1e9) -> None:
    while air.deadline is not None and air.deadline <= until:
        air.step(air.deadline)


def test_a_datagram_arrives_one_latency_later_with_its_source() -> None:
    air = MemoryAir(Faults(latency=0.25))
    module, platform = End(air, MODULE), End(air, PLATFORM)
    module.send(PLATFORM, b"up", 10)
    assert air.deadline == 10.25
    air.step(10.2)
    assert platform.received == []
    air.step(10.25)
    air.step(99)
    assert platform.received == [(10.25, MODULE, b"up")]
    assert (module.received, air.deadline) == ([], None)


def test_an_answer_without_latency_arrives_in_the_same_step() -> None:
    air = MemoryAir(Faults(latency=0))
    module, _ = End(air, MODULE), Echo(air, PLATFORM)
    module.send(PLATFORM, b"x", 3)
    air.step(3)
    assert module.received == [(3, PLATFORM, b"re:x")]


def test_a_datagram_to_nobody_is_lost() -> None:
    air = MemoryAir()
    End(air, MODULE).send("192.0.2.1:5683", b"x", 0)
    assert (air.deadline, air.carried, air.lost) == (None, 0, 1)


def test_a_datagram_of_nobody_is_lost() -> None:
    air = MemoryAir()
    platform = End(air, PLATFORM)
    air.send(MODULE, PLATFORM, b"x", 0)
    assert (air.deadline, air.lost, platform.received) == (None, 1, [])


def test_a_datagram_on_the_way_to_an_end_that_leaves_is_lost() -> None:
    air = MemoryAir(Faults(latency=1))
    module, platform = End(air, MODULE), End(air, PLATFORM)
    module.send(PLATFORM, b"x", 0)
    air.detach(PLATFORM)
    air.detach(PLATFORM)
    run(air)
    assert (platform.received, air.carried, air.lost) == ([], 0, 1)


def test_closing_loses_what_is_on_the_way() -> None:
    air = MemoryAir()
    module, platform = End(air, MODULE), End(air, PLATFORM)
    module.send(PLATFORM, b"x", 0)
    air.close()
    run(air)
    assert (platform.received, air.lost) == ([], 1)


def test_links_of_both_ends_count() -> None:
    air = MemoryAir(Faults(latency=0.5))
    far, platform = End(air, MODULE, Link(latency=4)), Echo(air, PLATFORM)
    near = End(air, "10.0.0.2:56830")
    far.send(PLATFORM, b"far", 0)
    near.send(PLATFORM, b"near", 1)
    run(air)
    assert [(at, datagram) for at, _, datagram in platform.received] == [
        (1.5, b"near"),
        (4.5, b"far"),
    ]
    assert far.received == [(9.0, PLATFORM, b"re:far")]
    far.link = Link(loss=1)
    platform.send(MODULE, b"down", 10)
    assert air.lost == 1


def test_an_end_is_reached_for_a_while_after_it_has_sent() -> None:
    air = MemoryAir(Faults(latency=1))
    module, platform = End(air, MODULE, Link(window=60)), End(air, PLATFORM)
    platform.send(MODULE, b"before", 0)
    module.send(PLATFORM, b"up", 100)
    platform.send(MODULE, b"within", 160)
    platform.send(MODULE, b"late", 160.1)
    run(air)
    assert module.received == [(161, PLATFORM, b"within")]
    assert air.lost == 2


# Routes -------------------------------------------------------------------------------------------


def test_a_route_leads_there_and_back() -> None:
    air = MemoryAir()
    air.routes[ACCESS_MACHINE] = PLATFORM
    module, platform = End(air, MODULE), Echo(air, PLATFORM)
    module.send(ACCESS_MACHINE, b"x", 0)
    run(air)
    assert [source for _, source, _ in platform.received] == [MODULE]
    assert [source for _, source, _ in module.received] == [ACCESS_MACHINE]


def test_a_name_is_led_in_any_case() -> None:
    air = MemoryAir()
    air.routes["nbiotbt.heclouds.com:5683"] = PLATFORM
    module, _ = End(air, MODULE), Echo(air, PLATFORM)
    module.send("NBIOTBT.heclouds.com:5683", b"x", 0)
    run(air)
    assert [source for _, source, _ in module.received] == ["NBIOTBT.heclouds.com:5683"]


def test_the_last_address_used_is_the_source_of_what_follows() -> None:
    air = MemoryAir()
    air.routes.update({ACCESS_MACHINE: PLATFORM, "nbiotbt.heclouds.com:5683": PLATFORM})
    module, platform = End(air, MODULE), End(air, PLATFORM)
    for number, used in enumerate(
        (ACCESS_MACHINE, "nbiotbt.heclouds.com:5683", ACCESS_MACHINE, PLATFORM)
    ):
        module.send(used, b"x", number)
        platform.send(MODULE, b"y", number)
        run(air)
        assert module.received[-1][1] == used
    other = End(air, "10.0.0.2:56830")
    platform.send(other.address, b"z", 9)
    run(air)
    assert other.received[0][1] == PLATFORM


def test_an_answer_under_way_keeps_its_source() -> None:
    air = MemoryAir()
    air.routes[ACCESS_MACHINE] = PLATFORM
    module, platform = End(air, MODULE), End(air, PLATFORM)
    module.send(ACCESS_MACHINE, b"x", 0)
    platform.send(MODULE, b"y", 0)
    module.send(PLATFORM, b"x", 0)
    run(air)
    assert [source for _, source, _ in module.received] == [ACCESS_MACHINE]


def test_few_addresses_are_remembered_for_each_sender() -> None:
    air = MemoryAir()
    places = [f"10.1.0.{number}:5683" for number in range(REMEMBERED + 1)]
    module, ends = End(air, MODULE), [End(air, place) for place in places]
    for place in places:
        air.routes[f"{place}0"] = place
        module.send(f"{place}0", b"x", 0)
    for end in ends:
        end.send(MODULE, b"y", 1)
    run(air)
    sources = {source for _, source, _ in module.received}
    assert sources == {places[0], *(f"{place}0" for place in places[1:])}
    air.detach(MODULE)
    again = End(air, MODULE)
    ends[-1].send(MODULE, b"y", 2)
    run(air)
    assert [source for _, source, _ in again.received] == [places[-1]]


def test_the_tap_sees_what_the_end_before_the_nat_sees() -> None:
    air = MemoryAir(Faults(loss=1))
    seen: list[tuple[str, str, bytes, float]] = []
    air.on_datagram = lambda *datagram: seen.append(datagram)
    air.routes[ACCESS_MACHINE] = PLATFORM
    module, platform = End(air, MODULE), End(air, PLATFORM)
    module.send(ACCESS_MACHINE, b"x", 1)
    platform.send(MODULE, b"y", 2)
    assert seen == [
        (MODULE, ACCESS_MACHINE, b"x", 1),
        (ACCESS_MACHINE, MODULE, b"y", 2),
    ]
    assert (air.carried, air.lost) == (0, 2)
