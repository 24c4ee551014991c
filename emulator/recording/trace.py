"""The line as a person reads it: each line in both directions with its time, URCs marked. Pure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

# A line that does not end is shown in parts, so that nothing is kept without bound.
_MAX_PENDING = 8192
# More commands at once than any host sends; older ones were lost on their way.
_MAX_OPEN = 16
# What a terminal line holds; the middle of a longer text is left out.
_MAX_SHOWN = 160

# A command line ends at CR, and a LF behind it is ignored; what the module says ends at either.
_HOST_ENDS = re.compile(rb"\r\n?")
_MODULE_ENDS = re.compile(rb"[\r\n]+")
_FINAL = re.compile(r"OK|ERROR|\+CME ERROR:.*")
_COMMAND = re.compile(r"\s*AT(\+[A-Z]+)", re.IGNORECASE)
# No command of the classic language brings information under these names: always unsolicited.
_UNSOLICITED = re.compile(r"\+(MIPL\w*|NSONMI|NPING|NPINGERR):")


class Direction(Enum):
    TO_MODULE = "-->"
    TO_HOST = "<--"
    NOTE = "***"  # about the line: faults, hosts that come and go


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One line, as text; `at` in seconds since the trace began, `module` its number of several."""

    at: float
    direction: Direction
    text: str
    urc: bool = False
    module: int | None = None

    def render(self, *, colours: bool = False) -> str:
        """The line for a terminal: control characters escaped, long text shortened."""
        text = _shortened(_printable(self.text))
        whose = "" if self.module is None else f"#{self.module} "
        urc = "   (URC)" if self.urc else ""
        line = f"{self.at:10.3f} {whose}{self.direction.value} {text}{urc}"
        if not colours:
            return line
        return f"\x1b[{self._colour}m{line}\x1b[0m"

    def __str__(self) -> str:
        return self.render()

    @property
    def _colour(self) -> int:
        match self.direction:
            case Direction.TO_MODULE:
                return 36  # cyan
            case Direction.TO_HOST:
                return 33 if self.urc else 32  # yellow, green
            case Direction.NOTE:
                return 35  # magenta
            case _:
                assert_never(self.direction)


class Trace:
    """Bytes of both directions in, whole lines out to `show`; `start` in the caller's seconds."""

    def __init__(
        self, show: Callable[[TraceLine], None], start: float, *, module: int | None = None
    ) -> None:
        self._to = show
        self._start = start
        self._module = module
        self._pending = {direction: bytearray() for direction in Direction}
        # What the information of each command begins with that has no final result yet.
        self._open: deque[str] = deque(maxlen=_MAX_OPEN)

    def to_module(self, data: bytes, now: float) -> None:
        for text in self._lines(Direction.TO_MODULE, data, _HOST_ENDS):
            command = _COMMAND.match(text)
            self._open.append(f"{command[1].upper()}:" if command else "")
            self._show(now, Direction.TO_MODULE, text)
        begun = self._pending[Direction.TO_MODULE].lstrip(b"\n")
        if begun.endswith(b"\n") and data.endswith(b"\n"):
            self.note(
                f"the host ends its line with LF, the module waits for CR: {_text(begun)}", now
            )

    def to_host(self, data: bytes, now: float) -> None:
        for text in self._lines(Direction.TO_HOST, data, _MODULE_ENDS):
            urc = self._is_unsolicited(text)
            if text.startswith("REBOOT"):  # what was asked before is forgotten
                self._open.clear()
            elif _FINAL.fullmatch(text) and self._open:
                self._open.popleft()
            self._show(now, Direction.TO_HOST, text, urc)

    def close(self, now: float) -> None:
        """The line is no more: tell what was begun on it and not ended."""
        for direction, pending in self._pending.items():
            begun = pending.strip(b"\r\n")
            if begun:
                self.note(f"begun and never ended: {direction.value} {_text(begun)}", now)
            pending.clear()

    def note(self, text: str, now: float) -> None:
        """Something that happened to the line or beside it, in words."""
        self._show(now, Direction.NOTE, text)

    def _show(self, now: float, direction: Direction, text: str, urc: bool = False) -> None:
        self._to(TraceLine(now - self._start, direction, text, urc, self._module))

    def _is_unsolicited(self, text: str) -> bool:
        if not text.startswith("+") or _FINAL.fullmatch(text):
            return False
        if _UNSOLICITED.match(text):
            return True
        return not any(prefix and text.startswith(prefix) for prefix in self._open)

    def _lines(self, direction: Direction, data: bytes, ends: re.Pattern[bytes]) -> list[str]:
        pending = self._pending[direction]
        pending += data
        *whole, rest = ends.split(bytes(pending))
        if len(rest) > _MAX_PENDING:
            whole, rest = [*whole, rest], b""
        self._pending[direction] = bytearray(rest)
        return [_text(line) for line in whole if line.strip(b"\n")]


def _text(line: bytes | bytearray) -> str:
    return line.strip(b"\n").decode("utf-8", "backslashreplace")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _shortened(text: str) -> str:
    if len(text) <= _MAX_SHOWN:
        return text
    half = _MAX_SHOWN // 2 - 20
    return f"{text[:half]} ... ({len(text)} characters) ... {text[-half:]}"
