"""What triggers ask of the data points. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.onenet.store.database import Database
from emulator.onenet.store.streams import Point
from emulator.onenet.triggers.expression import Value
from emulator.onenet.triggers.trigger import Watch

# Streams that are read from the database at once: much less than 1 ms.
_PIECE = 500


def newest(database: Database, device: str, stream: str) -> Point | None:
    """The newest data point of a stream; None: it has none."""
    row = database.execute(
        "SELECT at, value FROM points WHERE stream ="
        " (SELECT number FROM streams WHERE device = ? AND id = ?)"
        " ORDER BY at DESC, number DESC LIMIT 1",
        (int(device), stream),
    ).fetchone()
    return None if row is None else Point(*row)


class Report:
    """The points of streams while the points of one report come; each is read and decoded once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._newest: dict[Watch, Point | None] = {}
        self._values: dict[str, Value] = {}

    def newest(self, watch: Watch) -> Point | None:
        """The newest point of a stream so far."""
        if watch not in self._newest:
            self._newest[watch] = newest(self._database, str(watch[0]), watch[1])
        return self._newest[watch]

    def came(self, watch: Watch, point: Point) -> None:
        """`point` is the newest one of the stream."""
        self._newest[watch] = point

    def value(self, point: Point | None) -> Value:
        """The JSON value of `point`. Raises LookupError if there is none."""
        if point is None:
            raise LookupError
        if point.text not in self._values:
            self._values[point.text] = point.value
        return self._values[point.text]


def all_streams(database: Database) -> Iterator[tuple[str, str]]:
    """Device and id of each stream, in pieces: a caller may stop at any entry for other work.

    One that begins meanwhile may be left out.
    """
    device, stream = 0, ""
    while rows := database.execute(
        "SELECT device, id FROM streams WHERE (device, id) > (?, ?) ORDER BY device, id LIMIT ?",
        (device, stream, _PIECE),
    ).fetchall():
        yield from ((str(device), stream) for device, stream in rows)
        device, stream = rows[-1]
