"""`tools/conformance` on the emulator: all as written, and what it says where it is not."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import DEVNULL
from dataclasses import replace
from pathlib import Path

import pytest

from emulator import Emulator, Journal, LoopClock
from emulator.module.lwm2m.registration import State
from tests.support.foreign import PYTHON, running
from tests.support.peers import until
from tools.conforming.cases import Ask, Case, Need, does
from tools.conforming.catalogue import CASES
from tools.conforming.hardware import SPEED
from tools.conforming.host import Capture, Host
from tools.conforming.known import Known
from tools.conforming.partners import Cloud
from tools.conforming.report import Row, Verdict, differences, judged, left_out

realtime = pytest.mark.realtime
# Times as fast as real time: fast enough for a test, and slow enough for the board's shortest
# time, five seconds awake, to be no matter of chance on a busy machine.
FAST = 10
CSQ = next(case for case in CASES if case.name == "AT+CSQ")
LOGIN = next(case for case in CASES if case.name == "its login is refused")
NO_COMMAND = next(case for case in CASES if case.silent)
READ = next(case for case in CASES if case.name == "a read of one resource")
RESTART = next(case for case in CASES if case.name == "AT+NRB")
WELL = Capture("AT+CSQ", "AT+CSQ\r", "\r\n+CSQ:28,99\r\n\r\nOK\r\n", 0.02)
OPENED = Capture("", "", "\r\nOK\r\n", 0.02, "\r\n+MIPLOPEN:0,0\r\n")


async def conformance(port: str, *arguments: str) -> tuple[int | None, str]:
    """Status and output."""
    async with running(PYTHON, "-m", "tools.conforming", port, *arguments) as process:
        output, _ = await process.communicate()
        return process.returncode, output.decode()


async def whole(firmware: str, saved: Path) -> tuple[int | None, str]:
    """Everything there is, on an emulator of this firmware."""
    clock = LoopClock(speed=FAST)
    async with Emulator(baud=None, latency=0.1, firmware=firmware, clock=clock) as it:
        assert it.http_url is not None
        platform = ("--platform", it.http_url, "--api-key", it.api_key, "--udp", "127.0.0.1")
        return await conformance(
            it.port, "--yes", f"--speed={FAST}", *platform, "--save", str(saved)
        )


def captures(saved: Path) -> list[Capture]:
    return [Capture.read(entry) for entry in json.loads(saved.read_text())]


@realtime
async def test_the_emulator_is_as_written_and_its_firmwares_differ_where_they_should(
    tmp_path: Path,
) -> None:
    first, fifth = tmp_path / "SP1.json", tmp_path / "SP5.json"
    (status, output), (status5, output5) = await asyncio.gather(
        whole("SP1", first), whole("SP5", fifth)
    )
    assert f"{len(CASES)} as written, 0 different, 0 no answer, 0 left out" in output5, output5
    assert status5 == 0
    # SP1 acknowledges no reports.
    assert f"{len(CASES) - 2} as written, 0 different, 0 no answer, 2 left out" in output, output
    assert "(its firmware acknowledges no reports: CMVER without `3.`)" in output
    assert status == 0
    assert [capture.name for capture in captures(fifth)] == [case.name for case in CASES]
    found = differences(captures(first), captures(fifth))
    assert [text.splitlines()[0] for text in found] == [
        "a write of a boolean",
        "a write of a text with a comma",
        "a write that fails",
        "an execute with arguments",
        "an execute that fails",
    ]


@realtime
async def test_what_would_change_a_board_is_left_out_and_two_boards_are_compared(
    tmp_path: Path,
) -> None:
    saved, other = tmp_path / "captures.json", tmp_path / "other.json"
    doctored = [
        replace(WELL, answer="\r\n+CSQ: 28,99\r\n\r\nOK\r\n"),
        Capture("AT+NRB", "AT+NRB\r", "\r\nREBOOT\r\n", 0.1),
    ]
    other.write_text(json.dumps([capture.as_data() for capture in doctored]))
    async with Emulator(baud=None, http=None) as it:
        arguments = ("--read-only", "--save", str(saved), "--against", str(other))
        status, output = await conformance(it.port, *arguments)
        assert it.module.client.state is State.ABSENT
    changing = sum(Need.CHANGES in case.needs for case in CASES)
    assert f"{len(CASES) - changing} as written" in output, output
    assert f"{changing} left out" in output
    assert output.count("(it changes the board)") == changing
    assert "1 of the answers differ" in output
    assert r"there '\r\n+CSQ: 28,99" in output
    assert f"{len(CASES) - changing} cases were tried on one of the two only" in output
    assert status == 0


@realtime
async def test_a_board_without_partners_is_tried_as_far_as_it_goes(tmp_path: Path) -> None:
    clock = LoopClock(speed=FAST)
    async with Emulator(baud=None, http=None, clock=clock) as it:
        it.module.radio.detach(it.now())
        saved = ("--save", str(tmp_path / "captures.json"))
        status, output = await conformance(it.port, "--yes", f"--speed={FAST}", *saved)
    assert status == 0, output
    assert "(the board is not registered on a network)" in output
    assert "as written  AT+NRB" in output


@realtime
async def test_the_speed_of_the_wire_is_followed_and_found_again() -> None:
    known = Known({"baud": "9600", "other": "57600"}, {Need.CHANGES})

    def play(port: str) -> list[Row]:
        with Host(port) as host, Cloud("", "") as cloud:
            asking = lambda ask: cloud.ask(ask, "")  # noqa: E731 - never called
            return [judged(case, host.play(case, known, asking)) for case in SPEED]

    async with Emulator(strict=True, http=None) as it:
        rows = await asyncio.to_thread(play, it.port)
        assert it.line.baud == 9600
    assert [row.verdict for row in rows] == [Verdict.AS_WRITTEN] * len(SPEED), rows


@realtime
async def test_what_cannot_be_tried_is_said(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text('[{"of": "something else"}]')
    async with Emulator(baud=None, http=None) as it:
        status, output = await conformance(it.port, "--against", str(wrong))
        assert status == 2
        assert "no captures of this program" in output
        status, output = await conformance(it.port, "--speed", "0")
        assert status == 2
        assert "a number above 0" in output
    status, output = await conformance(str(tmp_path / "no-port"))
    assert status == 2
    assert "no-port" in output


@realtime
async def test_who_may_be_asked_and_what_may_be_written_over(tmp_path: Path) -> None:
    saved = tmp_path / "captures.json"
    async with Emulator(baud=None, http=None) as it:
        async with running(PYTHON, "-m", "tools.conforming", it.port, stdin=DEVNULL) as process:
            output, _ = await process.communicate()
        assert process.returncode == 2
        assert b"nobody answers: say --read-only or --yes" in output
        same = ("--save", str(saved), "--against", str(tmp_path / "." / "captures.json"))
        status, text = await conformance(it.port, "--read-only", *same)
        assert status == 2
        assert "it would be written over, --save another FILE" in text
        status, text = await conformance(it.port, "--read-only", "--save", str(tmp_path))
        assert status == 2
        assert str(tmp_path) in text
    assert not saved.exists()


@realtime
async def test_a_board_that_vanishes_leaves_its_captures(tmp_path: Path) -> None:
    saved = tmp_path / "captures.json"
    journal = Journal()
    async with Emulator(baud=None, http=None, trace=journal) as it, asyncio.timeout(20):
        trying = asyncio.ensure_future(conformance(it.port, "--read-only", "--save", str(saved)))
        await until(lambda: len(journal.answers) > 12)
        it.line.unplug()
        status, output = await trying
    assert status == 2
    assert f"{saved} has what came of " in output
    assert len(captures(saved)) > 2


@realtime
async def test_a_platform_that_is_not_there_is_told_in_its_case() -> None:
    with Cloud("http://127.0.0.1:9", "key") as cloud:
        told = cloud.ask(Ask("GET", "/nbiot", {}), "865820030013978")
        assert "could not be asked" in await asyncio.to_thread(told.result)


def test_each_case_has_a_name_of_its_own() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)


def test_a_case_whose_needs_are_not_met_is_left_out_for_a_reason() -> None:
    known = Known(at_hand={Need.CHANGES})
    assert known.hindrance(CSQ) == ""
    assert known.hindrance(LOGIN) == Need.NETWORK.value
    known.learn({"stat": "5"})
    assert known.hindrance(LOGIN) == ""
    assert known.hindrance(READ) == Need.PLATFORM.value
    known.at_hand.add(Need.PLATFORM)
    assert known.hindrance(READ) == ""
    own = does(4, "S", "AT+MIPLCONF={login},1,1")
    assert "login is not known" in known.hindrance(own)
    known.learn({"imei": "123456789012345"})
    known.learn({"imsi": "460040000000001"})
    assert known.hindrance(own) == ""
    assert known.filled(own)[0].startswith("AT+MIPLCONF=68,")
    assert Known().hindrance(LOGIN) == Need.CHANGES.value
    row = left_out(LOGIN, "no network here")
    assert row.text().endswith("its login is refused  (no network here)")


def verdict(case: Case, capture: Capture) -> Verdict:
    return judged(case, capture).verdict


def test_verdicts() -> None:
    assert verdict(CSQ, WELL) is Verdict.AS_WRITTEN
    assert verdict(CSQ, replace(WELL, answer="", seconds=None)) is Verdict.NO_ANSWER
    assert verdict(CSQ, replace(WELL, unasked="\r\n+CSCON:0\r\n")) is Verdict.AS_WRITTEN
    assert verdict(CSQ, replace(WELL, unasked="\r\nOK\r\n")) is Verdict.DIFFERENT
    assert verdict(LOGIN, OPENED) is Verdict.AS_WRITTEN
    assert verdict(LOGIN, replace(OPENED, unasked="")) is Verdict.DIFFERENT
    silence = Capture("", "", "", None)
    assert verdict(NO_COMMAND, silence) is Verdict.AS_WRITTEN
    unheard = Case(2, "I", "unasked", (), "", then=r"\+MIPLOBSERVE:")
    assert verdict(unheard, silence) is Verdict.NO_ANSWER
    assert verdict(unheard, replace(silence, unasked="+MIPLOBSERVE:")) is Verdict.AS_WRITTEN


def test_a_start_that_takes_no_time_is_none() -> None:
    boot = "\r\nREBOOTING\r\n\r\nREBOOT_CAUSE_APPLICATION_AT\r\nM5310\r\nOK\r\n"
    capture = Capture("AT+NRB", "AT+NRB\r", boot, 3.5)
    assert verdict(RESTART, capture) is Verdict.AS_WRITTEN
    early = judged(RESTART, replace(capture, seconds=0.1))
    assert early.verdict is Verdict.DIFFERENT
    assert "after 1 s or more, within 15 s" in early.text()


def test_what_the_platform_tells_counts() -> None:
    urc = "\r\n+MIPLREAD:0,10001,3303,0,5700\r\n"
    capture = Capture("", "", "\r\nOK\r\n", 0.1, urc, '{"val": 21.25}')
    assert verdict(READ, capture) is Verdict.AS_WRITTEN
    assert verdict(READ, replace(capture, unasked="")) is Verdict.DIFFERENT
    other = judged(READ, replace(capture, told='{"val": 9}'))
    assert other.verdict is Verdict.DIFFERENT
    assert """told '{"val": 9}', not""" in other.text()


def test_what_is_not_as_written_is_shown_beside_what_is() -> None:
    odd = judged(CSQ, replace(WELL, answer="\r\n+CSQ: 28,99\r\n\r\nOK\r\n")).text()
    assert "different" in odd
    assert r"came '\r\n+CSQ: 28,99" in odd
    assert CSQ.answer in odd


def test_figures_are_no_difference_between_boards() -> None:
    assert differences([WELL], [replace(WELL, answer=WELL.answer.replace("28", "7"))]) == []
    assert differences([WELL], [replace(WELL, name="AT+OTHER")]) == []
    assert len(differences([WELL], [replace(WELL, answer="\r\nERROR\r\n")])) == 1
