"""What belongs to a command that is out."""

from __future__ import annotations

import re

import pytest

from m5310.at.codec import Command, FinalResult, Response, final_result
from m5310.at.outstanding import ANSWER_LIMIT, OutstandingCommand

PLAIN = Command("AT+CFUN=1")
CEREG = Command("AT+CEREG?", (Response(re.compile(r"\+CEREG:[0-5],\d")),))
READ = Command("AT+NSORF=0,9", (Response(re.compile(r"\d,.*"), required=False),))
BOTH = Command("AT+X", (Response(re.compile("A:.*")), Response(re.compile("B:.*"))))


def result(text: str) -> FinalResult:
    found = final_result(text)
    assert found is not None
    return found


def test_a_response_is_known_by_its_whole_shape() -> None:
    exchange = OutstandingCommand(CEREG)
    assert not exchange.claim_line("+CEREG:5")
    assert not exchange.claim_line("+CEREG:0,1,2")
    assert exchange.unanswered
    assert exchange.claim_line("+CEREG:0,1")
    assert exchange.lines == ["+CEREG:0,1"]
    assert not exchange.unanswered


def test_its_echo_is_its_own_and_no_response() -> None:
    exchange = OutstandingCommand(CEREG)
    assert exchange.claim_line("AT+CEREG?")
    assert exchange.unanswered
    assert not exchange.claim_line("AT+CEREG=2")


@pytest.mark.parametrize("command", [PLAIN, READ])
def test_what_requires_nothing_may_end_with_ok(command: Command) -> None:
    exchange = OutstandingCommand(command)
    assert exchange.can_end_with(result("OK"))
    assert not exchange.bare


def test_an_ok_before_what_is_required_is_not_its_own() -> None:
    exchange = OutstandingCommand(BOTH)
    for line in ("B:1", "B:2"):
        exchange.claim_line(line)
        assert not exchange.can_end_with(result("OK"))
        assert exchange.bare
    exchange.claim_line("A:1")
    assert exchange.can_end_with(result("OK"))
    assert exchange.lines == ["B:1", "B:2", "A:1"]


def test_an_ok_is_all_that_came() -> None:
    exchange = OutstandingCommand(CEREG)
    exchange.can_end_with(result("OK"))
    assert not exchange.unanswered


@pytest.mark.parametrize("text", ["ERROR", "+CME ERROR:50", "+CIS ERROR:601"])
def test_a_refusal_is_its_own_whatever_came(text: str) -> None:
    assert OutstandingCommand(BOTH).can_end_with(result(text))


def test_what_is_too_much_is_counted_and_dropped() -> None:
    exchange = OutstandingCommand(CEREG)
    for _ in range(ANSWER_LIMIT):
        exchange.claim_line("+CEREG:0,1")
    assert exchange.dropped == 0
    assert exchange.claim_line("+CEREG:0,2")
    assert exchange.dropped == 1
    assert exchange.lines == ["+CEREG:0,1"] * ANSWER_LIMIT
