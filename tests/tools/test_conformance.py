"""`tools/conformance` on the emulator, and its judgement of captures."""

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
from tools.conforming.board import Board
from tools.conforming.cases import ApiCall, Case, Need, command
from tools.conforming.catalogue import CASES
from tools.conforming.hardware import SPEED
from tools.conforming.host import Capture, Host
from tools.conforming.peers import Api
from tools.conforming.report import Result, Row, differences, judge, skip

realtime = pytest.mark.realtime
# Speed of the clock: the shortest time that matters, 5 s awake, takes 0.5 real seconds, which is
# enough on a busy machine.
FAST = 10
CSQ = next(case for case in CASES if case.name == "AT+CSQ")
LOGIN = next(case for case in CASES if case.name == "the login is refused")
NO_COMMAND = next(case for case in CASES if case.may_be_silent)
READ = next(case for case in CASES if case.name == "a read of one resource")
RESTART = next(case for case in CASES if case.name == "AT+NRB")
CSQ_CAPTURE = Capture("AT+CSQ", "AT+CSQ\r", "\r\n+CSQ:28,99\r\n\r\nOK\r\n", 0.02)
OPEN_CAPTURE = Capture("", "", "\r\nOK\r\n", 0.02, "\r\n+MIPLOPEN:0,0\r\n")


async def conformance(port: str, *arguments: str) -> tuple[int | None, str]:
    """Status and output."""
    async with running(PYTHON, "-m", "tools.conforming", port, *arguments) as process:
        output, _ = await process.communicate()
        return process.returncode, output.decode()


async def run_all_cases(firmware: str, saved: Path) -> tuple[int | None, str]:
    """Run all cases on an emulator with this firmware."""
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
async def test_all_cases_pass_and_firmwares_differ_as_specified(
    tmp_path: Path,
) -> None:
    first, fifth = tmp_path / "SP1.json", tmp_path / "SP5.json"
    (status, output), (status5, output5) = await asyncio.gather(
        run_all_cases("SP1", first), run_all_cases("SP5", fifth)
    )
    assert f"{len(CASES)} as specified, 0 different, 0 no answer, 0 skipped" in output5, output5
    assert status5 == 0
    # SP1 does not acknowledge reports.
    assert f"{len(CASES) - 2} as specified, 0 different, 0 no answer, 2 skipped" in output, output
    assert "(its firmware does not acknowledge reports: CMVER without `3.`)" in output
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
async def test_read_only_and_comparison_of_two_boards(
    tmp_path: Path,
) -> None:
    saved, other = tmp_path / "captures.json", tmp_path / "other.json"
    changed = [
        replace(CSQ_CAPTURE, answer="\r\n+CSQ: 28,99\r\n\r\nOK\r\n"),
        Capture("AT+NRB", "AT+NRB\r", "\r\nREBOOT\r\n", 0.1),
    ]
    other.write_text(json.dumps([capture.as_data() for capture in changed]))
    async with Emulator(baud=None, http=None) as it:
        arguments = ("--read-only", "--save", str(saved), "--against", str(other))
        status, output = await conformance(it.port, *arguments)
        assert it.module.client.state is State.ABSENT
    changing = sum(Need.CHANGES in case.needs for case in CASES)
    assert f"{len(CASES) - changing} as specified" in output, output
    assert f"{changing} skipped" in output
    assert output.count("(it changes the board)") == changing
    assert "1 of the answers differ" in output
    assert r"there '\r\n+CSQ: 28,99" in output
    assert f"{len(CASES) - changing} cases ran on one of the two boards only" in output
    assert status == 0


@realtime
async def test_board_without_network_and_platform(tmp_path: Path) -> None:
    clock = LoopClock(speed=FAST)
    async with Emulator(baud=None, http=None, clock=clock) as it:
        it.module.radio.detach(it.now())
        saved = ("--save", str(tmp_path / "captures.json"))
        status, output = await conformance(it.port, "--yes", f"--speed={FAST}", *saved)
    assert status == 0, output
    assert "(the board is not registered on a network)" in output
    assert "as specified  AT+NRB" in output


@realtime
async def test_speed_cases_on_a_strict_line() -> None:
    board = Board({"baud": "9600", "other": "57600"}, {Need.CHANGES})

    def play(port: str) -> list[Row]:
        with Host(port) as host, Api("", "") as api:
            call_api = lambda call: api.call(call, "")  # noqa: E731 - never called
            return [judge(case, host.play(case, board, call_api)) for case in SPEED]

    async with Emulator(strict=True, http=None) as it:
        rows = await asyncio.to_thread(play, it.port)
        assert it.line.baud == 9600
    assert [row.result for row in rows] == [Result.AS_SPECIFIED] * len(SPEED), rows


