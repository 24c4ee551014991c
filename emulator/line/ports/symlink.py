"""A symbolic link to the serial port, under a fixed name."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


class Symlink:
    def __init__(self, path: Path, target: str) -> None:
        """Create a link at `path` to `target`; an older symbolic link is replaced.

        Raises FileExistsError if `path` exists and is no symbolic link, OSError if the link cannot
        be created. Both name `path`.
        """
        self.path = path
        self._target = target
        if os.path.lexists(path) and not path.is_symlink():
            raise FileExistsError(
                f"{path} exists and is no symbolic link: choose another name for the link, or"
                " move the file"
            )
        # rename() replaces the link in one step: it never is missing.
        temporary = path.with_name(f".m5310.{os.getpid()}")
        try:
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
