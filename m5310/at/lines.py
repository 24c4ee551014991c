"""Bytes to lines: any split, any line end, noise removed, bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from m5310.at import announced
from m5310.at.codec import LINE_LIMIT

# Control characters but TAB (a platform's text may hold one), CR and LF.
# The wake-up of a UART and a boot ROM at another speed bring NULs and other control bytes.
_NOISE = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\r\n")

# Input is processed in slices no longer than a line may be, so that only the first line of a
# slice, which began earlier, can be too long.
_SLICE = LINE_LIMIT

_HEAD = 80

# The beginning of a line with a text of the platform's. Nothing is removed but NUL, which may
# stand between any two characters as fill (ITU-T T.50): the text would change without a trace. A
# byte that is not UTF-8 becomes a lone surrogate (PEP 383).
_TEXT = re.compile(rb"[^!-~]*(?P<line>\+[A-Z]+(?:WRITE|EXECUTE):)")

_LINE_ENDS = re.compile(rb"([\r\n])")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_PRINTABLE = re.compile(r"[!-~]")


def printable(line: str) -> str:
    """A line for a log: a text of the platform's may hold any byte."""
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], line)


@dataclass(frozen=True, slots=True)
class Overlong:
    """A line longer than `LINE_LIMIT` bytes was dropped up to its end; `head` is how it began."""

    head: str