@realtime
async def test_usage_errors(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text('[{"of": "something else"}]')
    async with Emulator(baud=None, http=None) as it:
        status, output = await conformance(it.port, "--against", str(wrong))
        assert status == 2
        assert "not a file of captures" in output
        status, output = await conformance(it.port, "--speed", "0")
        assert status == 2
        assert "expected a number above 0" in output
    status, output = await conformance(str(tmp_path / "no-port"))
    assert status == 2
    assert "no-port" in output


@realtime
async def test_confirmation_and_file_names(tmp_path: Path) -> None:
    saved = tmp_path / "captures.json"
    async with Emulator(baud=None, http=None) as it:
        async with running(PYTHON, "-m", "tools.conforming", it.port, stdin=DEVNULL) as process:
            output, _ = await process.communicate()
        assert process.returncode == 2
        assert b"cannot ask for confirmation; use --read-only or --yes" in output
        same = ("--save", str(saved), "--against", str(tmp_path / "." / "captures.json"))
        status, text = await conformance(it.port, "--read-only", *same)
        assert status == 2
        assert "would be overwritten; use --save with another FILE" in text
        status, text = await conformance(it.port, "--read-only", "--save", str(tmp_path))
        assert status == 2
        assert str(tmp_path) in text
    assert not saved.exists()


@realtime
async def test_unplugged_board_leaves_its_captures(tmp_path: Path) -> None:
    saved = tmp_path / "captures.json"
    journal = Journal()
    async with Emulator(baud=None, http=None, trace=journal) as it, asyncio.timeout(20):
        running_cases = asyncio.ensure_future(
            conformance(it.port, "--read-only", "--save", str(saved))
        )
        await until(lambda: len(journal.answers) > 12)
        it.line.unplug()
        status, output = await running_cases
    assert status == 2
    assert f"{saved} has the captures of " in output
    assert len(captures(saved)) > 2


@realtime
async def test_unreachable_platform() -> None:
    with Api("http://127.0.0.1:9", "key") as api:
        answer = api.call(ApiCall("GET", "/nbiot", {}), "865820030013978")
        assert "the API call failed" in await asyncio.to_thread(answer.result)


def test_case_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)


def test_reason_to_skip() -> None:
    board = Board(available={Need.CHANGES})
    assert board.reason_to_skip(CSQ) == ""
    assert board.reason_to_skip(LOGIN) == Need.NETWORK.value
    board.learn({"stat": "5"})
    assert board.reason_to_skip(LOGIN) == ""
    assert board.reason_to_skip(READ) == Need.PLATFORM.value
    board.available.add(Need.PLATFORM)
    assert board.reason_to_skip(READ) == ""
    own = command("S", "AT+MIPLCONF={login},1,1")
    assert "login is not known" in board.reason_to_skip(own)
    board.learn({"imei": "123456789012345"})
    board.learn({"imsi": "460040000000001"})
    assert board.reason_to_skip(own) == ""
    assert board.fill_in(own)[0].startswith("AT+MIPLCONF=68,")
    assert Board().reason_to_skip(LOGIN) == Need.CHANGES.value
    row = skip(LOGIN, "no network here")
    assert row.text().endswith("the login is refused  (no network here)")


def result(case: Case, capture: Capture) -> Result:
    return judge(case, capture).result


def test_results() -> None:
    assert result(CSQ, CSQ_CAPTURE) is Result.AS_SPECIFIED
    assert result(CSQ, replace(CSQ_CAPTURE, answer="", seconds=None)) is Result.NO_ANSWER
    assert result(CSQ, replace(CSQ_CAPTURE, unsolicited="\r\n+CSCON:0\r\n")) is Result.AS_SPECIFIED
    assert result(CSQ, replace(CSQ_CAPTURE, unsolicited="\r\nOK\r\n")) is Result.DIFFERENT
    assert result(LOGIN, OPEN_CAPTURE) is Result.AS_SPECIFIED
    assert result(LOGIN, replace(OPEN_CAPTURE, unsolicited="")) is Result.DIFFERENT
    no_answer = Capture("", "", "", None)
    assert result(NO_COMMAND, no_answer) is Result.AS_SPECIFIED
    no_urc = Case("I", "unsolicited", (), "", later=r"\+MIPLOBSERVE:")
    assert result(no_urc, no_answer) is Result.NO_ANSWER
    assert result(no_urc, replace(no_answer, unsolicited="+MIPLOBSERVE:")) is Result.AS_SPECIFIED


def test_restart_that_is_too_fast_is_different() -> None:
    boot = "\r\nREBOOTING\r\n\r\nREBOOT_CAUSE_APPLICATION_AT\r\nM5310\r\nOK\r\n"
    capture = Capture("AT+NRB", "AT+NRB\r", boot, 3.5)
    assert result(RESTART, capture) is Result.AS_SPECIFIED
    early = judge(RESTART, replace(capture, seconds=0.1))
    assert early.result is Result.DIFFERENT
    assert "after 1 s or more, within 15 s" in early.text()


def test_api_answer_is_judged() -> None:
    urc = "\r\n+MIPLREAD:0,10001,3303,0,5700\r\n"
    capture = Capture("", "", "\r\nOK\r\n", 0.1, urc, '{"val": 21.25}')
    assert result(READ, capture) is Result.AS_SPECIFIED
    assert result(READ, replace(capture, unsolicited="")) is Result.DIFFERENT
    other = judge(READ, replace(capture, api_answer='{"val": 9}'))
    assert other.result is Result.DIFFERENT
    assert """API answered '{"val": 9}', expected""" in other.text()


def test_difference_shows_received_and_expected() -> None:
    odd = judge(CSQ, replace(CSQ_CAPTURE, answer="\r\n+CSQ: 28,99\r\n\r\nOK\r\n")).text()
    assert "different" in odd
    assert r"received '\r\n+CSQ: 28,99" in odd
    assert CSQ.answer in odd


def test_numbers_are_not_compared() -> None:
    assert (
        differences(
            [CSQ_CAPTURE], [replace(CSQ_CAPTURE, answer=CSQ_CAPTURE.answer.replace("28", "7"))]
        )
        == []
    )
    assert differences([CSQ_CAPTURE], [replace(CSQ_CAPTURE, name="AT+OTHER")]) == []
    assert len(differences([CSQ_CAPTURE], [replace(CSQ_CAPTURE, answer="\r\nERROR\r\n")])) == 1
