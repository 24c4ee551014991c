"""Checks of `m5310 probe`: findings and advice."""

from __future__ import annotations

import pytest

from m5310.cli.probe_checks import CHECKS, Finding, Verdict, no_answer
from m5310.errors import AnswerError, CommandError, CommandTimeout, M5310Error
from tests.support.answers import parsed

BY_NAME = {check.name: check for check in CHECKS}


def found(name: str, outcome: str | M5310Error) -> Finding:
    check = BY_NAME[name]
    if isinstance(outcome, str):
        return check.finding(parsed(check.command, outcome))
    return check.finding(outcome)


@pytest.mark.parametrize(
    ("name", "line", "verdict", "value", "words"),
    [
        ("manufacturer", "CMCC", Verdict.WELL, "CMCC", "CMCC"),
        ("model", "M5310", Verdict.WELL, "M5310", "M5310"),
        ("model", "M5310-A", Verdict.WELL, "M5310-A", "M5310-A"),
        ("model", "SIM800", Verdict.NOTE, "SIM800", "not known here"),
        ("firmware", "M5310_V3.1.0", Verdict.WELL, "M5310_V3.1.0", "V3.1.0"),
        ("firmware", "M5310_V2.0", Verdict.NOTE, "M5310_V2.0", "older than SP3"),
        ("IMEI", "+CGSN:865820030013978", Verdict.WELL, "865820030013978", "8658"),
        ("SIM", "460040000000001", Verdict.WELL, "460040000000001", "4600"),
        ("SIM card", "+NCCID:89860400000000000001", Verdict.WELL, "89860400000000000001", "8986"),
        ("radio", "+CFUN:1", Verdict.WELL, True, "on"),
        ("radio", "+CFUN:0", Verdict.WRONG, False, "off"),
        ("signal", "+CSQ:20,99", Verdict.WELL, -73, "-73 dBm, good"),
        ("signal", "+CSQ:3,99", Verdict.NOTE, -107, "-107 dBm, weak"),
        ("signal", "+CSQ:99,99", Verdict.WRONG, None, "no signal known"),
        ("registration", "+CEREG:0,1", Verdict.WELL, "HOME", "home network"),
        ("registration", "+CEREG:0,5", Verdict.WELL, "ROAMING", "roaming"),
        ("registration", "+CEREG:0,0", Verdict.WRONG, "NOT_REGISTERED", "not searching"),
        ("registration", "+CEREG:0,2", Verdict.WRONG, "SEARCHING", "searching"),
        ("registration", "+CEREG:0,3", Verdict.WRONG, "DENIED", "denied"),
        ("registration", "+CEREG:0,4", Verdict.WRONG, "UNKNOWN", "out of coverage"),
        ("attached", "+CGATT:1", Verdict.WELL, True, "yes"),
        ("attached", "+CGATT:0", Verdict.WRONG, False, "no"),
        ("address", "+CGPADDR:0,10.1.2.3", Verdict.WELL, "10.1.2.3", "10.1.2.3"),
        ("address", "+CGPADDR:0", Verdict.NOTE, None, "none yet"),
    ],
)
def test_finding_for_an_answer(
    name: str, line: str, verdict: Verdict, value: object, words: str
) -> None:
    finding = found(name, line)
    assert (finding.name, finding.verdict, finding.value) == (name, verdict, value)
    assert words in finding.words
    assert bool(finding.advice) == (verdict is not Verdict.WELL)


def refusal(result: str, number: int | None) -> CommandError:
    return CommandError("AT+CIMI", result, number)


def test_missing_sim_comes_with_advice() -> None:
    for error in (refusal("ERROR", None), refusal("+CME ERROR:10", 10), refusal("+CME ERROR:3", 3)):
        finding = found("SIM", error)
        assert finding.verdict is Verdict.WRONG
        assert finding.words == f"refused with {error.result}"
        assert "SIM" in finding.advice
    assert "PIN" in found("SIM", refusal("+CME ERROR:11", 11)).advice


def test_refusal_is_a_note_if_the_check_is_not_vital() -> None:
    finding = found("model", refusal("+CME ERROR:4", 4))
    assert (finding.verdict, finding.advice) == (Verdict.NOTE, "")
    assert found("attached", refusal("ERROR", None)).verdict is Verdict.WRONG


def test_timeout_and_invalid_answer_are_findings() -> None:
    finding = found("signal", CommandTimeout("AT+CSQ", 5.0))
    assert (finding.verdict, finding.words) == (Verdict.WRONG, "no answer")
    finding = found("signal", AnswerError("nonsense"))
    assert finding.verdict is Verdict.WRONG
    assert "nonsense" in finding.words


def test_no_answer_names_the_speeds_and_the_port() -> None:
    finding = no_answer("/dev/ttyUSB0", (9600, 115200))
    assert finding.verdict is Verdict.WRONG
    assert finding.words == "no answer at 9600, 115200 baud"
    assert "/dev/ttyUSB0" in finding.advice
