"""Checkpoints of a database's log, in a thread: they wait for the disk, which may take long."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

logger = logging.getLogger("emulator.store")


class Checkpoints:
    """Moves what is in the log of the file `path` into the file, each time that it is `wanted`.

    The log is written without a wait for the disk; here it is synchronised before its pages are
    moved, and the file before the log begins again. The owner writes meanwhile.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._wanted, self._ended = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self._thread.start()

    def want(self) -> None:
        """Returns at once. While one is made, another one is not begun."""
        self._wanted.set()

    def close(self) -> None:
        """Returns after the last one."""
        self._ended = True
        self._wanted.set()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while not self._ended:
            self._wanted.wait()
            try:
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            except sqlite3.Error as error:
                logger.warning("checkpoint of the database: %s; it is tried again", error)
            # Only now: so the owner can make one itself between two of these.
            self._wanted.clear()
