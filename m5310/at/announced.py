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
_TAIL: Final = re.compile(rb"(?:, ?[0-2](?:, ?[0-9]{1,4})?)?[\r\n]")
_LINE_END: Final = re.compile(rb"[\r\n]")


class Found(NamedTuple):
    """A line from `start` to `end` that goes over line ends; `end` None: its rest may follow."""

    start: int
    end: int | None


def find(lines: bytes, *, final: bool) -> Found | None:
    """The first such line in whole lines, if there is one. `final`: nothing follows them."""
    for beginning in _BEGINNING.finditer(lines):
        text = lines[beginning.end() :]
        line_end = _LINE_END.search(text)
        assert line_end is not None
        length = int(beginning["text"] or beginning["arguments"])
        quotes = (b'"', b"") if beginning["text"] else (b'"',)
        ends = list(_ends(text, length, quotes))
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
            return Found(beginning.start(), beginning.end() + best.at)
    return None


class _End(NamedTuple):
    at: int
    tail: int  # its length
    quoted: bool


def _ends(text: bytes, length: int, quotes: tuple[bytes, ...]) -> Iterator[_End | None]:
    """Where a line ends whose text has this length; None: later."""
    for begin in (0, 1) if text.startswith(b" ") else (0,):
        for quote in (one for one in quotes if text.startswith(one, begin)):
            at = begin + len(quote)
            characters = text[at:].decode("utf-8", "surrogateescape")
            taken = len(characters[:length].encode("utf-8", "surrogateescape"))
            for size, complete in (
                (taken, len(characters) > length),
                (length, len(text) > at + length),
            ):
                after = at + size + len(quote)
                if not complete:
                    yield None
                elif text.startswith(quote, at + size) and (tail := _TAIL.match(text, after)):
                    yield _End(tail.end() - 1, tail.end() - 1 - after, bool(quote))
