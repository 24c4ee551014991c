"""Who owns a line, and what is written when: the engine against a reference model."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from hypothesis import example, given, settings
from hypothesis import strategies as st

from m5310.at.codec import Command, Response
from m5310.at.engine import QUIET, Engine
from m5310.at.events import Event, Unsolicited
from m5310.at.lines import Overlong
from m5310.at.resync import SETTLE, SETTLE_OWED
from m5310.at.wakeup import AWAKE, WAKING
from tests.support.effort import scaled
from tests.support.engine_model import EngineModel

PLAIN = Command("AT+CFUN=1", timeout=5)
CEREG = Command(
    "AT+CEREG?", (Response(re.compile(r"\+CEREG:[0-5],\d")),), timeout=5, repeatable=True
)
READ = Command("AT+NSORF=0,9", (Response(re.compile(r"\d,.*"), required=False),), timeout=0.5)
BOTH = Command("AT+X", (Response(re.compile("A:.*")), Response(re.compile("B:.*"))), timeout=5)
COMMANDS: Final = (PLAIN, CEREG, READ, BOTH)

RESTARTED, ASLEEP, WOKEN = "REBOOTING", "+NPSMR:1", "+NPSMR:0"
RESULTS: Final = ("OK", "ERROR", "+CME ERROR:50", "+CIS ERROR: 601")
ANSWERS: Final = {
    PLAIN: (),
    CEREG: ("+CEREG:0,1",),
    READ: ("0,5",),
    BOTH: ("B:1", "A:1"),
}
RESPONSES: Final = tuple(line for lines in ANSWERS.values() for line in lines)
ECHOES: Final = ("AT", *(command.line for command in COMMANDS))
UNSOLICITED: Final = (
    "+CEREG:5",
    "+MIPLWRITE:0,10000,3303,0,5700,OK",
    "+MIPLWRITE:0,10000,3303,0,5700,+CME ERROR:3",
    "OK?",
    "NO ERROR",
    RESTARTED,
    ASLEEP,
    WOKEN,
)
OVERLONG: Final = (5000 * "x",)
TEXTS: Final = st.one_of(*map(st.sampled_from, (RESULTS, RESPONSES, ECHOES, UNSOLICITED, OVERLONG)))

ENDS: Final = st.sampled_from([b"\r\n", b"\r\n", b"\r\r\n", b"\n", b"\r"])
SECONDS: Final = st.sampled_from([0.0, 0.0, 0.005, 0.05, 0.3, 2.0, 6.0, 6.0])
OUTCOMES: Final = st.sampled_from(  # whether the responses come, and the final result
    [
        *((True, "OK"),) * 3,
        *((True, "ERROR"), (False, "+CME ERROR:50")),
        *((False, "OK"), (True, None), (False, None)),
    ]
)
REPORTS: Final = st.lists(st.sampled_from(UNSOLICITED), max_size=1)


class EngineAndModel:
    """An engine and its model, driven side by side from the end of the first command on."""

    def __init__(self, quiet: float, settle: float, awake: float) -> None:
        self.engine = Engine(quiet=quiet, settle=settle, awake=awake)
        self.model = EngineModel(quiet=quiet, settle=settle, awake=awake)
        self.now = 0.0
        self.since = 0.0  # when the last command was submitted
        self.submit(PLAIN)
        self.receive(["OK"])
        self.wait(settle)
        self.receive(["OK"])
        self.wait(quiet)

    def submit(self, command: Command) -> None:
        if self.engine.can_submit:
            self.since = self.now
            self.model.submit(command, self.now)
            self.engine.submit(command, self.now)
            self.check()

    def exchange(
        self,
        command: Command,
        reports: list[str],
        after: float,
        outcome: tuple[bool, str | None],
        end: bytes,
    ) -> None:
        self.submit(command)
        self.receive(reports)
        self.wait(after)
        self.answer(outcome, end)

    def cancel(self) -> None:
        assert self.engine.cancel() == self.model.cancel()
        self.check()

    def answer(self, outcome: tuple[bool, str | None], end: bytes) -> None:
        """An answer to the outstanding command, or to the one that timed out."""
        complete, result = outcome
        command = self.model.outstanding or self.model.timed_out
        responses = ANSWERS[command] if command and complete else ()
        self.receive([*responses, *([] if result is None else [result])], end)

    def receive(self, texts: list[str], end: bytes = b"\r\n") -> None:
        data = b"".join(end + text.encode() + end for text in texts)
        self.model.bytes_received(data, self.now)
        events = self.engine.receive(data, self.now)
        for text in texts:
            expected = self.model.line_received(text, self.now, open_end=end == b"\r")
            if expected is not None:
                assert next(events) == expected
            if expected == Unsolicited(text):
                self.react(text)
        assert list(events) == []
        self.check()

    def receive_line_feed(self) -> None:
        """The second half of the CR LF of a line that came before."""
        self.model.bytes_received(b"\n", self.now)
        assert list(self.engine.receive(b"\n", self.now)) == []
        self.check()

    def react(self, text: str) -> None:
        """What the listeners of a restart and of a sleep report do, before the next line."""
        if text == RESTARTED:
            self.engine.reset()
            self.model.reset()
        elif text in (ASLEEP, WOKEN):
            self.engine.asleep(text == ASLEEP)
            self.model.asleep(text == ASLEEP)

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while self.engine.deadline is not None and self.engine.deadline <= until:
            self.now = max(self.now, self.engine.deadline)
            self.tick()
        self.now = until
        self.tick()

    def tick(self) -> None:
        assert self.engine.tick(self.now) == self.model.time_passed(self.now)
        self.check()

    def check(self) -> None:
        engine, model = self.engine, self.model
        assert engine.outgoing() == model.written(self.now)
        assert engine.deadline == model.deadline
        assert engine.counters == model.counters
        ended = model.held is None and model.outstanding is None
        assert engine.can_submit is ended
        longest = 2 * (WAKING + 2 * SETTLE_OWED + max(command.timeout for command in COMMANDS))
        assert ended or self.now - self.since <= longest


EXCHANGE = st.tuples(
    st.just("exchange"), st.sampled_from(COMMANDS), REPORTS, SECONDS, OUTCOMES, ENDS
)
WAIT = st.tuples(st.just("wait"), SECONDS)
CALLS = st.one_of(
    *(EXCHANGE, WAIT) * 5,
    st.tuples(st.just("submit"), st.sampled_from(COMMANDS)),
    st.tuples(st.just("answer"), OUTCOMES, ENDS),
    st.tuples(st.just("receive"), st.lists(TEXTS, max_size=4), ENDS),
    st.tuples(st.just("receive_line_feed")),
    st.tuples(st.just("cancel")),
)


COMMON: Final = 0.0, SETTLE, AWAKE
LF: Final = b"\n"


@given(
    st.sampled_from([0.0, QUIET, 2 * SETTLE]),
    st.sampled_from([SETTLE, SETTLE, 2 * SETTLE_OWED]),
    st.sampled_from([AWAKE, 0.0, math.inf]),
    st.lists(CALLS, min_size=20, max_size=40),
)
@example(  # a command that got a response is not repeated after its timeout
    *COMMON, [("exchange", CEREG, [], 0.0, (True, None), LF), ("wait", 6.0)]
)
@example(  # nor one that got a bare OK
    *COMMON, [("exchange", CEREG, [], 0.0, (False, "OK"), LF), ("wait", 6.0)]
)
@example(  # a refusal after a sleep report is ignored once; the next is the command's own
    *COMMON,
    [
        ("exchange", PLAIN, [ASLEEP], 0.0, (False, "ERROR"), LF),
        ("wait", 0.3),
        ("answer", (False, "OK"), LF),
        ("wait", 0.3),
        ("exchange", PLAIN, [WOKEN], 0.0, (False, "ERROR"), LF),
    ],
)
@example(  # once in sync, no OK can be the one that ends the boot text
    *COMMON,
    [
        ("receive", [RESTARTED], LF),
        ("exchange", PLAIN, [], 0.0, (False, "OK"), LF),
        ("wait", 2.0),
        ("receive", ["OK", "OK"], LF),
    ],
)
@example(  # a LF that comes after the next probe was written does not hasten the one after it
    *COMMON,
    [
        ("exchange", PLAIN, [], 0.0, (True, "OK"), b"\r"),
        ("wait", 6.0),
        ("submit", PLAIN),
        ("receive_line_feed",),
    ],
)
@settings(max_examples=scaled(1600))
def test_engine_does_what_the_model_does(
    quiet: float, settle: float, awake: float, calls: list[tuple[Any, ...]]
) -> None:
    """Commands, cancellations, lines, restarts and sleep reports in any order, at any time."""
    both = EngineAndModel(quiet, settle, awake)
    for name, *arguments in calls:
        getattr(both, name)(*arguments)


# --- the shortcut ----------------------------------------------------------------------------


class EngineWithoutShortcut(Engine):
    def _events_while_unowned(self, lines: Iterable[str | Overlong], now: float) -> Iterator[Event]:
        for line in lines:
            if (event := self._classify(line, now)) is not None:
                yield event


@given(
    st.lists(st.lists(st.one_of(TEXTS, st.text(max_size=8)), max_size=5), max_size=5),
    st.booleans(),
)
@settings(max_examples=scaled(200))
def test_shortcut_gives_the_events_of_the_grammar(reads: list[list[str]], probing: bool) -> None:
    engines = Engine(), EngineWithoutShortcut()
    for engine in engines:
        if probing:
            engine.submit(PLAIN, 0.0)
    for read in reads:
        data = b"".join(f"\r\n{text}\r\n".encode() for text in read)
        events, expected = (list(engine.receive(data, 0.0)) for engine in engines)
        assert events == expected
    assert engines[0].counters == engines[1].counters
