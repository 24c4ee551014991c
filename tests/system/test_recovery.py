"""Recovery of a running device from restarts, outages and logouts; every wait ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.lwm2m.model import Path as CloudPath
from emulator.module.module import Cause
from emulator.module.radio.coverage import Coverage
from emulator.onenet.lwm2m.operations import Read
from m5310 import Access, Device, DeviceState, Resource, ValueType
from m5310.commands import general, identity
from m5310.commands.general import BootCause
from m5310.device.events import Reconnecting, Reset, Restored
from m5310.device.registration import CONNECT
from m5310.device.reports import ReportState
from m5310.device.restore import LONGEST_WAIT
from m5310.errors import Code, M5310Error, ModemReset, StateError
from m5310.module.module import Module
from tests.support.clock import elapse, run
from tests.support.effort import scaled
from tests.support.hostile import BYTEWISE, GENTLE, WHOLE, Hostile
from tests.support.testbed import DeviceTestbed

pytestmark = [pytest.mark.usefixtures("each_language"), pytest.mark.unmeasured]

S = DeviceState
SENSOR = CloudPath(3303, 0, 5700)
TEXT = Cause.WATCHDOG.text


async def log_in(device: Device) -> Resource:
    sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
    await device.add_resource("3311/0/5850", ValueType.BOOLEAN, False, Access(3))
    await device.connect(30)
    await elapse(2)  # the platform observes
    return sensor


@asynccontextmanager
async def logged_in(
    line: Hostile = WHOLE, **options: object
) -> AsyncIterator[tuple[DeviceTestbed, Device, Resource]]:
    """A device in a new testbed, logged in and observed, and its resource."""
    testbed = DeviceTestbed(line)
    async with testbed.device(**options) as device:  # type: ignore[arg-type]
        yield testbed, device, await log_in(device)
    testbed.stop()


async def between_attempts(testbed: DeviceTestbed, device: Device) -> None:
    """The login after a reset has failed for half an hour; the next one would not."""
    testbed.outage()
    testbed.reset()
    await elapse(1800)
    await testbed.until(lambda: device.state is S.REG_FAILED)
    testbed.back()


@pytest.mark.parametrize("hostile", GENTLE, ids=str)
async def test_reset_module_is_configured_and_logged_in_again(hostile: Hostile) -> None:
    async with logged_in(hostile) as (testbed, device, sensor):
        await device.notify(sensor, 23.25)
        testbed.reset()
        assert device.state is S.REGISTERED  # not yet known
        await testbed.until(lambda: device.state is S.RESTORING)
        assert device.in_service
        kept = await device.notify(sensor, 1.0)
        assert kept.state is ReportState.QUEUED
        with pytest.raises(StateError) as pending:
            await device.connect()
        assert pending.value.code is Code.PENDING
        await testbed.until(lambda: device.state is S.REGISTERED, 60)
        await elapse(2)
        assert testbed.online
        assert kept.state is ReportState.ACCEPTED
        outcome = testbed.ask(Read(SENSOR))
        await testbed.until(lambda: bool(outcome))
        assert [item.value for item in outcome[0].items] == [1.0]
        sent = [line for line in testbed.commands if testbed.language.value_of(line) == "23.25"]
        # reported, and after the restart declared
        assert len(sent) == 1 + testbed.language.declares_values
        await device.notify(sensor, 24.5, acknowledge=True)
        # in order, and nothing acknowledged is sent again
        assert testbed.reported == [23.25, 1.0, 24.5]
    first, *failures, last = testbed.events
    assert first == Reset(TEXT)
    assert isinstance(last, Restored)
    # attaching takes the module a moment: until then it refuses to log in; the suite says no reason
    assert all(isinstance(each, Reconnecting) for each in failures)
    reasons = {each.error.code for each in failures if isinstance(each, Reconnecting)}
    assert reasons <= {Code.SOCKET} or not testbed.language.classic
    assert last.attempts == len(failures) + 1
    assert (device.counters.resets, device.counters.restored) == (1, 1)
    assert device.counters.retries == len(failures)
    assert device.state is S.DESTROYED
    assert not testbed.online


async def test_restart_ends_each_wait_at_once() -> None:
    async with logged_in() as (testbed, device, sensor):
        report = await device.report({sensor: 1.0})
        testbed.outage()
        acknowledged = await device.report({sensor: 2.0}, acknowledge=True)
        acknowledgement = asyncio.create_task(acknowledged.acknowledgement())
        reports = [asyncio.create_task(device.notify(sensor, value)) for value in (3.0, 4.0)]
        waiting = [
            asyncio.create_task(each)
            for each in (
                device.update(),
                device.modem.execute(general.attention()),
                device.modem.execute(identity.information()),
            )
        ]
        testbed.silent = True  # or the commands would be done before
        await elapse(0.01)
        testbed.send(TEXT)
        _, missing = await asyncio.wait({*waiting, *reports}, timeout=0.001)
        assert not missing
        assert [type(each.exception()) for each in waiting] == [ModemReset] * len(waiting)
        assert [each.result().state for each in reports] == [ReportState.QUEUED] * 2
        assert sensor.value == 2.0  # a value not accepted is not stored
        assert report.state is ReportState.ACCEPTED
        assert not acknowledgement.done()  # its report is kept as well
        testbed.silent = False
        testbed.back()
        await acknowledgement
        await testbed.until(lambda: reports[1].result().state is ReportState.ACCEPTED, 60)
        assert acknowledged.acknowledged
        await elapse(2)
        # 2.0 twice: the module did not really restart, and went on sending it
        assert testbed.reported == [1.0, 2.0, 2.0, 3.0, 4.0]


async def test_login_in_progress_is_restarted() -> None:
    testbed = DeviceTestbed(reachable=False)
    async with testbed.device() as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        login = asyncio.create_task(device.connect(30))
        await elapse(5)
        testbed.reset()
        with pytest.raises(ModemReset, match="module restarted"):
            await login
        testbed.back()
        await testbed.until(lambda: device.state is S.REGISTERED, 60)
    testbed.stop()


async def test_device_not_logged_in_stays_so_after_reset() -> None:
    testbed = DeviceTestbed()
    async with testbed.device() as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        testbed.reset()
        await testbed.until(lambda: device.counters.restored == 1, 60)
        await elapse(600)
        assert device.state is S.DEREGISTERED
        await elapse(10)
        await device.connect(30)
        await elapse(2)
        await device.notify(sensor, 2.0, acknowledge=True)
    testbed.stop()


async def test_logout_is_not_undone_by_recovery() -> None:
    async with logged_in() as (testbed, device, _):
        testbed.outage()
        logout = asyncio.create_task(device.close(30))
        await elapse(1)
        testbed.reset()
        with pytest.raises(ModemReset):
            await logout
        testbed.back()
        await elapse(600)
        assert device.state is S.DEREGISTERED


async def test_device_stays_lost_without_recovery() -> None:
    async with logged_in(recover=False) as (testbed, device, sensor):
        testbed.reset()
        await device.left(60)
        assert device.state is S.LOST
        for work in (device.notify(sensor, 1.0), device.connect(), device.update()):
            with pytest.raises(ModemReset):
                await work
        sent = len(testbed.commands)
        testbed.send(TEXT)  # a second time
        await elapse(600)
        assert len(testbed.commands) == sent
    assert device.state is S.DESTROYED


async def test_reset_during_restore_restarts_it() -> None:
    async with logged_in() as (testbed, device, sensor):
        for wait in (0.0, 3.55, 3.6, 4.0, 5.0, 3.7):
            testbed.reset()
            await elapse(wait)
        await testbed.until(lambda: device.state is S.REGISTERED, 120)
        await elapse(2)
        await device.notify(sensor, 5.0, acknowledge=True)
        assert device.counters.restored == 1
        if testbed.language.classic:  # every start began with nothing
            assert testbed.commands.count(testbed.language.deletes) == 0


async def test_announced_restart_counts_once() -> None:
    async with logged_in() as (testbed, device, _):
        testbed.send("REBOOTING")
        testbed.reset(Cause.COMMAND)
        await testbed.until(lambda: isinstance(testbed.events[-1], Restored), 60)
        assert device.counters.resets == 1
        testbed.reset()
        await testbed.until(lambda: device.counters.restored == 2, 60)
        assert device.counters.resets == 2


@pytest.mark.parametrize("who", ["module", "anybody"])
async def test_restart_by_another_user_of_the_port(who: str) -> None:
    async with logged_in() as (testbed, device, sensor), Module(device.modem) as module:
        creates = testbed.language.creates
        configured = sum(line.startswith(creates) for line in testbed.commands)
        if who == "module":
            assert (await module.reset()).cause is BootCause.COMMAND
        else:
            with pytest.raises(ModemReset):
                await device.modem.execute(general.restart())
        await testbed.until(lambda: device.state is S.REGISTERED, 60)
        await elapse(2)
        await device.notify(sensor, 5.0, acknowledge=True)
        assert (device.counters.resets, device.counters.restored) == (1, 1)
        again = sum(line.startswith(creates) for line in testbed.commands)
        # a module of the suite that refuses to log in is configured again
        assert again == configured + 1 or not testbed.language.classic


async def test_attach_during_restore() -> None:
    async with logged_in() as (testbed, device, _), Module(device.modem) as module:
        await module.radio(on=False)
        attaching = asyncio.create_task(module.attach())
        await elapse(0.5)
        testbed.reset()
        assert (await attaching).status.stat.registered
        await testbed.until(lambda: device.state is S.REGISTERED, 60)
        assert device.counters.restored == 1


async def test_waits_grow_to_a_bound_in_an_outage() -> None:
    async with logged_in(random=Random(1)) as (testbed, device, sensor):
        testbed.outage()
        testbed.reset()
        await elapse(24 * 3600)
        waits = [each.wait for each in testbed.events if isinstance(each, Reconnecting)]
        assert all(0.5 <= wait <= LONGEST_WAIT for wait in waits)
        assert max(waits) > LONGEST_WAIT / 2
        assert 24 * 3600 / (LONGEST_WAIT + CONNECT) < len(waits) < 24 * 3600 / 200
        assert device.in_service
        testbed.back()
        await testbed.until(lambda: device.state is S.REGISTERED, LONGEST_WAIT + 60)
        await elapse(2)
        await device.notify(sensor, 5.0, acknowledge=True)


async def test_program_may_log_in_during_recovery() -> None:
    async with logged_in() as (testbed, device, _):
        await between_attempts(testbed, device)
        await device.connect(30)
        await testbed.until(lambda: device.counters.restored == 1, LONGEST_WAIT)
        assert device.state is S.REGISTERED


async def test_program_may_log_out_during_recovery() -> None:
    async with logged_in() as (testbed, device, _):
        await between_attempts(testbed, device)
        await device.connect(30)
        await device.close(30)
        await elapse(2 * LONGEST_WAIT)
        assert device.state is S.DEREGISTERED


async def test_program_may_log_out_during_restore() -> None:
    async with logged_in() as (testbed, device, sensor):
        testbed.outage()
        testbed.reset()
        await testbed.until(lambda: device.state is S.REG_PENDING)
        kept = await device.notify(sensor, 1.0)
        await device.close(30)
        assert kept.state is ReportState.FAILED
        testbed.back()
        await elapse(2 * LONGEST_WAIT)
        assert device.state is S.DEREGISTERED
        assert testbed.reported == []
        await device.connect(30)


async def test_device_can_be_destroyed_during_restore() -> None:
    async with logged_in() as (testbed, device, _):
        testbed.reset()
        await testbed.until(lambda: device.state is S.RESTORING)
        testbed.silent = True
    assert device.state is S.DESTROYED


async def test_unsendable_text_does_not_stop_restore(
    caplog: pytest.LogCaptureFixture,
) -> None:
    testbed = DeviceTestbed()
    async with testbed.device() as device:
        label = await device.add_resource("3303/0/5750", ValueType.STRING, "hall", Access(3))
        await device.connect(30)
        label.store('the "blue" room')  # as the platform may write it
        with caplog.at_level(logging.WARNING):
            testbed.reset()
            await testbed.until(lambda: device.counters.restored == 1, 60)
        assert "declaring an empty value: 3303/0/5750" in caplog.text
        assert label.value == 'the "blue" room'
    testbed.stop()


async def test_request_before_a_reset_is_not_answered() -> None:
    testbed = DeviceTestbed()
    release = asyncio.Event()

    async def on_read(_: Resource) -> float:
        await release.wait()
        return 9.5

    async with testbed.device(on_read=on_read, answer_within=25) as device:
        await log_in(device)
        testbed.ask(Read(SENSOR))
        await elapse(1)
        testbed.send("+MIPLREAD:0,12345,3303,0,5700")  # waits behind it
        testbed.reset()
        await testbed.until(lambda: device.counters.restored == 1, 20)
        since = len(testbed.commands)
        release.set()
        await elapse(5)
        # the one answer is to the platform's repetition, which the module gave a new msgid
        answers = [line for line in testbed.commands[since:] if "READ" in line]
        # in the suite the program had 3 s, and may have been late the second time, too
        assert len(answers) == 1 or (not testbed.language.classic and not answers)
        assert not [line for line in testbed.commands if "12345" in line]
        outcome = testbed.ask(Read(SENSOR))  # what comes now is served as ever
        await testbed.until(lambda: bool(outcome))
        assert [item.value for item in outcome[0].items] == [9.5]
    testbed.stop()


async def test_opening_a_port_may_restart_the_board() -> None:
    testbed = DeviceTestbed()
    device = testbed.device()
    creating = asyncio.create_task(device.create())
    await elapse(0.05)
    testbed.reset(Cause.RESET_PIN)
    await creating
    assert device.state is S.DEREGISTERED
    await device.destroy()
    testbed.stop()


async def test_board_that_keeps_restarting_is_given_up() -> None:
    testbed = DeviceTestbed()
    device = testbed.device()
    creating = asyncio.create_task(device.create())
    while not creating.done():
        testbed.send(TEXT)
        await elapse(0.05)
    with pytest.raises(ModemReset):
        await creating
    assert device.state is S.NEW
    testbed.stop()


@settings(max_examples=scaled(60))
@given(
    st.lists(st.floats(0.0, 12.0), min_size=1, max_size=4),
    st.sampled_from(["notify", "acknowledge", "update", "close", "remove", "destroy"]),
    st.booleans(),
)
def test_any_call_at_any_moment_of_a_reset(moments: list[float], call: str, typed: bool) -> None:
    async def month() -> None:
        testbed = DeviceTestbed(BYTEWISE if typed else WHOLE)
        device = testbed.device()
        await device.create()
        sensor = await log_in(device)
        other = device.resources[1]

        async def program() -> None:
            while True:
                await elapse(0.77)
                with contextlib.suppress(M5310Error):
                    await calls[call]()

        calls = {
            "notify": lambda: device.notify(sensor, 1.0),
            "acknowledge": lambda: device.notify(sensor, 1.0, acknowledge=True, timeout=5),
            "update": lambda: device.update(timeout=5),
            "close": lambda: device.close(5),
            "remove": lambda: device.remove_resource(other),
            "destroy": device.destroy,
        }
        running = asyncio.create_task(program())
        for moment in moments:
            testbed.reset()
            await elapse(moment)
        await elapse(40)
        running.cancel()
        await asyncio.wait({running})
        left = {"close": S.DEREGISTERED, "destroy": S.DESTROYED}.get(call)
        if left:
            # a module that restarts during its logout does not reach the cloud
            assert device.state is left
        else:
            assert device.state.registered
            assert testbed.online
        await device.destroy()
        testbed.stop()

    run(month())


async def test_denied_module_returns_when_accepted() -> None:
    async with logged_in() as (testbed, device, sensor):
        testbed.module.radio.refusing = True
        await elapse(10)
        testbed.command("AT+CSCON?")  # it looks around
        testbed.module.radio.refusing = False
        report = await device.report({sensor: 23.5}, acknowledge=True)
        await testbed.until(lambda: report.state is ReportState.ACKNOWLEDGED)
        assert device.counters.radio_restarts == 1
        assert testbed.online


async def test_module_with_radio_off_after_start_returns() -> None:
    async with logged_in() as (testbed, device, _):
        testbed.command("AT+NCONFIG=AUTOCONNECT,FALSE")
        testbed.reset()
        await testbed.until(lambda: device.counters.restored == 1, 300)
        assert device.counters.radio_restarts == 1
        assert testbed.online


async def test_module_searches_by_itself_out_of_coverage() -> None:
    async with logged_in() as (testbed, device, _):
        testbed.module.radio.coverage = Coverage.OUT
        testbed.reset()
        await elapse(86400)
        assert device.counters.radio_restarts == 0
        testbed.module.radio.coverage = Coverage.ECL2
        await testbed.until(lambda: device.counters.restored == 1, 2 * LONGEST_WAIT)
