"""A device left running: what breaks is mended, and nobody waits for what never comes."""

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

from emulator.air.messages import Path as CloudPath
from emulator.air.messages import Read
from emulator.module.module import Cause
from emulator.module.radio.coverage import Coverage
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
from tests.support.world import World

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
) -> AsyncIterator[tuple[World, Device, Resource]]:
    """A device in a world of its own, logged in and observed, and what it may report."""
    world = World(line)
    async with world.device(**options) as device:  # type: ignore[arg-type]
        yield world, device, await log_in(device)
    world.stop()


async def between_attempts(world: World, device: Device) -> None:
    """The login after a reset has failed for half an hour; the next one would not."""
    world.outage()
    world.reset()
    await elapse(1800)
    await world.until(lambda: device.state is S.REG_FAILED)
    world.back()


@pytest.mark.parametrize("hostile", GENTLE, ids=str)
async def test_a_reset_module_is_told_everything_and_logged_in_again(hostile: Hostile) -> None:
    async with logged_in(hostile) as (world, device, sensor):
        await device.notify(sensor, 23.25)
        world.reset()
        assert device.state is S.REGISTERED  # nobody can know yet
        await world.until(lambda: device.state is S.RESTORING)
        assert device.in_service
        kept = await device.notify(sensor, 1.0)
        assert kept.state is ReportState.QUEUED
        with pytest.raises(StateError) as pending:
            await device.connect()
        assert pending.value.code is Code.PENDING
        await world.until(lambda: device.state is S.REGISTERED, 60)
        await elapse(2)
        assert world.online
        assert kept.state is ReportState.ACCEPTED
        outcome = world.ask(Read(0, SENSOR))
        await world.until(lambda: bool(outcome))
        assert [item.value for item in outcome[0].items] == [1.0]
        declared = [line for line in world.commands if line.endswith(',"23.25",1')]
        assert len(declared) == 2  # reported, and after the restart declared
        await device.notify(sensor, 24.5, acknowledge=True)
        # in the order they were made, and what the platform has is not said again
        assert world.reported == [23.25, 1.0, 24.5]
    first, *failures, last = world.events
    assert first == Reset(TEXT)
    assert isinstance(last, Restored)
    # attaching takes the module a moment: until then it refuses to log in
    assert all(
        isinstance(each, Reconnecting) and each.error.code is Code.SOCKET for each in failures
    )
    assert last.attempts == len(failures) + 1
    assert (device.counters.resets, device.counters.restored) == (1, 1)
    assert device.counters.retries == len(failures)
    assert device.state is S.DESTROYED
    assert not world.online


async def test_whoever_waits_when_the_module_restarts_is_told_at_once() -> None:
    async with logged_in() as (world, device, sensor):
        report = await device.report({sensor: 1.0})
        world.outage()
        acknowledged = await device.report({sensor: 2.0}, acknowledge=True)
        word = asyncio.create_task(acknowledged.acknowledgement())
        reports = [asyncio.create_task(device.notify(sensor, value)) for value in (3.0, 4.0)]
        waiting = [
            asyncio.create_task(each)
            for each in (
                device.update(),
                device.modem.execute(general.attention()),
                device.modem.execute(identity.information()),
            )
        ]
        world.silent = True  # or the commands would be done before
        await elapse(0.01)
        world.say(TEXT)
        _, missing = await asyncio.wait({*waiting, *reports}, timeout=0.001)
        assert not missing
        assert [type(each.exception()) for each in waiting] == [ModemReset] * len(waiting)
        assert [each.result().state for each in reports] == [ReportState.QUEUED] * 2
        assert sensor.value == 2.0  # what nobody took is not the value
        assert report.state is ReportState.ACCEPTED
        assert not word.done()  # its report is kept as well
        world.silent = False
        world.back()
        await word
        await world.until(lambda: reports[1].result().state is ReportState.ACCEPTED, 60)
        assert acknowledged.acknowledged
        await elapse(2)
        # 2.0 twice: the module only said that it restarted, and went on sending what it had taken
        assert world.reported == [1.0, 2.0, 2.0, 3.0, 4.0]


async def test_a_login_under_way_is_begun_again() -> None:
    world = World(reachable=False)
    async with world.device() as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        login = asyncio.create_task(device.connect(30))
        await elapse(5)
        world.reset()
        with pytest.raises(ModemReset, match="module restarted"):
            await login
        world.back()
        await world.until(lambda: device.state is S.REGISTERED, 60)
    world.stop()


async def test_a_device_that_was_not_logged_in_is_not_logged_in() -> None:
    world = World()
    async with world.device() as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        world.reset()
        await world.until(lambda: device.counters.restored == 1, 60)
        await elapse(600)
        assert device.state is S.DEREGISTERED
        await elapse(10)
        await device.connect(30)
        await elapse(2)
        await device.notify(sensor, 2.0, acknowledge=True)
    world.stop()


