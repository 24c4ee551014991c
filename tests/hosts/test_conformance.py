"""`tools/conformance` on the emulator: all as written, and what it says where it is not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from emulator import Emulator
from tests.hosts.foreign import PYTHON, running
from tools.conforming.cases import CASES
from tools.conforming.host import Capture
from tools.conforming.report import Verdict, differences, judged

realtime = pytest.mark.realtime
CSQ = next(case for case in CASES if case.name == "AT+CSQ")
LOGIN = next(case for case in CASES if case.then)
NO_COMMAND = next(case for case in CASES if case.silent)
WELL = Capture("AT+CSQ", "AT+CSQ\r", "\r\n+CSQ:28,99\r\n\r\nOK\r\n", 0.02)
OPENED = Capture("", "", "\r\nOK\r\n", 0.02, "\r\n+MIPLOPEN:0,0\r\n")


async def conformance(it: Emulator, *arguments: str) -> tuple[int | None, str]:
    """Status and output."""
    async with running(PYTHON, "-m", "tools.conforming", it.port, *arguments) as process:
        output, _ = await process.communicate()
        return process.returncode, output.decode()


@realtime
@pytest.mark.parametrize("firmware", ["SP1", "SP5"])
async def test_the_emulator_is_as_written(firmware: str, tmp_path: Path) -> None:
    saved = tmp_path / "captures.json"
    async with Emulator(baud=None, latency=0.01, firmware=firmware) as it:
        status, output = await conformance(it, "--yes", "--save", str(saved))
    assert f"{len(CASES)} as written, 0 different, 0 no answer, 0 left out" in output, output
    assert status == 0
    captures = [Capture.read(entry) for entry in json.loads(saved.read_text())]
    assert [capture.name for capture in captures] == [case.name for case in CASES]


@realtime
async def test_what_would_change_a_board_is_left_out_and_two_boards_are_compared(
    tmp_path: Path,
) -> None:
    saved, other = tmp_path / "captures.json", tmp_path / "other.json"
    unlike = replace(WELL, answer="\r\n+CSQ: 28,99\r\n\r\nOK\r\n")
    other.write_text(json.dumps([unlike.as_data()]))
    async with Emulator(baud=None, http=None) as it:
        arguments = ("--read-only", "--save", str(saved), "--against", str(other))
        status, output = await conformance(it, *arguments)
        assert it.module.classic.config is None
    changing = sum(case.changes for case in CASES)
    assert f"{len(CASES) - changing} as written" in output
    assert f"{changing} left out" in output
    assert "1 of the answers differ" in output
    assert status == 0


@realtime
async def test_what_cannot_be_tried_is_said(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text('[{"of": "something else"}]')
    async with Emulator(baud=None, http=None) as it:
        status, output = await conformance(it, "--against", str(wrong))
        assert status == 2
        assert "no captures of this program" in output
    async with running(PYTHON, "-m", "tools.conforming", str(tmp_path / "no-port")) as process:
        said, _ = await process.communicate()
        assert process.returncode == 2
        assert b"no-port" in said


def test_verdicts() -> None:
    assert judged(CSQ, None).verdict is Verdict.LEFT_OUT
    assert judged(CSQ, WELL).verdict is Verdict.AS_WRITTEN
    assert judged(CSQ, replace(WELL, answer="", seconds=None)).verdict is Verdict.NO_ANSWER
    urc = replace(WELL, unasked="\r\n+CSCON:0\r\n")
    assert judged(CSQ, urc).verdict is Verdict.AS_WRITTEN
    twice = replace(WELL, unasked="\r\nOK\r\n")
    assert judged(CSQ, twice).verdict is Verdict.DIFFERENT
    assert judged(LOGIN, OPENED).verdict is Verdict.AS_WRITTEN
    assert judged(LOGIN, replace(OPENED, unasked="")).verdict is Verdict.DIFFERENT
    silence = Capture("", "", "", None)
    assert judged(NO_COMMAND, silence).verdict is Verdict.AS_WRITTEN


def test_what_is_not_as_written_is_shown_beside_what_is() -> None:
    odd = judged(CSQ, replace(WELL, answer="\r\n+CSQ: 28,99\r\n\r\nOK\r\n")).text()
    assert "different" in odd
    assert r"came '\r\n+CSQ: 28,99" in odd
    assert CSQ.answer in odd


def test_figures_are_no_difference_between_boards() -> None:
    assert differences([WELL], [replace(WELL, answer=WELL.answer.replace("28", "7"))]) == []
    assert differences([WELL], [replace(WELL, sent="AT+OTHER\r")]) == []
    assert len(differences([WELL], [replace(WELL, answer="\r\nERROR\r\n")])) == 1
