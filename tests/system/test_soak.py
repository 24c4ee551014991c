"""Days of a program: its callbacks fail, its calls are interrupted, its platform is slow."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterator
from itertools import count
from random import Random
from typing import Any

import pytest

from emulator.lwm2m.model import Item, Path
from emulator.onenet.lwm2m.operations import Execute, Read, Write
from emulator.onenet.lwm2m.outcomes import Outcome
from m5310 import Device, Resource, ValueType
from m5310.device.acknowledgements import OVERDUE
from m5310.device.reports import Report, ReportState
from m5310.device.restore import LONGEST_WAIT
from m5310.errors import AcknowledgementTimeout
from m5310.lwm2m.resources import Access
from m5310.states import DeviceState
from tests.support.clock import elapse
from tests.support.effort import either
from tests.support.testbed import DeviceTestbed

pytestmark = [pytest.mark.usefixtures("each_language"), pytest.mark.unmeasured]

R = ReportState
LAMP = Path(3303, 0, 5701)


class Program:
    """Reports without end, from calls that may be cancelled at any time.

    Values with an acknowledgement are whole numbers, the others end in .5. `known` are the reports
    that a call returned, by value.
    """

    def __init__(self, testbed: DeviceTestbed, random: Random) -> None:
        self.testbed = testbed
        self.random = random
        self.known: dict[float, Report] = {}
        self.outcomes: list[list[Outcome]] = []
        self._numbers: Iterator[int] = count()

    def fail_often(self, *_: object) -> None:
        if self.random.random() < 0.5:
            raise OSError("the callback failed")

    def on_read(self, _: Resource) -> None:
        self.fail_often()

    async def report(self, device: Device, sensor: Resource, *, acknowledge: bool) -> None:
        while True:
            value = next(self._numbers) + (0.0 if acknowledge else 0.5)
            self.known[value] = await device.report({sensor: value}, acknowledge=acknowledge)
            if acknowledge and self.random.random() < 0.3:
                # a plain one is on the wire when the acknowledgement falls overdue
                await elapse(OVERDUE - self.random.uniform(0, 0.1))
                value = next(self._numbers) + 0.5
                self.known[value] = await device.report({sensor: value})
            await elapse(self.random.expovariate(1 / 60))

    async def ask(self) -> None:
        while True:
            await elapse(self.random.expovariate(1 / 300))
            operation = self.random.choice(
                [
                    Read(LAMP),
                    Execute(LAMP, b""),
                    Write(Path(3303, 0), (Item(LAMP, "x"),), replace=False),
                ]
            )
            if self.testbed.online:
                self.outcomes.append(self.testbed.ask(operation))

    async def disturb(self) -> None:
        """Acknowledgements that come too late, and nights without coverage."""
        while True:
            await elapse(self.random.expovariate(1 / 1800))
            air = self.testbed.air
            if self.random.random() < 0.7:
                air.mute = True
                await elapse(self.random.uniform(1, 3 * OVERDUE))
                air.mute = False
            else:
                self.testbed.outage()
                await elapse(self.random.uniform(1, 3600))
                self.testbed.back()


@contextlib.asynccontextmanager
async def interrupted(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run endless works, and cancel them in the end, wherever they are."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if not isinstance(ended, asyncio.CancelledError):
                raise ended  # type: ignore[misc]  # an endless work returns nothing


@pytest.mark.parametrize("seed", either([1, 2], [1, 2, 3]))
async def test_nothing_is_lost_or_doubled(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    testbed, random = DeviceTestbed(), Random(seed)
    program = Program(testbed, random)
    device = testbed.device(
        reopens=True,
        lifetime=600,
        random=Random(seed),
        on_read=program.on_read,
        on_write=program.fail_often,
        on_execute=program.fail_often,
    )
    async with device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 0)
        await device.add_resource("3303/0/5701", ValueType.STRING, "", Access(7))
        await device.connect()
        end = asyncio.get_running_loop().time() + either(1, 20) * 86_400
        async with interrupted(program.ask(), program.disturb()):
            while asyncio.get_running_loop().time() < end:
                calls = [
                    program.report(device, sensor, acknowledge=acknowledge)
                    for acknowledge in (True, False)
                ]
                async with interrupted(*calls):
                    await elapse(random.expovariate(1 / 300))
        testbed.air.mute = False
        testbed.back()
        await testbed.until(lambda: device.state is DeviceState.REGISTERED, LONGEST_WAIT + 200)
        await elapse(4 * OVERDUE)

        sent = [
            float(value)
            for line in testbed.commands
            if (value := testbed.language.value_of(line)) is not None
        ]
        plain = [value for value in sent if value % 1]
        assert len(plain) == len(set(plain)), "a report without an acknowledgement was sent twice"
        assert {value for value in program.known if value % 1} <= set(plain)
        states = {report.state for value, report in program.known.items() if not value % 1}
        assert states == {R.ACKNOWLEDGED}
        assert len(program.known) > either(1000, 20_000)
        assert all(len(outcome) == 1 for outcome in program.outcomes)
        assert len(program.outcomes) > either(150, 3000)
        last = await device.report({sensor: -1.0}, acknowledge=True)
        testbed.air.mute = True
        closing = asyncio.create_task(device.close(10))
        with contextlib.suppress(AcknowledgementTimeout):
            await last.acknowledgement()
        assert asyncio.get_running_loop().time() - end < 3600
        testbed.air.mute = False
        await asyncio.wait({closing})
    testbed.stop()