async def test_a_logout_is_not_undone() -> None:
    async with logged_in() as (world, device, _):
        world.outage()
        logout = asyncio.create_task(device.close(30))
        await elapse(1)
        world.reset()
        with pytest.raises(ModemReset):
            await logout
        world.back()
        await elapse(600)
        assert device.state is S.DEREGISTERED


async def test_told_not_to_the_device_stays_lost() -> None:
    async with logged_in(recover=False) as (world, device, sensor):
        world.reset()
        await device.left(60)
        assert device.state is S.LOST
        for work in (device.notify(sensor, 1.0), device.connect(), device.update()):
            with pytest.raises(ModemReset):
                await work
        said = len(world.commands)
        world.say(TEXT)  # once more
        await elapse(600)
        assert len(world.commands) == said
    assert device.state is S.DESTROYED


async def test_resets_during_the_restoration_begin_it_again() -> None:
    async with logged_in() as (world, device, sensor):
        for wait in (0.0, 3.55, 3.6, 4.0, 5.0, 3.7):
            world.reset()
            await elapse(wait)
        await world.until(lambda: device.state is S.REGISTERED, 120)
        await elapse(2)
        await device.notify(sensor, 5.0, acknowledge=True)
        assert device.counters.restored == 1
        assert world.commands.count("AT+MIPLDEL=0") == 0  # every start began with nothing


async def test_an_announced_restart_is_one_reset() -> None:
    async with logged_in() as (world, device, _):
        world.say("REBOOTING")
        world.reset(Cause.COMMAND)
        await world.until(lambda: isinstance(world.events[-1], Restored), 60)
        assert device.counters.resets == 1
        world.reset()
        await world.until(lambda: device.counters.restored == 2, 60)
        assert device.counters.resets == 2


@pytest.mark.parametrize("who", ["module", "anybody"])
async def test_a_restart_by_someone_on_the_same_port_is_one_restoration(who: str) -> None:
    async with logged_in() as (world, device, sensor), Module(device.modem) as module:
        configured = sum(line.startswith("AT+MIPLCONF") for line in world.commands)
        if who == "module":
            assert (await module.reset()).cause is BootCause.COMMAND
        else:
            with pytest.raises(ModemReset):
                await device.modem.execute(general.restart())
        await world.until(lambda: device.state is S.REGISTERED, 60)
        await elapse(2)
        await device.notify(sensor, 5.0, acknowledge=True)
        assert (device.counters.resets, device.counters.restored) == (1, 1)
        again = sum(line.startswith("AT+MIPLCONF") for line in world.commands)
        assert again == configured + 1


async def test_a_module_is_attached_while_its_device_is_restored() -> None:
    async with logged_in() as (world, device, _), Module(device.modem) as module:
        await module.radio(on=False)
        attaching = asyncio.create_task(module.attach())
        await elapse(0.5)
        world.reset()
        assert (await attaching).status.stat.registered
        await world.until(lambda: device.state is S.REGISTERED, 60)
        assert device.counters.restored == 1


async def test_a_long_outage_is_met_with_waits_that_grow_to_a_bound() -> None:
    async with logged_in(random=Random(1)) as (world, device, sensor):
        world.outage()
        world.reset()
        await elapse(24 * 3600)
        waits = [each.wait for each in world.events if isinstance(each, Reconnecting)]
        assert all(0.5 <= wait <= LONGEST_WAIT for wait in waits)
        assert max(waits) > LONGEST_WAIT / 2
        assert 24 * 3600 / (LONGEST_WAIT + CONNECT) < len(waits) < 24 * 3600 / 200
        assert device.in_service
        world.back()
        await world.until(lambda: device.state is S.REGISTERED, LONGEST_WAIT + 60)
        await elapse(2)
        await device.notify(sensor, 5.0, acknowledge=True)


async def test_a_program_that_logs_in_itself_meanwhile_is_not_disturbed() -> None:
    async with logged_in() as (world, device, _):
        await between_attempts(world, device)
        await device.connect(30)
        await world.until(lambda: device.counters.restored == 1, LONGEST_WAIT)
        assert device.state is S.REGISTERED


async def test_a_program_that_logs_out_meanwhile_is_obeyed() -> None:
    async with logged_in() as (world, device, _):
        await between_attempts(world, device)
        await device.connect(30)
        await device.close(30)
        await elapse(2 * LONGEST_WAIT)
        assert device.state is S.DEREGISTERED


async def test_a_program_that_logs_out_while_it_is_brought_back_is_obeyed() -> None:
    async with logged_in() as (world, device, sensor):
        world.outage()
        world.reset()
        await world.until(lambda: device.state is S.REG_PENDING)
        kept = await device.notify(sensor, 1.0)
        await device.close(30)
        assert kept.state is ReportState.FAILED
        world.back()
        await elapse(2 * LONGEST_WAIT)
        assert device.state is S.DEREGISTERED
        assert world.reported == []
        await device.connect(30)


