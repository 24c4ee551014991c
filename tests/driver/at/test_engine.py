"""Engine: one example of each behaviour. `test_ownership` judges their combinations."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m5310.at.codec import Answer, Command, Response
from m5310.at.engine import LINE_END, QUIET, Engine
from m5310.at.events import (
    AnswerTooLong,
    Counters,
    Event,
    Synchronized,
    TimedOut,
    Unsolicited,
)
from m5310.at.outstanding import ANSWER_LIMIT
from m5310.at.resync import PROBE_INTERVAL, SETTLE, SETTLE_OWED
from m5310.at.wakeup import AWAKE, WAKE_UP
from m5310.errors import ParameterError, StateError
from m5310.states import Conversation
from tests.support.effort import scaled
from tests.support.engine_events import events_of
from tests.support.hostile_port import OK, lines

PLAIN = Command("AT+CFUN=1", timeout=5)
CEREG = Command("AT+CEREG?", (Response(re.compile(r"\+CEREG:[0-5],\d")),), timeout=5)
STATS = Command("AT+NUESTATS", (Response(re.compile(r"[A-Z][A-Za-z ]+:-?\d+")),), timeout=5)
SIGNAL = Command("AT+CSQ", (Response(re.compile(r"\+CSQ:\d+,\d+")),), timeout=5, repeatable=True)


def synchronized(*, quiet: float = 0.0, byte_time: float = 0.0) -> Engine:
    """An engine whose first probe was answered; the next command may be written at 1 s."""
    engine = Engine(quiet=quiet, byte_time=byte_time)
    engine.submit(PLAIN, 0.0)
    assert engine.outgoing() == b"AT\r"
    assert events_of(engine, OK, 0.0) == []
    engine.cancel()
    assert engine.tick(SETTLE) == [Synchronized()]
    assert engine.state is Conversation.IDLE
    return engine


def answered(command: Command, *texts: str) -> Answer:
    return Answer(command, texts)


# --- one command -----------------------------------------------------------------------------


def test_command_is_written_once_and_ends_with_ok() -> None:
    engine = synchronized()
    engine.submit(PLAIN, 1.0)
    assert engine.outgoing() == b"AT+CFUN=1\r"
    assert engine.outgoing() == b""
    assert engine.deadline == 6.0
    assert not engine.can_submit
    assert events_of(engine, OK, 1.1) == [answered(PLAIN)]
    assert engine.can_submit
    assert engine.deadline is None


def test_first_command_is_preceded_by_a_probe() -> None:
    engine = Engine()
    assert engine.state is Conversation.LOST
    engine.submit(PLAIN, 0.0)
    assert engine.outgoing() == b"AT\r"
    assert events_of(engine, b"AT\r\r\nOK\r\n", 0.01) == []  # with echo on
    assert engine.tick(0.01 + SETTLE) == [Synchronized()]
    assert engine.outgoing() == b"AT+CFUN=1\r"


def test_submit_fails_while_a_command_is_outstanding() -> None:
    engine = synchronized()
    engine.submit(PLAIN, 1.0)
    with pytest.raises(StateError, match="another command is outstanding"):
        engine.submit(CEREG, 1.0)
    assert engine.outgoing() == b"AT+CFUN=1\r"
    assert events_of(engine, OK, 1.1) == [answered(PLAIN)]


def test_answer_of_too_many_lines_is_bounded_and_fails() -> None:
    engine = synchronized()
    expected = answered(STATS, *["ECL:1"] * ANSWER_LIMIT)
    for now, surplus in ((1.0, 0), (2.0, 5)):
        engine.submit(STATS, now)
        answer = lines(*["ECL:1"] * (ANSWER_LIMIT + surplus), "OK")
        assert events_of(engine, answer, now) == [AnswerTooLong(STATS) if surplus else expected]
        assert engine.counters.dropped == surplus


@pytest.mark.parametrize("seconds", [-1.0, math.nan, -math.inf])
@pytest.mark.parametrize("name", ["quiet", "awake"])
def test_engine_rejects_invalid_times(name: str, seconds: float) -> None:
    with pytest.raises(ParameterError, match=f"{name} must be"):
        Engine(**{name: seconds})


def test_engine_rejects_infinite_quiet_time() -> None:
    with pytest.raises(ParameterError, match="quiet must be"):
        Engine(quiet=math.inf)


# --- time ------------------------------------------------------------------------------------


def test_next_command_is_held_for_the_quiet_time() -> None:
    engine = synchronized(quiet=QUIET)
    engine.submit(PLAIN, 1.0)
    engine.outgoing()
    events_of(engine, OK, 1.5)
    engine.submit(CEREG, 1.51)
    assert engine.deadline == pytest.approx(1.52)
    assert engine.tick(1.519) == []
    assert engine.outgoing() == b""
    assert engine.tick(1.52) == []
    assert engine.outgoing() == b"AT+CEREG?\r"


def test_timeout_counts_from_the_last_byte_on_the_wire() -> None:
    engine = synchronized(byte_time=10 / 9600)
    engine.submit(PLAIN, 1.0)
    assert engine.deadline == pytest.approx(1.0 + 5 + 10 * 10 / 9600)


def test_probe_is_repeated_until_the_held_command_times_out() -> None:
    engine = Engine()
    engine.submit(PLAIN, 0.0)
    probed_until: list[float] = []
    events: list[Event] = []
    while not engine.can_submit:
        assert engine.deadline is not None
        if engine.outgoing() == b"AT\r":
            probed_until.append(engine.deadline)
        events = engine.tick(engine.deadline)
    assert events == [TimedOut(PLAIN, (), sent=False)]
    assert len(probed_until) == 5
    assert all(b - a == pytest.approx(PROBE_INTERVAL) for a, b in pairwise(probed_until))
    assert engine.deadline is None
    assert engine.counters == Counters(timeouts=1, probes=5)


def test_module_is_woken_after_long_silence() -> None:
    engine = synchronized()
    events_of(engine, lines("+CSCON:1"), 1.0)
    events_of(engine, b"\x00\xff\x00x\xff", 2.0)  # noise does not prove that the module is awake
    engine.submit(CEREG, 1.0 + AWAKE + 0.1)
    assert engine.outgoing() == WAKE_UP
    assert events_of(engine, OK, 4.0) == [Unsolicited("x")]
    assert engine.tick(4.0 + LINE_END) == [Synchronized()]
    assert engine.outgoing() == b"AT+CEREG?\r"


def test_repeatable_command_is_written_again_if_it_got_no_answer() -> None:
    engine = synchronized()
    engine.submit(SIGNAL, 1.0)
    engine.tick(6.0)
    assert engine.outgoing() == b"AT+CSQ\rAT\r"
    events_of(engine, OK, 6.1)
    engine.tick(6.1 + SETTLE_OWED)
    assert engine.outgoing() == b"AT+CSQ\r"
    assert events_of(engine, lines("+CSQ:17,99", "OK"), 8.0) == [answered(SIGNAL, "+CSQ:17,99")]
    assert engine.counters == Counters(probes=2, repeats=1)


# --- bytes -----------------------------------------------------------------------------------

PIECES: Final = st.sampled_from(
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
def test_events_do_not_depend_on_how_the_stream_is_split(data: bytes, cuts: list[int]) -> None:
    def play(pieces: list[bytes]) -> tuple[Any, ...]:
        engine = synchronized()
        engine.submit(CEREG, 1.0)
        events = [event for piece in pieces for event in events_of(engine, piece, 1.1)]
        return events, engine.outgoing(), engine.counters

    places = [0, *sorted(place % (len(data) + 1) for place in cuts), len(data)]
    assert play([data[a:b] for a, b in pairwise(places)]) == play([data])
