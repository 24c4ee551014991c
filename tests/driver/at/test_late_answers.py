"""Answers of the past: what the conversation guarantees about them, and nothing more.

The wire does not say whose a result is. What is guaranteed, and tested here, is the engine's own
docstring: one by one, whatever the order, the kinds, the delays and the losses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m5310.at.codec import Command, Response
from m5310.at.engine import QUIET, Engine
from m5310.at.events import (
    Answered,
    Event,
    Refused,
    Synchronized,
    TimedOut,
    UnexpectedResult,
    Unsolicited,
)
from m5310.at.resync import SETTLE, SETTLE_OWED
from m5310.at.wakeup import WAKING
from tests.support.effort import scaled
from tests.support.engine_events import events_of
from tests.support.hostile_port import ERROR, OK, lines

TIMEOUT = 2.0
SIGNAL = Command("AT+CSQ", (Response(re.compile(r"\+CSQ:\d+")),), TIMEOUT)
STATUS = Command("AT+CEREG?", (Response(re.compile(r"\+CEREG:\d+")),), TIMEOUT)
PLAIN = Command("AT+CFUN=1", timeout=TIMEOUT)
KINDS = {SIGNAL: "+CSQ", STATUS: "+CEREG", PLAIN: ""}


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one command line: its result `after` so many seconds, or never."""

    after: float | None
    refused: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Result:
    at: float
    number: int  # of the line that it answers
    data: bytes


class Forgetful:
    """A module that gives each line one result at most, in any order, however late."""

    def __init__(self, fates: list[Fate], probes: list[float], quiet: float) -> None:
        self.engine = Engine(quiet=quiet)
        self.now = 0.0
        self.last_result = 0.0
        self.pending: list[Result] = []
        self._fates = iter(fates)
        self._probes = probes
        self._written = 0
        self._out = 0  # the number of the line that is out

    def run(self, command: Command) -> Event:
        """One command to its end. Checks whose the result is that ended it."""
        self.engine.submit(command, self.now)
        while True:
            self._listen(command)
            deadline = self.engine.deadline
            first = min(self.pending, default=None)
            if first is not None and (deadline is None or first.at <= deadline):
                self.now = max(self.now, first.at)
                self.pending.remove(first)
                self.last_result = self.now
                events = events_of(self.engine, first.data, self.now)
            else:
                assert deadline is not None, "nobody will ever wake the caller"
                first = None
                self.now = deadline
                events = self.engine.tick(self.now)
            for event in events:
                if isinstance(event, Synchronized):
                    self._in_step()
                if isinstance(event, Answered | Refused):
                    assert first is not None
                    assert first.number == self._out, "the result of another line"
                if isinstance(event, Answered | Refused | TimedOut):
                    return event
                assert not isinstance(event, Unsolicited), "a late line is told as late"

    def _listen(self, command: Command) -> None:
        for line in self.engine.outgoing().decode().split("\r")[:-1]:
            self._written += 1
            if line == "AT" and command.line != line:
                after = self._probes[self._written % len(self._probes)]
                self.pending.append(Result(self.now + after, self._written, OK))
                continue
            self._out = self._written
            fate = next(self._fates, Fate(0.01))
            if fate.after is None:
                continue
            told = lines(f"{KINDS[command]}:{self._out}") if KINDS[command] else b""
            data = ERROR if fate.refused else told + OK
            self.pending.append(Result(self.now + fate.after, self._out, data))

    def _in_step(self) -> None:
        """Whatever is still to come is further behind than the engine promises to wait."""
        assert all(result.at >= self.last_result + SETTLE_OWED for result in self.pending)
        self.pending.clear()


AFTER = st.one_of(
    st.sampled_from([None, 0.01, TIMEOUT - 0.01, TIMEOUT + 0.01]), st.floats(0.0, 3 * TIMEOUT)
)


@given(
    st.lists(st.builds(Fate, AFTER, st.booleans()), max_size=20),
    st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=20),
    st.lists(st.floats(0.001, 1.4), min_size=1, max_size=5),
    st.sampled_from([0.0, QUIET]),
)
@settings(max_examples=scaled(400))
def test_one_result_a_line_in_any_order_is_never_anothers(
    fates: list[Fate], commands: list[Command], probes: list[float], quiet: float
) -> None:
    module = Forgetful(fates, probes, quiet)
    for command in commands:
        begun = module.now
        module.run(command)
        assert module.now - begun <= max(TIMEOUT, WAKING) + SETTLE_OWED + TIMEOUT


def idle(quiet: float) -> Engine:
    """An engine in step at `SETTLE`."""
    engine = Engine(quiet=quiet)
    engine.submit(PLAIN, 0.0)
    events_of(engine, OK, 0.0)
    engine.cancel()
    assert engine.tick(SETTLE) == [Synchronized()]
    engine.outgoing()
    return engine


@given(
    st.lists(
        st.tuples(st.sampled_from(list(KINDS)), st.floats(0.0, 0.99), st.booleans()),
        min_size=1,
        max_size=20,
    )
)
def test_a_result_that_soon_comes_twice_is_told_once(
    commands: list[tuple[Command, float, bool]],
) -> None:
    engine = idle(QUIET)
    now = SETTLE
    for number, (command, share, refused) in enumerate(commands):
        if number:  # what came twice is followed by the next at once
            assert engine.deadline is not None
            now = engine.deadline
            engine.tick(now)
        else:
            engine.submit(command, now)
        assert engine.outgoing()
        result, pause = (ERROR, SETTLE) if refused else (OK, QUIET)
        told = b"" if refused or not KINDS[command] else lines(f"{KINDS[command]}:1")
        (ended,) = events_of(engine, told + result, now)
        assert isinstance(ended, Refused if refused else Answered)
        if number + 1 < len(commands):
            engine.submit(commands[number + 1][0], now)
        now += share * pause
        assert events_of(engine, result, now) == [UnexpectedResult("ERROR" if refused else "OK")]


@pytest.mark.parametrize("command", [SIGNAL, STATUS])
@pytest.mark.parametrize("again", [0.0, 0.5, 1.9])
def test_without_a_quiet_time_an_ok_that_comes_twice_ends_no_command_that_asks(
    command: Command, again: float
) -> None:
    engine = idle(quiet=0)
    engine.submit(PLAIN, SETTLE)
    events_of(engine, OK, SETTLE)
    engine.submit(command, SETTLE)
    assert events_of(engine, OK, SETTLE + again) == [UnexpectedResult("OK")]
    (ended,) = events_of(engine, lines(f"{KINDS[command]}:1") + OK, SETTLE + again)
    assert isinstance(ended, Answered)


def test_of_one_read_every_result_but_the_first_is_nobodys() -> None:
    engine = idle(quiet=0)
    engine.submit(PLAIN, SETTLE)
    ended, *strays = events_of(engine, OK * 3, SETTLE)
    assert isinstance(ended, Answered)
    assert strays == [UnexpectedResult("OK")] * 2


def test_what_is_not_guaranteed() -> None:
    """Of the same kind, and later than the engine waits: nothing on the wire tells them apart."""
    engine = idle(QUIET)
    engine.submit(SIGNAL, SETTLE)
    now = SETTLE + TIMEOUT
    assert isinstance(engine.tick(now)[0], TimedOut)
    engine.submit(SIGNAL, now)
    events_of(engine, OK, now)  # the probe's
    now += SETTLE_OWED
    assert engine.tick(now) == [Synchronized()]
    (ended,) = events_of(engine, lines("+CSQ:1") + OK, now)  # of the first
    assert isinstance(ended, Answered)
