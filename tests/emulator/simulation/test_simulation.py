"""Modules, air and platform stepped as one: order and deadlines, whatever the grain."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.air.memory import Air, Link
from emulator.air.messages import Observe, Read, Response
from emulator.air.model import Code, Path
from emulator.module.boot import Cause
from emulator.module.module import Identity, Module
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.sim import Sim
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.requests import Outcome
from emulator.onenet.platform import Platform
from emulator.simulation.simulation import Simulation
from tests.support.effort import scaled
from tests.support.stations import FakeDevice, silent
from tests.support.uart import DIRECT, START

TEMPERATURE = Path(3303, 0, 5700)


def a_simulation(*devices: FakeDevice, latency: float = 0.1) -> Simulation:
    platform = Platform(subscribed_read=False)
    simulation = Simulation(platform.server, Air(latency=latency))
    for device in devices:
        imei, _, imsi = device.endpoint.partition(";")
        platform.create_device(Description("a device", imei, imsi), 0)
        simulation.add(device)
    return simulation


def run(simulation: Simulation, until: float) -> None:
    """Step as the clock of a shell does: at each deadline, no oftener."""
    now: float | None = 0.0
    while now is not None and now <= until:
        now = simulation.step(now)
    simulation.step(until)


def test_nothing_planned_is_no_deadline() -> None:
    assert a_simulation(FakeDevice()).step(0) is None


def test_a_login_takes_the_air_there_and_back() -> None:
    device = FakeDevice()
    simulation = a_simulation(device)
    simulation.step(100)
    request = device.register(Path(3303, 0))
    assert simulation.step(100) == pytest.approx(100.1)
    assert simulation.step(100.15) == pytest.approx(100.2)
    assert device.received == []
    simulation.step(100.2)
    assert device.response() == Response(request.mid, Code.CREATED, location="rd/867726030000001")
    assert device.times[0] == pytest.approx(100.2)


def test_without_latency_a_whole_conversation_is_one_instant() -> None:
    device = FakeDevice()
    simulation = a_simulation(device, latency=0)
    device.register(Path(3303, 0), lifetime=300)
    assert simulation.step(5) == 305
    assert device.asked_for() == ["Discover /3303", "Observe /3303/0"]


def test_devices_hear_what_is_meant_for_them() -> None:
    one, other = FakeDevice("111;1"), FakeDevice("222;2")
    simulation = a_simulation(one, other)
    one.register(Path(3303, 0))
    other.register(Path(3200, 0))
    run(simulation, 5)
    assert one.asked_for() == ["Discover /3303", "Observe /3303/0"]
    assert other.asked_for() == ["Discover /3200", "Observe /3200/0"]


def test_addresses_are_different() -> None:
    simulation = Simulation(Platform().server, Air())
    assert len({simulation.add(FakeDevice()) for _ in range(1000)}) == 1000


def test_what_is_meant_for_nobody_is_lost_in_the_air() -> None:
    simulation = a_simulation(FakeDevice())
    simulation.air.send_down("192.0.2.1:5683", Read(10000, Path(3303)), 0)
    assert simulation.step(1) is None


def test_deadlines_of_stations_are_kept_each_at_its_time() -> None:
    device = FakeDevice()
    device.alarms = [3.0, 7.0]
    simulation = a_simulation(device)
    assert simulation.step(0) == 3.0
    device.steps.clear()
    assert simulation.step(10) is None
    assert device.steps == [3.0, 7.0]


def test_a_deadline_that_does_not_move_is_a_mistake_and_no_endless_loop() -> None:
    class Stuck(FakeDevice):
        def step(self, now: float) -> float | None:
            return now

    with pytest.raises(AssertionError, match="still due"):
        a_simulation(Stuck()).step(0)


def the_story(grain: list[float]) -> list[tuple[float, object]]:
    """A device that logs in and then sleeps through a read; stepped at `grain` besides."""
    device = FakeDevice()
    simulation = a_simulation(device)
    device.register(Path(3303, 0))
    for at in sorted({0.0, *grain, 5.0}):
        simulation.step(at)
    device.answer = silent
    simulation.server.request(device.endpoint, Read(0, TEMPERATURE), lambda _: None, 5.0)
    for at in sorted({5.0, *(5 + at for at in grain), 400.0}):
        simulation.step(at)
    return list(zip(device.times, device.received, strict=True))


@given(grain=st.lists(st.floats(0, 4.9), max_size=20))
def test_however_often_it_is_stepped_the_same_happens_at_the_same_times(grain: list[float]) -> None:
    assert the_story(grain) == the_story([])


def test_the_story_is_what_it_should_be() -> None:
    heard = the_story([])
    assert [type(message).__name__ for _, message in heard] == [
        "Response",
        "Discover",
        "Observe",
        "Read",
        "Read",
        "Read",
    ]
    assert [at for at, message in heard if isinstance(message, Read)] == pytest.approx(
        [5.1, 15.1, 25.1]
    )
    assert isinstance(heard[2][1], Observe)


def test_a_station_costs_nothing_while_it_has_nothing_to_do() -> None:
    idle, busy = FakeDevice("111;1"), FakeDevice("222;2")
    simulation = a_simulation(idle, busy)
    busy.alarms = [float(at) for at in range(1, 100)]
    simulation.step(0)
    busy.register(Path(3303, 0))
    run(simulation, 100)
    assert idle.steps == [0]
    assert len(busy.steps) >= 100


def test_a_touched_station_is_asked_again_when_it_wants_to_be_stepped() -> None:
    device = FakeDevice()
    device.alarms = [50.0]
    simulation = a_simulation(device)
    assert simulation.step(0) == 50
    device.alarms = [20.0, 50.0]
    assert simulation.step(1) == 50
    device.on_change()
    assert simulation.step(2) == 20
    device.alarms = []
    device.on_change()
    assert simulation.step(3) is None


def test_a_deadline_that_moves_all_the_time_leaves_nothing_behind() -> None:
    calm, device = FakeDevice("111;1"), FakeDevice("222;2")
    calm.alarms = [5000.0]
    simulation = a_simulation(calm, device)
    for at in range(1000):
        device.alarms = [10_000.0 + at]
        device.on_change()
        assert simulation.step(at) == 5000
    assert len(simulation._deadlines._heap) < 50


def test_the_place_of_a_station_delays_what_it_says_and_hears() -> None:
    device = FakeDevice()
    device.link = Link(latency=2.0)
    simulation = a_simulation(device, latency=0.5)
    simulation.step(0)
    device.register(Path(3303, 0))
    run(simulation, 4.9)
    assert device.received == []
    run(simulation, 5.0)
    assert device.times[0] == 5.0


def test_what_the_platform_plans_on_an_arrival_happens_in_the_same_step() -> None:
    device = FakeDevice()
    device.answer = silent
    simulation = a_simulation(device)
    simulation.step(0)
    device.register(Path(3303, 0), lifetime=25)
    simulation.step(0)
    simulation.step(100)
    assert device.asked_for() == ["Discover /3303"] * 3
    assert device.times[1:] == pytest.approx([0.2, 10.2, 20.2])


# Against the simplest thing that could work ------------------------------------------------------


class EachAndEvery(Simulation):
    """Steps every part each time: slow, and what `Simulation` must equal."""

    def _step_parts(self, now: float) -> None:
        self._changed.update(range(len(self._parts)))
        super()._step_parts(now)


class Town:
    """A few modules on one platform, to which things happen; `log` is all that came of it."""

    def __init__(self, kind: type[Simulation]) -> None:
        self.now = START
        self.log: list[tuple[float, int, object]] = []
        self.online: tuple[bool, ...] = ()
        self.platform = Platform(subscribed_read=False)
        self.simulation = kind(self.platform.server, Air(loss=0.1, seed=3))
        self.modules = [
            Module(Identity(imei=f"{n}", imsi="1"), seed=n, now=START) for n in (0, 1, 2)
        ]
        self.devices = [
            self.platform.create_device(Description("town", f"{n}", "1"), START) for n in (0, 1, 2)
        ]
        server = DIRECT.partition(",")[2].partition("0900")[0]
        for number, module in enumerate(self.modules):
            self.simulation.add(module)
            endpoint = f"{number};1".encode().hex()
            for line in (
                *("AT+CEREG=1", "AT+CSCON=1", "AT+NPSMR=1"),
                f"AT+MIPLCONF=40,{server}0300{endpoint},1,1",
                "AT+MIPLADDOBJ=0,3303,0",
                'AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1',
                "AT+MIPLOPEN=0,60",
            ):
                self.say(number, line)

    def say(self, number: int, line: str) -> None:
        self.simulation.step(self.now)
        self.modules[number].receive(line.encode() + b"\r", self.now)
        self.settle()

    def settle(self) -> float | None:
        deadline = self.simulation.step(self.now)
        for number, module in enumerate(self.modules):
            if output := module.take_output():
                self.log.append((self.now, number, output))
        online = tuple(self.platform.online(device) for device in self.devices)
        if online != self.online:
            self.online = online
            self.log.append((self.now, -1, online))
        return deadline

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (deadline := self.settle()) is not None and deadline <= end:
            self.now = deadline
        self.now = end
        self.settle()

    def happen(self, number: int, event: object) -> None:
        module = self.modules[number]
        self.simulation.step(self.now)
        match event:
            case float():
                self.wait(event)
            case str():
                self.say(number, event)
            case Coverage():
                module.radio.coverage = event
            case Sim():
                module.sim = event
            case bool():
                module.radio.refusing = event
            case Cause():
                module.power_cycle(event, self.now)
            case _:
                self.ask(number)
        self.settle()

    def ask(self, number: int) -> None:
        def done(outcome: Outcome) -> None:
            self.log.append((self.now, number, outcome))

        if self.platform.online(self.devices[number]):
            self.platform.request(self.devices[number], Read(0, TEMPERATURE), done, self.now)


HAPPENINGS = st.one_of(
    st.sampled_from([0.05, 3.0, 40.0, 700.0]),
    st.sampled_from(
        [
            'AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1,7',
            "AT+MIPLUPDATE=0,300,1",
            "AT+MIPLCLOSE=0",
            "AT+MIPLOPEN=0",
            "AT+CFUN=0",
            "AT+CFUN=1",
            'AT+CPSMS=1,,,"10010100","00000101"',
            'AT+CEDRXS=1,5,"0010"',
            "AT+NATSPEED=115200,3",
            "AT+NPING=192.0.2.1",
            "AT+NRB",
            "AT",
        ]
    ),
    st.sampled_from([*Coverage, *Sim, *Cause, True, False, None]),
)


@settings(max_examples=scaled(60))
@given(st.lists(st.tuples(st.integers(0, 2), HAPPENINGS), max_size=15))
def test_it_does_what_stepping_each_and_every_one_would(story: list[tuple[int, object]]) -> None:
    towns = Town(Simulation), Town(EachAndEvery)
    for town in towns:
        for number, event in story:
            town.happen(number, event)
        town.wait(500)
    fleet, reference = towns
    assert fleet.log == reference.log
    assert fleet.now == reference.now
    assert (fleet.simulation.air.carried, fleet.simulation.air.lost) == (
        reference.simulation.air.carried,
        reference.simulation.air.lost,
    )


def test_the_town_of_that_story_is_alive() -> None:
    town = Town(Simulation)
    town.wait(60)
    for number in (0, 1, 2):
        said = b"".join(out for _, n, out in town.log if n == number and isinstance(out, bytes))
        assert b"+MIPLOPEN:0,1" in said
        assert b"+MIPLOBSERVE:0," in said
