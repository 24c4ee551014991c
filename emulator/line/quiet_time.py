"""The quiet time after a final result: who sends the next command sooner is noticed. Pure."""

from __future__ import annotations

import re

_FINAL = re.compile(rb"OK|ERROR|\+CME ERROR:\d+")
_ROUNDING = 1e-6  # seconds: what is left of POSIX seconds in a double
_LONGEST = 32  # bytes; no final result is longer


class QuietTime:
    """`sent` and `received` see what passes on the line; `too_soon` counts hasty commands.

    `early_lost`: the module does not hear what comes within the quiet time.
    """

    def __init__(self, minimum: float, *, early_lost: bool = False) -> None:
        """`minimum` in seconds, 0 for none. Raises ValueError: it is no such number."""
        if not 0 <= minimum < float("inf"):
            raise ValueError(f"quiet {minimum}: expected a number of seconds, 0 or more")
        self.too_soon = 0
        self.minimum = minimum
        self.early_lost = early_lost
        self._line = b""
        self._since: float | None = None  # the last final result, until a command follows it
        self._counted = False

    def sent(self, data: bytes, now: float) -> None:
        """`data` has left the module by `now`."""
        if not self.minimum:
            return
        *whole, rest = (self._line + data).split(b"\n")
        self._line = rest[:_LONGEST]
        if any(_FINAL.fullmatch(line.strip()) for line in whole):
            self._since, self._counted = now, False

    def received(self, data: bytes, now: float) -> tuple[bytes, float | None]:
        """What the module hears of `data`, and by how many seconds a command came too soon."""
        # The LF behind a command's CR is no command, however late the module gets to hear it.
        if self._since is None or not data.strip():
            return data, None
        gap = now - self._since
        if gap >= self.minimum - _ROUNDING:
            self._since = None
            return data, None
        early = None if self._counted else gap
        self.too_soon += not self._counted
        self._counted = True
        return b"" if self.early_lost else data, early
