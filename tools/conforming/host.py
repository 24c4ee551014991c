"""A foreign host on the port: plays a case and takes down what comes and when."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import serial

from tools.conforming.cases import Ask, Case
from tools.conforming.known import Known
from tools.conforming.partners import PATIENCE

DAMPED = 0.1  # seconds between the pieces of a line that comes in pieces (spec/at.md 1)
# What is still on its way, or a second answer, shows within so many seconds of the final result;
# it is also more than the pause that such modules want before the next command (20 ms).
SETTLE = 0.05
_ASK_AGAIN = 1.0
_READ_TIMEOUT = 0.005
# However fast the board's clock runs, a byte needs this long through ports and processes.
_SHORTEST = 0.01
_FINAL = re.compile(r"\r\n(OK|ERROR|\+CME ERROR:\d+)\r\n")
# No answer brings lines of these names: they come unasked, wherever they stand.
_UNASKED = re.compile(r"\r\n\+(?:MIPL\w+|NSONMI|NPSMR|NPING|NPINGERR):[^\r\n]*\r\n")


@dataclass(frozen=True, slots=True)
class Capture:
    """What came of a case: bytes as Latin-1 text, seconds to the final result (None: none).

    `told`: what the platform answered, where it was asked.
    """

    name: str
    sent: str
    answer: str
    seconds: float | None
    unasked: str = ""
    told: str = ""

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """From a file. Raises TypeError: it is no such thing."""
        return cls(**data)

    def as_data(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Host:
    """Opens `port`, any name or URL that pyserial knows. Raises serial.SerialException.

    `speed`: how many times as fast as real time the board's clock runs. All seconds are its own.
    """

    port: str
    baud: int = 9600
    speed: float = 1.0
    _line: serial.SerialBase = field(init=False)
    _rest: str = field(init=False, default="")  # unasked, and behind what the last case waited for

    def __enter__(self) -> Self:
        self._line = serial.serial_for_url(self.port, baudrate=self.baud, timeout=_READ_TIMEOUT)
        self._line.reset_input_buffer()
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def play(self, case: Case, known: Known, ask: Callable[[Ask], Future[str]]) -> Capture:
        """Have the platform asked, send, take down the answer and what comes unasked; whatever the
        case's patterns name is `known` afterwards.
        """
        unasked, self._rest = self._rest, ""
        outcome = ask(case.asks) if case.asks is not None else None
        if case.announced:
            unasked += self._until(re.compile(case.announced), case.within)
            _learn(known, case.announced, unasked)
        began = self._now()
        pieces = known.filled(case)
        answer, seconds, more = self._exchange(pieces, case.within)
        while case.again and not re.fullmatch(case.answer, answer):
            if self._since(began) >= case.within:
                break
            self._pause(_ASK_AGAIN)
            answer, _, more = self._exchange(pieces, case.within)
            seconds = self._since(began)
        unasked += more
        if case.baud:
            self._line.baudrate = int(case.baud.format_map(known.names))
        told = "" if outcome is None else outcome.result(PATIENCE + 1)
        if case.then:
            unasked += self._until(re.compile(case.then), case.within, after=unasked)
            unasked += self._until(None, SETTLE)
            if found := re.search(case.then, unasked):
                self._rest = unasked[found.end() :]
        _learn(known, case.answer, answer)
        sent = "".join(pieces)
        return Capture(case.name, sent, answer, seconds, unasked, told)

    def _exchange(self, pieces: tuple[str, ...], within: float) -> tuple[str, float | None, str]:
        """The answers to all lines of `pieces`, the seconds to the last, and what came unasked."""
        answers, unasked, began = "", "", self._now()
        seconds: float | None = None
        line = ""
        for piece in pieces:
            if line:
                self._pause(DAMPED)
            self._line.write(piece.encode("latin-1"))
            line += piece
            if not line.endswith(("\r", "\n")):
                continue
            heard = self._until(_FINAL, within)
            seconds = self._since(began) if _FINAL.search(heard) else None
            heard += self._until(None, SETTLE)
            # With echo on, the line comes back first; whether it is on is not what is asked here.
            heard = heard.removeprefix(line).removeprefix(line.strip())
            unasked += "".join(_UNASKED.findall(heard))
            heard = _UNASKED.sub("", heard)
            final = _FINAL.search(heard)
            end = final.end() if final else len(heard)
            answers += heard[:end]
            unasked += heard[end:]
            line = ""
        return answers, seconds, unasked

    def _until(self, pattern: re.Pattern[str] | None, seconds: float, after: str = "") -> str:
        """What comes until it holds `pattern`, together with what came before, or time is over."""
        heard, end = "", time.monotonic() + max(seconds / self.speed, _SHORTEST)
        while time.monotonic() < end and not (pattern and pattern.search(after + heard)):
            waiting = self._line.in_waiting  # type: ignore[attr-defined]  # each kind of port has it
            heard += self._line.read(waiting or 1).decode("latin-1")
        return heard

    def _now(self) -> float:
        return time.monotonic() * self.speed

    def _since(self, began: float) -> float:
        return round(self._now() - began, 3)

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds / self.speed)


def _learn(known: Known, pattern: str, text: str) -> None:
    found = re.search(pattern, text)
    if found is not None:
        known.learn(found.groupdict(""))
