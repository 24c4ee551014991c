"""The platform as devices meet it when it is not well."""

from __future__ import annotations

import math

import pytest

from emulator.air.memory import Air
from emulator.air.messages import Read, Response
from emulator.air.model import Code, Path
from emulator.onenet.devices import Description, Device
from emulator.onenet.lwm2m.requests import Failure, Outcome
from emulator.onenet.misbehaviour import REPEAT_TIME, PlatformFaults
from emulator.onenet.platform import Platform
from emulator.simulation.simulation import Simulation
from tests.support.stations import FakeDevice

TEMPERATURE = Path(3303, 0, 5700)
_NO_FAULTS = PlatformFaults()


class Meeting:
    """A device and a platform behind its front, with no time lost between them."""

    def __init__(self, faults: PlatformFaults = _NO_FAULTS) -> None:
        self.device = FakeDevice()
        self.platform = Platform(subscribed_read=False)
        self.simulation = Simulation(self.platform.server, Air(latency=0))
        self.simulation.misbehaviour.faults = faults
        self.simulation.add(self.device)
        imei, _, imsi = self.device.endpoint.partition(";")
        self.known: Device = self.platform.create_device(Description("a device", imei, imsi), 0)
        self.outcomes: list[Outcome] = []
        self.now = 0.0

    def register(self) -> None:
        self.device.register(Path(3303, 0), lifetime=86_400)
        self.run(0)

    def read(self) -> None:
        self.platform.request(self.known, Read(0, TEMPERATURE), self.outcomes.append, self.now)
        self.run(0)

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        due = self.simulation.step(self.now)
        while due is not None and due <= until:
            self.now = due
            due = self.simulation.step(due)
        self.now = until
        self.simulation.step(until)


def test_left_alone_it_is_the_platform() -> None:
    meeting = Meeting()
    meeting.register()
    assert meeting.device.asked_for() == ["Discover /3303", "Observe /3303/0"]
    meeting.read()
    assert meeting.outcomes[0].failure is None


def test_a_refusing_platform_takes_nobody_in_and_knows_nobody_longer() -> None:
    meeting = Meeting(PlatformFaults(refusing=True))
    meeting.register()
    assert meeting.device.response().code is Code.FORBIDDEN
    assert not meeting.platform.online(meeting.known)
    meeting.simulation.misbehaviour.faults = PlatformFaults()
    meeting.register()
    assert meeting.device.response().code is Code.CREATED
    meeting.simulation.misbehaviour.faults = PlatformFaults(refusing=True)
    meeting.device.update()
    meeting.run(0)
    assert meeting.device.response().code is Code.FORBIDDEN


def test_a_silent_platform_hears_nothing() -> None:
    meeting = Meeting(PlatformFaults(silent=True))
    meeting.register()
    assert meeting.device.received == []
    assert not meeting.platform.online(meeting.known)


def test_what_a_silent_platform_asks_reaches_nobody() -> None:
    meeting = Meeting()
    meeting.register()
    meeting.simulation.misbehaviour.faults = PlatformFaults(silent=True)
    heard = len(meeting.device.received)
    meeting.read()
    meeting.run(60)
    assert len(meeting.device.received) == heard
    assert [outcome.failure for outcome in meeting.outcomes] == [Failure.TIME_OUT]


def test_a_slow_platform_says_the_same_later() -> None:
    meeting = Meeting(PlatformFaults(delay=4.0))
    meeting.register()
    assert meeting.device.received == []
    meeting.run(3.9)
    assert meeting.device.received == []
    meeting.run(0.1)
    assert meeting.device.response().code is Code.CREATED


def test_a_repeating_platform_asks_again_what_was_answered() -> None:
    meeting = Meeting()
    meeting.register()
    meeting.simulation.misbehaviour.faults = PlatformFaults(repeats=2)
    heard = len(meeting.device.asked)
    meeting.read()
    assert len(meeting.outcomes) == 1
    meeting.run(3 * REPEAT_TIME)
    asked = meeting.device.asked[heard:]
    assert len(asked) == 3
    assert len(set(asked)) == 1
    assert len(meeting.outcomes) == 1


def test_answers_are_not_repeated() -> None:
    meeting = Meeting(PlatformFaults(repeats=2))
    meeting.register()
    meeting.run(60)
    assert sum(isinstance(message, Response) for message in meeting.device.received) == 1


@pytest.mark.parametrize("delay", [-1.0, math.inf, math.nan])
def test_a_delay_is_a_number_of_seconds(delay: float) -> None:
    with pytest.raises(ValueError, match="delay"):
        PlatformFaults(delay=delay)


def test_it_repeats_so_many_times_or_not() -> None:
    with pytest.raises(ValueError, match="repeats -1"):
        PlatformFaults(repeats=-1)
