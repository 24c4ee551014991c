"""The conversation: who owns a line, what is sent when, and how it finds back after a loss."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from m5310.at import engine as room
from m5310.at.codec import Answer, Command, Response
from m5310.at.engine import QUIET, Engine
from m5310.at.events import (
    Answered,
    AnswerTooLong,
    Counters,
    Event,
    LateResponse,
    Refused,
    Synchronized,
    TimedOut,
    UnexpectedResult,
    Unsolicited,
)
from m5310.at.lines import Overlong
from m5310.at.outstanding import ANSWER_LIMIT
from m5310.at.resync import PROBE_INTERVAL, SETTLE, SETTLE_OWED
from m5310.at.wakeup import AWAKE, WAKE_UP, WAKING
from m5310.errors import ParameterError, StateError
from m5310.states import Conversation
from tests.support.effort import scaled
from tests.support.engine_events import events_of

OK: Final = b"\r\nOK\r\n"
ERROR: Final = b"\r\nERROR\r\n"

PLAIN = Command("AT+CFUN=1", timeout=5)
CEREG = Command("AT+CEREG?", (Response(re.compile(r"\+CEREG:[0-5],\d")),), timeout=5)
STATS = Command("AT+NUESTATS", (Response(re.compile(r"[A-Z][A-Za-z ]+:-?\d+")),), timeout=5)
READ = Command("AT+NSORF=0,9", (Response(re.compile(r"\d,.*"), required=False),), timeout=5)


def in_step(*, quiet: float = 0.0, byte_time: float = 0.0) -> Engine:
    """An engine whose first probe was answered; its clock stands at 1."""
    engine = Engine(quiet=quiet, byte_time=byte_time)
    engine.submit(PLAIN, 0.0)
    assert engine.outgoing() == b"AT\r"
    assert events_of(engine, OK, 0.0) == []
    engine.cancel()
    assert engine.tick(SETTLE) == [Synchronized()]
    assert engine.state is Conversation.IDLE
    return engine


def lines(*texts: str) -> bytes:
    return b"".join(f"\r\n{text}\r\n".encode() for text in texts)


def answered(command: Command, *texts: str) -> Answered:
    return Answered(Answer(command, texts))


# --- one command -----------------------------------------------------------------------------


def test_an_unsolicited_line_is_a_value_of_its_own_kind() -> None:
    line = Unsolicited("+CEREG:1")
    assert line == Unsolicited("+CEREG:1") != Unsolicited("+CEREG:2")
    assert line not in (UnexpectedResult("+CEREG:1"), "+CEREG:1")
    assert len({line, Unsolicited("+CEREG:1")}) == 1
    assert repr(line) == "Unsolicited(line='+CEREG:1')"


def test_a_command_and_its_ok() -> None:
    engine = in_step()
    engine.submit(PLAIN, 1.0)
    assert engine.outgoing() == b"AT+CFUN=1\r"
    assert engine.outgoing() == b""
    assert engine.deadline == 6.0
    assert not engine.can_submit
    assert events_of(engine, OK, 1.1) == [answered(PLAIN)]
    assert engine.can_submit
    assert engine.deadline is None


def test_information_then_ok() -> None:
    engine = in_step()
    engine.submit(CEREG, 1.0)
    assert events_of(engine, lines("+CEREG:2,1", "OK"), 1.1) == [answered(CEREG, "+CEREG:2,1")]


def test_information_lines_keep_their_order() -> None:
    engine = in_step()
    engine.submit(STATS, 1.0)
    assert events_of(engine, lines("Signal power:-666", "ECL:1", "SNR:20", "OK"), 1.1) == [
        answered(STATS, "Signal power:-666", "ECL:1", "SNR:20")
    ]


def test_an_optional_response_may_stay_away() -> None:
    engine = in_step()
    engine.submit(READ, 1.0)
    assert events_of(engine, OK, 1.1) == [answered(READ)]


@pytest.mark.parametrize("text", ["ERROR", "+CME ERROR:50", "+CIS ERROR: 601", "+CMS ERROR:500"])
@pytest.mark.parametrize("command", [PLAIN, CEREG])
def test_a_refusal_ends_any_command(text: str, command: Command) -> None:
    engine = in_step()
    engine.submit(command, 1.0)
    (refused,) = events_of(engine, lines(text), 1.1)
    assert isinstance(refused, Refused)
    assert refused.command is command
    assert refused.result.text == text
    assert engine.can_submit


def test_one_command_at_a_time() -> None:
    engine = in_step()
    engine.submit(PLAIN, 1.0)
    with pytest.raises(StateError, match="another command is outstanding"):
        engine.submit(CEREG, 1.0)
    assert engine.outgoing() == b"AT+CFUN=1\r"
    assert events_of(engine, OK, 1.1) == [answered(PLAIN)]


def test_an_echo_is_nobodys() -> None:
    engine = in_step()
    engine.submit(CEREG, 1.0)
    assert events_of(engine, b"AT+CEREG?\r\r\n+CEREG:0,1\r\n\r\nOK\r\n", 1.1) == [
        answered(CEREG, "+CEREG:0,1")
    ]


def test_the_echo_of_another_line_is_no_echo() -> None:
    engine = in_step()
    assert events_of(engine, b"AT+CEREG?\r\n", 1.0) == [Unsolicited("AT+CEREG?")]


@pytest.mark.parametrize("ending", [ERROR, b"\r\nERROR\r"])
def test_a_command_that_noise_broke_in_two_is_refused_twice_and_the_next_once(
    ending: bytes,
) -> None:
    engine = in_step()  # its quiet time is 0
    engine.submit(CEREG, 1.0)
    engine.outgoing()
    assert [type(event) for event in events_of(engine, ending, 1.1)] == [Refused]
    engine.submit(PLAIN, 1.1)
    assert events_of(engine, b"\n", 1.1) == []
    assert engine.outgoing() == b""
    assert events_of(engine, ERROR, 1.1 + 0.9 * SETTLE) == [UnexpectedResult("ERROR")]
    engine.tick(1.1 + SETTLE)
    assert engine.outgoing() == b"AT+CFUN=1\r"


@pytest.mark.parametrize("quiet", [-1.0, math.inf, math.nan])
def test_a_quiet_time_is_a_time(quiet: float) -> None:
    with pytest.raises(ParameterError, match="quiet must be"):
        Engine(quiet=quiet)


# --- unsolicited lines beside a command ------------------------------------------------------


def test_an_unsolicited_line_with_nothing_out() -> None:
    engine = in_step()
    assert events_of(engine, lines("+CSCON:1", "REBOOTING"), 1.0) == [
        Unsolicited("+CSCON:1"),
        Unsolicited("REBOOTING"),
    ]


def test_result_words_inside_a_payload_end_nothing() -> None:
    engine = in_step()
    engine.submit(PLAIN, 1.0)
    payloads = [
        "+MIPLWRITE:0,10000,3303,0,5700,OK",
        "+MIPLWRITE:0,10000,3303,0,5700,ERROR",
        "+MIPLWRITE:0,10000,3303,0,5700,+CME ERROR:3",
        '+MIPLEXECUTE:0,10000,3303,0,5700,9,"+CME ERROR:3"',
    ]
    assert events_of(engine, lines(*payloads), 1.1) == [Unsolicited(text) for text in payloads]
    assert events_of(engine, OK, 1.2) == [answered(PLAIN)]


def test_a_result_word_in_a_payload_while_nothing_is_out() -> None:
    engine = in_step()
    text = "+MIPLWRITE:0,10000,3303,0,5700,+CME ERROR:3"
    assert events_of(engine, lines(text), 1.0) == [Unsolicited(text)]


def test_noise_around_and_inside_an_answer() -> None:
    engine = in_step()
    engine.submit(CEREG, 1.0)
    data = b"\xff\x80\0\r\n\xfe+CEREG:\0" + b"0,1\r\n\xc3\x28\r\n\x80OK\xff\r\n"
    assert events_of(engine, data, 1.1) == [Unsolicited("("), answered(CEREG, "+CEREG:0,1")]
    assert engine.counters.noise == 8


def test_a_line_without_end_is_told_in_its_place() -> None:
    engine = in_step()
    engine.submit(PLAIN, 1.0)
    data = lines("+A:1") + b"x" * 9000 + lines("+B:1", "OK")
    assert events_of(engine, data, 1.1) == [
        Unsolicited("+A:1"),
        Overlong("x" * 80),
        Unsolicited("+B:1"),
        answered(PLAIN),
    ]
    assert engine.counters.overlong == 1


def test_an_answer_without_end_is_bounded_and_said_to_be_short() -> None:
    engine = in_step()
    engine.submit(STATS, 1.0)
    for _ in range(ANSWER_LIMIT + 5):
        assert events_of(engine, lines("ECL:1"), 1.1) == []
    assert events_of(engine, OK, 1.2) == [AnswerTooLong(STATS)]
    assert engine.counters.dropped == 5
    engine.submit(STATS, 2.0)
    assert events_of(engine, lines("ECL:1", "OK"), 2.1) == [answered(STATS, "ECL:1")]


def test_an_answer_just_within_the_bound_is_whole() -> None:
    engine = in_step()
    engine.submit(STATS, 1.0)
    events_of(engine, lines(*["ECL:1"] * ANSWER_LIMIT), 1.1)
    assert events_of(engine, OK, 1.2) == [answered(STATS, *["ECL:1"] * ANSWER_LIMIT)]


# --- an OK that belongs to the past ----------------------------------------------------------


def test_a_bare_ok_does_not_finish_a_command_that_must_bring_information() -> None:
    engine = in_step()
    engine.submit(CEREG, 1.0)
    assert events_of(engine, OK, 1.1) == [UnexpectedResult("OK")]
    assert events_of(engine, lines("+CEREG:0,1", "OK"), 1.2) == [answered(CEREG, "+CEREG:0,1")]
    assert engine.counters.strays == 1


def test_every_required_response_must_come() -> None:
    both = Command("AT+X", (Response(re.compile("A:.*")), Response(re.compile("B:.*"))))
    engine = in_step()
    engine.submit(both, 1.0)
    assert events_of(engine, lines("B:1", "B:2", "OK"), 1.1) == [UnexpectedResult("OK")]
    assert events_of(engine, lines("A:1", "OK"), 1.2) == [answered(both, "B:1", "B:2", "A:1")]


def test_nothing_but_a_bare_ok_is_a_timeout_that_says_so() -> None:
    engine = in_step()
    engine.submit(CEREG, 1.0)
    events_of(engine, lines("OK"), 1.1)
    assert engine.tick(6.0) == [TimedOut(CEREG, (), sent=True, bare=True)]


def test_a_final_result_with_nothing_out_is_a_stray() -> None:
    engine = in_step()
    assert events_of(engine, lines("OK", "+CME ERROR:3", "ERROR"), 1.0) == [
        UnexpectedResult("OK"),
        UnexpectedResult("+CME ERROR:3"),
        UnexpectedResult("ERROR"),
    ]
    assert engine.counters.strays == 3
    assert engine.state is Conversation.IDLE


# --- the quiet time and the line's end -------------------------------------------------------


def test_the_next_command_waits_for_the_quiet_time() -> None:
    engine = in_step(quiet=QUIET)
    engine.submit(PLAIN, 1.0)
    engine.outgoing()
    events_of(engine, OK, 1.5)
    assert engine.deadline is None  # nobody waits for its end
    engine.submit(CEREG, 1.51)
    assert engine.outgoing() == b""
    assert engine.deadline == pytest.approx(1.52)
    assert engine.tick(1.519) == []
    assert engine.outgoing() == b""
    assert engine.tick(1.52) == []
    assert engine.outgoing() == b"AT+CEREG?\r"
    assert engine.deadline == pytest.approx(6.52)


def test_after_the_quiet_time_a_command_goes_at_once() -> None:
    engine = in_step(quiet=QUIET)
    engine.submit(PLAIN, 1.0)
    engine.outgoing()
    events_of(engine, OK, 1.5)
    engine.submit(CEREG, 1.6)
    assert engine.outgoing() == b"AT+CEREG?\r"


def test_a_command_never_goes_out_before_the_line_feed_of_the_result() -> None:
    engine = in_step()
    engine.submit(PLAIN, 1.0)
    engine.outgoing()
    assert events_of(engine, b"\r\nOK\r", 1.1) == [answered(PLAIN)]
    engine.submit(CEREG, 1.1)
    assert engine.outgoing() == b""
    assert events_of(engine, b"\n", 1.101) == []
    assert engine.outgoing() == b"AT+CEREG?\r"


def test_a_line_feed_that_never_comes_is_not_waited_for_long() -> None:
    engine = in_step()
    engine.submit(PLAIN, 1.0)
    engine.outgoing()
    events_of(engine, b"\rOK\r", 1.1)
    engine.submit(CEREG, 1.1)
    assert engine.outgoing() == b""
    assert engine.deadline == pytest.approx(1.1 + room.LINE_END)
    engine.tick(1.1 + room.LINE_END)
    assert engine.outgoing() == b"AT+CEREG?\r"
    assert events_of(engine, b"+CEREG:0,1\rOK\r", 1.2) == [answered(CEREG, "+CEREG:0,1")]


def test_a_flood_does_not_put_off_the_next_command() -> None:
    engine = in_step(quiet=QUIET)
    engine.submit(PLAIN, 1.0)
    engine.outgoing()
    events_of(engine, b"\r\nOK\r", 1.1)
    events_of(engine, b"\n", 1.101)
    engine.submit(CEREG, 1.101)
    now = 1.102
    while engine.outgoing() == b"":
        for byte in lines("+CSCON:1"):
            events_of(engine, bytes([byte]), now)
        now += 0.002
    assert now < 1.101 + 2 * QUIET


# --- out of time, out of step ----------------------------------------------------------------


def test_the_time_counts_from_the_last_byte_on_the_wire() -> None:
    engine = in_step(byte_time=10 / 9600)
    engine.submit(PLAIN, 1.0)
    assert engine.deadline == pytest.approx(1.0 + 5 + 10 * 10 / 9600)


def test_a_timeout_brings_what_had_come() -> None:
    engine = in_step()
    engine.submit(STATS, 1.0)
    engine.outgoing()
    events_of(engine, lines("ECL:1"), 1.1)
    assert engine.tick(5.9) == []
    assert engine.tick(6.0) == [TimedOut(STATS, ("ECL:1",), sent=True)]
    assert engine.can_submit
    assert engine.state is Conversation.LOST
    assert engine.deadline is None  # nobody waits: nothing is asked
    assert engine.outgoing() == b""
    assert engine.counters.timeouts == 1


def lost() -> Engine:
    """An engine that lost its step with CEREG at 6 s."""
    engine = in_step()
    engine.submit(CEREG, 1.0)
    engine.outgoing()
    engine.tick(6.0)
    return engine


def test_after_a_timeout_nothing_is_sent_before_a_probe_is_answered() -> None:
    engine = lost()
    engine.submit(PLAIN, 7.0)
    assert engine.outgoing() == b"AT\r"
    assert events_of(engine, OK, 7.01) == []
    assert engine.outgoing() == b""
    # One of the two results owed is missing: it may follow as far behind as the probes are apart.
    assert engine.deadline == pytest.approx(7.01 + SETTLE_OWED)
    assert engine.tick(7.01 + SETTLE_OWED) == [Synchronized()]
    assert engine.outgoing() == b"AT+CFUN=1\r"
    assert events_of(engine, OK, 9.0) == [answered(PLAIN)]


def test_a_late_answer_while_nothing_is_out() -> None:
    engine = lost()
    assert events_of(engine, lines("+CEREG:0,1", "OK"), 6.5) == [
        LateResponse("+CEREG:0,1", CEREG),
        UnexpectedResult("OK"),
    ]
    assert engine.counters.late == 1
    # Nothing is owed any more, so the step is found as fast as at the start.
    engine.submit(PLAIN, 7.0)
    events_of(engine, OK, 7.01)
    assert engine.deadline == pytest.approx(7.01 + SETTLE)


def test_after_its_final_result_nothing_is_late_any_more() -> None:
    engine = lost()
    events_of(engine, lines("+CEREG:0,1", "OK"), 6.5)
    assert events_of(engine, lines("+CEREG:0,1"), 60.0) == [Unsolicited("+CEREG:0,1")]


def test_what_the_lost_command_did_not_declare_stays_unsolicited() -> None:
    engine = lost()
    assert events_of(engine, lines("+CEREG:5", "AT+CEREG?"), 6.5) == [Unsolicited("+CEREG:5")]


def test_a_late_answer_right_before_the_probes_own() -> None:
    engine = lost()
    engine.submit(PLAIN, 7.0)
    assert events_of(engine, lines("+CEREG:0,1", "OK", "OK"), 7.1) == [
        LateResponse("+CEREG:0,1", CEREG),
        UnexpectedResult("OK"),
    ]
    assert engine.deadline == pytest.approx(7.1 + SETTLE)
    assert engine.tick(7.1 + SETTLE) == [Synchronized()]
    events_of(engine, OK, 7.3)
    assert events_of(engine, lines("+CEREG:0,1"), 8.0) == [Unsolicited("+CEREG:0,1")]  # it is over


def test_a_late_answer_and_the_probes_own_far_apart() -> None:
    engine = lost()
    engine.submit(PLAIN, 7.0)
    assert events_of(engine, lines("+CEREG:0,1", "OK"), 7.05) == [LateResponse("+CEREG:0,1", CEREG)]
    assert engine.tick(7.5) == []
    assert engine.outgoing() == b"AT\r"  # only the probe went out
    assert events_of(engine, OK, 7.9) == [UnexpectedResult("OK")]
    assert engine.tick(7.9 + SETTLE) == [Synchronized()]
    assert engine.outgoing() == b"AT+CFUN=1\r"


def test_a_late_refusal_does_not_end_the_probe() -> None:
    engine = lost()
    engine.submit(PLAIN, 7.0)
    engine.outgoing()
    assert events_of(engine, ERROR, 7.05) == [UnexpectedResult("ERROR")]
    assert events_of(engine, OK, 7.06) == []
    engine.tick(7.06 + SETTLE)
    assert engine.outgoing() == b"AT+CFUN=1\r"


def test_half_a_line_in_the_module_costs_one_more_probe() -> None:
    engine = Engine()
    engine.submit(PLAIN, 0.0)
    assert engine.outgoing() == b"AT\r"  # the module reads "AT+CSAT"
    events_of(engine, ERROR, 0.01)
    assert engine.deadline == pytest.approx(0.01 + SETTLE)
    engine.tick(0.01 + SETTLE)
    assert engine.outgoing() == b"AT\r"
    events_of(engine, OK, 0.2)
    engine.tick(0.2 + SETTLE_OWED)
    assert engine.outgoing() == b"AT+CFUN=1\r"


def test_a_refusal_after_the_ok_means_asking_again() -> None:
    engine = lost()
    engine.submit(PLAIN, 7.0)
    engine.outgoing()
    events_of(engine, OK, 7.01)
    assert events_of(engine, ERROR, 7.02) == [UnexpectedResult("ERROR")]
    assert engine.state is Conversation.PROBING
    engine.tick(7.02 + SETTLE)
    assert engine.outgoing() == b"AT\r"


def test_the_probe_is_repeated_as_long_as_somebody_waits() -> None:
    engine = Engine()
    engine.submit(PLAIN, 0.0)
    asked = []
    while not engine.can_submit:
        assert engine.deadline is not None
        if engine.outgoing() == b"AT\r":
            asked.append(engine.deadline)
        events = engine.tick(engine.deadline)
    assert events == [TimedOut(PLAIN, (), sent=False)]
    assert len(asked) == 5
    assert all(b - a == pytest.approx(PROBE_INTERVAL) for a, b in pairwise(asked))
    assert engine.deadline is None
    assert engine.state is Conversation.LOST
    assert engine.counters.probes == 5


def test_the_first_command_finds_the_step_first() -> None:
    engine = Engine()
    assert engine.state is Conversation.LOST
    assert engine.deadline is None
    engine.submit(PLAIN, 0.0)
    assert engine.outgoing() == b"AT\r"
    assert events_of(engine, b"AT\r\r\nOK\r\n", 0.01) == []  # with echo on
    assert engine.tick(0.01 + SETTLE) == [Synchronized()]
    assert engine.outgoing() == b"AT+CFUN=1\r"
    assert engine.deadline == pytest.approx(0.01 + SETTLE + 5)


def test_a_module_that_answers_is_not_given_up_while_the_step_settles() -> None:
    engine = lost()
    engine.submit(Command("AT+X", timeout=0.5), 7.0)
    assert engine.outgoing() == b"AT\r"
    events_of(engine, OK, 7.4)
    assert engine.tick(7.5) == []
    assert engine.tick(7.4 + SETTLE_OWED) == [Synchronized()]
    assert engine.outgoing() == b"AT+X\r"


def test_nor_is_it_waited_for_if_it_never_settles() -> None:
    engine = lost()
    short = Command("AT+X", timeout=0.5)
    engine.submit(short, 7.0)
    events: list[Event] = []
    now = 7.0
    while TimedOut(short, (), sent=False) not in events:
        now += 0.09
        events = [*events_of(engine, OK, now), *engine.tick(now)]
    assert now == pytest.approx(7.5 + SETTLE_OWED, abs=0.1)
    assert engine.can_submit
    assert engine.tick(now + SETTLE) == [Synchronized()]  # found for the next
    assert engine.outgoing() == b"AT\r"


def test_unsolicited_lines_pass_while_out_of_step() -> None:
    engine = Engine()
    assert events_of(engine, lines("+CSCON:1"), 0.0) == [Unsolicited("+CSCON:1")]
    engine.submit(PLAIN, 0.0)
    assert events_of(engine, lines("+CSCON:0", "AT", "REBOOTING"), 0.1) == [
        Unsolicited("+CSCON:0"),
        Unsolicited("REBOOTING"),
    ]


def test_a_refusal_after_whoever_waited_has_gone_rings_no_alarm() -> None:
    engine = Engine()
    engine.submit(PLAIN, 0.0)
    assert events_of(engine, OK, 0.0) == []
    assert engine.cancel()
    assert events_of(engine, lines("ERROR"), 0.05) == [UnexpectedResult("ERROR")]
    assert engine.state is Conversation.LOST
    assert engine.deadline is None  # an alarm that is due and moves nothing would ring for ever


def test_strays_of_a_fresh_port_are_nobodys() -> None:
    engine = Engine()
    assert events_of(engine, lines("+CEREG:0,1", "OK"), 0.0) == [
        Unsolicited("+CEREG:0,1"),
        UnexpectedResult("OK"),
    ]


def test_a_module_that_answers_each_probe_late_is_never_one_result_behind() -> None:
    """A line that is 1.05 s slow, each way of the probes included."""
    engine = Engine()
    engine.submit(PLAIN, 0.0)
    due: list[float] = []
    now = 0.0
    while b"AT+CFUN" not in (written := engine.outgoing()):
        if written:
            due.append(now + 1.05)
        wake = [*due[:1], *([] if engine.deadline is None else [engine.deadline])]
        now = min(wake)
        if due and due[0] <= now:
            due.pop(0)
            events_of(engine, OK, now)
        engine.tick(now)
    assert due == []


# --- asleep ----------------------------------------------------------------------------------


def answered_at(moment: float, *, awake: float = AWAKE, quiet: float = 0.0) -> Engine:
    """An engine whose module was heard last at `moment`."""
    engine = Engine(quiet=quiet, awake=awake)
    engine.submit(PLAIN, 0.0)
    events_of(engine, OK, 0.0)
    engine.tick(SETTLE)
    assert engine.outgoing() == b"AT\rAT+CFUN=1\r"
    assert events_of(engine, OK, moment) == [answered(PLAIN)]
    return engine


def test_after_long_silence_the_module_is_asked_first() -> None:
    engine = answered_at(1.0, quiet=QUIET)
    assert engine.deadline is None  # nothing is planned: it is a question of the next command
    engine.submit(CEREG, 1.0 + AWAKE + 0.1)
    assert engine.outgoing() == WAKE_UP
    assert events_of(engine, OK, 4.0) == []
    # It was in step before: there is nothing of the past to wait for.
    assert engine.deadline == pytest.approx(4.0 + room.LINE_END)
    assert engine.tick(4.0 + room.LINE_END) == [Synchronized()]
    assert engine.outgoing() == b"AT+CEREG?\r"
    assert events_of(engine, lines("+CEREG:0,1", "OK"), 4.1) == [answered(CEREG, "+CEREG:0,1")]
    assert engine.counters == Counters(probes=2)


@pytest.mark.parametrize("line", ["+CSCON:1", "+MIPLREAD:0,10000,3303,0,5700"])
def test_a_module_that_says_something_is_awake(line: str) -> None:
    engine = answered_at(1.0)
    events_of(engine, lines(line), 600.0)
    engine.submit(PLAIN, 600.0 + AWAKE)
    assert engine.outgoing() == b"AT+CFUN=1\r"


def test_noise_on_an_open_line_is_no_sign_of_it() -> None:
    engine = answered_at(1.0)
    events_of(engine, b"\x00\xff\x00x", 600.0)
    engine.submit(PLAIN, 600.0)
    assert engine.outgoing() == WAKE_UP


def test_a_module_that_never_sleeps_is_never_asked() -> None:
    engine = answered_at(1.0, awake=math.inf)
    engine.submit(PLAIN, 1e9)
    assert engine.outgoing() == b"AT+CFUN=1\r"


@pytest.mark.parametrize("awake", [-1.0, math.nan])
def test_the_time_awake_is_a_time(awake: float) -> None:
    with pytest.raises(ParameterError, match="awake"):
        Engine(awake=awake)


def test_with_no_time_awake_each_command_is_preceded_by_one_probe() -> None:
    engine = answered_at(1.0, awake=0.0)
    for now in (2.0, 3.0):
        engine.submit(PLAIN, now)
        assert engine.outgoing() == WAKE_UP
        events_of(engine, OK, now + 0.1)
        engine.tick(now + 0.1 + room.LINE_END)
        assert engine.outgoing() == b"AT+CFUN=1\r"
        events_of(engine, OK, now + 0.2)


def test_a_module_that_announced_its_sleep_is_asked_at_once() -> None:
    engine = answered_at(1.0)
    engine.asleep(True)
    engine.submit(PLAIN, 1.1)
    assert engine.outgoing() == WAKE_UP
    events_of(engine, OK, 1.2)
    engine.tick(1.2 + room.LINE_END)
    assert engine.outgoing() == b"AT+CFUN=1\r"
    events_of(engine, OK, 1.3)
    engine.submit(PLAIN, 1.4)  # it answered: awake
    assert engine.outgoing() == b"AT+CFUN=1\r"


def test_one_that_announced_its_waking_is_not() -> None:
    engine = answered_at(1.0)
    engine.asleep(True)
    engine.asleep(False)
    engine.submit(PLAIN, 1.1)
    assert engine.outgoing() == b"AT+CFUN=1\r"


def test_one_that_falls_asleep_over_the_probe_is_asked_again() -> None:
    engine = answered_at(1.0)
    engine.submit(PLAIN, 60.0)
    events_of(engine, OK, 60.1)
    engine.asleep(True)
    engine.tick(60.2)
    assert engine.outgoing() == WAKE_UP + WAKE_UP


def test_to_wake_up_it_has_its_own_time() -> None:
    short = Command("AT+X", timeout=0.5)
    engine = answered_at(1.0)
    engine.submit(short, 60.0)
    for second in range(3):
        assert engine.outgoing() == (b"AT\r" if second else WAKE_UP)
        assert engine.tick(60 + PROBE_INTERVAL * (second + 1)) == []
    assert engine.outgoing() == b"AT\r"
    events_of(engine, ERROR, 63.1)  # what is left of a probe whose beginning got lost
    engine.tick(63.1 + SETTLE)
    assert engine.outgoing() == b"AT\r"
    events_of(engine, OK, 63.3)
    assert engine.tick(63.3 + SETTLE_OWED) == [Synchronized()]
    assert engine.outgoing() == b"AT+X\r"
    assert events_of(engine, OK, 65.0) == [answered(short)]
    assert engine.counters.timeouts == 0


def test_one_that_does_not_wake_up_is_given_up() -> None:
    engine = answered_at(1.0)
    short = Command("AT+X", timeout=0.5)
    engine.submit(short, 60.0)
    events: list[Event] = []
    now = 60.0
    while not events:
        assert engine.deadline is not None
        now = engine.deadline
        events = engine.tick(now)
    assert events == [TimedOut(short, (), sent=False)]
    assert now == pytest.approx(60 + WAKING)
    assert engine.state is Conversation.LOST


# --- swallowed -------------------------------------------------------------------------------

SIGNAL = Command("AT+CSQ", (Response(re.compile(r"\+CSQ:\d+,\d+")),), timeout=5, repeatable=True)


def swallowed(command: Command) -> Engine:
    """An engine whose module answered nothing to the command until it was out of time, at 6 s."""
    engine = in_step()
    engine.submit(command, 1.0)
    assert engine.outgoing() == f"{command.line}\r".encode()
    engine.tick(6.0)
    return engine


def test_a_question_that_was_swallowed_is_asked_once_more() -> None:
    engine = swallowed(SIGNAL)
    assert not engine.can_submit
    assert engine.outgoing() == b"AT\r"
    events_of(engine, OK, 6.1)
    engine.tick(6.1 + SETTLE_OWED)
    assert engine.outgoing() == b"AT+CSQ\r"
    assert events_of(engine, lines("+CSQ:17,99", "OK"), 8.0) == [answered(SIGNAL, "+CSQ:17,99")]
    assert engine.counters == Counters(probes=2, repeats=1)


def test_and_not_a_third_time() -> None:
    engine = swallowed(SIGNAL)
    events_of(engine, OK, 6.1)
    engine.tick(6.1 + SETTLE_OWED)
    assert engine.outgoing() == b"AT\rAT+CSQ\r"
    assert engine.tick(6.1 + SETTLE_OWED + 5) == [TimedOut(SIGNAL, (), sent=True)]
    assert engine.can_submit
    assert engine.counters.timeouts == 1
    engine.submit(SIGNAL, 20.0)  # the next has its own second attempt
    events_of(engine, OK, 20.1)
    engine.tick(20.1 + SETTLE_OWED)
    assert engine.tick(20.1 + SETTLE_OWED + 5) == []
    assert engine.counters.repeats == 2


def test_a_module_that_is_gone_is_told_as_a_command_that_was_sent() -> None:
    engine = swallowed(SIGNAL)
    assert engine.tick(6.0 + WAKING) == [TimedOut(SIGNAL, (), sent=True)]
    assert engine.state is Conversation.LOST


def test_the_answer_that_was_only_late_is_nobodys() -> None:
    engine = swallowed(SIGNAL)
    assert events_of(engine, lines("+CSQ:3,99", "OK", "OK"), 6.1) == [
        LateResponse("+CSQ:3,99", SIGNAL),
        UnexpectedResult("OK"),
    ]
    engine.tick(6.1 + SETTLE)
    assert engine.outgoing() == b"AT\rAT+CSQ\r"
    assert events_of(engine, lines("+CSQ:17,99", "OK"), 7.0) == [answered(SIGNAL, "+CSQ:17,99")]


@pytest.mark.parametrize("came", ["+CSQ:17,99", "OK"])
def test_what_was_not_swallowed_is_not_repeated(came: str) -> None:
    engine = in_step()
    engine.submit(SIGNAL, 1.0)
    events_of(engine, lines(came), 1.1)
    (event,) = engine.tick(6.0)
    assert isinstance(event, TimedOut)
    assert engine.counters.repeats == 0


@pytest.mark.parametrize("command", [PLAIN, SIGNAL])
@pytest.mark.parametrize("awake_again", [False, True])
def test_a_line_whose_rest_was_refused_is_said_once_more(
    command: Command, awake_again: bool
) -> None:
    """A refusal is proof that nothing was done, so any command may be repeated."""
    engine = in_step()
    engine.submit(command, 1.0)
    assert engine.outgoing() == f"{command.line}\r".encode()
    engine.asleep(True)  # the line was on its way when the module said so
    if awake_again:
        engine.asleep(False)
    assert events_of(engine, lines("+CME ERROR:4"), 1.1) == [UnexpectedResult("+CME ERROR:4")]
    assert not engine.can_submit
    engine.tick(1.1 + SETTLE)
    if not awake_again:
        assert engine.outgoing() == WAKE_UP
        events_of(engine, OK, 1.3)
        engine.tick(1.3 + SETTLE)
    assert engine.outgoing() == f"{command.line}\r".encode()
    (refused,) = events_of(engine, lines("+CME ERROR:4"), 2.0)  # whole, it is refused as well
    assert isinstance(refused, Refused)
    assert engine.counters.repeats == 1


def test_a_refusal_in_the_same_read_as_the_word_of_the_sleep_is_judged_after_it() -> None:
    engine = in_step()
    engine.submit(PLAIN, 1.0)
    engine.outgoing()
    events = []
    for event in engine.receive(lines("ASLEEP", "ERROR"), 1.1):
        events.append(event)
        if event == Unsolicited("ASLEEP"):
            engine.asleep(True)
    assert events == [Unsolicited("ASLEEP"), UnexpectedResult("ERROR")]
    assert engine.counters.repeats == 1


def test_what_was_refused_long_after_a_sleep_is_refused() -> None:
    engine = in_step()
    engine.asleep(True)
    engine.asleep(False)
    engine.submit(PLAIN, 1.0)
    (refused,) = events_of(engine, ERROR, 1.1)
    assert isinstance(refused, Refused)


def test_one_whose_caller_is_gone_is_not_repeated() -> None:
    engine = swallowed(SIGNAL)
    assert engine.cancel()
    assert engine.tick(60.0) == []
    assert engine.outgoing() == b"AT\r"


# --- taking back -----------------------------------------------------------------------------


def test_a_command_that_waits_can_be_taken_back() -> None:
    engine = in_step(quiet=QUIET)
    engine.submit(PLAIN, 1.0)
    engine.outgoing()
    events_of(engine, OK, 1.5)
    engine.submit(CEREG, 1.5)
    assert engine.cancel()
    assert engine.can_submit
    assert engine.deadline is None
    assert engine.tick(9.0) == []
    assert engine.outgoing() == b""


def test_a_command_that_is_out_cannot() -> None:
    engine = in_step()
    engine.submit(PLAIN, 1.0)
    assert not engine.cancel()
    assert events_of(engine, OK, 1.1) == [answered(PLAIN)]
    assert not engine.cancel()


def test_without_a_waiting_command_the_probing_ends() -> None:
    engine = lost()
    engine.submit(PLAIN, 7.0)
    assert engine.outgoing() == b"AT\r"
    assert engine.cancel()
    assert engine.deadline is None
    assert engine.tick(20.0) == []
    assert engine.outgoing() == b""
    # The answer of the probe that was out is still expected, and nobody's.
    assert events_of(engine, OK, 20.0) == [UnexpectedResult("OK")]


# --- properties ------------------------------------------------------------------------------


def play(pieces: list[bytes]) -> tuple[list[Event], bytes]:
    engine = in_step()
    engine.submit(CEREG, 1.0)
    engine.outgoing()
    events = [event for piece in pieces for event in events_of(engine, piece, 1.1)]
    return events, engine.outgoing()


PIECES = st.sampled_from(
    [
        b"\r\nOK\r\n",
        b"\r\nERROR\r\n",
        b"\r\n+CME ERROR:50\r\n",
        b"\r\n+CEREG:0,1\r\n",
        b"\r\n+CEREG:5\r\n",
        b"\r\n+MIPLREAD:0,10000,3303,0,5700\r\n",
        b"AT+CEREG?\r\r\n",
        b"\xff\x80\0",
        b"OK",
        b"\r",
        "\r\n温度\r\n".encode(),
        b"x" * 4100,
    ]
)


@given(
    st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=10).map(b"".join),
    st.lists(st.integers(0, 9000), max_size=8),
)
@settings(max_examples=scaled(200))
def test_any_cut_of_the_stream_gives_the_same_events(data: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(place % (len(data) + 1) for place in cuts), len(data)]
    assert play([data[a:b] for a, b in pairwise(places)]) == play([data])


@given(st.lists(st.sampled_from(["+CSCON:1", "+CEREG:5", "+X:OK", "REBOOTING"]), max_size=30))
def test_unsolicited_lines_are_neither_lost_nor_reordered(texts: list[str]) -> None:
    for place in range(0, len(texts) + 1, 5):
        data = lines(*texts[:place], "+CEREG:0,1", *texts[place:], "OK")
        events, _ = play([data[at : at + 7] for at in range(0, len(data), 7)])
        assert events == [*map(Unsolicited, texts), answered(CEREG, "+CEREG:0,1")]


class AnyOrder(RuleBasedStateMachine):
    """Any order of calls, bytes and waiting: each command ends once, and in bounded time."""

    @initialize(quiet=st.sampled_from([0.0, QUIET]))
    def start(self, quiet: float) -> None:
        self.engine = Engine(quiet=quiet)
        self.now = 0.0
        self.held: Command | None = None
        self.since = 0.0
        self.sent = b""

    def see(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Answered(answer):
                    self.end(answer.command)
                    if answer.command.responses:
                        assert answer.lines
                case Refused(command) | TimedOut(command) | AnswerTooLong(command):
                    self.end(command)
                case _:
                    pass
        self.sent += self.engine.outgoing()

    def end(self, command: Command) -> None:
        assert self.held is command
        self.held = None

    @precondition(lambda self: self.held is None)
    @rule(command=st.sampled_from([PLAIN, CEREG, STATS, SIGNAL]))
    def submit(self, command: Command) -> None:
        self.held = command
        self.since = self.now
        self.engine.submit(command, self.now)
        self.see([])

    @precondition(lambda self: self.held is not None)
    @rule()
    def withdraw(self) -> None:
        if self.engine.cancel():
            self.held = None

    @rule(data=st.one_of(PIECES, st.binary(max_size=8)))
    def receive(self, data: bytes) -> None:
        self.see(events_of(self.engine, data, self.now))

    @rule(on=st.booleans())
    def asleep(self, on: bool) -> None:
        self.engine.asleep(on)

    @rule(passed=st.sampled_from([0.0, 0.005, 0.05, 0.3, 2.0]))
    def wait(self, passed: float) -> None:
        until = self.now + passed
        while self.engine.deadline is not None and self.engine.deadline <= until:
            self.now = max(self.now, self.engine.deadline)
            self.see(self.engine.tick(self.now))
        self.now = until
        self.see(self.engine.tick(until))

    @invariant()
    def nobody_is_forgotten(self) -> None:
        if not hasattr(self, "engine"):
            return
        assert self.engine.can_submit is (self.held is None)
        if self.held is not None:
            assert self.engine.deadline is not None
            within = WAKING + SETTLE_OWED + self.held.timeout
            assert self.now - self.since <= 2 * within
        else:
            assert self.engine.state is not Conversation.BUSY


AnyOrder.TestCase.settings = settings(max_examples=scaled(60), stateful_step_count=30)
TestAnyOrder = AnyOrder.TestCase


# --- against a module that is slow and forgetful ---------------------------------------------

NUMBERED = Response(re.compile(r"\+ID:\d+"))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.01, 0.01, 0.2, 0.9, 1.1, 2.5, 7.0]),  # until it is worked off
            st.sampled_from([False, False, True]),  # whether it is lost on the way
        ),
        min_size=40,
        max_size=40,
    ),
    st.sampled_from([0.0, 0.3, 1.05]),  # how slow the line is
    st.sampled_from([0.0, QUIET]),
)
@settings(max_examples=scaled(300))
def test_an_answer_never_goes_to_another_command(
    fates: list[tuple[float, bool]], delay: float, quiet: float
) -> None:
    """The module works off one line after the other, however long we have stopped waiting."""
    engine = Engine(quiet=quiet)
    fate = iter(fates)
    speech: list[tuple[float, bytes]] = []  # what the module will say, and when
    now, busy_until, number, ended = 0.0, 0.0, 0, 0
    while ended < 12:
        if engine.can_submit:
            number += 1
            engine.submit(Command(f"AT+ID={number}", (NUMBERED,), timeout=2), now)
        for line in engine.outgoing().decode().split("\r")[:-1]:
            took, forgotten = next(fate, (0.01, False))
            if not forgotten:
                probe = line == "AT"  # nothing to work off in it
                busy_until = max(busy_until, now) + (0.01 if probe else took)
                told = [] if probe else [line.replace("AT", "").replace("=", ":")]
                speech.append((busy_until + delay, lines(*told, "OK")))
        times = [at for at, _ in speech[:1]]
        times += [] if engine.deadline is None else [engine.deadline]
        now = max(now, min(times))
        said = b"".join(data for at, data in speech if at <= now)
        speech = [(at, data) for at, data in speech if at > now]
        for event in [*events_of(engine, said, now), *engine.tick(now)]:
            assert not isinstance(event, Unsolicited)
            if isinstance(event, Answered):
                assert event.answer.lines == (f"+ID:{number}",)
            ended += isinstance(event, Answered | TimedOut)


# --- the other side begins anew --------------------------------------------------------------


def test_what_was_out_is_nobodys_after_a_restart() -> None:
    engine = in_step()
    engine.submit(CEREG, 1.0)
    engine.outgoing()
    assert events_of(engine, lines("+CEREG:2,1", "BOOT"), 1.1) == [
        Unsolicited("BOOT"),
    ]
    engine.reset()
    assert engine.state is Conversation.LOST
    assert engine.can_submit
    assert engine.deadline is None
    assert events_of(engine, lines("OK"), 1.2) == []  # the end of the text of its start
    assert events_of(engine, lines("OK"), 1.3) == [UnexpectedResult("OK")]
    assert engine.counters.strays == 1
    assert engine.tick(100) == []


@pytest.mark.parametrize("out", [None, PLAIN, CEREG])
def test_a_start_that_is_told_whole_in_one_read_leaves_nothing_to_wait_for(
    out: Command | None,
) -> None:
    engine = in_step()
    if out is not None:
        engine.submit(out, 1.0)
        engine.outgoing()
    events = []
    for event in engine.receive(lines("BOOT", "M5310", "OK"), 1.1):
        events.append(event)
        if event == Unsolicited("BOOT"):
            engine.reset()
    assert events == [Unsolicited("BOOT"), Unsolicited("M5310")]
    assert engine.counters.strays == 0
    engine.submit(PLAIN, 2.0)
    assert engine.outgoing() == b"AT\r"
    assert events_of(engine, OK, 2.1) == []
    assert engine.tick(2.1 + SETTLE) == [Synchronized()]
    assert engine.outgoing() == b"AT+CFUN=1\r"


def test_what_was_held_is_never_written_after_a_restart() -> None:
    engine = in_step(quiet=1.0)
    engine.submit(PLAIN, 1.0)
    events_of(engine, OK, 1.1)
    engine.submit(CEREG, 1.2)  # held for the quiet time
    engine.reset()
    assert engine.tick(10) == []
    assert engine.outgoing() == b""
    assert engine.can_submit


def test_the_ok_of_the_boot_text_is_not_the_probes() -> None:
    engine = in_step()
    engine.reset()
    engine.submit(PLAIN, 2.0)
    assert engine.outgoing() == b"AT\r"  # which the booting module does not read
    assert events_of(engine, lines("M5310", "OK"), 2.1) == [Unsolicited("M5310")]
    assert engine.state is Conversation.SETTLING
    assert engine.tick(2.1 + SETTLE) == []  # the probe's own may still come
    assert events_of(engine, OK, 2.5) == []
    assert engine.counters.strays == 0  # one was the probe's, one the start's
    assert engine.tick(2.5 + SETTLE) == [Synchronized()]
    assert engine.outgoing() == b"AT+CFUN=1\r"


def test_a_boot_text_without_ok_costs_only_time() -> None:
    engine = in_step()
    engine.reset()
    engine.submit(PLAIN, 2.0)
    engine.outgoing()
    assert events_of(engine, OK, 2.1) == []
    assert engine.tick(2.1 + SETTLE_OWED) == [Synchronized()]
    assert engine.outgoing() == b"AT+CFUN=1\r"


@pytest.mark.parametrize("state", Conversation)
def test_a_restart_is_possible_at_any_time(state: Conversation) -> None:
    engine = Engine()
    engine._states.state = state
    engine.reset()
    assert engine.state is Conversation.LOST
