"""The file of a recording or capture: each line or block is written at once; a full disk ends the
file only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Self


class RecordingFile:
    """A new file. `write` never raises; after its first error `on_note` gets one text that names
    the file, and all further lines are ignored.

    The file has everything that `write` was called with, also if the program is killed. The end
    removes it unless `keep` was called: a program that could not start leaves no file behind.
    """

    def __init__(self, path: Path, on_note: Callable[[str], None]) -> None:
        """Raises FileExistsError if there is such a file: none is overwritten. Raises OSError."""
        self._path = path
        self._on_note = on_note
        self._file = path.open("xb", buffering=0)
        self._ended = False
        self._kept = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        if not self._kept:
            self._path.unlink(missing_ok=True)

    def keep(self) -> None:
        """Call once the program has started."""
        self._kept = True

    def write(self, line: str | bytes) -> None:
        if self._ended:
            return
        # "backslashreplace": a path in the first line may have bytes that are no UTF-8. In JSON
        # the replacement is an escape.
        rest = line.encode("utf-8", "backslashreplace") if isinstance(line, str) else line
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._end()
            self._on_note(
                f"{self._path}: {error.strerror}: the recording ends here, the module goes on;"
                " make room and start a new recording"
            )

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._file.close()
