"""Trace: each line in both directions as text, with its time; URCs are marked. Pure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

# A longer line is shown in parts, to bound the memory.
_MAX_PENDING = 8192
# More unanswered commands than any host has; older ones were lost on the line.
_MAX_OPEN = 16
# Characters of a line that are shown; the middle of a longer text is left out.
_MAX_SHOWN = 160
_MAX_SHOWN_OF_AIR = 400

# A command line ends with CR, and a LF after it is ignored; output of the module ends with either.
_HOST_ENDS = re.compile(rb"\r\n?")
_MODULE_ENDS = re.compile(rb"[\r\n]+")
_FINAL = re.compile(r"OK|ERROR|\+CME ERROR:.*")
_COMMAND = re.compile(r"\s*AT(\+[A-Z]+)", re.IGNORECASE)
# No command of the classic dialect has these names in its response: they are always URCs.
_UNSOLICITED = re.compile(r"\+(MIPL\w*|NSONMI|NPING|NPINGERR):")


class Direction(Enum):
    TO_MODULE = "-->"
    TO_HOST = "<--"
    UP = "==>"  # a datagram of the air to a server, see `air_trace`
    DOWN = "<=="
    CALL = ">>>"  # of an application to the HTTP API
    POST = "<<<"  # to an application
    NOTE = "***"  # about the line: faults, hosts that connect

    # Each line is looked up by it several times; that of Enum runs in Python.
    __hash__ = object.__hash__


# ANSI colours: cyan, green, blue, red, magenta; a URC is yellow.
_COLOURS = {
    Direction.TO_MODULE: 36,
    Direction.TO_HOST: 32,
    Direction.UP: 34,
    Direction.DOWN: 34,
    Direction.CALL: 31,
    Direction.POST: 31,
    Direction.NOTE: 35,
}
_YELLOW = 33


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One line of text. `at`: seconds since the trace began; `module`: number among several."""

    at: float
    direction: Direction
    text: str
    urc: bool = False
    module: int | None = None

    def render(self, *, colours: bool = False) -> str:
        """The line for a terminal: control characters escaped, long text shortened."""
        air = self.direction in (Direction.UP, Direction.DOWN)
        text = _shortened(_printable(self.text), _MAX_SHOWN_OF_AIR if air else _MAX_SHOWN)
        module = "" if self.module is None else f"#{self.module} "
        urc = "   (URC)" if self.urc else ""
        line = f"{self.at:10.3f} {module}{self.direction.value} {text}{urc}"
        colour = _YELLOW if self.urc else _COLOURS[self.direction]
        return f"\x1b[{colour}m{line}\x1b[0m" if colours else line

    def __str__(self) -> str:
        return self.render()


class Trace:
    """Splits the bytes of both directions into lines and calls `show` with each.

    All times are in seconds of the same clock; `start` is the zero of `TraceLine.at`.
    """

    def __init__(
        self, show: Callable[[TraceLine], None], start: float, *, module: int | None = None
    ) -> None:
        self._emit = show
        self._start = start
        self._module = module
        self._pending = {direction: bytearray() for direction in Direction}
        # Prefix of the information response of each command without final result.
        self._open: deque[str] = deque(maxlen=_MAX_OPEN)

    def to_module(self, data: bytes, now: float) -> None:
        for text in self._lines(Direction.TO_MODULE, data, _HOST_ENDS):
            command = _COMMAND.match(text)
            self._open.append(f"{command[1].upper()}:" if command else "")
            self._show(now, Direction.TO_MODULE, text)
        partial = self._pending[Direction.TO_MODULE].lstrip(b"\n")
        if partial.endswith(b"\n") and data.endswith(b"\n"):
            self.note(
                f"the host ends its line with LF; the module waits for CR: {_text(partial)}", now
            )

    def to_host(self, data: bytes, now: float) -> None:
        for text in self._lines(Direction.TO_HOST, data, _MODULE_ENDS):
            urc = self._is_unsolicited(text)
            if text.startswith("REBOOT"):  # commands before the restart get no result
                self._open.clear()
            elif _FINAL.fullmatch(text) and self._open:
                self._open.popleft()
            self._show(now, Direction.TO_HOST, text, urc)

    def close(self, now: float) -> None:
        """Call at the end: notes the lines that were not completed."""
        for direction, pending in self._pending.items():
            partial = pending.strip(b"\r\n")
            if partial:
                self.note(f"incomplete line: {direction.value} {_text(partial)}", now)
            pending.clear()

    def note(self, text: str, now: float) -> None:
        """Show a note about the line, such as a fault."""
        self._show(now, Direction.NOTE, text)

    def _show(self, now: float, direction: Direction, text: str, urc: bool = False) -> None:
        self._emit(TraceLine(now - self._start, direction, text, urc, self._module))

    def _is_unsolicited(self, text: str) -> bool:
        if not text.startswith("+") or _FINAL.fullmatch(text):
            return False
        if _UNSOLICITED.match(text):
            return True
        return not any(prefix and text.startswith(prefix) for prefix in self._open)

    def _lines(self, direction: Direction, data: bytes, ends: re.Pattern[bytes]) -> list[str]:
        pending = self._pending[direction]
        *whole, rest = ends.split(bytes(pending) + data if pending else data)
        if len(rest) > _MAX_PENDING:
            whole, rest = [*whole, rest], b""
        if pending or rest:
            self._pending[direction] = bytearray(rest)
        return [_text(line) for line in whole if line.strip(b"\n")]


def _text(line: bytes | bytearray) -> str:
    return line.strip(b"\n").decode("utf-8", "backslashreplace")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    half = most // 2 - 20
    return f"{text[:half]} ... ({len(text)} characters) ... {text[-half:]}"
