"""Reference model of the engine: the rules of `m5310.at` in their plainest form.

The outstanding command, the held command and the number of owed results; no state table, no
line reader, no shortcut. It is driven side by side with an engine and predicts every event, every
byte and every deadline.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Literal

from m5310.at.codec import LINE_LIMIT, Answer, Command, final_result
from m5310.at.engine import LINE_END
from m5310.at.events import (
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
from m5310.at.resync import PROBE_INTERVAL, SETTLE_OWED
from m5310.at.wakeup import WAKE_UP, WAKING


def declares(command: Command[Any], line: str) -> bool:
    return any(response.pattern.fullmatch(line) for response in command.responses)


class EngineModel:
    def __init__(self, *, quiet: float, settle: float, awake: float) -> None:
        self.phase: Literal["lost", "probing", "settling", "in sync"] = "lost"
        self.held: Command[Any] | None = None
        self.outstanding: Command[Any] | None = None
        self.timed_out: Command[Any] | None = None
        self.owed = 0  # final results
        self.due = 0.0  # when the time of the phase, or of the outstanding command, is over
        self.counts: Counter[str] = Counter()
        self._quiet = self._pause = quiet
        self._longest_wait = max(SETTLE_OWED, settle)
        self._awake = awake
        self._settle = self._wait = settle
        self._line_feed_due = False
        self._give_up = 0.0
        self._repeated = False
        self._lines: list[str] = []
        self._bare = False
        self._slept = False
        self._asleep = False
        self._booting = False
        self._last_line = -math.inf

    @property
    def counters(self) -> Counters:
        return Counters(**self.counts)

    # --- calls --------------------------------------------------------------------------------

    def submit(self, command: Command[Any], now: float) -> None:
        self.held, self._repeated = command, False
        wakes = self.phase == "in sync" and self._may_sleep(now)
        self._give_up = now + (max(command.timeout, WAKING) if wakes else command.timeout)

    def cancel(self) -> bool:
        held, self.held = self.held, None
        if held is not None and self.phase == "probing":
            self.phase = "lost"
        return held is not None

    def reset(self) -> None:
        self.held = self.outstanding = self.timed_out = None
        self.phase, self.owed, self._booting, self._wait = "lost", 1, True, self._settle

    def asleep(self, on: bool) -> None:
        self._asleep, self._slept = on, True

    def _may_sleep(self, now: float) -> bool:
        return self._asleep or now - self._last_line > self._awake

    # --- bytes and lines received -------------------------------------------------------------

    def bytes_received(self, data: bytes, now: float) -> None:
        """Before the lines of one read, which holds only whole lines, are classified."""
        if self._line_feed_due and data:
            self._line_feed_due = False
            self.due = now + self._pause
        if data.strip():
            self._last_line = now

    def line_received(self, line: str, now: float, *, open_end: bool) -> Event | None:
        """The event of a line; `open_end`: its read ends in CR."""
        if len(line) > LINE_LIMIT:
            self.counts["overlong"] += 1
            return Overlong(line[:80])
        if line == "OK" or ("ERROR" in line and final_result(line)):
            event = self._result(line, now, open_end=open_end)
            self.counts["strays"] += isinstance(event, UnexpectedResult)
            return event
        if self.outstanding is not None:
            if declares(self.outstanding, line):
                self._lines.append(line)
            elif line != self.outstanding.line:
                return Unsolicited(line)
            return None
        if self.timed_out is not None and line == self.timed_out.line:
            return None
        if self.timed_out is not None and declares(self.timed_out, line):
            self.counts["late"] += 1
            return LateResponse(line, self.timed_out)
        echo_of_probe = line == "AT" and self.phase in ("probing", "settling")
        return None if echo_of_probe else Unsolicited(line)

    def _result(self, line: str, now: float, *, open_end: bool) -> Event | None:
        if self.outstanding is not None:
            return self._result_of(self.outstanding, line, now, open_end=open_end)
        ok, was_probing = line == "OK", self.phase == "probing"
        self.owed = max(0, self.owed - 1)
        if self.phase in ("probing", "settling"):
            if ok:
                self.phase = "settling"
                self.due = now + (self._longest_wait if self.owed else self._wait)
                if was_probing:
                    self._asleep = False
                    return None
            else:
                self.phase = "probing" if self.held else "lost"
                self.due = now + self._settle
        elif self.phase == "lost" and not self.owed:
            self.timed_out = None
        if ok and self._booting:
            self._booting = False
            return None
        return UnexpectedResult(line)

    def _result_of(
        self, command: Command[Any], line: str, now: float, *, open_end: bool
    ) -> Event | None:
        ok = line == "OK"
        required = [response.pattern for response in command.responses if response.required]
        if ok and not all(any(map(pattern.fullmatch, self._lines)) for pattern in required):
            self._bare = True
            return UnexpectedResult(line)
        self.outstanding = None
        self._pause = self._quiet if ok else max(self._quiet, self._settle)
        self._line_feed_due = open_end
        self.due = now + (max(self._pause, LINE_END) if open_end else self._pause)
        if ok:
            return Answer(command, tuple(self._lines))
        if self._slept and not self._repeated:
            self._hold_again(command, now)
            return UnexpectedResult(line)
        result = final_result(line)
        assert result is not None
        return Refused(command, result)

    # --- time and what is written -------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        if self.phase == "lost":
            return None
        if self.phase == "in sync":
            return self.due if self.held or self.outstanding else None
        return min(self.due, self._patience) if self.held else self.due

    @property
    def _patience(self) -> float:
        return self._give_up + (self._longest_wait if self.phase == "settling" else 0.0)

    def time_passed(self, now: float) -> list[Event]:
        events: list[Event] = []
        if self.held and self.phase in ("probing", "settling") and now >= self._patience:
            events.append(TimedOut(self.held, (), sent=self._repeated))
            self.cancel()
        if now >= self.due and self.outstanding is not None:
            command, self.outstanding = self.outstanding, None
            self.phase, self.timed_out, self.owed, self._wait = "lost", command, 1, self._settle
            if command.repeatable and not (self._lines or self._bare or self._repeated):
                self._hold_again(command, now)
            else:
                events.append(TimedOut(command, tuple(self._lines), sent=True, bare=self._bare))
        elif now >= self.due and self.phase == "settling":
            self.phase, self.timed_out, self.owed, self._booting = "in sync", None, 0, False
            self._last_line = now
            events.append(Synchronized())
        self.counts["timeouts"] += sum(isinstance(event, TimedOut) for event in events)
        return events

    def _hold_again(self, command: Command[Any], now: float) -> None:
        self.counts["repeats"] += 1
        self.held, self._repeated, self._give_up = command, True, now + WAKING

    def written(self, now: float) -> bytes:
        """After each call but `asleep`, `cancel` and `reset`."""
        if self.held is None:
            return b""
        if self.phase == "in sync":
            if now < self.due:
                return b""
            if not self._may_sleep(now):
                command, self.held = self.held, None
                self.outstanding, self._lines = command, []
                self._bare = self._slept = self._line_feed_due = False
                self.due = now + command.timeout
                return command.line.encode() + b"\r"
            self._wait = min(self._settle, max(LINE_END, self._quiet))
            probe = WAKE_UP
        elif self.phase == "lost" or (self.phase == "probing" and now >= self.due):
            probe = b"AT\r"
        else:
            return b""
        self._line_feed_due = False
        self.phase, self.due = "probing", now + PROBE_INTERVAL
        self.owed += 1
        self.counts["probes"] += 1
        return probe
