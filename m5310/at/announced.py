"""Texts of an announced length, which may hold line ends.

Later firmware writes `+MIPLWRITE:...,1,<len>,<text>,0,0` and `+MIPLEXECUTE:...,<len>,"<text>"`.
What it does with a line end inside the text is not known; here the length decides, as far as the
bytes follow each other without a pause.
"""

# guess: such a text comes as it is, and its length counts characters or bytes.

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_BEGINNING: Final = re.compile(
    rb"(?:\A|(?<=[\r\n]))[^!-~\r\n]*\+[A-Z]+(?:"
    rb"WRITE: ?(?:-?[0-9]+, ?){5}1, ?(?P<text>[0-9]{1,4}),|"
    rb'EXECUTE: ?(?:-?[0-9]+, ?){5}(?P<arguments>[0-9]{1,4}),(?= ?"))'
)
_TAIL: Final = re.compile(r"(?:, ?[0-2](?:, ?[0-9]{1,4})?)?[\r\n]")
_LINE_END: Final = re.compile(r"[\r\n]")


def cuts(text: str, length: int) -> Iterator[tuple[int, int, int]]:
    """Where a text of this length may stand at the beginning of `text`: begin, end, and the begin
    of what follows it and its closing quote.

    It may stand after a blank and between quotes. The length counts characters or bytes. The end
    may be behind the end of `text`: the rest is missing.
    """
    for in_bytes in (False,) if text.isascii() else (False, True):
        for begin in (0, 1) if text[:1] == " " else (0,):
            for quoted in (1, 0) if text[begin : begin + 1] == '"' else (0,):
                at = begin + quoted
                end = _end_of_bytes(text, at, length) if in_bytes else at + length
                if end is not None and (not quoted or text[end : end + 1] in ('"', "")):
                    yield at, end, end + quoted


def _end_of_bytes(text: str, begin: int, length: int) -> int | None:
    """The end of so many bytes; None if it is within a character."""
    data = _encoded(text[begin:])
    if len(data) < length:
        return begin + length  # behind the end of `text`
    found = _decoded(data[:length])
    return begin + len(found) if text.startswith(found, begin) else None


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


class Found(NamedTuple):
    """A line from `start` to `end` that goes over line ends; `end` None: its rest may follow."""

    start: int
    end: int | None


def find(lines: bytes, *, final: bool) -> Found | None:
    """The first such line in whole lines, if there is one. `final`: nothing follows them."""
    for beginning in _BEGINNING.finditer(lines):
        text = _decoded(lines[beginning.end() :])
        line_end = _LINE_END.search(text)
        assert line_end is not None
        length = int(beginning["text"] or beginning["arguments"])
        ends = list(_ends(text, length, quoted_only=beginning["text"] is None))
        complete = [end for end in ends if end is not None]
        # A text may end like a tail, or without one where another one goes on: the longest is best.
        tail = max((end.tail for end in complete), default=0)
        best = next((end for end in complete if end.tail == tail), None)
        here = any(end.at == line_end.start() and end.tail == tail for end in complete)
        if here and tail:
            continue
        if None in ends and not final:
            return Found(beginning.start(), None)
        # without a tail or a quote, the text might be a line end only
        if best is not None and not here and (tail or best.quoted):
            return Found(beginning.start(), beginning.end() + len(_encoded(text[: best.at])))
    return None


class _End(NamedTuple):
    at: int
    tail: int  # its length
    quoted: bool


def _ends(text: str, length: int, *, quoted_only: bool) -> Iterator[_End | None]:
    """Where a line ends whose text has this length; None: later."""
    for _, end, after in cuts(text, length):
        quoted = after > end
        if quoted_only and not quoted:
            continue
        if end >= len(text):
            yield None
        elif tail := _TAIL.match(text, after):
            yield _End(tail.end() - 1, tail.end() - 1 - after, quoted)
