"""Output of the command: results on stdout, messages and progress on stderr.

A `Text` is written in the language of the user. Tables, colours and wrapping use the standard
library only: half of the readers are pipes, where the output is plain text anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import unicodedata
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from enum import Enum
from io import TextIOWrapper
from typing import Final, TextIO

from m5310.cli.translation import translated

GAP: Final = "  "
_INDENT: Final = "    "  # of an explanation below its line
_NARROWEST: Final = 30  # columns; a narrower explanation goes below its line
_WIDEST: Final = 10_000  # columns; a larger value in COLUMNS is ignored
_SPARE: Final = 3  # columns right of the progress line: two for the ^C that a terminal echoes
# (a line that it makes wider than the terminal could not be erased), and the cursor's
_ERASE: Final = "\r\x1b[K"  # the line (ECMA-48 8.3.41)
_DEFAULT_WIDTH: Final = 80  # columns, for a terminal without a known width


# What stays on one line: a Chinese character or a word, with the punctuation that belongs to it.
_WIDE: Final = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60"
_OPENING: Final = "（「『“"
_CLOSING: Final = "，。；：、！？）」』”’…"
_PIECE: Final = re.compile(
    rf"(?P<gap>\s*)(?P<piece>[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}]+)[{_CLOSING}]*)"
)

# General categories of the Unicode Standard (4.5): control, format, surrogate, line and paragraph
# separator.
_OBEYED: Final = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class Style(Enum):
    """SGR numbers (ECMA-48 8.3.117)."""

    PLAIN = ""
    BOLD = "1"
    DIM = "2"
    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    CYAN = "36"


class Output:
    """Writes to two streams: `out` (default: stdout) and `err` (default: stderr).

    Colours appear on terminals only, and not if NO_COLOR is set (no-color.org).
    """

    def __init__(
        self,
        out: TextIO | None = None,
        err: TextIO | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.out: TextIO = sys.stdout if out is None else out
        self.err: TextIO = sys.stderr if err is None else err
        for stream in (self.out, self.err):
            if isinstance(stream, TextIOWrapper):
                # escape characters that the terminal's code page lacks
                stream.reconfigure(errors="backslashreplace")
        plain = bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"
        self.terminal: Final = self.out.isatty()
        self._colours = self.terminal and not plain
        self._shows_progress = self.err.isatty() and environment.get("TERM") != "dumb"
        self._progress_line = ""  # shown on the terminal now

    def result(self, text: str = "", style: Style = Style.PLAIN) -> None:
        """Write a line to stdout. Raises OSError if it cannot be written."""
        self._print(self.coloured(_shown(text), style))

    def sentence(self, text: str, style: Style = Style.PLAIN) -> None:
        """Write a line for people to stdout; at a terminal it is wrapped between words."""
        text = _shown(text)
        for part in wrapped(text, columns(self.out)) if self.terminal else [text]:
            self.result(part, style)

    def erase_echo(self) -> None:
        """Erase the ^C that a terminal has echoed, so that a message does not follow it."""
        if self._shows_progress:
            self.err.write(_ERASE)
            self.err.flush()

    def _print(self, text: str) -> None:
        self._erase_progress()
        print(text, file=self.out, flush=True)
        self._draw_progress()

    def message(self, text: str) -> None:
        """Write a line to stderr: errors, advice, progress. Never raises OSError.

        At a terminal it is wrapped between words.
        """
        self._erase_progress()
        text = f"m5310: {_shown(text)}"
        if self.err.isatty():
            lines = text.split("\n")
            text = "\n".join(part for line in lines for part in wrapped(line, columns(self.err)))
        with contextlib.suppress(OSError):
            print(text, file=self.err, flush=True)
        self._draw_progress()

    def coloured(self, text: str, style: Style) -> str:
        if not self._colours or style is Style.PLAIN or not text:
            return text
        return f"\x1b[{style.value}m{text}\x1b[0m"

    def table(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[Style]
    ) -> None:
        """Write aligned columns; `styles` has one style for each row.

        On a terminal the last column is wrapped to the terminal's width.
        """
        head = [_shown(cell) for cell in head]
        rows = [[_shown(cell) for cell in row] for row in rows]
        widths = [max(map(width, column)) for column in zip(head, *rows, strict=True)]
        left = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
        for cells, style in zip((head, *rows), (Style.BOLD, *styles), strict=True):
            begin = GAP.join(padded(cell, w) for cell, w in zip(cells[:-1], widths, strict=False))
            self.explained(begin.rstrip(), cells[-1].rstrip(), left, style, style)

    def explained(
        self, line: str, meaning: str, column: int, style: Style, meaning_style: Style = Style.CYAN
    ) -> None:
        """Write a line with its meaning from `column` on, or below the line if it does not fit."""
        line, meaning = visible(line), _shown(meaning)
        filled = padded(line, max(column, width(line) + len(GAP))) if meaning else line
        space = columns(self.out) - column if self.terminal else None
        if space is None or not meaning or width(filled) + width(meaning) <= column + space:
            parts = [filled, meaning]
            rest = []
        elif width(filled) == column and space >= _NARROWEST:
            first, *rest = wrapped(meaning, space)
            parts = [filled, first]
            rest = [" " * column + part for part in rest]
        else:
            parts = [line]
            rest = [_INDENT + part for part in wrapped(meaning, column + space - len(_INDENT))]
            if width(line) < len(_INDENT):  # a mark alone
                parts = [padded(line, len(_INDENT)), rest.pop(0).removeprefix(_INDENT)]
        if style is meaning_style:
            self._print(self.coloured("".join(parts), style))
        else:
            tail = self.coloured("".join(parts[1:]), meaning_style)
            self._print(self.coloured(parts[0], style) + tail)
        for part in rest:
            self._print(self.coloured(part, meaning_style))

    @contextlib.asynccontextmanager
    async def progress(self, what: str) -> AsyncGenerator[Callable[[str], None], None]:
        """Show on a terminal what is being done and for how many seconds; nothing in pipes.

        Yields a function that replaces the text.
        """
        texts = [what]
        if not self._shows_progress:
            yield texts.append
            return
        ticking = asyncio.create_task(self._tick(texts))
        try:
            yield texts.append
        finally:
            ticking.cancel()
            self._erase_progress()
            self._progress_line = ""

    async def _tick(self, texts: list[str]) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        while True:
            self._erase_progress()
            end = f" ... {clock() - began:.0f} s"
            space = columns(self.err) - len(end) - _SPARE
            self._progress_line = wrapped(_shown(texts[-1]), space)[0] + end
            self._draw_progress()
            await asyncio.sleep(1)

    def _erase_progress(self) -> None:
        if self._progress_line:
            self.err.write(_ERASE)
            self.err.flush()

    def _draw_progress(self) -> None:
        if self._progress_line:
            self.err.write(self._progress_line)
            self.err.flush()


def _shown(text: str) -> str:
    return visible(translated(text))


def visible(text: str) -> str:
    """The text, with escapes for the characters that a terminal obeys instead of showing: control
    characters, and those that change the direction of writing. Line ends and tabs stay."""
    if text.isprintable():
        return text
    return "".join(_escaped(each) if _obeyed(each) else each for each in text)


def _obeyed(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) in _OBEYED


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def width(text: str) -> int:
    """Terminal columns of a text; a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def clipped(text: str, most: int) -> str:
    """The text, cut to at most `most` columns."""
    while text and width(text) > most:
        text = text[:-1]
    return text


def wrapped(text: str, most: int) -> list[str]:
    """The text in lines of at most `most` columns, broken between words where possible.

    Chinese text may break between any two characters, except before closing punctuation.
    """
    lines = [""]
    for found in _PIECE.finditer(text):
        gap = " " if found["gap"] and lines[-1] else ""
        piece = found["piece"]
        if width(lines[-1] + gap + piece) <= most:
            lines[-1] += gap + piece
            continue
        rest = piece
        if lines[-1]:
            lines.append("")
        while width(rest) > most:
            lines[-1] = clipped(rest, most) or rest[0]
            rest = rest[len(lines[-1]) :]
            lines.append("")
        lines[-1] = rest
    return lines


def columns(stream: TextIO) -> int:
    """The width of the stream's terminal; the variable COLUMNS overrides it."""
    setting = os.environ.get("COLUMNS", "")
    if setting.isascii() and setting.isdecimal() and 0 < int(setting) < _WIDEST:
        return int(setting)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _DEFAULT_WIDTH
    except OSError:  # not a terminal
        return _DEFAULT_WIDTH
