"""AT conversation, sans I/O: bytes and time in, events out, one command outstanding.

See `m5310.at` for how it works. After every call the caller takes the events, writes what
`outgoing()` returns, and calls `tick` once `deadline` has come. `now` is in seconds and never
decreases.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, assert_never

from m5310.at.codec import Answer, Command, FinalResult, final_result
from m5310.at.events import (
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
from m5310.at.lines import LineReader, Overlong
from m5310.at.outstanding import OutstandingCommand
from m5310.at.resync import PROBE_INTERVAL, SETTLE, Resync
from m5310.at.wakeup import AWAKE, WAKE_UP, WAKING, WakeUp
from m5310.errors import ParameterError, StateError, shortened
from m5310.states import CONVERSATION, Conversation, ConversationEvent, States

QUIET = 0.020
"""Seconds from a final result to the next command. China Mobile's M5310 notes ask for an interval
without a number; u-blox asks for 20 ms for its modules, Zephyr's modem drivers keep the same."""

TEXT_PAUSE = 0.25
"""Seconds after which the rest of a text of announced length does not follow any more."""
# guess: a module writes a line without a pause; adapters and networks delay bytes by some 50 ms.

LINE_END = 0.040
"""Seconds to wait for the LF after the CR of a final result: it follows within a character, 33 ms
at 300 baud. The wait is bounded because a module may be set to end its lines with CR alone."""


