"""Modules, air and platform stepped as one: order and deadlines, whatever the grain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.air import Air
from emulator.chain import Chain
from emulator.lwm2m import Code, Observe, Path, Read, Response
from emulator.onenet.devices import Description
from emulator.onenet.platform import Platform
from tests.emulator.stations import FakeDevice, silent

TEMPERATURE = Path(3303, 0, 5700)


def a_chain(*devices: FakeDevice, latency: float = 0.1) -> Chain:
    platform = Platform(subscribed_read=False)
    chain = Chain(platform, Air(latency=latency))
    for device in devices:
        imei, _, imsi = device.endpoint.partition(";")
        platform.create_device(Description("a device", imei, imsi), 0)
        chain.add(device)
    return chain


def run(chain: Chain, until: float) -> None:
    """Step as the clock of a shell does: at each deadline, no oftener."""
    now: float | None = 0.0
    while now is not None and now <= until:
        now = chain.step(now)
    chain.step(until)


def test_nothing_planned_is_no_deadline() -> None:
    assert a_chain(FakeDevice()).step(0) is None


def test_a_login_takes_the_air_there_and_back() -> None:
    device = FakeDevice()
    chain = a_chain(device)
    chain.step(100)
    request = device.register(Path(3303, 0))
    assert chain.step(100) == pytest.approx(100.1)
    assert chain.step(100.15) == pytest.approx(100.2)
    assert device.heard == []
    chain.step(100.2)
    assert device.response() == Response(request.mid, Code.CREATED, location="rd/867726030000001")
    assert device.times[0] == pytest.approx(100.2)


def test_without_latency_a_whole_conversation_is_one_instant() -> None:
    device = FakeDevice()
    chain = a_chain(device, latency=0)
    device.register(Path(3303, 0), lifetime=300)
    assert chain.step(5) == 305
    assert device.asked_for() == ["Discover /3303", "Observe /3303/0"]


def test_devices_hear_what_is_meant_for_them() -> None:
    one, other = FakeDevice("111;1"), FakeDevice("222;2")
    chain = a_chain(one, other)
    one.register(Path(3303, 0))
    other.register(Path(3200, 0))
    run(chain, 5)
    assert one.asked_for() == ["Discover /3303", "Observe /3303/0"]
    assert other.asked_for() == ["Discover /3200", "Observe /3200/0"]


def test_addresses_are_different() -> None:
    chain = Chain(Platform(), Air())
    assert len({chain.add(FakeDevice()) for _ in range(1000)}) == 1000


def test_what_is_meant_for_nobody_is_lost_in_the_air() -> None:
    chain = a_chain(FakeDevice())
    chain.air.send_down("192.0.2.1:5683", Read(10000, Path(3303)), 0)
    assert chain.step(1) is None


def test_deadlines_of_stations_are_kept_each_at_its_time() -> None:
    device = FakeDevice()
    device.alarms = [3.0, 7.0]
    chain = a_chain(device)
    assert chain.step(0) == 3.0
    device.steps.clear()
    assert chain.step(10) is None
    assert device.steps == [3.0, 7.0, 10]


def test_a_deadline_that_does_not_move_is_a_mistake_and_no_endless_loop() -> None:
    class Stuck(FakeDevice):
        def step(self, now: float) -> float | None:
            return now

    with pytest.raises(AssertionError, match="still due"):
        a_chain(Stuck()).step(0)


def the_story(grain: list[float]) -> list[tuple[float, object]]:
    """A device that logs in and then sleeps through a read; stepped at `grain` besides."""
    device = FakeDevice()
    chain = a_chain(device)
    device.register(Path(3303, 0))
    for at in sorted({0.0, *grain, 5.0}):
        chain.step(at)
    device.answer = silent
    known = chain.platform.device_by_imei("867726030000001")
    assert known is not None
    chain.platform.request(known, Read(0, TEMPERATURE), lambda _: None, 5.0)
    for at in sorted({5.0, *(5 + at for at in grain), 400.0}):
        chain.step(at)
    return list(zip(device.times, device.heard, strict=True))


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
