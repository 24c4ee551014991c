"""A module that sleeps whenever it can, and a program that takes no notice of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.lwm2m.model import Item
from emulator.lwm2m.model import Path as CloudPath
from emulator.module.radio import psm
from emulator.onenet.lwm2m.operations import Read, Write
from m5310 import Access, Device, DeviceState, Resource, ValueType
from m5310.at.wakeup import AWAKE
from m5310.commands.power import PowerSaving
from m5310.device.events import Renewed
from m5310.module.module import Module
from tests.support.clock import elapse, run
from tests.support.effort import scaled
from tests.support.hostile import FEW_GENTLE, WHOLE, Hostile
from tests.support.testbed import DeviceTestbed

pytestmark = [pytest.mark.usefixtures("each_language"), pytest.mark.unmeasured]

SENSOR = CloudPath(3303, 0, 5700)
SWITCH = CloudPath(3311, 0, 5850)
TEN_MINUTES = 600
DAY = 86400
SAVING = PowerSaving(on=True, periodic_update=3600, active=2)

# The line that wakes the module up is the same in each language.
wakes_up = pytest.mark.classic_only("without a command of OneNET")
LOSSES = [
    *(pytest.param((lost, 0.02), marks=wakes_up) for lost in range(4)),
    (4, 0.02),
    *(pytest.param(loss, marks=wakes_up) for loss in ((7, 3.0), (12, 5.0))),
    (999, 3.0),
]
"""Bytes that get lost at most, and the seconds in which they do: all of three seconds, too."""


@pytest.fixture(params=LOSSES, ids=str)
def waking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a sleeping module loses while it wakes up."""
    lost, seconds = request.param
    monkeypatch.setattr(psm, "WAKING_BYTES", lost)
    monkeypatch.setattr(psm, "WAKING_TIME", seconds)


@asynccontextmanager
async def sleepy(
    hostile: Hostile = WHOLE, *, lifetime: int = DAY, announced: bool = False
) -> AsyncIterator[tuple[DeviceTestbed, Device, Resource, Resource]]:
    """A device that is logged in, and whose module has fallen asleep."""
    testbed = DeviceTestbed(hostile)
    async with testbed.device(lifetime=lifetime) as device:
        async with Module(device.modem) as module:
            await module.power_saving(SAVING)
            await module.report_sleep(on=announced)
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        switch = await device.add_resource("3311/0/5850", ValueType.BOOLEAN, False, Access(3))
        await device.connect(30)
        await elapse(30)
        # a module of the suite wakes up to say that an update is needed: always, at 60 s
        assert testbed.module.power_saving.asleep or lifetime == 60
        yield testbed, device, sensor, switch
    assert not testbed.online
    testbed.stop()


@pytest.mark.parametrize("announced", [False, True])
@pytest.mark.parametrize("hostile", FEW_GENTLE, ids=str)
async def test_sleep_over_each_lossless_line(hostile: Hostile, announced: bool) -> None:
    async with sleepy(hostile, announced=announced) as (testbed, device, sensor, _):
        for value in range(20):
            report = await device.notify(sensor, float(value), acknowledge=True)
            assert report.acknowledged
            await elapse(TEN_MINUTES)
        assert testbed.reported == [float(value) for value in range(20)]
        assert device.modem.counters.timeouts == device.modem.counters.repeats == 0


