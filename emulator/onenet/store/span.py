"""A span of time of some streams, in pages joined by cursors (OneNET guide 4.2.13). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heapreplace
from typing import NamedTuple

from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.store.database import Database
from emulator.onenet.store.streams import PIECE, Point, Stream

_CURSOR = re.compile(r"(\d{1,19})_(\d{1,19})_(-?\d{1,16})", re.ASCII)


class Position(NamedTuple):
    """A place in the order of points: time in milliseconds, then number."""

    ms: int
    number: int


def cursor_text(position: Position, device: int) -> str:
    """The cursor that names the next point, as in OneNET guide 4.2.15.

    guess: the first number tells points of one millisecond apart.
    """
    return f"{position.number}_{device}_{position.ms}"


def position_of(cursor: str, device: int) -> Position:
    """Raises ApiError for a text that is no cursor of `device`."""
    found = _CURSOR.fullmatch(cursor)
    if found is None or int(found[2]) != device or int(found[1]) >= 1 << 63:
        shown = cursor if len(cursor) <= 40 else cursor[:40] + "..."
        raise ApiError(
            Reason.INVALID_PARAMETER, f"cursor {shown!r}, expected one of an answer of this device"
        )
    return Position(int(found[3]), int(found[1]))


@dataclass(slots=True)
class _Source:
    """A stream, and its points that were read and not yet given out, newest first."""

    number: int
    id: str
    created: float
    after: Position
    rows: list[tuple[int, int, str]] = field(default_factory=list)
    ended: bool = False


class Span:
    """Iterates over the pieces of one page: streams with some of their points, or without any.

    All streams together are read in the order of time, at most `limit` points, from the position
    `begin` to the time `end`. What is added meanwhile is not seen: only points with numbers up to
    `newest` are. At the end `cursor` names the point after the last one, None if there is none.
    """

    def __init__(
        self,
        database: Database,
        device: int,
        streams: list[tuple[int, str, float]],
        begin: Position,
        end: int | None,
        limit: int,
        newest: int,
    ) -> None:
        self.cursor: str | None = None
        self._database, self._device = database, device
        before = Position(begin.ms, begin.number - 1)
        self._sources = [_Source(*stream, before) for stream in streams]
        self._end = (1 << 62) if end is None else end
        self._left, self._newest = limit, newest
        # Points that are read of each stream at first; more and more of those that need it.
        self._share = max(1, min(PIECE, (limit + 1) // max(1, len(streams)) + 1))

    def __iter__(self) -> Iterator[Stream]:
        heads = []
        for place, source in enumerate(self._sources):
            self._read(source, self._share)
            if source.rows:
                heads.append((*source.rows[-1][:2], place))
            yield Stream(source.id, source.created)
        heapify(heads)
        while heads and self._left:
            yield from self._piece(heads)
        if heads:
            self.cursor = cursor_text(Position(*heads[0][:2]), self._device)

    def _piece(self, heads: list[tuple[int, int, int]]) -> list[Stream]:
        """The next points, until PIECE of them, or until more must be read of a stream."""
        taken: dict[int, list[Point]] = {}
        for _ in range(min(PIECE, self._left)):
            place = heads[0][2]
            source = self._sources[place]
            ms, _number, text = source.rows.pop()
            taken.setdefault(place, []).append(Point(ms, text))
            self._left -= 1
            if source.rows:
                heapreplace(heads, (*source.rows[-1][:2], place))
                continue
            self._read(source, PIECE)
            if source.rows:
                heapreplace(heads, (*source.rows[-1][:2], place))
            else:
                heappop(heads)
            break
        found = ((self._sources[place], points) for place, points in taken.items())
        return [Stream(source.id, source.created, points) for source, points in found]

    def _read(self, source: _Source, count: int) -> None:
        if source.ended:
            return
        source.rows = self._database.execute(
            "SELECT at, number, value FROM points WHERE stream = ? AND (at, number) > (?, ?)"
            " AND at <= ? AND number <= ? ORDER BY at, number LIMIT ?",
            (source.number, *source.after, self._end, self._newest, count),
        ).fetchall()
        source.rows.reverse()
        source.ended = len(source.rows) < count
        if source.rows:
            source.after = Position(*source.rows[0][:2])
