"""Messages that wait for their push, in the database. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
# Messages that are read at once: each query costs as much as the signature of a message.
_READ = 20


class Waiting(NamedTuple):
    """One message; `created` in POSIX seconds."""

    number: int
    text: str
    created: float


class Queue:
    """The oldest first. A message stays until `done`, also over restarts.

    A message that is done, dropped or cleared is no longer sent. Its row is deleted by a later
    `purge`; `passed` says how many rows wait for that. `dropped`: how many messages were lost
    because MAX_QUEUED was reached. `newest`: the number of the newest message.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        found = database.execute("SELECT value FROM settings WHERE name = ?", (_CLEARED,))
        row = found.fetchone()
        self._past = 0 if row is None else int(row[0])  # up to this number they are not sent
        (self.passed,) = database.execute(
            "SELECT count(*) FROM messages WHERE target = ? AND number <= ?", (_TARGET, self._past)
        ).fetchone()
        self._read: list[Waiting] = []  # the oldest ones
        self._transaction = 0  # the last one that has added something: messages, characters
        self._added = self._added_size = 0
        database.on_undone.append(self._undo)
        self.dropped = 0
        self.count = self._size = self.newest = 0
        self.recount()

    def recount(self) -> None:
        count, size, newest = self._database.execute(
            "SELECT count(*), total(length(content)), max(number) FROM messages"
            " WHERE target = ? AND number > ?",
            (_TARGET, self._past),
        ).fetchone()
        self.count, self._size, self.newest = count, int(size), newest or self._past

    def add(self, text: str, now: float) -> None:
        """Within the transaction of what the message says."""
        while self.count and self._size + len(text) > MAX_QUEUED:
            self._drop()
        found = self._database.execute(
            "INSERT INTO messages (target, content, created) VALUES (?, ?, ?)", (_TARGET, text, now)
        )
        assert found.lastrowid is not None
        self.newest = found.lastrowid
        if self._transaction != self._database.begun:
            self._transaction = self._database.begun
            self._added = self._added_size = 0
        self._added += 1
        self._added_size += len(text)
        self.count += 1
        self._size += len(text)

    def _undo(self) -> None:
        """A transaction has failed. To count all messages again would take too long."""
        self._read.clear()
        if self._transaction == self._database.begun:
            self.count -= self._added
            self._size -= self._added_size
            self._added = self._added_size = 0

    def head(self, limit: int) -> list[Waiting]:
        """The `limit` oldest messages, fewer if they have more than MAX_BATCH characters."""
        if len(self._read) < min(limit, self.count):
            rows = self._database.execute(
                "SELECT number, content, created FROM messages WHERE target = ? AND number > ?"
                " ORDER BY number LIMIT ?",
                (_TARGET, self._past, max(limit, _READ)),
            )
            self._read[:] = _bounded(Waiting(*row) for row in rows)
        return self._read[:limit]

    def done(self, messages: Sequence[Waiting]) -> None:
        """They were delivered: the first ones of what `head` has returned."""
        self._pass(messages)

    def _drop(self) -> None:
        oldest = self.head(_DROPPED)
        if oldest:
            self._pass(oldest)
            self.dropped += len(oldest)
        else:
            self.recount()

    def _pass(self, messages: Sequence[Waiting]) -> None:
        for each in messages:
            if each.number > self._past:  # else it was dropped or cleared meanwhile
                self._past = each.number
                self.passed += 1
                self.count -= 1
                self._size -= len(each.text)
        while self._read and self._read[0].number <= self._past:
            del self._read[0]

    def clear(self) -> None:
        """Empty the queue."""
        if self.count:
            # Not `newest`: a transaction that failed has given its numbers back.
            (newest,) = self._database.execute(
                "SELECT max(number) FROM messages WHERE target = ?", (_TARGET,)
            ).fetchone()
            past = self._past if newest is None else max(newest, self._past)
            self._database.execute(
                "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)",
                (_CLEARED, str(past)),
            )
            self._past = past
            self.passed += self.count
            self.count = self._size = 0
            self._read.clear()

    def purge(self) -> None:
        """Delete some rows of `passed` messages."""
        deleted = self._database.execute(
            "DELETE FROM messages WHERE number IN (SELECT number FROM messages"
            " WHERE target = ? AND number <= ? ORDER BY number LIMIT ?)",
            (_TARGET, self._past, _PIECE),
        ).rowcount
        self.passed = self.passed - deleted if deleted == _PIECE else 0


def _bounded(messages: Iterable[Waiting]) -> Iterator[Waiting]:
    """At least one; no more than have MAX_BATCH characters together."""
    room = MAX_BATCH
    for number, each in enumerate(messages):
        room -= len(each.text)
        if number and room < 0:
            return
        yield each