@pytest.mark.parametrize("announced", [False, True])
@pytest.mark.usefixtures("waking")
async def test_day_of_reports_and_requests(announced: bool) -> None:
    async with sleepy(announced=announced) as (testbed, device, sensor, switch):
        reports, outcomes = [], []
        for number in range(DAY // TEN_MINUTES):
            # the platform asks a moment before: it asks again, until the module is awake
            if number % 2:
                outcomes.append(testbed.ask(Read(SENSOR)))
            else:
                on = Item(SWITCH, bool(number // 2 % 2))
                outcomes.append(testbed.ask(Write(SWITCH, (on,), replace=True)))
            await elapse(3)
            assert testbed.module.power_saving.asleep
            reports.append(await device.notify(sensor, float(number), acknowledge=True))
            await elapse(TEN_MINUTES - 3)
        assert all(report.acknowledged for report in reports)
        assert testbed.reported == [float(number) for number in range(len(reports))]
        assert [[one.failure for one in each] for each in outcomes] == [[None]] * len(outcomes)
        reads = [each[0].items[0].value for each in outcomes[1::2]]
        assert reads == [float(number) for number in range(1, len(reports), 2)]
        assert switch.value is True
        assert device.modem.counters.timeouts == 0
        assert device.modem.counters.late == 0
    assert set(testbed.events) <= {Renewed(DAY)}


@wakes_up
@pytest.mark.parametrize("echo", [False, True])
@pytest.mark.usefixtures("waking")
async def test_program_without_onenet(echo: bool) -> None:
    testbed = DeviceTestbed()
    async with Module(testbed.modem) as module:
        await module.echo(on=echo)
        await module.power_saving(SAVING)
        for seconds in (1.9, 2.1, 4.9, 5.1, 10, 60, 3600, 4000):
            await elapse(seconds)
            assert await module.signal() is not None
            assert (await module.radio_statistics()).coverage_level is not None
            await module.report_registration(2)
        counters = module.modem.counters
        assert (counters.timeouts, counters.late, counters.noise) == (0, 0, 0)
    await testbed.modem.close()
    testbed.stop()


@wakes_up
@given(
    st.lists(st.floats(0, 20), min_size=1, max_size=12),
    st.integers(0, 999),
    st.floats(0.01, 3),
    st.floats(AWAKE + 0.001, 10),  # more than any rounding of the clock
    st.booleans(),
)
@settings(max_examples=scaled(100))
def test_command_at_any_moment_of_sleep(
    gaps: list[float], lost: int, seconds: float, hold: float, announced: bool
) -> None:
    """A module that stays awake for `hold` s after each byte, and not a moment longer."""

    async def ask() -> None:
        testbed = DeviceTestbed()
        async with Module(testbed.modem) as module:
            await module.power_saving(PowerSaving(on=True, active=0))
            await module.report_sleep(on=announced)
            await elapse(30)
            for gap in gaps:
                await elapse(gap)
                assert await module.error_numbers() is False
            assert module.modem.counters.timeouts == module.modem.counters.repeats == 0
        await testbed.modem.close()
        testbed.stop()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psm, "WAKING_BYTES", lost)
        patch.setattr(psm, "WAKING_TIME", seconds)
        patch.setattr(psm, "UART_HOLD", hold)
        run(ask())


@pytest.mark.usefixtures("waking")
async def test_create_on_a_sleeping_module() -> None:
    testbed = DeviceTestbed()
    testbed.command('AT+CPSMS=1,,,"00000001","00000000"')
    await elapse(30)
    assert testbed.module.power_saving.asleep
    async with testbed.device() as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(30)
        await elapse(30)
        assert testbed.module.power_saving.asleep
        await device.notify(sensor, 1.0, acknowledge=True)
        assert device.modem.counters.timeouts == 0
    testbed.stop()


@wakes_up
@pytest.mark.parametrize("after", range(7))
async def test_module_falls_asleep_within_a_command(after: int) -> None:
    testbed = DeviceTestbed()
    async with Module(testbed.modem) as module:
        await module.check()
        testbed.lose_bytes_to_sleep("AT+CSQ", slice(after))
        assert await module.signal() is not None
        testbed.lose_bytes_to_sleep("AT+CMEE=1", slice(after))
        await module.error_numbers(on=True)
        assert await module.error_numbers()
        assert module.modem.counters.repeats == 2
        assert module.modem.counters.timeouts == 0
    await testbed.modem.close()
    testbed.stop()


async def test_awake_module_is_not_probed() -> None:
    async with sleepy() as (_, device, sensor, _):
        await device.notify(sensor, 1.0)
        probes = device.modem.counters.probes
        for value in range(10):
            await elapse(1.5)
            await device.notify(sensor, float(value))
        assert device.modem.counters.probes == probes


async def test_reported_sleep_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psm, "UART_HOLD", 0.5)  # sooner than anybody would think
    async with sleepy(announced=True) as (testbed, device, sensor, _):
        for value in range(20):
            report = await device.notify(sensor, float(value), acknowledge=True)
            await testbed.until(lambda: testbed.module.power_saving.asleep)
            await elapse(0.01)
            assert report.acknowledged
        assert testbed.reported == [float(value) for value in range(20)]
        assert device.modem.counters.timeouts == 0


@pytest.mark.parametrize("after", range(0, 40, 3))
async def test_module_falls_asleep_within_a_report(after: int) -> None:
    async with sleepy() as (testbed, device, sensor, _):
        for value in (1.0, 2.0):
            testbed.lose_bytes_to_sleep("AT+MIPLNOTIFY", slice(after))
            report = await device.notify(sensor, value, acknowledge=True)
            assert report.acknowledged
            await elapse(TEN_MINUTES)
        assert testbed.reported == [1.0, 2.0]
        assert testbed.events == [Renewed(DAY)] * 2  # it asked whether the platform knows it


@pytest.mark.parametrize("lost", range(13))
async def test_module_reports_sleep_while_a_report_is_sent(lost: int) -> None:
    async with sleepy() as (testbed, device, sensor, _):
        for value in range(20):
            testbed.lose_bytes_to_sleep("AT+MIPLNOTIFY", slice(lost, None), announced=True)
            report = await device.notify(sensor, float(value), acknowledge=True)
            assert report.acknowledged
            await elapse(TEN_MINUTES)
        assert testbed.reported == [float(value) for value in range(20)]
        assert testbed.events == []
        assert device.modem.counters.repeats == (20 if lost else 0)


# --- renewed and closed ----------------------------------------------------------------------


@pytest.mark.parametrize("lifetime", [60, 300, 3600])
@pytest.mark.usefixtures("waking")
async def test_lifetime_is_renewed_around_sleep(lifetime: int) -> None:
    async with sleepy(lifetime=lifetime) as (testbed, device, _, _):
        for _ in range(20):
            await elapse(lifetime / 2)
            assert testbed.online
        assert set(testbed.events) == {Renewed(lifetime)}
        assert device.modem.counters.timeouts == 0


@pytest.mark.usefixtures("waking")
async def test_logout_is_not_late() -> None:
    async with sleepy() as (testbed, device, _, _):
        clock = asyncio.get_running_loop().time
        begun = clock()
        await device.close(10)
        assert clock() - begun < 10
        assert device.state is DeviceState.DEREGISTERED
        await elapse(TEN_MINUTES)
        begun = clock()
    assert clock() - begun < 10
    assert testbed.commands[-2:] == [testbed.language.deletes, "AT+CMEE=0"]
