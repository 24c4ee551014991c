"""Retention: which points are dropped, by age and by number. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.onenet.store.database import Database
from emulator.onenet.store.streams import MAX_POINTS, PIECE

_DAY = 86_400.0
# guess: bounds memory. Points of one device, of all streams together.
MAX_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Retention:
    """The newest `points` of each stream are kept, the newest `of_device` of all streams of a
    device, and those of the last `days`. None: no limit.
    """

    days: float | None = None
    points: int | None = None
    of_device: int | None = None

    @property
    def counts(self) -> bool:
        """Whether the number of points in each stream must be known."""
        return self.points is not None or self.of_device is not None


# A database in memory keeps what the API can return; a file keeps everything.
IN_MEMORY = Retention(points=MAX_POINTS, of_device=MAX_KEPT)
IN_FILE = Retention()


class Trimmer:
    """Drops the oldest points of streams, a piece at a time. All within a transaction."""

    def __init__(self, database: Database, retention: Retention) -> None:
        self._database = database
        self._retention = retention

    def added(self, stream: int, kept: int, new: int) -> None:
        """`stream` has `kept` points now, `new` of them since the last call."""
        limit = self._retention.points
        if limit is not None and kept > limit:
            # More than were added, so that a stream which was longer before gets short in time.
            self._drop(stream, min(kept - limit, 2 * new + 1))

    def trim(self, device: int) -> None:
        """Once all points of a call were added: it looks at all streams of the device."""
        limit = self._retention.of_device
        if limit is None:
            return
        (kept,) = self._database.execute(
            "SELECT coalesce(sum(points), 0) FROM streams WHERE device = ?", (device,)
        ).fetchone()
        while kept > limit:
            longest, points = self._database.execute(
                "SELECT number, points FROM streams WHERE device = ?"
                " ORDER BY points DESC, number LIMIT 1",
                (device,),
            ).fetchone()
            # Not all of it: its newest points stay.
            kept -= self._drop(longest, min(kept - limit, (points + 1) // 2))

    def sweep(self, stream: int, now: float) -> bool:
        """Drop one piece of what `stream` need not keep; returns whether there may be more."""
        row = self._database.execute(
            "SELECT points FROM streams WHERE number = ?", (stream,)
        ).fetchone()
        excess = 0
        if row is not None and self._retention.points is not None:
            excess = min(row[0] - self._retention.points, PIECE)
        if self._retention.days is not None:
            oldest = round((now - self._retention.days * _DAY) * 1000)
            (old,) = self._database.execute(
                "SELECT count(*) FROM (SELECT 1 FROM points WHERE stream = ? AND at < ? LIMIT ?)",
                (stream, oldest, PIECE),
            ).fetchone()
            excess = max(excess, old)
        if excess > 0:
            self._drop(stream, excess)
        return excess >= PIECE

    def clear(self, stream: int) -> bool:
        """Drop one piece of all of `stream`; returns whether there may be more."""
        return self._drop(stream, PIECE) >= PIECE

    def _drop(self, stream: int, points: int) -> int:
        """Drop the oldest `points` of `stream`, if it has as many; returns how many there were."""
        row = self._database.execute(
            "SELECT at, number FROM points WHERE stream = ? ORDER BY at, number LIMIT 1 OFFSET ?",
            (stream, points - 1),
        ).fetchone()
        if row is None:  # it has fewer
            dropped = self._database.execute(
                "DELETE FROM points WHERE stream = ?", (stream,)
            ).rowcount
        else:
            dropped = self._database.execute(
                "DELETE FROM points WHERE stream = ? AND (at, number) <= (?, ?)", (stream, *row)
            ).rowcount
        if self._retention.counts:
            self._database.execute(
                "UPDATE streams SET points = points - ? WHERE number = ?", (dropped, stream)
            )
        return dropped