class LineReader:
    """Splits a byte stream into lines, with the same result however the stream is split in reads.

    CR, LF, CR LF and CR CR LF all end a line; empty lines are skipped. Control bytes, bytes that
    are not UTF-8 and all before the first printable ASCII character of a line are noise: dropped
    and, except blanks, counted in `noise`. A line with a text of the platform's keeps them, except
    NUL, after its name. At most one line's bytes are buffered.

    With `joins`, a text of announced length is one line with its line ends (see `announced`). While
    its rest may follow, `waits` is True and nothing after it is returned; `release` returns that.
    """

    __slots__ = ("_joins", "_skipping", "_tail", "noise", "open_end", "overlong", "waits")

    def __init__(self, *, joins: bool = False) -> None:
        self.noise: int = 0
        self.waits: bool = False
        self._joins = joins
        self.overlong: int = 0
        # Whether the last byte was a CR, whose LF may still come.
        self.open_end: bool = False
        self._tail = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[str | Overlong]:
        """The lines that `data` ends, in order."""
        if len(data) <= _SLICE:
            return self._slice(data)
        lines: list[str | Overlong] = []
        for start in range(0, len(data), _SLICE):
            lines += self._slice(data[start : start + _SLICE])
        return lines

    def _slice(self, data: bytes) -> list[str | Overlong]:
        clean = data.translate(None, _NOISE)
        if len(clean) != len(data):
            clean = self._without_noise(data)
            self.noise += len(data) - len(clean)
        if not clean:
            return []
        if clean.endswith(b"\n"):
            self.open_end = False
            whole, rest = self._tail + clean, b""
        else:
            self.open_end = clean.endswith(b"\r")
            end = max(clean.rfind(b"\n"), clean.rfind(b"\r")) + 1
            if not end:
                return self._hold(clean)
            whole, rest = self._tail + clean[:end], clean[end:]
        lines: list[str | Overlong] = []
        if self._skipping or len(whole) > LINE_LIMIT:
            lines, whole = self._without_overlong(whole)
        self._tail = b""
        self.waits = False
        # one byte of WRITE and EXECUTE is found ten times as fast as several
        if self._joins and (b"W" in whole or b"X" in whole):
            joined, whole = self._join(whole, len(rest), final=False)
            lines += joined
            if self.waits:
                self._tail = whole + rest
                return lines
        lines += self._split(whole)
        return lines + self._hold(rest) if rest else lines

    def release(self) -> list[str | Overlong]:
        """The lines after a text whose rest does not follow, that text among them."""
        held, self._tail = self._tail, b""
        end = max(held.rfind(b"\n"), held.rfind(b"\r")) + 1
        lines, whole = self._join(held[:end], 0, final=True)
        return [*lines, *self._split(whole), *self._hold(held[end:])]

    def _join(self, whole: bytes, more: int, *, final: bool) -> tuple[list[str], bytes]:
        """The lines up to the last text of announced length, and the bytes after them. If the rest
        of a text may follow these and `more` bytes, `waits` is True and it is the first of them."""
        lines: list[str] = []
        self.waits = False
        while text := announced.find(whole, final=final):
            if text.end is None and len(whole) - text.start + more > LINE_LIMIT:
                break
            lines += self._split(whole[: text.start])
            if text.end is None:
                self.waits = True
                return lines, whole[text.start :]
            lines.append(self._decoded(whole[text.start : text.end]))
            whole = whole[text.end :]
        return lines, whole

    def _split(self, whole: bytes) -> Iterator[str]:
        """The lines of bytes that end with a line end."""
        if whole.isascii():
            text = whole.decode().replace("\r", "\n")
            found = filter(None, text.split("\n"))
            # Three searches of the whole text are faster than a check of each line's beginning.
            if text.startswith((" ", "\t")) or "\n " in text or "\n\t" in text:
                found = filter(None, map(self._trimmed, found))
            return found
        return filter(None, map(self._decoded, whole.replace(b"\r", b"\n").split(b"\n")))

    def _hold(self, rest: bytes) -> list[str | Overlong]:
        """Buffer the beginning of a line, unless it is too long."""
        if self._skipping:
            return []
        self._tail += rest
        if len(self._tail) <= LINE_LIMIT:
            return []
        if self.waits:
            return self.release()
        overlong = self._dropped(self._tail)
        self._tail = b""
        self._skipping = True
        return [overlong]

    def _without_overlong(self, whole: bytes) -> tuple[list[str | Overlong], bytes]:
        """Remove the first line if it is, or ends, one that is too long."""
        ends = [at for at in (whole.find(b"\n"), whole.find(b"\r")) if at >= 0]
        first = min(ends)
        if self._skipping:
            self._skipping = False
            return [], whole[first:]
        if first > LINE_LIMIT:
            return [self._dropped(whole)], whole[first:]
        return [], whole

    def _without_noise(self, data: bytes) -> bytes:
        """`data` without control bytes, which stay in a line with a text."""
        pieces = []
        held = max(self._tail.rfind(b"\n"), self._tail.rfind(b"\r")) + 1
        begun = b"" if self._skipping else self._tail[held:]
        for piece in _LINE_ENDS.split(data.replace(b"\0", b"")):
            if not _TEXT.match(begun):
                before, colon, after = piece.partition(b":")
                name = before.translate(None, _NOISE) + colon
                text = colon and _TEXT.fullmatch(begun + name)
                piece = name + (after if text else after.translate(None, _NOISE))
            pieces.append(piece)
            begun = b"" if piece in (b"\r", b"\n") else begun + piece
        return b"".join(pieces)

    def _decoded(self, line: bytes) -> str:
        if found := _TEXT.match(line):
            start = found.start("line")
            self.noise += len(line[:start].replace(b" ", b""))
            return line[start:].decode("utf-8", "surrogateescape")
        text = line.decode("utf-8", "ignore")
        self.noise += len(line) - len(text.encode())
        return self._trimmed(text)

    def _dropped(self, line: bytes) -> Overlong:
        self.overlong += 1
        return Overlong(line[:_HEAD].decode("utf-8", "ignore"))

    def _trimmed(self, line: str) -> str:
        """Strip what no line of V.250 (IA5 text) begins with: blanks, non-ASCII letters."""
        first = _PRINTABLE.search(line)
        start = len(line) if first is None else first.start()
        if start:
            # Blanks are not noise: the echo of a command line may begin with them.
            self.noise += len(line[:start].replace(" ", "").encode())
        return line[start:]
