"""A program that was written for the M5310 runs unchanged on every module that is known."""

from __future__ import annotations

import asyncio

import pytest

from emulator.lwm2m.model import Item, Path
from emulator.module.firmware import MODULES
from emulator.module.lwm2m.host import Happening
from emulator.onenet.lwm2m.operations import Execute, Operation, Read, Write
from emulator.onenet.lwm2m.outcomes import Failure, Outcome
from m5310 import Access, Device, DeviceState, Resource, ValueType
from tests.support.clock import elapse
from tests.support.hostile import FEW_GENTLE, WHOLE, Hostile
from tests.support.language import language_of
from tests.support.suite_transcript import CLASSIC
from tests.support.testbed import DeviceTestbed

# No text of their start is known by which a program could tell.
NAMELESS_START = ("sim7020", "n700-cn")
SUBSCRIBED = 120  # seconds until the platform has observed and discovered all, one at a time

SENSOR, LABEL, DIMMER = Path(3303, 0, 5700), Path(3303, 0, 5750), Path(3306, 0, 5851)
BYTES, BUTTON, HIDDEN = Path(3306, 0, 5527), Path(3306, 0, 5523), Path(3306, 0, 5999)


def bed(module: str, line: Hostile = WHOLE) -> DeviceTestbed:
    """Its module refuses also what is only doubtful, on a line that changes nothing."""
    return DeviceTestbed(line, language=language_of(module), strict_host=line is WHOLE)


class Program:
    """Knows no dialect and no module."""

    def __init__(self) -> None:
        self.written: list[tuple[str, object]] = []
        self.executed: list[bytes] = []

    async def on_write(self, resource: Resource, value: object) -> None:
        self.written.append((str(resource.path), value))

    async def on_execute(self, _: Resource, arguments: bytes) -> None:
        self.executed.append(arguments)


async def ask(testbed: DeviceTestbed, question: Operation) -> Outcome:
    outcome = testbed.ask(question)
    await testbed.until(lambda: bool(outcome), 60)
    return outcome[0]


async def work(testbed: DeviceTestbed, device: Device, program: Program) -> None:
    sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
    await device.add_resource("3303/0/5750", ValueType.STRING, "hall", Access(3))
    await device.add_resource("3306/0/5851", ValueType.INTEGER, 40, Access(3))
    await device.add_resource("3306/0/5527", ValueType.OPAQUE, b"\x00", Access(3))
    await device.add_resource("3306/0/5523", ValueType.STRING, "", Access(4))
    await device.connect(60)
    assert testbed.online
    await elapse(SUBSCRIBED)

    await device.notify(sensor, 22.25)
    await device.notify(sensor, 22.5, acknowledge=True)
    await elapse(2)
    assert testbed.reported == [22.25, 22.5]

    outcome = await ask(testbed, Read(SENSOR))
    assert [item.value for item in outcome.items] == [22.5]
    outcome = await ask(testbed, Read(Path(3303, 0)))
    assert [(item.path, item.value) for item in outcome.items] == [(SENSOR, 22.5), (LABEL, "hall")]
    assert (await ask(testbed, Read(HIDDEN))).failure is not None

    items = (Item(LABEL, "a, b"),)
    assert (await ask(testbed, Write(Path(3303, 0), items, replace=False))).failure is None
    items = (Item(DIMMER, 55), Item(BYTES, b"\x0a\xff"))
    assert (await ask(testbed, Write(Path(3306, 0), items, replace=False))).failure is None
    assert program.written == [
        ("3303/0/5750", "a, b"),
        ("3306/0/5851", 55),
        ("3306/0/5527", b"\x0a\xff"),
    ]
    items = (Item(SENSOR, 1.5),)  # read-only
    assert (await ask(testbed, Write(Path(3303, 0), items, replace=False))).failure is not None

    assert (await ask(testbed, Execute(BUTTON, b"now, please"))).failure is None
    assert (await ask(testbed, Execute(BUTTON, b""))).failure is None
    assert program.executed == [b"now, please", b""]
    assert (await ask(testbed, Execute(SENSOR, b""))).failure is not Failure.TIME_OUT

    await device.update()
    await device.close(60)
    assert device.state is DeviceState.DEREGISTERED
    assert not testbed.online


@pytest.mark.parametrize("line", FEW_GENTLE, ids=str)
@pytest.mark.parametrize("finds_out", [True, False])
@pytest.mark.parametrize("module", MODULES)
async def test_program_runs_on_every_module(module: str, finds_out: bool, line: Hostile) -> None:
    testbed = bed(module, line)
    program = Program()
    options = {} if finds_out else {"module": module}
    device = testbed.device(on_write=program.on_write, on_execute=program.on_execute, **options)
    async with device:
        await work(testbed, device, program)
    testbed.stop()


