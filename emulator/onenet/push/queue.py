"""Messages that wait for their push, in the database. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from emulator.onenet.store.database import Database

# guess: bounds the database; characters of all messages together, about half a million messages.
MAX_QUEUED = 64 * 1024 * 1024
# guess: bounds one request, and with it the time to make it. Characters.
MAX_BATCH = 64 * 1024
_TARGET = "push"
_CLEARED = "push cleared"
# Rows that are deleted at once, less than a millisecond.
_PIECE = 500
# Messages that are dropped at once, so that room for a long one is made in little time.
_DROPPED = 20


class Waiting(NamedTuple):
    """One message; `created` in POSIX seconds."""

    number: int
    text: str
    created: float


class Queue:
    """The oldest first. A message stays until `done`, also over restarts.

    Emptied at once, by `clear`; the rows are deleted later, in pieces, by `purge`. `dropped`: how
    many were lost because MAX_QUEUED was reached. `newest`: the number of the newest message.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        found = database.execute("SELECT value FROM settings WHERE name = ?", (_CLEARED,))
        row = found.fetchone()
        self._cleared = (
            0 if row is None else int(row[0])
        )  # messages up to this number are no longer sent
        self.purging = self._cleared > 0
        self.dropped = 0
        self.count = self._size = self.newest = 0
        self.recount()

    def recount(self) -> None:
        count, size, newest = self._database.execute(
            "SELECT count(*), total(length(content)), max(number) FROM messages"
            " WHERE target = ? AND number > ?",
            (_TARGET, self._cleared),
        ).fetchone()
        self.count, self._size, self.newest = count, int(size), newest or self._cleared

    def add(self, text: str, now: float) -> None:
        """Within the transaction of what the message says."""
        while self.count and self._size + len(text) > MAX_QUEUED:
            self._drop()
        found = self._database.execute(
            "INSERT INTO messages (target, content, created) VALUES (?, ?, ?)", (_TARGET, text, now)
        )
        assert found.lastrowid is not None
        self.newest = found.lastrowid
        self.count += 1
        self._size += len(text)

    def head(self, limit: int) -> list[Waiting]:
        """The `limit` oldest messages, fewer if they have more than MAX_BATCH characters."""
        found: list[Waiting] = []
        size = 0
        for row in self._database.execute(
            "SELECT number, content, created FROM messages WHERE target = ? AND number > ?"
            " ORDER BY number LIMIT ?",
            (_TARGET, self._cleared, limit),
        ):
            waiting = Waiting(*row)
            size += len(waiting.text)
            if found and size > MAX_BATCH:
                break
            found.append(waiting)
        return found

    def done(self, messages: Sequence[Waiting]) -> None:
        """Forget messages that were delivered: some that `head` has returned."""
        self._remove(messages[0].number, messages[-1].number)

    def _drop(self) -> None:
        oldest = self.head(_DROPPED)
        if oldest:
            count = self.count
            self._remove(oldest[0].number, oldest[-1].number)
            self.dropped += count - self.count
        else:
            self.recount()

    def _remove(self, first: int, last: int) -> None:
        sizes = self._database.execute(
            "DELETE FROM messages WHERE target = ? AND number BETWEEN ? AND ?"
            " RETURNING length(content)",
            (_TARGET, max(first, self._cleared + 1), last),
        ).fetchall()
        self.count -= len(sizes)
        self._size -= sum(size for (size,) in sizes)

    def clear(self) -> None:
        """Empty the queue."""
        if self.count:
            self._database.execute(
                "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)",
                (_CLEARED, str(self.newest)),
            )
            self._cleared, self.purging = self.newest, True
            self.count = self._size = 0

    def purge(self) -> None:
        """Delete some rows that `clear` left; `purging` says whether there are more."""
        deleted = self._database.execute(
            "DELETE FROM messages WHERE number IN (SELECT number FROM messages"
            " WHERE target = ? AND number <= ? ORDER BY number LIMIT ?)",
            (_TARGET, self._cleared, _PIECE),
        ).rowcount
        self.purging = deleted == _PIECE
