"""The faults that users of modules with the suite report, each a scenario file in `faults`.

Those that are not of a command of the suite are played on the classic module, too.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from m5310 import LanguageRefused, ValueType
from tests.support.clock import elapse
from tests.support.language import language_of
from tests.support.played import play
from tests.support.testbed import DeviceTestbed

FAULTS = {
    file.stem: file.read_text("utf-8") for file in Path(__file__).parent.glob("faults/*.toml")
}
HEALED = sorted(FAULTS.keys() - {"no-onenet", "host-late"})
"""A program sees nothing of them but a delay."""
SUITES = ("nb86", "m5310a", "bc28", "me3616")
WAYS = [(fault, module) for fault in HEALED for module in SUITES]
WAYS += [(fault, "m5310") for fault in HEALED if fault != "host-restart"]
MINUTES = 10


def bed(module: str) -> DeviceTestbed:
    return DeviceTestbed(language=language_of(module))


@pytest.mark.parametrize(("fault", "module"), WAYS)
async def test_no_report_is_lost(fault: str, module: str) -> None:
    testbed = bed(module)
    played = play(testbed, FAULTS[fault])
    async with testbed.device() as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(60)
        reports = []
        for minute in range(MINUTES):
            reports.append(await device.report({sensor: float(minute)}, acknowledge=True))
            await elapse(60)
        for report in reports:
            await report.acknowledgement(600)
        # in the order of their arrival: one that was lost is sent again behind a later one
        assert sorted(testbed.reported, key=str) == [float(each) for each in range(MINUTES)]
        assert testbed.online
    assert all(played.counts)
    played.stop()
    testbed.stop()


@pytest.mark.parametrize("module", SUITES)
async def test_firmware_without_onenet_is_named(module: str) -> None:
    testbed = bed(module)
    played = play(testbed, FAULTS["no-onenet"])
    device = testbed.device()
    with pytest.raises(LanguageRefused, match=testbed.module.firmware.model):
        await device.create()
    assert played.counts[0] > 1
    played.stop()


async def test_platform_gives_up_a_read_of_a_late_host() -> None:
    testbed = bed("nb86")
    played = play(testbed, FAULTS["host-late"])
    for line in ("AT+MIPLCREATE", 'AT+MIPLADDOBJ=0,3303,1,"1",1,0', "AT+MIPLOPEN=0,300,30"):
        testbed.command(line)
    await elapse(59)
    assert testbed.online
    await elapse(40)
    assert [str(entry).split(maxsplit=1)[1] for entry in played.log][-1].endswith("TIME_OUT")
    played.stop()
