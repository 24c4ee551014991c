"""Scenarios by the page."""

from __future__ import annotations

import pytest

from emulator import Emulator
from emulator.module.at.command_faults import NO_FAULT
from emulator.scenario.parser import read
from emulator.scenario.player import Play
from tests.support.hosts import Host
from tests.support.page_calls import PageCalls, page_calls

pytestmark = pytest.mark.realtime
SCENARIO = "/emulator/scenario"
OUTAGE = """
title = "An outage"
[[event]]
at = 10
coverage = "OUT"
for = 90

[[event]]
on = "AT+CSQ"
answer = "ERROR"
times = 1
"""


async def play(page: PageCalls, text: str = OUTAGE) -> dict:
    await page.data("PUT", "/emulator/clock", {"paused": True})
    return await page.data("POST", SCENARIO, {"text": text})


async def advance(page: PageCalls, seconds: float) -> None:
    await page.data("POST", "/emulator/clock/advance", {"seconds": seconds})


async def test_a_scenario_plays_and_shows_what_happened() -> None:
    async with page_calls() as page:
        begun = await play(page)
        assert begun == {
            "playing": True,
            "own": True,
            "title": "An outage",
            "log": [],
            "commands": 0,
            "events": [
                {"text": 'coverage "OUT"', "line": 3, "count": 0},
                {"text": 'answer "ERROR"', "line": 8, "count": 0},
            ],
        }
        await advance(page, 11)
        assert (await page.get("/emulator/modules/1"))["coverage"] == "OUT"
        with Host(page.it.port) as host:
            host.send("AT+CSQ")
            await host.until("ERROR\r\n")
        await advance(page, 100)
        assert (await page.get("/emulator/modules/1"))["coverage"] == "ECL0"
        shown = await page.get(SCENARIO)
        assert [(round(entry["at"], 3), entry["text"]) for entry in shown["log"]] == [
            (10.0, 'coverage "OUT" for 90 s'),
            (11.0, 'AT+CSQ: answer "ERROR"'),
            (100.0, 'coverage "OUT": over'),
        ]
        assert [event["count"] for event in shown["events"]] == [1, 1]
        assert shown["commands"] == 1
        assert shown["playing"] is True  # it has no end


async def test_a_scenario_ends_by_itself_or_is_stopped() -> None:
    async with page_calls() as page:
        await play(page, f"ends = 50\n{OUTAGE}")
        await advance(page, 51)
        assert (await page.get(SCENARIO))["playing"] is False
        await play(page)
        stopped = await page.data("DELETE", SCENARIO)
        assert stopped["playing"] is False
        await page.data("DELETE", SCENARIO)
        await advance(page, 11)
        assert (await page.get(SCENARIO))["log"] == []


async def test_a_new_scenario_replaces_the_one_before() -> None:
    async with page_calls() as page:
        await play(page)
        other = '[[event]]\nat = 20\nsim = "MISSING"'
        assert (await play(page, other))["events"] == [
            {"text": 'sim "MISSING"', "line": 1, "count": 0}
        ]
        await advance(page, 30)
        shown = await page.get("/emulator/modules/1")
        assert (shown["sim"], shown["coverage"]) == ("MISSING", "ECL0")


async def test_without_a_scenario_nothing_is_shown_nor_stopped() -> None:
    async with page_calls() as page:
        shown = await page.get(SCENARIO)
        assert shown == {
            "playing": False,
            "own": True,
            "title": "",
            "log": [],
            "commands": 0,
            "events": [],
        }
        assert await page.data("DELETE", SCENARIO) == shown


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (OUTAGE.replace("OUT", "AWAY"), 'text:5: coverage "AWAY", expected one of ECL0, ECL1'),
        (
            OUTAGE.replace("coverage", "covrage"),
            "text:5: covrage is unknown, did you mean coverage?",
        ),
        (f"{OUTAGE}module = 2", "text:12: module 2, expected a whole number, 1 to 1"),
        ("title = ", "text:1: "),
        ('"a\\nb" = 1\n[[event]]\nat = 1', "text:1: "),
        ("# nothing", "text:1: no event: expected at least one table that begins with [[event]]"),
        ("a" + ".a" * 9_000 + " = 1", "text:1: 9000 dots in one statement, expected keys"),
        ("ends = " + "[" * 19_000, "text:1: nested too deep"),
        ("x" * 20_001, "text of 20001 characters, expected 1 to 20000"),
        ("", "text of 0 characters, expected 1 to 20000"),
    ],
)
async def test_a_mistake_is_refused_with_its_line(text: str, error: str) -> None:
    async with page_calls() as page:
        await play(page)
        refused = await page.refusal("POST", SCENARIO, {"text": text})
        assert error in refused
        assert len(refused) < 500
        assert (await page.get(SCENARIO))["playing"] is True  # the one before goes on


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "parameter required: text"),
        ({"text": 5}, "text 5, expected a text"),
        ({"text": OUTAGE, "name": "x"}, '"name" is unknown, expected text'),
    ],
)
async def test_the_body_is_checked(body: object, error: str) -> None:
    async with page_calls() as page:
        assert error in await page.refusal("POST", SCENARIO, body)


async def test_a_scenario_of_the_program_is_shown_and_left_alone() -> None:
    async with page_calls() as page:
        program = Play(page.it, read(OUTAGE))
        program.start()
        shown = await page.get(SCENARIO)
        assert (shown["playing"], shown["own"], shown["title"]) == (True, False, "An outage")
        for method, body in (("POST", {"text": OUTAGE}), ("DELETE", None)):
            error = await page.refusal(method, SCENARIO, body)
            assert "the program that runs the emulator plays a scenario" in error
        assert program.playing
        program.stop()
        assert (await play(page))["own"] is True


async def test_faults_of_the_programs_commands_are_not_replaced() -> None:
    async with page_calls() as page:
        page.it.module.fault_source = lambda _line: NO_FAULT
        error = await page.refusal("POST", SCENARIO, {"text": OUTAGE})
        assert "has a fault_source set" in error
        assert page.it.module.fault_source is not None


async def test_a_cloud_without_modules_plays_none() -> None:
    async with page_calls(platform_only=True, air="coap") as page:
        assert "there is no module" in await page.refusal("POST", SCENARIO, {"text": OUTAGE})


async def test_the_scenario_ends_with_the_emulator() -> None:
    async with page_calls() as page:
        await play(page)
        played = page.it.played
        assert isinstance(played, Play)
    assert not played.playing


def test_a_stopped_scenario_does_not_touch_the_next_one() -> None:
    with Emulator(baud=None) as emulator:
        first = emulator(lambda it: Play(it, read(OUTAGE)))  # type: ignore[operator]
        first.stop()
        second = emulator(lambda it: Play(it, read(OUTAGE)))  # type: ignore[operator]
        first.stop()
        assert emulator.module.fault_source is not None
        second.stop()
        assert emulator.module.fault_source is None
