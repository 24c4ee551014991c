"""A symbolic link to the serial port, under a fixed name."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

_PTY = re.compile(r"/dev/pts/\d+")


class Symlink:
    def __init__(self, path: Path, target: str) -> None:
        """Create a link at `path` to `target`.

        It replaces a link to a pty that is gone, which an emulator that was killed leaves behind,
        and nothing else. Raises FileExistsError if there is something else at `path`, OSError if
        the link cannot be created. Both name `path`.
        """
        self.path = path
        self._target = target
        if os.path.lexists(path):
            _check_replaceable(path, target)
        # rename() replaces the link in one step: it never is missing.
        temporary = path.with_name(f".m5310.{os.getpid()}")
        try:
            if not os.path.lexists(path):
                path.symlink_to(target)
                return
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(target)
            temporary.replace(path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            reason = f"the link cannot be created: {error.strerror}"
            raise OSError(error.errno, reason, str(path)) from error

    def remove(self) -> None:
        """Remove the link unless another program has replaced it."""
        with suppress(OSError):  # removed, or no link any more
            if os.readlink(self.path) == self._target:
                self.path.unlink()


def _check_replaceable(path: Path, target: str) -> None:
    """Raises FileExistsError."""
    if not path.is_symlink():
        raise FileExistsError(
            f"{path} exists and is no symbolic link: choose another name for the link, or"
            " move the file"
        )
    there = os.readlink(path)
    # The new pty may have the number of the one that is gone.
    if there != target and (not _PTY.fullmatch(there) or os.path.lexists(there)):
        raise FileExistsError(
            f"{path} leads to {there}, expected no link, or one to a pty that is gone: choose"
            " another name for the link, or remove it if no other emulator uses it"
        )
