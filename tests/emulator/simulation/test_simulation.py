"""Simulation: order of events, deadlines, cost; independent of how often it is stepped."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.air.faults import Faults, Link
from emulator.air.network import MemoryAir
from emulator.lwm2m.model import Path
from emulator.module.boot import Cause
from emulator.module.module import Identity, Module
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.sim import Sim
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.operations import Read
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.onenet.platform import Platform
from emulator.onenet.years import YEARS
from emulator.simulation.simulation import ACCESS_MACHINE, Simulation
from tests.support.effort import scaled
from tests.support.fake_device import TEMPERATURE, FakeDevice, silent
from tests.support.uart import DIRECT, START


def simulation_of(*devices: FakeDevice, latency: float = 0.1) -> Simulation:
    platform = Platform(replace(YEARS[2018], discovers_first=True, final_read=False))
    simulation = Simulation(platform, MemoryAir(Faults(latency=latency)))
    for device in devices:
        imei, _, imsi = device.endpoint.partition(";")
        platform.create_device(Description("a device", imei, imsi), 0)
        simulation.add(device)
    return simulation


def run(simulation: Simulation, until: float) -> None:
    """Step at each deadline, as a clock does."""
    now: float | None = 0.0
    while now is not None and now <= until:
        now = simulation.step(now)
    simulation.step(until)


def test_no_deadline_without_events() -> None:
    assert simulation_of(FakeDevice()).step(0) is None


def test_register_and_response_each_take_one_latency() -> None:
    device = FakeDevice()
    simulation = simulation_of(device)
    simulation.step(100)
    request = device.register(Path(3303, 0))
    assert simulation.step(100) == pytest.approx(100.1)
    assert simulation.step(100.15) == pytest.approx(100.2)
    assert device.received == []
    simulation.step(100.2)
    assert device.brief()[0] == f"ACK 2.01 {request.mid}"
    assert device.times[0] == pytest.approx(100.2)


def test_conversation_without_latency_takes_no_time() -> None:
    device = FakeDevice()
    simulation = simulation_of(device, latency=0)
    device.register(Path(3303, 0), lifetime=300)
    assert simulation.step(5) == 305
    assert device.operations() == ["Discover /3303", "Observe /3303/0"]


def test_device_receives_only_its_own_messages() -> None:
    one, other = FakeDevice("111;1"), FakeDevice("222;2")
    simulation = simulation_of(one, other)
    one.register(Path(3303, 0))
    other.register(Path(3200, 0))
    run(simulation, 5)
    assert one.operations() == ["Discover /3303", "Observe /3303/0"]
    assert other.operations() == ["Discover /3200", "Observe /3200/0"]


def test_endpoints_have_different_addresses() -> None:
    simulation = Simulation(Platform(), MemoryAir())
    assert len({simulation.add(FakeDevice()) for _ in range(1000)}) == 1000


def test_endpoints_are_known_by_their_addresses() -> None:
    simulation = Simulation(Platform(), MemoryAir())
    addresses = [simulation.add(FakeDevice(f"{n};1")) for n in (1, 2, 3)]
    assert [simulation.number_of(address) for address in addresses] == [1, 2, 3]
    assert simulation.number_of(ACCESS_MACHINE) == 0


def test_message_to_unknown_address_is_dropped() -> None:
    simulation = simulation_of(FakeDevice())
    simulation.air.send(ACCESS_MACHINE, "192.0.2.1:5683", b"x", 0)
    assert simulation.step(1) is None


def test_endpoint_is_stepped_at_its_deadlines() -> None:
    device = FakeDevice()
    device.deadlines = [3.0, 7.0]
    simulation = simulation_of(device)
    assert simulation.step(0) == 3.0
    device.steps.clear()
    assert simulation.step(10) is None
    assert device.steps == [3.0, 7.0]


def test_part_that_stays_due_raises() -> None:
    class Stuck(FakeDevice):
        def step(self, now: float) -> float | None:
            return now

    with pytest.raises(AssertionError, match="still due"):
        simulation_of(Stuck()).step(0)


def messages_of_a_session(steps: list[float]) -> list[tuple[float, bytes]]:
    """The datagrams to a device that registers and then does not answer a read.

    The simulation is stepped at `steps` in addition.
    """
    device = FakeDevice()
    simulation = simulation_of(device)
    device.register(Path(3303, 0))
    for at in sorted({0.0, *steps, 5.0}):
        simulation.step(at)
    device.answer = silent
    simulation.server.request(device.endpoint, Read(TEMPERATURE), lambda _: None, 5.0)
    for at in sorted({5.0, *(5 + at for at in steps), 400.0}):
        simulation.step(at)
    return list(zip(device.times, device.datagrams, strict=True))


@given(steps=st.lists(st.floats(0, 4.9), max_size=20))
def test_additional_steps_change_nothing(steps: list[float]) -> None:
    assert messages_of_a_session(steps) == messages_of_a_session([])


def test_messages_of_a_session() -> None:
    received = messages_of_a_session([])
    assert [datagram[1] for _, datagram in received] == [0x41, *[1] * 5]  # 2.01, then GET
    reads = [at for at, datagram in received if datagram[2:4] == received[-1][1][2:4]]
    assert reads == pytest.approx([5.1, 15.1, 25.1])


def test_idle_endpoint_is_not_stepped() -> None:
    idle, busy = FakeDevice("111;1"), FakeDevice("222;2")
    simulation = simulation_of(idle, busy)
    busy.deadlines = [float(at) for at in range(1, 100)]
    simulation.step(0)
    busy.register(Path(3303, 0))
    run(simulation, 100)
    assert idle.steps == [0]
    assert len(busy.steps) >= 100


def test_on_change_updates_the_deadline() -> None:
    device = FakeDevice()
    device.deadlines = [50.0]
    simulation = simulation_of(device)
    assert simulation.step(0) == 50
    device.deadlines = [20.0, 50.0]
    assert simulation.step(1) == 50
    device.on_change()
    assert simulation.step(2) == 20
    device.deadlines = []
    device.on_change()
    assert simulation.step(3) is None


def test_link_of_an_endpoint_delays_both_directions() -> None:
    device = FakeDevice()
    device.link = Link(latency=2.0)
    simulation = simulation_of(device, latency=0.5)
    simulation.step(0)
    device.register(Path(3303, 0))
    run(simulation, 4.9)
    assert device.received == []
    run(simulation, 5.0)
    assert device.times[0] == 5.0


def test_deadline_set_by_an_arrival_is_served_in_the_same_step() -> None:
    device = FakeDevice()
    device.answer = silent
    simulation = simulation_of(device)
    simulation.step(0)
    device.register(Path(3303, 0), lifetime=25)
    simulation.step(0)
    simulation.step(100)
    assert device.operations() == ["Discover /3303"] * 3
    assert device.times[1:] == pytest.approx([0.2, 10.2, 20.2])


# Against a simpler simulation ------------------------------------------------------------------


class StepsAllParts(Simulation):
    """Steps every part each time: slow, with the behaviour that `Simulation` must have."""

    def _step_parts(self, now: float) -> None:
        self._changed.update(range(len(self._parts)))
        super()._step_parts(now)


class ThreeModules:
    """Three modules on one platform; `log` has their output, outcomes and online states."""

    def __init__(self, kind: type[Simulation]) -> None:
        self.now = START
        self.log: list[tuple[float, int, object]] = []
        self.online: tuple[bool, ...] = ()
        self.platform = Platform(replace(YEARS[2019], final_read=False))
        self.simulation = kind(self.platform, MemoryAir(Faults(loss=0.1, seed=3)))
        self.modules = [
            Module(Identity(imei=f"{n}", imsi="1"), seed=n, now=START) for n in (0, 1, 2)
        ]
        self.devices = [
            self.platform.create_device(Description("a device", f"{n}", "1"), START)
            for n in (0, 1, 2)
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
                self.send_line(number, line)

    def send_line(self, number: int, line: str) -> None:
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

    def apply(self, number: int, event: object) -> None:
        module = self.modules[number]
        self.simulation.step(self.now)
        match event:
            case float():
                self.wait(event)
            case str():
                self.send_line(number, event)
            case Coverage():
                module.radio.coverage = event
            case Sim():
                module.sim = event
            case bool():
                module.radio.refusing = event
            case Cause():
                module.power_cycle(event, self.now)
            case _:
                self.read(number)
        self.settle()

    def read(self, number: int) -> None:
        def done(outcome: Outcome) -> None:
            self.log.append((self.now, number, outcome))

        if self.platform.online(self.devices[number]):
            self.platform.request(self.devices[number], Read(TEMPERATURE), done, self.now)


EVENTS = st.one_of(
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
@given(st.lists(st.tuples(st.integers(0, 2), EVENTS), max_size=15))
def test_same_result_as_stepping_all_parts(events: list[tuple[int, object]]) -> None:
    tested, reference = ThreeModules(Simulation), ThreeModules(StepsAllParts)
    for modules in (tested, reference):
        for number, event in events:
            modules.apply(number, event)
        modules.wait(500)
    assert tested.log == reference.log
    assert tested.now == reference.now
    tested_air, reference_air = tested.simulation.air, reference.simulation.air
    assert (tested_air.carried, tested_air.lost) == (reference_air.carried, reference_air.lost)


def test_three_modules_register_and_are_observed() -> None:
    modules = ThreeModules(Simulation)
    modules.wait(60)
    for number in (0, 1, 2):
        entries = [entry for _, n, entry in modules.log if n == number]
        output = b"".join(entry for entry in entries if isinstance(entry, bytes))
        assert b"+MIPLOPEN:0,1" in output
        assert b"+MIPLOBSERVE:0," in output
