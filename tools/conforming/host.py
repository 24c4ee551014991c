"""A foreign host on the port: sends the bytes of a case and takes down what comes and when."""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import serial

from tools.conforming.cases import DAMPED, Case

# What is still on its way, or a second answer, shows within so many seconds of the final result;
# it is also more than the pause that such modules want before the next command (20 ms).
SETTLE = 0.05
_READ_TIMEOUT = 0.02
_FINAL = re.compile(rb"\r\n(OK|ERROR|\+CME ERROR:\d+)\r\n")


@dataclass(frozen=True, slots=True)
class Capture:
    """What came of a case: bytes as Latin-1 text, seconds to the final result (None: none)."""

    name: str
    sent: str
    answer: str
    seconds: float | None
    unasked: str = ""

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """From a file. Raises TypeError: it is no such thing."""
        return cls(**data)

    def as_data(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Host:
    """Opens `port`, any name or URL that pyserial knows. Raises serial.SerialException."""

    port: str
    baud: int = 9600
    _line: serial.SerialBase = field(init=False)

    def __enter__(self) -> Self:
        self._line = serial.serial_for_url(self.port, baudrate=self.baud, timeout=_READ_TIMEOUT)
        self._line.reset_input_buffer()
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def play(self, case: Case) -> Capture:
        """Send it, and take down the answer and, where one is due, what comes unasked."""
        began = time.monotonic()
        for number, piece in enumerate(case.pieces):
            time.sleep(DAMPED if number else 0)
            self._line.write(piece.encode("latin-1"))
        sent = "".join(case.pieces)
        heard = self._until(_FINAL, case.within)
        final = _FINAL.search(heard)
        seconds = round(time.monotonic() - began, 3) if final else None
        if final and case.then:
            heard += self._until(re.compile(case.then.encode()), case.within)
        heard += self._until(None, SETTLE)
        # With echo on, the line comes back first; whether it is on is not what is asked here.
        heard = heard.removeprefix(sent.encode("latin-1")).removeprefix(sent.strip().encode())
        final = _FINAL.search(heard)
        answer = heard[: final.end()] if final else heard
        unasked = heard[len(answer) :]
        return Capture(
            case.name, sent, answer.decode("latin-1"), seconds, unasked.decode("latin-1")
        )

    def _until(self, pattern: re.Pattern[bytes] | None, seconds: float) -> bytes:
        heard, end = b"", time.monotonic() + seconds
        while time.monotonic() < end and not (pattern and pattern.search(heard)):
            heard += self._line.read(self._line.in_waiting or 1)
        return heard
