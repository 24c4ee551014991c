"""`tools/conformance` on the emulator, and its judgement of captures."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import DEVNULL
from dataclasses import replace
from pathlib import Path

import pytest

from emulator import Emulator, Journal, SteeredClock
from emulator.module.lwm2m.states import State
from tests.support.foreign import PYTHON, running
from tests.support.patience import PATIENCE
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
    clock = SteeredClock(speed=FAST)
    async with Emulator(baud=None, latency=0.1, firmware=firmware, clock=clock) as it:
        assert it.http_url is not None
        platform = ("--platform", it.http_url, f"--api-key={it.api_key}", "--udp", "127.0.0.1")
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
        "AT+CGMR",
        "AT+CMVER",
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
        port, imei = it.port, it.imei
        status, output = await conformance(port, *arguments)
        assert it.module.client.state is State.ABSENT
    changing = sum(Need.CHANGES in case.needs for case in CASES)
    assert f"{len(CASES) - changing} as specified" in output, output
    assert f"{changing} skipped" in output
    assert output.count("(it changes the board)") == changing
    assert "1 of the answers differ" in output
    assert f"\nhere: CMCC M5310 V100R100C10B657SP3 M5310_V3.1.0 +CGSN:{imei}, on {port}" in output
    assert f"\nthere: a board that did not say which it is, in {other}\n" in output
    assert output.startswith(f"the board on {port}\ngrade: D documented by China Mobile, S seen in")
    assert r"there '\r\n+CSQ: 28,99" in output
    assert f"{len(CASES) - changing} cases ran on one of the two boards only" in output
    assert status == 0


@realtime
async def test_board_without_network_and_platform(tmp_path: Path) -> None:
    clock = SteeredClock(speed=FAST)
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
async def test_a_reader_that_ends_early_is_no_traceback(tmp_path: Path) -> None:
    async with Emulator(baud=None, http=None) as it:
        command = f'"$0" -m tools.conforming {it.port} --read-only --save {tmp_path}/c | head -1'
        async with running("bash", "-c", command, PYTHON) as process:
            output, _ = await process.communicate()
    first, *rest = output.decode().splitlines()
    assert first.startswith("the board on ")
    assert [line for line in rest if not line.startswith("tools/conformance: [Errno 32]")] == []


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
        mine = tmp_path / "mine.txt"
        mine.write_text("precious")
        status, text = await conformance(it.port, "--read-only", "--save", str(mine))
        assert (status, mine.read_text()) == (2, "precious")
        assert "mine.txt: not a file of captures" in text
    assert not saved.exists()


@realtime
async def test_unplugged_board_leaves_its_captures(tmp_path: Path) -> None:
    saved = tmp_path / "captures.json"
    journal = Journal()
    async with Emulator(baud=None, http=None, trace=journal) as it, asyncio.timeout(PATIENCE):
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


def changed(name: str, answer: str, before: str, after: str) -> list[str]:
    """Differences between two boards that answer the same but for this part."""
    here = Capture(name, "", f"\r\n{answer}\r\n\r\nOK\r\n", 0.02)
    assert before in here.answer
    return differences([here], [replace(here, answer=here.answer.replace(before, after))])


@pytest.mark.parametrize(
    ("answer", "own"),
    [
        ("+CGSN:865820030013978", "865820030013978"),
        ("+CGSN:M5310000000001", "M5310000000001"),
        ("+NCCID:89860400000000000001", "89860400000000000001"),
        ("460040000000001", "460040000000001"),
        ("+CSQ:28,99", "28"),
        ("+CGPADDR:0,10.160.3.14", "10.160.3.14"),
        ("+CCLK:26/11/29,16:52:10+32", "26/11/29,16:52:10+32"),
        ('+CEREG:2,1,"1A2B","0000005E",9', '"1A2B","0000005E",9'),
        ("Signal power:-666", "-666"),
        ("ECL:0", "0"),
        ("NUESTATS:CELL,3555,88,1,-666,-108,-570,222", "3555,88,1,-666,-108,-570,222"),
        ("0,127.0.0.1,48018,2,6865,3", "127.0.0.1,48018"),
        ("+NPING:183.230.40.40,64,320", "64,320"),
        ("+MIPLREAD:0,10005,3303,0,5700", "10005"),
        ("+MIPLOBSERVE:0,10002,1,3303,0,-1", "10002"),
    ],
)
def test_values_of_a_board_are_not_compared(answer: str, own: str) -> None:
    another = own.translate(str.maketrans("0123456789", "1234567890"))
    assert changed("", answer, own, another) == []


@pytest.mark.parametrize(
    ("answer", "before", "after"),
    [
        ("V100R100C10B657SP3", "SP3", "SP5"),
        ("M5310_V3.1.0", "3", "4"),
        ("+CME ERROR:50", "50", "4"),
        ("+MIPLOPEN:0,1", "0,1", "0,0"),
        ("+CSQ:28,99", "99", "0"),
        ("+CEREG:0,1", "0,1", "0,2"),
        ("0,127.0.0.1,48018,2,6865,3", "6865,3", "6865,0"),
        ("+MIPLREAD:0,10005,3303,0,5700", "5700", "-1"),
        ("+NBAND:5,8", "5,8", "8"),
        ("+NATSPEED:9600,0,0,2,1,0,0", "2,1", "1,1"),
        ("1", "1", "2"),
    ],
)
def test_all_else_is_compared(answer: str, before: str, after: str) -> None:
    assert len(changed("", answer, before, after)) == 1


def test_results_of_the_platform_are_compared() -> None:
    here = replace(CSQ_CAPTURE, api_answer='{"errno":0}')
    assert len(differences([here], [replace(here, api_answer='{"errno":5106}')])) == 1


def test_only_common_cases_are_compared() -> None:
    assert differences([CSQ_CAPTURE], [replace(CSQ_CAPTURE, name="AT+OTHER")]) == []
    assert len(differences([CSQ_CAPTURE], [replace(CSQ_CAPTURE, answer="\r\nERROR\r\n")])) == 1
