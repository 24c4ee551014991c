"""What happens to reports while a device comes back, seen from the cloud: nothing is lost."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m5310 import Device, DeviceState, Resource, ValueType
from m5310.commands import identity
from m5310.device.events import LoggedOut, PortBack, PortLost, ReportDropped, Reset, Restored
from m5310.device.outbox import ATTEMPTS, WINDOW, WhenFull
from m5310.device.reports import Report, ReportState
from m5310.device.restore import LONGEST_PORT_WAIT, LONGEST_WAIT
from m5310.errors import AcknowledgementRefused, AcknowledgementTimeout, OutboxFull, PortError
from tests.support.clock import elapse, run
from tests.support.effort import either, scaled
from tests.support.hostile import BYTEWISE, WHOLE, Hostile
from tests.support.testbed import DeviceTestbed, random_faults

pytestmark = [pytest.mark.usefixtures("each_language"), pytest.mark.unmeasured]

S = DeviceState
R = ReportState


MEAN_INTERVAL = 648.0  # s, between two reports


async def logged_in(device: Device) -> Resource:
    sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
    await device.connect(30)
    await elapse(2)  # the platform observes
    return sensor


def first_times(values: list[object]) -> list[object]:
    """Each value once, where it came first: what was repeated may arrive twice."""
    return list(dict.fromkeys(values))


async def test_reports_are_kept_while_unplugged() -> None:
    testbed = DeviceTestbed()
    async with testbed.device(reopens=True) as device:
        sensor = await logged_in(device)
        before = device.modem
        testbed.unplug()
        await elapse(0.1)
        assert device.state is S.RESTORING
        with pytest.raises(PortError):
            await device.modem.execute(identity.information())
        kept = [await device.report({sensor: float(value)}) for value in range(20)]
        assert {report.state for report in kept} == {R.QUEUED}
        assert sensor.value == 21.5  # a value not accepted is not stored
        await elapse(3600)
        testbed.plug()
        await testbed.until(lambda: device.state is S.REGISTERED, LONGEST_PORT_WAIT + 10)
        await kept[-1].accepted(20)
        await elapse(2)
        assert testbed.reported == [float(value) for value in range(20)]
        assert device.modem is not before
        assert testbed.online
    lost, *waits, back, restored = testbed.events
    assert isinstance(lost, PortLost)
    assert 3600 / LONGEST_PORT_WAIT < len(waits) < 3600 / LONGEST_PORT_WAIT * 2 + 10
    assert back == PortBack("the testbed")
    assert restored == Restored(1)
    assert (device.counters.ports_lost, device.counters.resets) == (1, 0)
    testbed.stop()


async def test_module_that_stayed_on_is_logged_out_first() -> None:
    testbed = DeviceTestbed()
    async with testbed.device(reopens=True) as device:
        await logged_in(device)
        since = len(testbed.commands)
        testbed.unplug()
        await elapse(30)
        testbed.plug()
        await testbed.until(lambda: device.counters.restored == 1, 60)
        assert device.state is S.REGISTERED
        assert (
            testbed.commands[since:].count("AT+MIPLCLOSE=0") == 1
        )  # what it still held was logged out
        await elapse(600)
        assert testbed.online
    testbed.stop()


async def test_port_lost_for_good_ends_the_device() -> None:
    testbed = DeviceTestbed()
    async with testbed.device(reopens=True) as device:
        sensor = await logged_in(device)
        testbed.unplug()
        await elapse(100)
        kept = await device.report({sensor: 1.0}, acknowledge=True)
    assert device.state is S.DESTROYED
    assert kept.state is R.FAILED
    with pytest.raises(PortError, match="destroyed"):
        await kept.acknowledgement()
    testbed.stop()


async def test_lent_modem_is_not_opened_again() -> None:
    testbed = DeviceTestbed()
    async with testbed.device() as device:
        sensor = await logged_in(device)
        testbed.unplug()
        await elapse(0.1)
        assert device.state is S.LOST
        with pytest.raises(PortError):
            await device.report({sensor: 1.0})
    testbed.stop()


@settings(max_examples=scaled(60))
@given(
    st.lists(st.tuples(st.floats(0.0, 8.0), st.floats(0.0, 20.0)), min_size=1, max_size=4),
    st.booleans(),
)
def test_unplugged_at_any_moment_loses_no_report(
    moments: list[tuple[float, float]], acknowledge: bool
) -> None:
    async def hour() -> None:
        testbed = DeviceTestbed()
        async with testbed.device(reopens=True) as device:
            sensor = await logged_in(device)
            reports: list[Report] = []
            leaving = asyncio.Event()

            async def program() -> None:
                while not leaving.is_set():
                    value = float(len(reports))
                    report = await device.report({sensor: value}, acknowledge=acknowledge)
                    reports.append(report)
                    await elapse(0.37)

            running = asyncio.create_task(program())
            for plugged, unplugged in moments:
                await elapse(plugged)
                testbed.unplug()
                await elapse(unplugged)
                testbed.plug()
            await elapse(5)
            leaving.set()
            await running
            await testbed.until(lambda: device.state is S.REGISTERED, 120)
            await reports[-1].accepted(20)
            await elapse(2)
            # the module goes on while it is unplugged: what it took it sends
            expected = [float(value) for value in range(len(reports))]
            assert first_times(testbed.reported) == expected
            state = R.ACKNOWLEDGED if acknowledge else R.ACCEPTED
            assert {report.state for report in reports} == {state}
        testbed.stop()

    run(hour())


@settings(max_examples=scaled(30))
@given(st.lists(st.floats(0.0, 12.0), min_size=1, max_size=4), st.sampled_from([WHOLE, BYTEWISE]))
def test_reset_at_any_moment_loses_no_report(moments: list[float], hostile: Hostile) -> None:
    async def minutes() -> None:
        testbed = DeviceTestbed(hostile)
        async with testbed.device() as device:
            sensor = await logged_in(device)
            reports: list[Report] = []
            leaving = asyncio.Event()

            async def program() -> None:
                while not leaving.is_set():
                    value = float(len(reports))
                    reports.append(await device.report({sensor: value}, acknowledge=True))
                    await elapse(0.11)

            running = asyncio.create_task(program())
            for moment in moments:
                await elapse(moment)
                testbed.reset()
            await elapse(5)
            leaving.set()
            await running
            for report in reports:
                await report.acknowledgement(200)
            assert first_times(testbed.reported) == [float(value) for value in range(len(reports))]
            # twice only what was not acknowledged before the reset
            assert len(testbed.reported) - len(reports) <= WINDOW * len(moments)
        testbed.stop()

    run(minutes())


@pytest.mark.parametrize("after", [0.0, 0.005, 0.02, 0.05, 0.2, 1.0])
async def test_reset_with_reports_in_flight_loses_none(after: float) -> None:
    testbed = DeviceTestbed()
    async with testbed.device() as device:
        sensor = await logged_in(device)
        done = [await device.notify(sensor, float(value), acknowledge=True) for value in range(3)]
        testbed.outage()
        sent = [await device.report({sensor: float(v)}, acknowledge=True) for v in range(3, 6)]
        making = [
            asyncio.create_task(device.report({sensor: float(value)}, acknowledge=True))
            for value in range(6, 9)
        ]
        await elapse(after)
        testbed.reset()
        testbed.back()
        made = [await each for each in making]
        for report in (*sent, *made):
            await report.acknowledgement(200)
        assert {report.state for report in (*done, *sent, *made)} == {R.ACKNOWLEDGED}
        assert testbed.reported == [float(value) for value in range(9)]  # none of them twice
        assert device.counters.resets == 1
    testbed.stop()


async def test_lost_acknowledgement_costs_one_repetition() -> None:
    testbed = DeviceTestbed()
    async with testbed.device() as device:
        sensor = await logged_in(device)
        testbed.outage()
        report = await device.report({sensor: 1.0}, acknowledge=True)
        (first,) = report.ackids
        await elapse(95)  # the module itself has given it up
        testbed.back()
        await report.acknowledgement(60)
        (second,) = report.ackids
        assert second > first
        assert testbed.reported == [1.0]
        assert len([line for line in testbed.commands if "UPDATE" in line]) == 1
        await elapse(1000)
        assert testbed.reported == [1.0]
        # a module of the suite says that it gave up, so the update is tried during the outage, too
        assert device.counters.renewals_failed == (not testbed.language.classic)
    testbed.stop()


async def test_report_never_acknowledged_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    testbed = DeviceTestbed()
    async with testbed.device() as device:
        sensor = await logged_in(device)
        monkeypatch.setattr(device._outbox, "acknowledged", lambda ackid: None)
        report = await device.report({sensor: 1.0}, acknowledge=True)
        await testbed.until(lambda: report.state is R.FAILED)
        with pytest.raises(AcknowledgementTimeout, match=f"in {ATTEMPTS} attempts"):
            await report.acknowledgement()
        assert testbed.reported == [1.0] * ATTEMPTS
        assert device.state is S.REGISTERED
    testbed.stop()


async def test_full_outbox_drops_the_oldest() -> None:
    testbed = DeviceTestbed()
    async with testbed.device(reopens=True, outbox=5) as device:
        sensor = await logged_in(device)
        testbed.unplug()
        await elapse(1)
        reports = [await device.report({sensor: float(value)}) for value in range(12)]
        assert [report.state for report in reports] == [R.FAILED] * 7 + [R.QUEUED] * 5
        dropped = [each.report for each in testbed.events if isinstance(each, ReportDropped)]
        assert dropped == reports[:7]
        assert isinstance(reports[0].error, OutboxFull)
        with pytest.raises(OutboxFull):
            await reports[0].accepted()
        testbed.plug()
        await reports[-1].accepted(60)
        await elapse(2)
        assert testbed.reported == [7.0, 8.0, 9.0, 10.0, 11.0]
        assert device.counters.reports_dropped == 7
    testbed.stop()


async def test_full_outbox_refuses() -> None:
    testbed = DeviceTestbed()
    async with testbed.device(reopens=True, outbox=5, when_full=WhenFull.REFUSE) as device:
        sensor = await logged_in(device)
        testbed.unplug()
        await elapse(1)
        reports = [await device.report({sensor: float(value)}) for value in range(5)]
        with pytest.raises(OutboxFull, match="not taken"):
            await device.report({sensor: 5.0})
        testbed.plug()
        await reports[-1].accepted(60)
        await device.notify(sensor, 6.0, acknowledge=True)
        assert testbed.reported == [0.0, 1.0, 2.0, 3.0, 4.0, 6.0]
        assert device.counters.reports_dropped == 0
    testbed.stop()


@pytest.mark.parametrize("truly", [True, False])
async def test_unexpected_logout_is_recovered(truly: bool) -> None:
    testbed = DeviceTestbed()
    async with testbed.device() as device:
        sensor = await logged_in(device)
        if truly:
            testbed.command("AT+MIPLCLOSE=0")
            await testbed.until(lambda: device.counters.logouts == 1)
        else:
            testbed.send(testbed.language.closed)
        kept = await device.report({sensor: 1.0}, acknowledge=True)
        assert kept.state is R.QUEUED
        await testbed.until(lambda: device.state is S.REGISTERED, 120)
        await kept.acknowledgement()
        await elapse(600)
        assert testbed.online
        assert testbed.reported == [1.0]
        assert testbed.events[0] == LoggedOut()
        assert isinstance(testbed.events[-1], Restored)
        assert device.counters.logouts == 1
        await device.close(30)  # this one is asked for
        await elapse(600)
        assert device.state is S.DEREGISTERED
        assert device.counters.logouts == 1
    testbed.stop()


async def test_logout_stays_without_recovery() -> None:
    testbed = DeviceTestbed()
    async with testbed.device(recover=False) as device:
        await logged_in(device)
        testbed.send(testbed.language.closed)
        await elapse(600)
        assert device.state is S.DEREGISTERED
        assert testbed.events == [LoggedOut()]
    testbed.stop()


@pytest.mark.parametrize("seed", either([1], [1, 2]))
async def test_weeks_of_faults_lose_no_report(seed: int) -> None:
    testbed = DeviceTestbed()
    random = Random(seed)
    days = either(7, 30)
    async with testbed.device(reopens=True, lifetime=3600, random=Random(seed)) as device:
        sensor = await logged_in(device)
        reports: list[Report] = []
        leaving = asyncio.Event()

        async def program() -> None:
            while not leaving.is_set():
                value = float(len(reports))
                reports.append(await device.report({sensor: value}, acknowledge=True))
                await elapse(random.expovariate(1 / MEAN_INTERVAL))

        running = asyncio.create_task(program())
        await random_faults(testbed, random, days)
        leaving.set()
        await running
        await testbed.until(lambda: device.state is S.REGISTERED, LONGEST_WAIT + 200)
        await elapse(1800)
        assert {report.state for report in reports} == {R.ACKNOWLEDGED}
        assert set(testbed.reported) == set(map(float, range(len(reports))))
        assert len(testbed.reported) < 1.1 * len(reports)  # few of them twice
        assert device.state is S.REGISTERED
        assert testbed.online
        counters = device.counters
        assert min(counters.resets, counters.ports_lost, counters.renewed) > days
        assert any(isinstance(each, Reset) for each in testbed.events)
    testbed.stop()


@pytest.mark.classic_only("all modules of the suite acknowledge")
async def test_firmware_without_acknowledgements_is_named() -> None:
    testbed = DeviceTestbed(firmware="SP2")
    async with testbed.device() as device:
        sensor = await logged_in(device)
        with pytest.raises(AcknowledgementRefused, match=r"V2\.1\.0 acknowledges no reports"):
            await device.notify(sensor, 1.0, acknowledge=True)
        await device.notify(sensor, 2.0)
        await elapse(2)
        assert testbed.reported == [2.0]
    testbed.stop()
