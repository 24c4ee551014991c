"""What triggers ask of the data points. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.onenet.store.database import Database
from emulator.onenet.store.streams import Point

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