@pytest.mark.parametrize("module", MODULES)
async def test_instance_of_a_crashed_program_is_replaced(module: str) -> None:
    testbed = bed(module)
    before = testbed.device(reopens=True)
    await before.create()
    await before.add_resource("3306/0/5851", ValueType.INTEGER, 40)
    await before.connect(60)
    testbed.unplug()  # nothing that it does from now on arrives
    await before.destroy()
    assert testbed.online
    testbed.plug()
    async with testbed.device(reopens=True) as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(60)
        await elapse(SUBSCRIBED)
        await device.notify(sensor, 22.5, acknowledge=True)
        assert testbed.reported == [22.5]
    assert not testbed.online
    testbed.stop()


@pytest.mark.parametrize("module", MODULES)
async def test_late_program_costs_an_error_and_no_timeout(module: str) -> None:
    testbed = bed(module)

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    async with testbed.device(on_read=never, on_write=never, on_execute=never) as device:
        await device.add_resource("3306/0/5851", ValueType.INTEGER, 40, Access(7))
        await device.connect(60)
        await elapse(SUBSCRIBED)
        for question in (
            Read(DIMMER),
            Write(Path(3306, 0), (Item(DIMMER, 55),), replace=False),
            Execute(DIMMER, b""),
        ):
            failure = (await ask(testbed, question)).failure
            # the classic dialect answers a read that fails with an empty value
            assert failure not in (None, Failure.TIME_OUT)
    testbed.stop()


@pytest.mark.parametrize("reason", [Happening.LIFETIME_OVER, Happening.REMOVED])
@pytest.mark.parametrize("module", [each for each in MODULES if each != CLASSIC])
async def test_login_that_the_module_lost_comes_back(module: str, reason: Happening) -> None:
    testbed = bed(module)
    async with testbed.device() as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(60)
        await elapse(SUBSCRIBED)
        testbed.end_login(reason)
        await elapse(SUBSCRIBED)
        assert testbed.online
        await device.notify(sensor, 22.5, acknowledge=True)
        assert testbed.reported == [22.5]
    testbed.stop()


@pytest.mark.parametrize("module", MODULES)
async def test_reports_wait_while_the_uplink_is_busy(module: str) -> None:
    testbed = bed(module)
    async with testbed.device() as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(60)
        await elapse(SUBSCRIBED)
        testbed.module.radio.busy = True
        reports = [
            asyncio.create_task(device.report({sensor: float(n)}, acknowledge=True))
            for n in range(5)
        ]
        await elapse(20)
        assert testbed.reported == []
        testbed.module.radio.busy = False
        for report in reports:
            await (await report).acknowledgement(60)
        assert testbed.reported == [0.0, 1.0, 2.0, 3.0, 4.0]
        assert device.state is DeviceState.REGISTERED
    testbed.stop()


@pytest.mark.parametrize("module", [each for each in MODULES if each != CLASSIC])
async def test_product_without_discovery_is_of_use(module: str) -> None:
    testbed = bed(module)
    testbed.platform.server.observer.discovers = False
    program = Program()
    async with testbed.device(on_write=program.on_write) as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5, Access(3))
        await device.connect(60)
        await elapse(SUBSCRIBED)
        await device.notify(sensor, 22.5, acknowledge=True)
        items = (Item(SENSOR, 1.5),)
        outcome = await ask(testbed, Write(Path(3303, 0), items, replace=False))
        assert outcome.failure is None
        assert program.written == [("3303/0/5700", 1.5)]
    testbed.stop()


@pytest.mark.parametrize("line", FEW_GENTLE, ids=str)
@pytest.mark.parametrize("module", MODULES)
async def test_restart_of_the_module_is_recovered(module: str, line: Hostile) -> None:
    testbed = bed(module, line)
    async with testbed.device() as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(60)
        await elapse(SUBSCRIBED)
        testbed.reset()
        if module not in NAMELESS_START:
            await testbed.until(lambda: device.counters.resets == 1, 60)
        await elapse(10)
        kept = await device.report({sensor: 1.0}, acknowledge=True)
        await testbed.until(lambda: device.state is DeviceState.REGISTERED, 300)
        await kept.acknowledgement(2 * SUBSCRIBED)
        assert testbed.reported == [1.0]
        assert device.counters.restored == 1
    testbed.stop()


@pytest.mark.parametrize("module", MODULES)
async def test_program_restarts_the_module(module: str) -> None:
    testbed = bed(module)
    async with testbed.device() as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(60)
        await device.module.reset()
        await testbed.until(lambda: device.counters.restored == 1, 300)
        await elapse(SUBSCRIBED)
        await device.notify(sensor, 22.5, acknowledge=True)
        assert testbed.reported == [22.5]
    testbed.stop()
