"""What the command shows: results on stdout, everything about the work itself on stderr.

Everything is drawn here with what Python brings: a table library would be a second way of saying
the same, and pipes, for which it must look plain anyway, are half of its readers.
"""

from __future__ import annotations

import contextlib
import os
import sys
import unicodedata
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from enum import Enum
from io import TextIOWrapper
from typing import Final, TextIO

GAP: Final = "  "
_INDENT: Final = "    "  # of words that stand below what they explain
_NARROWEST: Final = 30  # columns in which words can still be read beside something
_WIDEST: Final = 10_000  # columns; more in COLUMNS is a mistake
_USUAL: Final = 80  # columns of a terminal that does not tell


class Style(Enum):
    """SGR numbers (ECMA-48 8.3.117)."""

    PLAIN = ""
    BOLD = "1"
    DIM = "2"
    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    CYAN = "36"


class Screen:
    """Two streams, and whether each is a terminal.

    Colours only where a person looks: not in pipes, nor where NO_COLOR is set (no-color.org).
    """

    def __init__(
        self,
        out: TextIO | None = None,
        err: TextIO | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.out = sys.stdout if out is None else out
        self.err = sys.stderr if err is None else err
        for stream in (self.out, self.err):
            if isinstance(stream, TextIOWrapper):
                # a name or value that the terminal's code page lacks is no reason to die
                stream.reconfigure(errors="backslashreplace")
        plain = bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"
        self.terminal = self.out.isatty()
        self._colours = self.terminal and not plain
        self._progress = self.err.isatty() and environment.get("TERM") != "dumb"
        self._working = ""  # the progress line that stands on the terminal

    def say(self, text: str = "", style: Style = Style.PLAIN) -> None:
        """A line of the result. Raises BrokenPipeError once nobody reads any more."""
        self._wipe()
        print(self.painted(text, style), file=self.out, flush=True)
        self._draw()

    def tell(self, text: str) -> None:
        """A line about the work: errors, advice, what is being done."""
        self._wipe()
        with contextlib.suppress(OSError):  # errors may go unread, results may not
            print(f"m5310: {text}", file=self.err, flush=True)
        self._draw()

    def painted(self, text: str, style: Style) -> str:
        if not self._colours or style is Style.PLAIN or not text:
            return text
        return f"\x1b[{style.value}m{text}\x1b[0m"

    def table(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[Style]
    ) -> None:
        """Aligned columns; `styles` has one for each row.

        On a terminal the last column is wrapped to what is left of its width.
        """
        widths = [max(map(width, column)) for column in zip(head, *rows, strict=True)]
        left = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
        for cells, style in zip((head, *rows), (Style.BOLD, *styles), strict=True):
            begin = GAP.join(padded(cell, w) for cell, w in zip(cells[:-1], widths, strict=False))
            self._pair(begin.rstrip(), cells[-1].rstrip(), left, style, style)

    def explained(
        self, line: str, words: str, column: int, style: Style, words_style: Style = Style.CYAN
    ) -> None:
        """A line and, beginning at a column, what it means; below it where there is no room."""
        self._pair(line, words, column, style, words_style)

    def _pair(self, line: str, words: str, column: int, style: Style, words_style: Style) -> None:
        filled = padded(line, max(column, width(line) + len(GAP))) if words else line
        room = columns(self.out) - column if self.terminal else None
        if room is None or not words or width(filled) + width(words) <= column + room:
            parts = [filled, words]
            rest = []
        elif width(filled) == column and room >= _NARROWEST:
            first, *rest = wrapped(words, room)
            parts = [filled, first]
            rest = [" " * column + part for part in rest]
        else:
            parts = [line]
            rest = [_INDENT + part for part in wrapped(words, column + room - len(_INDENT))]
            if width(line) < len(_INDENT):  # a mark alone
                parts = [padded(line, len(_INDENT)), rest.pop(0).removeprefix(_INDENT)]
        if style is words_style:
            self.say("".join(parts), style)
        else:
            self.say(self.painted(parts[0], style) + self.painted("".join(parts[1:]), words_style))
        for part in rest:
            self.say(part, words_style)

    @contextlib.asynccontextmanager
    async def working(self, what: str) -> AsyncGenerator[Callable[[str], None], None]:
        """Say on a terminal what is being done, and for how long already; nothing in pipes.

        Gives a function that says something newer.
        """
        import asyncio  # noqa: PLC0415 - `ports`, `decode` and --help live without it

        said = [what]
        if not self._progress:
            yield lambda text: said.append(text)
            return
        ticking = asyncio.create_task(self._tick(said))
        try:
            yield lambda text: said.append(text)
        finally:
            ticking.cancel()
            self._wipe()
            self._working = ""

    async def _tick(self, said: list[str]) -> None:
        from asyncio import get_running_loop, sleep  # noqa: PLC0415

        began = get_running_loop().time()
        while True:
            self._wipe()
            elapsed = get_running_loop().time() - began
            # a line longer than the terminal could not be wiped again
            end = f" ... {elapsed:.0f} s"
            self._working = clipped(said[-1], columns(self.err) - len(end) - 1) + end
            self._draw()
            await sleep(1)

    def _wipe(self) -> None:
        if self._working:
            self.err.write("\r\x1b[K")
            self.err.flush()

    def _draw(self) -> None:
        if self._working:
            self.err.write(self._working)
            self.err.flush()


def width(text: str) -> int:
    """Columns of a terminal that a text takes; Chinese takes two a character."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def clipped(text: str, most: int) -> str:
    """As much of a text as so many columns hold."""
    while text and width(text) > most:
        text = text[:-1]
    return text


def wrapped(text: str, most: int) -> list[str]:
    """A text in lines of so many columns, at least one, parted between words where that can be."""
    lines = [""]
    for word in text.split():
        gap = " " if lines[-1] else ""
        if width(lines[-1] + gap + word) <= most:
            lines[-1] += gap + word
            continue
        rest = word
        if lines[-1]:
            lines.append("")
        while width(rest) > most:
            lines[-1] = clipped(rest, most) or rest[0]
            rest = rest[len(lines[-1]) :]
            lines.append("")
        lines[-1] = rest
    return lines


def columns(stream: TextIO) -> int:
    """How wide the terminal is at which a stream ends; COLUMNS overrides, as in other programs."""
    told = os.environ.get("COLUMNS", "")
    if told.isascii() and told.isdecimal() and 0 < int(told) < _WIDEST:
        return int(told)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL
    except OSError:  # a test's terminal is none
        return _USUAL
