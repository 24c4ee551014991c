"""A host independent of this project: plays a case on a port and captures what comes back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Self

import serial

from tools.conforming.board import Board
from tools.conforming.cases import ApiCall, Case
from tools.conforming.peers import API_TIMEOUT

PART_PAUSE = 0.1  # seconds between the parts of a line that is sent in parts
# A line on its way, or a second response, arrives within this time after the final result code. It
# is also longer than the pause that some modules need before the next command (20 ms).
SETTLE = 0.05
_POLL_INTERVAL = 1.0
_READ_TIMEOUT = 0.005
# Real seconds that a byte needs through ports and processes, however fast the board's clock runs.
_MIN_WAIT = 0.01
# Real seconds that are waited for a response of an emulator whose clock runs fast: its computer may
# be busy.
_BUSY = 5.0
_FINAL = re.compile(r"\r\n(OK|ERROR|\+CME ERROR:\d+)\r\n")
# Lines that are never part of a response.
_UNSOLICITED = re.compile(r"\r\n\+(?:MIPL\w+|NSONMI|NPSMR|NPING|NPINGERR):[^\r\n]*\r\n")

# Keys in files of captures.
_KEYS = {
    "name": "name",
    "sent": "sent",
    "answer": "answer",
    "seconds": "seconds",
    "unsolicited": "unasked",
    "api_answer": "told",
}


@dataclass(frozen=True, slots=True)
class Capture:
    """The result of playing a case: bytes as Latin-1 text.

    `seconds` is the time until the final result code, None without one.
    """

    name: str
    sent: str
    answer: str
    seconds: float | None
    unsolicited: str = ""
    api_answer: str = ""

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """From an entry of a file. Raises TypeError or KeyError if it is not a capture."""
        return cls(**{field: data[key] for field, key in _KEYS.items()})

    def as_data(self) -> dict[str, Any]:
        return {key: getattr(self, field) for field, key in _KEYS.items()}


@dataclass(slots=True)
class Host:
    """Opens `port`, a name or URL of pyserial. Raises serial.SerialException.

    `speed` is the speed of the board's clock, relative to real time. All seconds are the board's.
    """

    port: str
    baud: int = 9600
    speed: float = 1.0
    _line: serial.SerialBase = field(init=False)
    _rest: str = field(init=False, default="")  # unsolicited lines after those of the last case

    def __enter__(self) -> Self:
        self._line = serial.serial_for_url(self.port, baudrate=self.baud, timeout=_READ_TIMEOUT)
        self._line.reset_input_buffer()
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def play(self, case: Case, board: Board, call_api: Callable[[ApiCall], Future[str]]) -> Capture:
        """Play `case`; `board` learns the values that its patterns capture."""
        unsolicited, self._rest = self._rest, ""
        api_answer = None if case.api_call is None else call_api(case.api_call)
        if case.urc:
            unsolicited += self._read_until(re.compile(case.urc), self._due(case))
            _learn(board, case.urc, unsolicited)
        began = self._now()
        parts = board.fill_in(case)
        answer, seconds, more = self._exchange(parts, self._due(case))
        while case.poll and not re.fullmatch(case.answer, answer):
            if self._since(began) >= case.max_seconds:
                break
            self._pause(_POLL_INTERVAL)
            answer, _, more = self._exchange(parts, self._due(case))
            seconds = self._since(began)
        unsolicited += more
        if case.baud:
            self._line.baudrate = int(case.baud.format_map(board.values))
        answered = "" if api_answer is None else api_answer.result(API_TIMEOUT + 1)
        if case.later:
            pattern = re.compile(case.later)
            unsolicited += self._read_until(pattern, self._due(case), after=unsolicited)
            unsolicited += self._read_until(None, SETTLE)
            if found := pattern.search(unsolicited):
                # What follows belongs to the next case, however soon it comes.
                end = found.end()
                unsolicited, self._rest = unsolicited[:end], unsolicited[end:]
        _learn(board, case.answer, answer)
        return Capture(case.name, "".join(parts), answer, seconds, unsolicited, answered)

    def _exchange(
        self, parts: tuple[str, ...], max_seconds: float
    ) -> tuple[str, float | None, str]:
        """The responses to all lines in `parts`, seconds until the last, and unsolicited lines."""
        answers, unsolicited, began = "", "", self._now()
        seconds: float | None = None
        line = ""
        for part in parts:
            if line:
                self._pause(PART_PAUSE)
            self._line.write(part.encode("latin-1"))
            line += part
            if not line.endswith(("\r", "\n")):
                continue
            received = self._read_until(_FINAL, max_seconds)
            seconds = self._since(began) if _FINAL.search(received) else None
            received += self._read_until(None, SETTLE)
            received = received.removeprefix(line).removeprefix(line.strip())  # the echo
            unsolicited += "".join(_UNSOLICITED.findall(received))
            received = _UNSOLICITED.sub("", received)
            final = _FINAL.search(received)
            end = final.end() if final else len(received)
            answers += received[:end]
            unsolicited += received[end:]
            line = ""
        return answers, seconds, unsolicited

    def _read_until(self, pattern: re.Pattern[str] | None, seconds: float, after: str = "") -> str:
        """Read until `after` and the bytes read match `pattern`, or `seconds` are over."""
        received, end = "", time.monotonic() + max(seconds / self.speed, _MIN_WAIT)
        while time.monotonic() < end and not (pattern and pattern.search(after + received)):
            waiting = self._line.in_waiting  # type: ignore[attr-defined]  # each kind of port has it
            received += self._line.read(waiting or 1).decode("latin-1")
        return received

    def _due(self, case: Case) -> float:
        """Seconds of the board's clock until its response is missing."""
        if self.speed <= 1 or case.may_be_silent:
            return case.max_seconds
        return max(case.max_seconds, _BUSY * self.speed)

    def _now(self) -> float:
        return time.monotonic() * self.speed

    def _since(self, began: float) -> float:
        return round(self._now() - began, 3)

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds / self.speed)


def _learn(board: Board, pattern: str, text: str) -> None:
    found = re.search(pattern, text)
    if found is not None:
        board.learn(found.groupdict(""))
