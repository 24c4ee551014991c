"""A device over a bad cable, with restarts and outages: every report is accounted for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random

import pytest

from emulator.lwm2m.model import Item
from emulator.lwm2m.model import Path as CloudPath
from emulator.module.general.identity import Identity
from emulator.onenet.lwm2m.operations import Execute, Read, Write
from emulator.onenet.lwm2m.requests import Operation, Outcome
from m5310 import Access, Device, DeviceState, ValueType
from m5310.commands.network import Registration
from m5310.device.reports import Report, ReportState
from m5310.device.restore import LONGEST_WAIT
from m5310.errors import M5310Error
from m5310.module.module import Module
from tests.support.cable import Cable
from tests.support.clock import elapse
from tests.support.effort import either
from tests.support.hostile import ROUGH, Cut, Hostile
from tests.support.hostile_port import proven, tag
from tests.support.testbed import DeviceTestbed, random_faults

pytestmark = [pytest.mark.usefixtures("each_language"), pytest.mark.unmeasured]

TEXT = CloudPath(3341, 0, 5527)
MEAN_INTERVAL = 864.0  # s, between two reports

# One byte of a thousand: every tenth command line or so is hit, or its answer.
REPORTED = "3341/0/5527"

BAD_CABLES = (
    Hostile("loss", seed=1, loss=0.001),
    Hostile("corruption", seed=2, corruption=0.001),
    Hostile("duplication", seed=3, duplication=0.001),
    Hostile(
        "everything",
        Cut.ANYWHERE,
        seed=4,
        echo=True,
        doubled_cr=True,
        noise=True,
        loss=0.0005,
        corruption=0.0005,
        duplication=0.0005,
    ),
)


async def insist(attempt: Callable[[], Awaitable[object]]) -> None:
    """Repeat a call that fails, as a program with a bad cable does."""
    for _ in range(10):
        with contextlib.suppress(M5310Error):
            await attempt()
            return
    raise AssertionError(f"{attempt} failed ten times")


@pytest.mark.parametrize("hostile", BAD_CABLES, ids=str)
async def test_device_is_created_over_a_bad_cable(hostile: Hostile) -> None:
    # seeds at which three attempts are enough for each command: 995 of 1,000
    for seed in range(10, 10 + either(5, 20)):
        testbed = DeviceTestbed(replace(hostile, seed=seed))
        async with testbed.device() as device:
            for number in range(5):
                await device.add_resource(f"3341/0/{5500 + number}", ValueType.STRING, "x" * 20)
            testbed.stop_faults()
            await device.connect(30)
            assert device.state is DeviceState.REGISTERED


@pytest.mark.parametrize("hostile", BAD_CABLES, ids=str)
async def test_each_report_is_accounted_for_over_a_bad_cable(hostile: Hostile) -> None:
    testbed = DeviceTestbed(hostile)
    random = Random(hostile.seed)
    days = either(2, 5)
    device = testbed.device(reopens=True, lifetime=3600, random=Random(hostile.seed))
    await insist(device.create)
    await insist(lambda: device.add_resource(REPORTED, ValueType.STRING, ""))
    await insist(lambda: device.connect(30))
    (text,) = device.resources
    reports: dict[int, Report | M5310Error] = {}
    leaving = asyncio.Event()

    async def program() -> None:
        while not leaving.is_set():
            number = len(reports)
            try:
                reports[number] = await device.report({text: tag(number)}, acknowledge=True)
            except M5310Error as error:
                reports[number] = error
            await elapse(random.expovariate(1 / MEAN_INTERVAL))

    running = asyncio.create_task(program())
    await random_faults(testbed, random, days)
    leaving.set()
    await running
    testbed.stop_faults()
    await check_alive(testbed, device)
    kept = {number: one for number, one in reports.items() if isinstance(one, Report)}
    assert {report.state for report in kept.values()} <= {
        ReportState.ACKNOWLEDGED,
        ReportState.FAILED,
    }
    for report in kept.values():
        assert (report.error is None) is (report.state is ReportState.ACKNOWLEDGED)
    acknowledged = {n for n, one in kept.items() if one.state is ReportState.ACKNOWLEDGED}
    arrived = [proven(str(value)) for value in testbed.reported]
    damaged = arrived.count(None)
    # The language has no check of its bytes: the module takes a text that was damaged on the line.
    assert len(acknowledged - set(arrived)) <= damaged
    assert damaged < 0.05 * len(reports)
    assert len(acknowledged) > 0.8 * len(reports)
    assert len(arrived) < 1.1 * len(reports)  # few of them twice
    await device.destroy()
    testbed.stop()


async def check_alive(testbed: DeviceTestbed, device: Device) -> None:
    """A lifetime after the last damage the device is registered, whatever the last renewal was."""
    await elapse(3600)
    await testbed.until(
        lambda: device.state is DeviceState.REGISTERED and testbed.online, 2 * LONGEST_WAIT
    )
    (text,) = device.resources
    await device.notify(text, tag(-1), acknowledge=True)
    # a module of the suite takes a report of another resource, whose number the line made up
    assert testbed.values(REPORTED)[-1] == tag(-1)


@pytest.mark.parametrize("hostile", ROUGH, ids=str)
async def test_attach_over_a_bad_cable_ends_in_time(
    hostile: Hostile,
) -> None:
    cable = Cable(hostile)
    loop = asyncio.get_running_loop()
    async with Module(cable.modem) as module:
        for _ in range(5):
            begun = loop.time()
            with contextlib.suppress(M5310Error):
                await module.attach(60)
            assert loop.time() - begun < 60 + 35  # including a boot that it waits for
        cable.stop_faults()
        assert (await module.attach()).status.stat is Registration.HOME
        assert (await module.identity()).imei == Identity().imei
    await cable.modem.close()


@pytest.mark.parametrize("hostile", BAD_CABLES, ids=str)
async def test_each_platform_request_ends_over_a_bad_cable(hostile: Hostile) -> None:
    testbed = DeviceTestbed(hostile)
    executed: list[bytes] = []

    async def execute(_: object, arguments: bytes) -> None:
        executed.append(arguments)

    device = testbed.device(lifetime=3600, on_execute=execute)
    await insist(device.create)
    await insist(lambda: device.add_resource(REPORTED, ValueType.STRING, tag(7), Access(7)))
    await insist(lambda: device.connect(30))
    await testbed.until(lambda: device.state is DeviceState.REGISTERED, 2 * LONGEST_WAIT)
    readings, writings, executions = [], [], []
    for number in range(either(50, 150)):
        readings.append(testbed.ask(Read(TEXT)))
        await elapse(10)
        item = Item(TEXT, tag(number))
        writings.append(testbed.ask(Write(CloudPath(3341, 0), (item,), replace=False)))
        await elapse(10)
        executions.append(testbed.ask(Execute(TEXT, tag(number).encode())))
        await elapse(10)
    await elapse(120)
    for outcomes in (readings, writings, executions):
        assert {len(each) for each in outcomes} == {1}
        served = [each[0] for each in outcomes if each[0].failure is None]
        assert len(served) > 0.8 * len(outcomes)
    numbers = [proven(arguments.decode("latin-1")) for arguments in executed]
    intact = [number for number in numbers if number is not None]
    assert intact == sorted(intact)
    # A repeated request is executed once, unless its msgid was damaged.
    assert len(intact) - len(set(intact)) <= 2
    testbed.stop_faults()
    await check_alive(testbed, device)
    (outcome,) = await asked(testbed, Read(TEXT))
    assert outcome.items[0].value == device.resources[0].value
    await device.destroy()
    testbed.stop()


async def asked(testbed: DeviceTestbed, question: Operation) -> list[Outcome]:
    outcomes = testbed.ask(question)
    await testbed.until(lambda: bool(outcomes), 60)
    return outcomes
