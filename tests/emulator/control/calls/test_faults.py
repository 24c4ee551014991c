"""Air and platform by the page."""

from __future__ import annotations

import pytest

from emulator.onenet.misbehaviour import PlatformFaults
from tests.support.page_calls import page_calls

pytestmark = pytest.mark.realtime
AIR, PLATFORM = "/emulator/air", "/emulator/platform"


async def test_the_air_changes_member_by_member() -> None:
    async with page_calls(latency=0.25) as page:
        await page.data("PUT", AIR, {"loss": 0.5})
        expected = {
            "latency": 0.25,
            "loss": 0.5,
            "duplication": 0.0,
            "reordering": 0.0,
            "delayed": 0.1,
            "delay": 3,
        }
        assert await page.data("PUT", AIR, {"delayed": 0.1, "delay": 3}) == expected
        assert (await page.get("/emulator/state"))["air"] == expected
        assert page.it.air.faults.loss == 0.5


async def test_the_platform_changes_member_by_member() -> None:
    async with page_calls() as page:
        await page.data("PUT", PLATFORM, {"silent": True, "repeats": 2})
        changed = await page.data("PUT", PLATFORM, {"silent": False, "refusing": True})
        expected = PlatformFaults(refusing=True, repeats=2)
        assert page.it.misbehaviour.faults == expected
        assert changed == {
            "silent": False,
            "refusing": True,
            "delay": 0.0,
            "repeats": 2,
            "discovers": True,
        }
        assert (await page.get("/emulator/state"))["platform"] == changed


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        (AIR, {}, "the body is empty, expected one or more of latency, loss"),
        (AIR, {"loss": 1.5}, "loss 1.5, expected a number, 0 to 1"),
        (AIR, {"latency": -1}, "latency -1, expected a number, 0 to 86400"),
        (AIR, {"latency": 2**63 - 1}, "expected a number, 0 to 86400"),
        (AIR, {"seed": 1}, '"seed" is unknown, expected latency, loss'),
        (AIR, {"loss": 0.5, "delay": "1"}, 'delay "1", expected a number, 0 to 86400'),
        (PLATFORM, {"repeats": 1.5}, "repeats 1.5, expected a whole number, 0 to 10"),
        (PLATFORM, {"repeats": 11}, "repeats 11, expected a whole number, 0 to 10"),
        (PLATFORM, {"silent": None}, "silent null, expected true or false"),
        (PLATFORM, {"silence": True}, '"silence" is unknown, expected silent, refusing'),
    ],
)
async def test_changes_are_checked(path: str, body: object, error: str) -> None:
    async with page_calls() as page:
        before = await page.get("/emulator/state")
        assert error in await page.refusal("PUT", path, body)
        after = await page.get("/emulator/state")
        assert (after["air"], after["platform"]) == (before["air"], before["platform"])
