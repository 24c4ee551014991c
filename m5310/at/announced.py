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
        length = int(beginning["text"] or beginning["arguments"])
        line_end = _LINE_END.search(text)
        assert line_end is not None
        ends = list(_ends(text, length))
        if line_end.start() in ends:
            continue  # within one line
        if None in ends and not final:
            return Found(beginning.start(), None)
        if end := next(filter(None, ends), None):
            return Found(beginning.start(), beginning.end() + end)
    return None


def _ends(text: bytes, length: int) -> Iterator[int | None]:
    """Where a line ends whose text has this length; 0: nowhere, None: later."""
    for begin in (0, 1) if text.startswith(b" ") else (0,):
        for quote in (b'"', b""):
            if not text.startswith(quote, begin):
                continue
            at = begin + len(quote)
            characters = text[at:].decode("utf-8", "surrogateescape")
            taken = len(characters[:length].encode("utf-8", "surrogateescape"))
            for size, complete in (
                (taken, len(characters) > length),
                (length, len(text) > at + length),
            ):
                tail = _TAIL.match(text, at + size + len(quote))
                if not complete:
                    yield None
                elif tail is None or not text.startswith(quote, at + size):
                    yield 0
                else:
                    yield tail.end() - 1
