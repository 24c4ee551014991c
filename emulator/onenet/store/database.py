"""The database: one connection to SQLite, its transactions and its version."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from emulator.onenet.store.checkpoints import Checkpoints
from emulator.onenet.store.schema import MIGRATIONS

logger = logging.getLogger("emulator.store")

# Changes between two checkpoints: the log has some megabytes then.
_CHANGES = 10_000
# Changes between two looks at whether the file is still there.
_UNSEEN = 100
# Pages of the log, 32 MB, from which on the writer moves the rest itself, without a wait for the
# disk: while it writes without a pause, the thread never comes to the end of the log.
_MOST_PAGES = 8192
_IN_MEMORY = ":memory:"


class StoreError(Exception):
    """The database cannot do what was asked, for example because the disk is full."""


class _Rows(sqlite3.Cursor):
    """A cursor that raises what `failure` makes of an error: rows are read as they are fetched."""

    failure: Callable[[sqlite3.DatabaseError], StoreError]

    def execute(self, sql: str, values: Any = ()) -> Self:
        try:
            return super().execute(sql, values)
        except sqlite3.DatabaseError as error:
            raise self._failed(error) from error

    def _failed(self, error: sqlite3.DatabaseError) -> StoreError:
        self.close()  # an open one would keep the file open
        return self.failure(error)

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except sqlite3.DatabaseError as error:
            raise self._failed(error) from error

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except sqlite3.DatabaseError as error:
            raise self._failed(error) from error

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except sqlite3.DatabaseError as error:
            raise self._failed(error) from error


class Database:
    """The database in the file `path`, made if there is none; None: in memory.

    It may be used in any one thread at a time. Raises OSError that names the file if it cannot be
    opened, is no database of the platform, is of a later version, or another process has it.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.begun = 0  # transactions so far
        # Called after changes were undone: what was remembered of them is not true.
        self.on_undone: list[Callable[[], None]] = []
        name = _IN_MEMORY if path is None else str(path)
        try:
            self._connection = sqlite3.connect(
                name, timeout=0, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise OSError(0, f"{error}, expected a file that can be written", name) from error
        self._depth, self._failing = 0, False
        self._checkpoints: Checkpoints | None = None
        self._changes = self._seen = 0  # at the last checkpoint, and the last look at the file
        self._gone = False
        self._owned: int | None = None
        try:
            self._prepare(name)
        except BaseException:
            self._release()
            raise

    def close(self) -> None:
        """A second call does nothing."""
        self._look()
        self._release()

    def _release(self) -> None:
        if self._checkpoints is not None:
            self._checkpoints.close()
            self._checkpoints = None
        self._connection.close()
        if self._owned is not None:
            os.close(self._owned)
            self._owned = None

    def __del__(self) -> None:
        if hasattr(self, "_connection"):
            self._release()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes within are kept together at its end, or none if it raises.

        Inside of another transaction it is a part of that one. Raises StoreError if the changes
        cannot be kept.
        """
        if self._depth == 0:
            self.execute("BEGIN IMMEDIATE")
            self.begun += 1
        self._depth += 1
        try:
            yield
            if self._depth == 1:
                self.execute("COMMIT")
                self._failing = False
                changes = self._connection.total_changes
                if changes - self._seen > _UNSEEN:
                    self._seen = changes
                    self._look()
                if changes - self._changes > _CHANGES:
                    self._want_checkpoint()
        except BaseException:
            if self._depth == 1:
                self._undo()
            raise
        finally:
            self._depth -= 1

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Outside of a transaction, a change is kept at once, of `RETURNING` once its rows are
        fetched. Raises StoreError; so does the cursor.
        """
        rows = self._connection.cursor(_Rows)
        rows.failure = self._failure
        return rows.execute(sql, values)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Within a transaction. Raises StoreError."""
        try:
            self._connection.executemany(sql, rows)
        except sqlite3.DatabaseError as error:
            raise self._failure(error) from error

    def _failure(self, error: sqlite3.DatabaseError) -> StoreError:
        """The first of several is logged. Raises `error` itself if it is a fault of our SQL."""
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise error
        failure = StoreError(f"{self.path or _IN_MEMORY}: {error}")
        if not self._failing:
            self._failing = True
            logger.error("%s; what cannot be kept is refused until it works again", failure)
        return failure

    def _want_checkpoint(self) -> None:
        self._changes = self._connection.total_changes
        if self.path is None or self._gone:
            return
        if self._checkpoints is None:
            try:
                self._checkpoints = Checkpoints(self.path)
            except sqlite3.Error as error:  # for example, no descriptor is left
                logger.warning("checkpoint of the database: %s; it is tried again", error)
                return
        self._checkpoints.want()

    def _look(self) -> None:
        """Log it once if the file was deleted or replaced: SQLite writes on without an error."""
        if self.path is None or self._owned is None or self._gone:
            return
        try:
            self._gone = not os.path.samestat(os.stat(self.path), os.fstat(self._owned))
        except OSError:
            self._gone = True
        if self._gone:
            logger.error(
                "%s was deleted or replaced while it is open: what is kept there is lost at the"
                " end; expected a file that stays, so start again",
                self.path,
            )

    def _undo(self) -> None:
        if self._connection.in_transaction:  # SQLite ends it itself after some errors
            self._connection.execute("ROLLBACK")
        for forget in self.on_undone:
            forget()

    def _lock(self, path: Path) -> None:
        """The file is of one process: two platforms would serve the same devices."""
        self._owned = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(self._owned, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(
                0, "another process has it open, expected a file for this process alone", str(path)
            ) from error

    def _prepare(self, name: str) -> None:
        try:
            if self.path is not None:
                self._lock(self.path)
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = OFF")  # see `Checkpoints`
                self._connection.execute(f"PRAGMA wal_autocheckpoint = {_MOST_PAGES}")
            with self.transaction():
                (version,) = self._connection.execute("PRAGMA user_version").fetchone()
                (tables,) = self._connection.execute(
                    "SELECT count(*) FROM sqlite_schema"
                ).fetchone()
                if version > len(MIGRATIONS) or (version == 0 and tables > 0):
                    raise OSError(
                        0,
                        f"a database of version {version}, expected one of this platform, up to"
                        f" version {len(MIGRATIONS)}",
                        name,
                    )
                for step, sql in enumerate(MIGRATIONS[version:], version + 1):
                    for statement in _statements(sql):
                        self._connection.execute(statement)
                    self._connection.execute(f"PRAGMA user_version = {step}")
        except (sqlite3.DatabaseError, StoreError) as error:
            raise OSError(0, f"{error}, expected a database of the platform", name) from error


def _statements(script: str) -> Iterator[str]:
    """The statements of `script`. `executescript` would end the transaction."""
    text = ""
    for line in script.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            yield text
            text = ""
