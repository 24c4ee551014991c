"""Data points on their way into the platform: a long report is worked off in turns. Pure."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence

from emulator.onenet.store.database import Database, StoreError
from emulator.onenet.store.streams import text_of

# Stream, value, POSIX milliseconds.
Point = tuple[str, object, int]

# Of one turn: points, and triggers that are judged at each. All that fire take 2 ms.
_EFFORT = 50
# Points of one row: so many are read, and at most written again, for each turn.
_ROW = 50
# guess: bounds the database. Rows; a report beyond them is refused, and its sender repeats it.
MAX_WAITING = 1000
# Seconds between two turns, and until one is tried again that the database could not keep.
_PAUSE, _RETRY = 0.001, 1.0

logger = logging.getLogger(__name__)


class Reports:
    """Takes reports (some points of one device) in the order in which they come.

    A short one is taken at once. A longer one is kept as a whole, so that it can be acknowledged,
    and `step` takes a piece of it whenever it is `due`, also after a restart. While some wait
    (`waiting`: their rows), all others wait behind them. `failing`: the last piece could not be
    kept.
    """

    def __init__(
        self,
        database: Database,
        effort: Callable[[int, str], int],
        take: Callable[[int, Sequence[Point], float], None],
    ) -> None:
        """`effort` of a point of this device and stream. `take`: keeps points of a device, which
        may have been deleted, as of the time at which they came.
        """
        self._database, self._effort, self._take = database, effort, take
        self.waiting = 0
        self.due: float | None = None
        self.failing = False
        self._full = False  # that is logged once
        self._count()
        database.on_undone.append(self._count)

    def pieces(self, device: int, points: Iterable[Point]) -> Iterator[list[Point]]:
        """`points`, as many at a time as are taken in less than 5 ms."""
        piece: list[Point] = []
        effort = 0
        for point in points:
            needed = self._effort(device, point[0])
            if piece and effort + needed > _EFFORT:
                yield piece
                piece, effort = [], 0
            piece.append(point)
            effort += needed
        yield piece

    def add(self, device: int, points: Sequence[Point], now: float) -> None:
        """Raises StoreError if they cannot be kept, or too many wait."""
        if not self.waiting and len(next(self.pieces(device, points))) == len(points):
            self._take(device, points, now)
            return
        rows = [points[begin : begin + _ROW] for begin in range(0, len(points), _ROW)]
        if self.waiting + len(rows) > MAX_WAITING:
            if not self._full:
                self._full = True
                logger.warning("reports are refused: %d parts of others wait", self.waiting)
            raise StoreError("too many reports wait")
        with self._database.transaction():
            self._database.executemany(
                "INSERT INTO reports (device, points, created) VALUES (?, ?, ?)",
                [(device, _text(row), now) for row in rows],
            )
        self.waiting += len(rows)
        if self.due is None:
            self.due = now + _PAUSE

    def step(self, now: float) -> None:
        """Take the next piece, if it is due. Raises StoreError if that cannot be kept."""
        if self.due is None or self.due > now:
            return
        self.failing, self.due = True, now + _RETRY
        number, device, text, created = self._database.execute(
            "SELECT number, device, points, created FROM reports ORDER BY number LIMIT 1"
        ).fetchone()
        points: list[Point] = [(stream, value, at) for stream, at, value in json.loads(text)]
        piece = next(self.pieces(device, points))
        rest = points[len(piece) :]
        with self._database.transaction():
            self._take(device, piece, created)
            if rest:
                self._database.execute(
                    "UPDATE reports SET points = ? WHERE number = ?", (_text(rest), number)
                )
            else:
                self._database.execute("DELETE FROM reports WHERE number = ?", (number,))
        if not rest:
            self.waiting -= 1
        self.failing, self.due = False, now + _PAUSE if self.waiting else None

    def _count(self) -> None:
        (self.waiting,) = self._database.execute("SELECT count(*) FROM reports").fetchone()
        if self.waiting and self.due is None:
            self.due = 0.0


def _text(points: Sequence[Point]) -> str:
    """As JSON: bytes become an array of numbers, as in data points and pushes."""
    entries = (f"[{json.dumps(stream)},{at},{text_of(value)}]" for stream, value, at in points)
    return f"[{','.join(entries)}]"