class Engine:
    """One AT conversation.

    `quiet` is the pause after a final result, `settle` the time in which more late results may
    follow one, `awake` the silence after which the module may be asleep; all in seconds.
    `byte_time` is the seconds one byte takes on the wire; a change applies to what is written
    from then on. Raises ParameterError on a negative or infinite `quiet` and a negative `awake`.

    The wire does not say to which command a final result belongs. What the engine guarantees:

    - A bare `OK` does not end a command that requires a response until the response came.
    - A duplicate final result within `quiet` s (an error: within `settle` s) is counted as stray
      and ignored.
    - After a timeout the next command is held back until as many results came as lines were
      written, and `settle` s more, or until none came for SETTLE_OWED s. Results that come by
      then end no command, in whatever order. A later one may be taken for the next command's if
      it has its shape.
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
            raise ParameterError(f"quiet must be 0 or more and finite, got {quiet} s")
        self.deadline: float | None = None
        self._quiet = quiet
        self._settle = settle
        self.byte_time = byte_time
        self._reader = LineReader(joins=True)
        self._text_due: float | None = None  # when the rest of a text does not follow any more
        self._states = States(CONVERSATION)
        self._wake_up = WakeUp(awake)
        self._resync = Resync(settle)
        self._due = 0.0  # when the time of the current state is over
        self._probe_from = 0.0  # when the quiet time after the opening is over
        self._pause = quiet  # from the last final result to the next command
        self._line_feed_due = False  # the last final result ended in CR; its LF may still come
        self._output = b""
        self._waiting: Command[Any] | None = None  # held, not yet written
        self._give_up = 0.0  # when the held command has waited long enough for the probe
        self._repeated = False  # the held command was written before and got no answer
        self._outstanding: OutstandingCommand | None = None
        self._strays = 0
        self._late = 0
        self._timeouts = 0
        self._probes = 0
        self._dropped = 0
        self._repeats = 0

    def opened(self, now: float) -> None:
        """The port was opened: a program that had it before may have got its last result just now,
        so the first command waits for the quiet time."""
        self._probe_from = now + self._quiet

    @property
    def state(self) -> Conversation:
        """Where the conversation stands."""
        return self._states.state

    @property
    def can_submit(self) -> bool:
        """Whether `submit` may be called."""
        return self._waiting is None and self._outstanding is None

    @property
    def counters(self) -> Counters:
        """The counts so far."""
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

        It ends with exactly one of Answer, Refused, AnswerTooLong and TimedOut, or by `cancel`
        or `reset`. The probes before it may take `WAKING` s if the module may be asleep, else
        the command's timeout; once written it has its timeout for the result. It is written a
        second time, after a wake-up, if the module fell asleep and swallowed it whole (only a
        repeatable one) or refused the rest of it.
        Raises StateError unless `can_submit`.
        """
        if self._waiting is not None or self._outstanding is not None:
            raise StateError(
                f"{shortened(command.shown)} cannot be sent: another command is outstanding; "
                "wait for its end"
            )
        self._waiting = command
        self._repeated = False
        wake_up = self.state is Conversation.IDLE and self._wake_up.needed(now)
        self._give_up = now + (max(command.timeout, WAKING) if wake_up else command.timeout)
        self._advance(now)

    @property
    def held(self) -> Command[Any] | None:
        """The command that is not written yet, if there is one."""
        return self._waiting

    def cancel(self) -> bool:
        """Drop the held command. False if there is none: it was written already, or ended."""
        if self._waiting is None:
            return False
        self._drop_pending()
        self._set_deadline()
        return True

    def asleep(self, on: bool) -> None:
        """The module reported that it falls asleep (`on`) or has woken up."""
        self._wake_up.reported_asleep = on
        if self._outstanding is not None:
            self._outstanding.slept = True

    def reset(self) -> None:
        """The module restarted: drop the held and the outstanding command, without an event.

        The conversation is lost until a probe is answered.
        """
        self._waiting = None
        self._outstanding = None
        self._output = b""
        self._resync.module_restarted()
        self._states.on(ConversationEvent.RESET)
        self._set_deadline()

    def outgoing(self) -> bytes:
        """The bytes to write now. Each byte is returned once."""
        data, self._output = self._output, b""
        return data

    def receive(self, data: bytes, now: float) -> Iterator[Event]:
        """The events in bytes from the module, in order. Consume the whole iterator at once.

        Each line is classified when its event is taken, so a `reset` or `asleep` that the caller
        makes on one event holds for the next line, although both came in one read.
        """
        if self._line_feed_due and data:
            self._line_feed_due = False
            self._due = now + self._pause
        lines = self._reader.feed(data)
        self._text_due = now + TEXT_PAUSE if self._reader.waits else None
        if lines:
            self._wake_up.line_received(now)
        if self._outstanding is None and self._resync.timed_out is None:
            yield from self._events_while_unowned(lines, now)
        else:
            for line in lines:
                if (event := self._classify(line, now)) is not None:
                    yield event
        self._advance(now)

    def _events_while_unowned(self, lines: Iterable[str | Overlong], now: float) -> Iterator[Event]:
        """SHORTCUT for speed only: the events of `_classify` while no command owns a line.

        Most traffic is unsolicited lines with no command outstanding. A command is written only
        in `_advance`, so no line of this read can get an owner. Measured: a third more lines a
        second than with `_classify` alone.
        """
        for line in lines:
            if line.__class__ is str and line[0] == "+" and " ERROR" not in line:
                yield Unsolicited(line)
            elif (event := self._classify(line, now)) is not None:
                yield event

    def tick(self, now: float) -> list[Event]:
        """The events that time alone brings. No effect before the deadline."""
        events: list[Event] = []
        if self._text_due is not None and now >= self._text_due:
            self._text_due = None
            released = (self._classify(line, now) for line in self._reader.release())
            events += filter(None, released)
        if self._waiting is not None and now >= self._patience and self._out_of_sync():
            self._timeouts += 1
            events.append(TimedOut(self._waiting, (), sent=self._repeated))
            self._drop_pending()
        if now >= self._due:
            if self._outstanding is not None:
                events += self._timed_out(self._outstanding, now)
            elif self.state is Conversation.SETTLING:
                self._states.on(ConversationEvent.SETTLED)
                self._wake_up.line_received(now)  # else a short `awake` would cause a second probe
                self._resync.settled()
                events.append(Synchronized())
        self._advance(now)
        return events

    # --- writing: what time and state allow --------------------------------------------------

    def _advance(self, now: float) -> None:
        waiting = self._waiting
        if waiting is not None:
            state = self._states.state
            if state is Conversation.IDLE:
                if now >= self._due:
                    if self._wake_up.needed(now):
                        self._wake(now)
                    else:
                        self._write(waiting, now)
            elif (state is Conversation.LOST and now >= self._probe_from) or (
                state is Conversation.PROBING and now >= self._due
            ):
                self._probe(now)
        self._set_deadline()

    def _write(self, command: Command[Any], now: float) -> None:
        self._states.on(ConversationEvent.COMMAND)
        self._waiting = None
        self._outstanding = OutstandingCommand(command)
        data = command.line.encode() + b"\r"
        self._output += data
        self._due = now + len(data) * self.byte_time + command.timeout
        self._line_feed_due = False

    def _wake(self, now: float) -> None:
        self._states.on(ConversationEvent.SLEPT)
        # The conversation was in sync: nothing is late but the LF of the probe's OK.
        self._resync.shorten_wait(max(LINE_END, self._quiet))
        self._probe(now, WAKE_UP)

    def _probe(self, now: float, data: bytes = b"AT\r") -> None:
        self._states.on(ConversationEvent.PROBE)
        self._probes += 1
        self._resync.probe_written()
        self._output += data
        self._due = now + PROBE_INTERVAL
        self._line_feed_due = False  # else the next bytes would move `_due`

    def _drop_pending(self) -> None:
        self._waiting = None
        if self.state is Conversation.PROBING:
            self._states.on(ConversationEvent.GIVE_UP)

    def _out_of_sync(self) -> bool:
        return self.state in (Conversation.PROBING, Conversation.SETTLING)

    @property
    def _patience(self) -> float:
        """When the held command times out; not while an answered probe settles."""
        if self.state is Conversation.SETTLING:
            return self._give_up + self._resync.longest_wait
        return self._give_up

    def _set_deadline(self) -> None:
        state = self._states.state
        match state:
            case Conversation.BUSY:
                self.deadline = self._due
            case Conversation.IDLE:  # the end of the quiet time matters only to a held command
                self.deadline = None if self._waiting is None else self._due
            case Conversation.LOST:  # with a held command only until the first probe
                self.deadline = None if self._waiting is None else self._probe_from
            case Conversation.PROBING | Conversation.SETTLING:
                waits = self._waiting is not None
                self.deadline = min(self._due, self._patience) if waits else self._due
            case _:
                assert_never(state)
        if self._text_due is not None:
            self.deadline = min(self.deadline or math.inf, self._text_due)

    # --- reading: the event of a line ---------------------------------------------------------

    def _classify(self, line: str | Overlong, now: float) -> Event | None:
        if isinstance(line, Overlong):
            return line
        result = final_result(line)
        if result is not None:
            return self._ended(result, now)
        if self._outstanding is not None:
            return None if self._outstanding.claim_line(line) else Unsolicited(line)
        late = self._resync.timed_out
        if late is not None and late.declares(line):
            self._late += 1
            return LateResponse(line, late)
        if (late is not None and line == late.line) or (line == "AT" and self._out_of_sync()):
            return None  # an echo
        return Unsolicited(line)

    def _ended(self, result: FinalResult, now: float) -> Event | None:
        if self._outstanding is not None:
            return self._result(self._outstanding, result, now)
        self._resync.result_received()
        probing = self.state is Conversation.PROBING
        if self._out_of_sync():
            if result.ok:
                self._states.on(ConversationEvent.OK)
                self._due = now + self._resync.wait
                if probing:
                    self._wake_up.reported_asleep = False
                    return None
            else:
                # The ERROR of half a line, or of the command that timed out. If the OK of the
                # probe does not follow, probe again.
                self._states.on(ConversationEvent.ERROR)
                self._due = now + self._settle
                if self._waiting is None:  # no held command to probe again for
                    self._states.on(ConversationEvent.GIVE_UP)
        elif self.state is Conversation.LOST:
            self._resync.drop_timed_out()
        if result.ok and self._resync.take_boot_ok():
            return None
        self._strays += 1
        return UnexpectedResult(result.text)

    def _result(self, outstanding: OutstandingCommand, result: FinalResult, now: float) -> Event:
        command = outstanding.command
        if not outstanding.can_end_with(result):
            self._strays += 1
            return UnexpectedResult(result.text)
        self._states.on(ConversationEvent.RESULT)
        self._outstanding = None
        self._dropped += outstanding.dropped
        # A byte that noise turned into CR breaks a command in two, and each part is refused:
        # the second refusal must not end the next command.
        self._pause = self._quiet if result.ok else max(self._quiet, self._settle)
        self._line_feed_due = self._reader.open_end
        self._due = now + (max(LINE_END, self._pause) if self._line_feed_due else self._pause)
        if not result.ok:
            if outstanding.slept and not self._repeated:
                # The refused text is the rest of a line whose beginning woke the module up.
                self._hold_again(command, now)
                self._strays += 1
                return UnexpectedResult(result.text)
            return Refused(command, result)
        if outstanding.dropped:
            return AnswerTooLong(command)
        return Answer(command, tuple(outstanding.lines))

    def _timed_out(self, outstanding: OutstandingCommand, now: float) -> list[Event]:
        command = outstanding.command
        self._states.on(ConversationEvent.TIMEOUT)
        self._outstanding = None
        self._resync.command_timed_out(command)
        self._dropped += outstanding.dropped
        if outstanding.unanswered and command.repeatable and not self._repeated:
            self._hold_again(command, now)
            return []
        self._timeouts += 1
        return [TimedOut(command, tuple(outstanding.lines), sent=True, bare=outstanding.bare)]

    def _hold_again(self, command: Command[Any], now: float) -> None:
        self._repeats += 1
        self._repeated = True
        self._waiting = command
        self._give_up = now + WAKING
