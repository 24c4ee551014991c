"""A symbolic link to the serial port, under a name that stays the same."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


class Symlink:
    def __init__(self, path: Path, target: str) -> None:
        """Make `path` a link to `target`, in place of an older link.

        Raises FileExistsError when `path` is something else, OSError when it cannot be made; either
        names `path`.
        """
        self.path = path
        self._target = target
        if os.path.lexists(path) and not path.is_symlink():
            raise FileExistsError(
                f"{path} exists and is no symbolic link: choose another name for the link, or"
                " move it"
            )
        # In one step, so that no program ever finds it missing.
        passing = path.with_name(f".m5310.{os.getpid()}")
        try:
            passing.unlink(missing_ok=True)
            passing.symlink_to(target)
            passing.replace(path)
        except OSError as error:
            with suppress(OSError):
                passing.unlink()
            reason = f"the link cannot be made: {error.strerror}"
            raise OSError(error.errno, reason, str(path)) from error

    def remove(self) -> None:
        """Remove it, if it is still ours."""
        with suppress(OSError):  # gone, or no link any more: not ours then
            if os.readlink(self.path) == self._target:
                self.path.unlink()
