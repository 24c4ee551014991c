"""Ten thousand unsolicited lines beside all that a device does: none lost, nothing kept."""

from __future__ import annotations

import tracemalloc

import pytest

from emulator.lwm2m.model import Path
from emulator.onenet.lwm2m.operations import Read
from m5310 import ValueType
from m5310.commands import general
from m5310.device.reports import ReportState
from tests.support.clock import elapse
from tests.support.hostile import WHOLE, Cut, Hostile
from tests.support.testbed import DeviceTestbed

pytestmark = [pytest.mark.usefixtures("each_language"), pytest.mark.unmeasured]

LINES = 10_000
BURST = 100
CUT = Hostile("random cuts and echo", Cut.ANYWHERE, seed=1, echo=True)
SENSOR = Path(3303, 0, 5700)


class FloodLines:
    """Counts the lines of the flood and checks their order."""

    """Counts the lines of the flood and keeps none; each must be the next one."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, line: str) -> None:
        if line.startswith("+FLOOD"):
            assert line == f"+FLOOD:{self.number}"
            self.number += 1


async def measured(_: object) -> float:
    return 21.5


@pytest.mark.parametrize("hostile", [WHOLE, CUT], ids=str)
async def test_device_works_in_a_flood_of_lines(hostile: Hostile) -> None:
    """Reports, reads and commands beside 500 unsolicited lines a second."""
    testbed = DeviceTestbed(hostile)
    async with testbed.device(on_read=measured) as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 0.0)
        await device.connect(30)
        await elapse(2)
        flood = FloodLines()
        device.modem.listen(flood, lambda _: None)
        reports, readings, before = [], [], device.modem.counters
        for number in range(LINES):
            if number % BURST == 0:
                testbed.pour(*(f"+FLOOD:{number + at}" for at in range(BURST)))
                reports.append(await device.report({sensor: float(number)}, acknowledge=True))
                readings.append(testbed.ask(Read(SENSOR)))
                assert await device.modem.execute(general.error_numbers_query())
            await elapse(1 / 500)
        await elapse(30)
        assert flood.number == LINES
        assert {report.state for report in reports} == {ReportState.ACKNOWLEDGED}
        assert testbed.reported == [float(number) for number in range(0, LINES, BURST)]
        assert [reading[0].items[0].value for reading in readings] == [21.5] * len(readings)
        assert device.modem.counters == before
    testbed.stop()


async def test_flood_leaves_nothing_in_memory() -> None:
    testbed = DeviceTestbed()
    async with testbed.device() as device:
        flood = FloodLines()
        device.modem.listen(flood, lambda _: None)
        tracemalloc.start()
        try:
            for number in range(0, LINES, BURST):
                testbed.pour(*(f"+FLOOD:{number + at}" for at in range(BURST)))
                await elapse(0.2)
            now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert flood.number == LINES
        assert now < 100_000
        assert peak < 500_000
    testbed.stop()