async def test_a_device_can_be_left_while_it_is_restored() -> None:
    async with logged_in() as (world, device, _):
        world.reset()
        await world.until(lambda: device.state is S.RESTORING)
        world.silent = True
    assert device.state is S.DESTROYED


async def test_a_text_that_no_line_can_carry_does_not_stop_the_restoration(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    async with world.device() as device:
        label = await device.add_resource("3303/0/5750", ValueType.STRING, "hall", Access(3))
        await device.connect(30)
        label.store('the "blue" room')  # as the platform may write it
        with caplog.at_level(logging.WARNING):
            world.reset()
            await world.until(lambda: device.counters.restored == 1, 60)
        assert "declaring an empty value: 3303/0/5750" in caplog.text
        assert label.value == 'the "blue" room'
    world.stop()


async def test_a_request_that_met_a_reset_is_answered_no_more() -> None:
    world = World()
    release = asyncio.Event()

    async def on_read(_: Resource) -> float:
        await release.wait()
        return 9.5

    async with world.device(on_read=on_read, answer_within=25) as device:
        await log_in(device)
        world.ask(Read(0, SENSOR))
        await elapse(1)
        world.say("+MIPLREAD:0,12345,3303,0,5700")  # waits behind it
        world.reset()
        await world.until(lambda: device.counters.restored == 1, 20)
        since = len(world.commands)
        release.set()
        await elapse(5)
        # the one answer is to the platform's repetition, which the module gave a new msgid
        assert len([line for line in world.commands[since:] if "READ" in line]) == 1
        assert not [line for line in world.commands if "12345" in line]
        outcome = world.ask(Read(0, SENSOR))  # what comes now is served as ever
        await world.until(lambda: bool(outcome))
        assert [item.value for item in outcome[0].items] == [9.5]
    world.stop()


async def test_opening_a_port_may_restart_the_board() -> None:
    world = World()
    device = world.device()
    creating = asyncio.create_task(device.create())
    await elapse(0.05)
    world.reset(Cause.RESET_PIN)
    await creating
    assert device.state is S.DEREGISTERED
    await device.destroy()
    world.stop()


async def test_a_board_that_restarts_for_ever_is_given_up() -> None:
    world = World()
    device = world.device()
    creating = asyncio.create_task(device.create())
    while not creating.done():
        world.say(TEXT)
        await elapse(0.05)
    with pytest.raises(ModemReset):
        await creating
    assert device.state is S.NEW
    world.stop()


@settings(max_examples=scaled(60))
@given(
    st.lists(st.floats(0.0, 12.0), min_size=1, max_size=4),
    st.sampled_from(["notify", "acknowledge", "update", "close", "remove", "destroy"]),
    st.booleans(),
)
def test_whatever_is_done_at_whatever_moment_of_a_reset(
    moments: list[float], call: str, typed: bool
) -> None:
    async def month() -> None:
        world = World(BYTEWISE if typed else WHOLE)
        device = world.device()
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
            world.reset()
            await elapse(moment)
        await elapse(40)
        running.cancel()
        await asyncio.wait({running})
        left = {"close": S.DEREGISTERED, "destroy": S.DESTROYED}.get(call)
        if left:
            # a module that restarts as it logs out has not told the cloud, which finds out later
            assert device.state is left
        else:
            assert device.state.registered
            assert world.online
        await device.destroy()
        world.stop()

    run(month())


async def test_a_module_that_the_network_denied_and_takes_again_is_back_without_anybody() -> None:
    async with logged_in() as (world, device, sensor):
        world.module.radio.refusing = True
        await elapse(10)
        world.command("AT+CSCON?")  # it looks around
        world.module.radio.refusing = False
        report = await device.report({sensor: 23.5}, acknowledge=True)
        await world.until(lambda: report.state is ReportState.ACKNOWLEDGED)
        assert device.counters.radio_restarts == 1
        assert world.online


async def test_a_module_that_starts_with_its_radio_off_is_back_without_anybody() -> None:
    async with logged_in() as (world, device, _):
        world.command("AT+NCONFIG=AUTOCONNECT,FALSE")
        world.reset()
        await world.until(lambda: device.counters.restored == 1, 300)
        assert device.counters.radio_restarts == 1
        assert world.online


async def test_out_of_coverage_the_search_is_left_to_the_module() -> None:
    async with logged_in() as (world, device, _):
        world.module.radio.coverage = Coverage.OUT
        world.reset()
        await elapse(86400)
        assert device.counters.radio_restarts == 0
        world.module.radio.coverage = Coverage.ECL2
        await world.until(lambda: device.counters.restored == 1, 2 * LONGEST_WAIT)
