"""Data points of all devices, in the database (OneNET guide 4.2.13 to 4.2.16). Pure.

A stream has the order of (`ms`, `number`): `number` counts the points of the database upwards, so
points of one millisecond keep the order in which they came.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from emulator.clock.deadlines import earliest
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.store.database import Database
from emulator.onenet.store.retention import IN_FILE, IN_MEMORY, Retention, Trimmer
from emulator.onenet.store.span import Position, Span, position_of
from emulator.onenet.store.streams import PIECE, Point, Stream, order, text_of

# guess: more than any device has. Values of further streams are dropped.
MAX_STREAMS = 1000
# OneNET guide 4.2.13: points of an answer with `start`, if no limit is given.
DEFAULT_LIMIT = 100
# OneNET guide 4.2.13: `start` and `end` are at most one year apart. guess: days of the longest one.
_YEAR_MS = 366 * 86_400_000
# guess: bounds the memory for the numbers of the streams that were used.
_MAX_KNOWN = 50_000
# guess: bounds the memory for lists of streams: devices, and streams of each.
_MAX_LISTED, _MAX_STREAMS_LISTED = 1000, 100
# Each start of the platform counts points in a range of its own.
_NUMBERS_OF_A_START = 1 << 40
# Seconds: between two pieces of what is dropped, and from one search for old points to the next.
_PAUSE, _SWEEP_INTERVAL = 0.01, 600.0


class Points:
    """The data points of all devices, by device id and stream id.

    Reading goes in steps of less than a millisecond: `newest` and `span` give a stream of more than
    PIECE points as several pieces (`streams.joined`). What `retention` does not keep, and points of
    deleted devices, are dropped piece by piece at each `step` that is `due`.
    """

    def __init__(self, database: Database, retention: Retention | None = None) -> None:
        if retention is None:
            retention = IN_MEMORY if database.path is None else IN_FILE
        self._database, self.retention = database, retention
        self._trimmer = Trimmer(database, retention)
        self._known: dict[tuple[int, str], int] = {}  # numbers of streams that were used
        database.on_undone.append(self._known.clear)
        self._listed: dict[int, list[tuple[int, str, float]]] = {}  # streams by device, in order
        database.on_undone.append(self._listed.clear)
        self._plain: set[int] = set()  # devices with no stream for which `about` has something
        self._latest: dict[int, list[Stream]] = {}  # streams with the newest point, by device
        database.on_undone.append(self._forget_latest)
        self._number = self._next_start() * _NUMBERS_OF_A_START
        self._place = 0  # of the sweep: number of the stream before
        self._clear_due: float | None = None if self._deleted_stream() is None else 0.0
        self._sweep_due: float | None = None if retention.days is None else 0.0
        if database.path is not None and retention.counts:
            self._sweep_due = 0.0
            database.execute(
                "UPDATE streams SET points ="
                " (SELECT count(*) FROM points WHERE stream = streams.number)"
            )

    # Writing ---------------------------------------------------------------------------------

    def add(self, device: int, stream: str, value: object, at_ms: int, now: float) -> None:
        """Keep one point: `value` as JSON (bytes: an array of their numbers), POSIX milliseconds.

        A new stream gets the creation time `now`.
        """
        self.add_many(((device, stream, value, at_ms),), now)

    def add_many(self, rows: Iterable[tuple[int, str, object, int]], now: float) -> None:
        """Keep points (device, stream, value, ms), all of them or none.

        Raises StoreError if the database cannot keep them; ValueError, TypeError for a value that
        JSON does not have.
        """
        known, made = self._known, []
        added: Counter[int] = Counter()
        with self._database.transaction():
            for device, stream, value, at_ms in rows:
                number = known.get((device, stream)) or self._open(device, stream, now)
                if number:
                    self._latest.pop(device, None)
                    self._number += 1
                    added[number] += 1
                    made.append((number, at_ms, self._number, text_of(value)))
            self._database.executemany("INSERT INTO points VALUES (?, ?, ?, ?)", made)
            if not self.retention.counts:
                return
            devices = set()
            for number, count in added.items():
                kept, device = self._database.execute(
                    "UPDATE streams SET points = points + ? WHERE number = ?"
                    " RETURNING points, device",
                    (count, number),
                ).fetchone()
                self._trimmer.added(number, kept, count)
                devices.add(device)
            for device in sorted(devices):
                self._trimmer.trim(device)

    def create(self, device: int, stream: str, about: Mapping[str, object], now: float) -> None:
        """Make a stream without points. `about`: what `about` returns for it.

        Raises ApiError if the device has it already, or has MAX_STREAMS; StoreError.
        """
        with self._database.transaction():
            if self._streams(device, (stream,)):
                raise ApiError(Reason.STREAM_EXISTS, stream)
            number = self._open(device, stream, now)
            if not number:
                raise ApiError(Reason.LIMIT, f"the device has {MAX_STREAMS} streams")
            self._forget_latest()  # who reads them now would keep them without this stream
            if about:
                self._plain.discard(device)
                self._database.execute(
                    "UPDATE streams SET about = ? WHERE number = ?", (text_of(about), number)
                )

    def _open(self, device: int, stream: str, now: float) -> int:
        """The number of the stream, which is made if there is none; 0: the device has too many."""
        row = self._database.execute(
            "SELECT number FROM streams WHERE device = ? AND id = ?", (device, stream)
        ).fetchone()
        if row is None:
            (count,) = self._database.execute(
                "SELECT count(*) FROM streams WHERE device = ?", (device,)
            ).fetchone()
            if count >= MAX_STREAMS:
                return 0
            row = self._database.execute(
                "INSERT INTO streams (device, id, created, points) VALUES (?, ?, ?, 0)"
                " RETURNING number",
                (device, stream, now),
            ).fetchone()
            self._listed.pop(device, None)
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[device, stream] = number = int(row[0])
        return number

    # Reading ---------------------------------------------------------------------------------

    def newest(
        self, device: int, limit: int = 1, ids: Collection[str] | None = None
    ) -> Iterator[Stream]:
        """The newest `limit` (1..MAX_POINTS) points of every stream, or of those in `ids`.

        In the order of object, instance and resource; an unknown id is left out.
        """
        if limit == 1 and ids is None:
            yield from self._newest_of_all(device)
            return
        for number, name, created in self._streams(device, ids):
            if limit <= PIECE:
                newest = self._database.execute(
                    "SELECT at, value FROM points WHERE stream = ?"
                    " ORDER BY at DESC, number DESC LIMIT ?",
                    (number, limit),
                ).fetchall()
                yield Stream(name, created, [Point(*row) for row in reversed(newest)])
                continue
            after = self._database.execute(
                "SELECT at, number FROM points WHERE stream = ?"
                " ORDER BY at DESC, number DESC LIMIT 1 OFFSET ?",
                (number, limit),
            ).fetchone() or (-(1 << 62), 0)
            rows = [(*after, "")]
            left = limit
            while rows and left:
                rows = self._database.execute(
                    "SELECT at, number, value FROM points WHERE stream = ?"
                    " AND (at, number) > (?, ?) ORDER BY at, number LIMIT ?",
                    (number, *rows[-1][:2], min(left, PIECE)),
                ).fetchall()
                if rows or left == limit:
                    yield Stream(name, created, [Point(row[0], row[2]) for row in rows])
                left -= len(rows)

    def _newest_of_all(self, device: int) -> Iterator[Stream]:
        """The newest point of every stream, which applications ask for again and again."""
        kept, number = self._latest, self._number
        found = kept.get(device)
        if found is not None:
            yield from found
            return
        found = []
        for stream, name, created in self._streams(device, None):
            newest = self._database.execute(
                "SELECT at, value FROM points WHERE stream = ?"
                " ORDER BY at DESC, number DESC LIMIT 1",
                (stream,),
            ).fetchall()
            found.append(Stream(name, created, [Point(*row) for row in newest]))
            yield found[-1]
        # Points may have come meanwhile, or been dropped.
        if number == self._number and kept is self._latest and len(found) <= _MAX_STREAMS_LISTED:
            if len(kept) >= _MAX_LISTED:
                kept.clear()
            kept[device] = found

    def _forget_latest(self) -> None:
        self._latest = {}

    def streams(
        self, device: int, ids: Collection[str] | None = None
    ) -> Iterator[tuple[str, float]]:
        """Id and creation time of every stream, or of those in `ids`, in the order of `newest`."""
        for _, name, created in self._streams(device, ids):
            yield name, created

    def about(self, device: int) -> dict[str, dict[str, object]]:
        """What is known about streams that were created by a call, by id: unit, symbol, tags."""
        if device in self._plain:
            return {}
        rows = self._database.execute(
            "SELECT id, about FROM streams WHERE device = ? AND about IS NOT NULL", (device,)
        )
        found = {name: json.loads(about) for name, about in rows}
        if not found:
            if len(self._plain) >= _MAX_LISTED:
                self._plain.clear()
            self._plain.add(device)
        return found

    def span(
        self,
        device: int,
        ids: Collection[str] | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Span:
        """The first `limit` points from `start_ms` to `end_ms`, both included, or from `cursor` on.

        guess: `limit` counts the points of all streams together, which are read in the order of
        time. guess: of a longer span than a year, what lies beyond the year is ignored. guess: a
        cursor without `start_ms` goes on to the newest point.

        A walk from cursor to cursor gives each point that there was at its beginning once, and each
        point that comes meanwhile once if it lies behind the cursor in the order of time; one that
        lies before it is not seen. Raises ApiError for a text that is no cursor of this device.
        """
        begin = Position(-(1 << 62) if start_ms is None else start_ms, 0)
        if cursor is not None:
            begin = max(begin, position_of(cursor, device))
        if start_ms is not None and end_ms is not None:
            end_ms = min(end_ms, start_ms + _YEAR_MS)
        streams = self._streams(device, ids)
        return Span(self._database, device, streams, begin, end_ms, limit, self._number)

    def _streams(self, device: int, ids: Collection[str] | None) -> list[tuple[int, str, float]]:
        rows = self._listed.get(device)
        if rows is None:
            rows = self._database.execute(
                "SELECT number, id, created FROM streams WHERE device = ?", (device,)
            ).fetchall()
            rows.sort(key=lambda row: order(row[1]))
            if len(rows) <= _MAX_STREAMS_LISTED:
                if len(self._listed) >= _MAX_LISTED:
                    self._listed.clear()
                self._listed[device] = rows
        return rows if ids is None else [row for row in rows if row[1] in ids]

    # Dropping --------------------------------------------------------------------------------

    def forget(self, device: int) -> None:
        """Drop all streams of a deleted device: they are gone at once, their points soon."""
        with self._database.transaction():
            self._database.execute(
                "UPDATE streams SET device = -device, id = id || ' ' || number WHERE device = ?",
                (device,),
            )
        self._known.clear()
        self._listed.pop(device, None)
        self._forget_latest()
        self._clear_due = 0.0

    @property
    def due(self) -> float | None:
        """When to call `step`; None: nothing is planned."""
        return earliest(self._clear_due, self._sweep_due)

    def step(self, now: float) -> None:
        """Drop the next piece of what need not be kept."""
        if self._clear_due is not None and self._clear_due <= now:
            self._clear_due = now + _PAUSE if self._clear() else None
        if self._sweep_due is not None and self._sweep_due <= now:
            self._sweep_due = now + (_PAUSE if self._sweep(now) else _SWEEP_INTERVAL)

    def _clear(self) -> bool:
        """One piece of the streams of deleted devices; returns whether there is more."""
        stream = self._deleted_stream()
        if stream is None:
            return False
        with self._database.transaction():
            if not self._trimmer.clear(stream):
                self._database.execute("DELETE FROM streams WHERE number = ?", (stream,))
        return True

    def _sweep(self, now: float) -> bool:
        """One piece of what is old or too much; returns whether the sweep goes on."""
        row = self._database.execute(
            "SELECT min(number) FROM streams WHERE number > ?", (self._place,)
        ).fetchone()
        if row[0] is None:
            self._place = 0
            return False
        with self._database.transaction():
            self._forget_latest()
            if not self._trimmer.sweep(row[0], now):
                self._place = row[0]
        return True

    def _deleted_stream(self) -> int | None:
        row = self._database.execute("SELECT number FROM streams WHERE device < 0").fetchone()
        return None if row is None else int(row[0])

    def _next_start(self) -> int:
        with self._database.transaction():
            row = self._database.execute(
                "INSERT INTO settings VALUES ('starts', '0') ON CONFLICT (name)"
                " DO UPDATE SET value = value + 1 RETURNING value"
            ).fetchone()
        return int(row[0])
