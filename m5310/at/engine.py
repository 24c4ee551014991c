"""The conversation: bytes in, events out, one command outstanding. No clock, no port.

Who owns a line is decided here. A final result belongs to the command that is out; a line that
matches as a whole one of the shapes this command declared belongs to it; every other line is
unsolicited, at any time. After a timeout the next final result might be the old command's, so
the conversation is lost until a bare `AT` was answered and nothing of the past followed.

Whoever owns an engine, after every call: takes the events, writes what `outgoing()` gives
and calls `tick` when `deadline` has come. `now` is in seconds and never goes back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, assert_never

from m5310.at.codec import Answer, Command, FinalResult, final_result
from m5310.at.events import (
    Answered,
    Counters,
    Event,
    InStep,
    Late,
    Overrun,
    Refused,
    Stray,
    TimedOut,
    Unsolicited,
)
from m5310.at.lines import LineReader, Overlong
from m5310.at.outstanding import Exchange
from m5310.at.resync import PROBE_INTERVAL, SETTLE, Past
from m5310.at.wakeup import AWAKE, WAKE_UP, WAKING, Wakefulness
from m5310.errors import ParameterError, StateError, shortened
from m5310.states import CONVERSATION, Conversation, ConversationEvent, States

# From a final result to the next command. China Mobile's M5310 notes ask for an interval without
# a number; u-blox asks for 20 ms of its modules, and Zephyr's modem drivers keep the same.
QUIET = 0.020

# The LF of a final result follows its CR within a character, 33 ms at 300 baud. A module set to
# end its lines with CR alone must not stop the conversation, so this wait ends.
LINE_END = 0.040


class Engine:
    """One conversation. `quiet`, `settle` and `awake` are in seconds, `byte_time` is a byte's on
    the wire; a change of it holds for what is written from then on.

    After `awake` s without a line, or once `asleep` was said, the module is woken with `WAKE_UP`
    and then `AT` until it answers, before a command is written.

    A command is held from `submit` to the event that ends it; only one at a time.

    The wire does not say whose a final result is. Guaranteed of those of the past: a bare `OK`
    ends no command that must bring information. A result that comes again within `quiet` s, a
    refusal within `settle` s, is nobody's. After a timeout the next command is held back until
    as many results came as lines were written, and `settle` s more, or else until none came for
    SETTLE_OWED s: what comes by then ends no command, in whatever order. What comes later than
    that may be taken for the next command's if it has its shape.
    """

    def __init__(
        self,
        *,
        quiet: float = QUIET,
        settle: float = SETTLE,
        awake: float = AWAKE,
        byte_time: float = 0.0,
    ) -> None:
        if not 0 <= quiet < math.inf:
            raise ParameterError(f"a quiet time of {quiet} s; it is 0 or more, and ends")
        self.deadline: float | None = None
        self._quiet = quiet
        self._settle = settle
        self.byte_time = byte_time
        self._reader = LineReader()
        self._states = States(CONVERSATION)
        self._sleep = Wakefulness(awake)
        self._past = Past(settle)
        self._due = 0.0  # when the present state's own time is over
        self._pause = quiet  # from the last final result to the next command
        self._line_feed_due = False  # the last final result ended in CR; its LF may still come
        self._output = b""
        self._waiting: Command[Any] | None = None  # held, not yet written
        self._give_up = 0.0  # when it has waited long enough for the probe
        self._repeated = False  # it was written before, and nothing came of it
        self._exchange: Exchange | None = None
        self._strays = 0
        self._late = 0
        self._timeouts = 0
        self._probes = 0
        self._dropped = 0
        self._repeats = 0

    @property
    def state(self) -> Conversation:
        return self._states.state

    @property
    def free(self) -> bool:
        """Whether `submit` may be called."""
        return self._waiting is None and self._exchange is None

    @property
    def counters(self) -> Counters:
        return Counters(
            noise=self._reader.noise,
            overlong=self._reader.overlong,
            strays=self._strays,
            late=self._late,
            timeouts=self._timeouts,
            probes=self._probes,
            dropped=self._dropped,
            repeats=self._repeats,
        )

    def submit(self, command: Command[Any], now: float) -> None:
        """Hold a command and write it as soon as the conversation allows.

        It ends with exactly one of Answered, Refused, Overrun and TimedOut, or with `withdraw`.
        A module that may be asleep gets `WAKING` s, any other the command's timeout, to answer
        the probes before it; once it is written it has its timeout for the result. A module that
        fell asleep over it and swallowed it whole (then only if it is repeatable) or refused the
        rest is woken, and it is written once more.
        Raises StateError unless `free`.
        """
        if self._waiting is not None or self._exchange is not None:
            raise StateError(
                f"{shortened(command.line)} cannot be sent: another command is outstanding"
            )
        self._waiting = command
        self._repeated = False
        asleep = self.state is Conversation.IDLE and self._sleep.doubtful(now)
        self._give_up = now + (max(command.timeout, WAKING) if asleep else command.timeout)
        self._advance(now)

    def withdraw(self) -> bool:
        """Give back the command held, unless it is out; it will not be written any more."""
        if self._waiting is None:
            return False
        self._let_go()
        self._set_deadline()
        return True

    def asleep(self, on: bool) -> None:
        """The module says that it falls asleep, or that it woke up."""
        self._sleep.announced = on
        if self._exchange is not None:
            self._exchange.slept = True

    def abandon(self) -> None:
        """Forget what is held and what is out: the other side began anew and knows neither.

        Neither ends with an event any more. The conversation is lost until a probe is answered.
        """
        self._waiting = None
        self._exchange = None
        self._output = b""
        self._past.begin_anew()
        self._states.on(ConversationEvent.RESET)
        self._set_deadline()

    def outgoing(self) -> bytes:
        """What must be written now. Each byte is given once."""
        data, self._output = self._output, b""
        return data

    def receive(self, data: bytes, now: float) -> Iterator[Event]:
        """What the bytes from the module mean, in the order they came. Take all of it at once.

        Each line is judged as its event is asked for. So what the one before makes the owner do,
        `abandon` or `asleep`, holds for it although both came in one read.
        """
        if self._line_feed_due and data:
            self._line_feed_due = False
            self._due = now + self._pause
        # A command gets out only below, so what is nobody's at first stays nobody's. Most of what
        # comes is of this kind, and a third faster for the shortcut.
        nothing_out = self._exchange is None and self._past.lost is None
        lines = self._reader.feed(data)
        if lines:
            self._sleep.heard(now)
        for line in lines:
            if isinstance(line, Overlong):
                yield line
            elif nothing_out and line[0] == "+" and " ERROR" not in line:
                yield Unsolicited(line)
            elif (event := self._meaning(line, now)) is not None:
                yield event
        self._advance(now)

    def tick(self, now: float) -> list[Event]:
        """What time alone brings. Harmless before the deadline."""
        events: list[Event] = []
        if self._waiting is not None and now >= self._patience and self._out_of_step():
            self._timeouts += 1
            events.append(TimedOut(self._waiting, (), sent=self._repeated))
            self._let_go()
        if now >= self._due:
            if self._exchange is not None:
                events += self._timed_out(self._exchange, now)
            elif self.state is Conversation.SETTLING:
                self._states.on(ConversationEvent.SETTLED)
                self._sleep.heard(now)  # or a short `awake` would have it asked again
                self._past.settled()
                events.append(InStep())
        self._advance(now)
        return events

    # what time and the state allow to write

    def _advance(self, now: float) -> None:
        waiting = self._waiting
        if waiting is not None:
            state = self._states.state
            if state is Conversation.IDLE:
                if now >= self._due:
                    if self._sleep.doubtful(now):
                        self._wake(now)
                    else:
                        self._write(waiting, now)
            elif state is Conversation.LOST or (state is Conversation.PROBING and now >= self._due):
                self._probe(now)
        self._set_deadline()

    def _write(self, command: Command[Any], now: float) -> None:
        self._states.on(ConversationEvent.COMMAND)
        self._waiting = None
        self._exchange = Exchange(command)
        data = command.line.encode() + b"\r"
        self._output += data
        self._due = now + len(data) * self.byte_time + command.timeout
        self._line_feed_due = False

    def _wake(self, now: float) -> None:
        self._states.on(ConversationEvent.SLEPT)
        # The conversation was in step: of the past there is at most the LF of the probe's OK.
        self._past.shorten(max(LINE_END, self._quiet))
        self._probe(now, WAKE_UP)

    def _probe(self, now: float, data: bytes = b"AT\r") -> None:
        self._states.on(ConversationEvent.PROBE)
        self._probes += 1
        self._past.probe()
        self._output += data
        self._due = now + PROBE_INTERVAL

    def _let_go(self) -> None:
        self._waiting = None
        if self.state is Conversation.PROBING:
            self._states.on(ConversationEvent.GIVE_UP)

    def _out_of_step(self) -> bool:
        return self.state in (Conversation.PROBING, Conversation.SETTLING)

    @property
    def _patience(self) -> float:
        """When the command held is given up. A module that answers is not given up: it settles."""
        if self.state is Conversation.SETTLING:
            return self._give_up + self._past.longest
        return self._give_up

    def _set_deadline(self) -> None:
        state = self._states.state
        match state:
            case Conversation.BUSY:
                self.deadline = self._due
            case Conversation.IDLE:  # the end of the quiet time is nobody's until a command waits
                self.deadline = None if self._waiting is None else self._due
            case Conversation.LOST:
                self.deadline = None
            case Conversation.PROBING | Conversation.SETTLING:
                waits = self._waiting is not None
                self.deadline = min(self._due, self._patience) if waits else self._due
            case _:
                assert_never(state)

    # what a line means

    def _meaning(self, line: str, now: float) -> Event | None:
        result = final_result(line)
        if result is not None:
            return self._ended(result, now)
        if self._exchange is not None:
            return None if self._exchange.take(line) else Unsolicited(line)
        if self._past.echoed(line):
            return None
        if (command := self._past.late(line)) is not None:
            self._late += 1
            return Late(line, command)
        if line == "AT" and self._out_of_step():
            return None  # the echo of a probe
        return Unsolicited(line)

    def _ended(self, result: FinalResult, now: float) -> Event | None:
        if self._exchange is not None:
            return self._result(self._exchange, result, now)
        self._past.result()
        probing = self.state is Conversation.PROBING
        if self._out_of_step():
            if result.ok:
                self._states.on(ConversationEvent.OK)
                self._due = now + self._past.remaining
                if probing:
                    self._sleep.announced = False
                    return None
            else:
                # The ERROR of half a line, or the lost command's. If the probe's own OK does not
                # follow, ask again.
                self._states.on(ConversationEvent.ERROR)
                self._due = now + self._settle
                if self._waiting is None:  # nobody to ask again for
                    self._states.on(ConversationEvent.GIVE_UP)
        elif self.state is Conversation.LOST:
            self._past.result_of_lost()
        if result.ok and self._past.ends_start():
            return None
        self._strays += 1
        return Stray(result.text)

    def _result(self, exchange: Exchange, result: FinalResult, now: float) -> Event:
        command = exchange.command
        if not exchange.accepts(result):
            self._strays += 1
            return Stray(result.text)
        self._states.on(ConversationEvent.RESULT)
        self._exchange = None
        self._dropped += exchange.dropped
        # A byte that noise made a CR breaks a command in two, and the parts are refused one by
        # one: after the first refusal the second must not meet the next command.
        self._pause = self._quiet if result.ok else max(self._quiet, self._settle)
        self._line_feed_due = self._reader.open_end
        self._due = now + (max(LINE_END, self._pause) if self._line_feed_due else self._pause)
        if not result.ok:
            if exchange.slept and not self._repeated:
                # What was refused, and harmless for it, is the rest of a line that woke it up.
                self._hold_again(command, now)
                self._strays += 1
                return Stray(result.text)
            return Refused(command, result)
        if exchange.dropped:
            return Overrun(command)
        return Answered(Answer(command, tuple(exchange.lines)))

    def _timed_out(self, exchange: Exchange, now: float) -> list[Event]:
        command = exchange.command
        self._states.on(ConversationEvent.TIMEOUT)
        self._exchange = None
        self._past.lose(command)
        self._dropped += exchange.dropped
        if exchange.unanswered and command.repeatable and not self._repeated:
            self._hold_again(command, now)
            return []
        self._timeouts += 1
        return [TimedOut(command, tuple(exchange.lines), sent=True, bare=exchange.bare)]

    def _hold_again(self, command: Command[Any], now: float) -> None:
        self._repeats += 1
        self._repeated = True
        self._waiting = command
        self._give_up = now + WAKING
