"""Quiet time after a final result: detects commands that come too early. Pure."""

from __future__ import annotations

import re

_FINAL = re.compile(rb"OK|ERROR|\+CME ERROR:\d+")
_FRAMED = re.compile(rb"\r\n(?:OK|ERROR|\+CME ERROR:\d+)\r\n")
_ROUNDING = 1e-6  # seconds: precision of POSIX seconds in a double
_LONGEST = 32  # bytes; longer than any final result


class QuietTime:
    """Pass all bytes of the line to `sent` and `received`, and to `queued` what will be sent;
    `too_soon` counts early commands.

    `early_lost`: the module does not receive what comes within the quiet time.
    """

    def __init__(self, minimum: float, *, early_lost: bool = False) -> None:
        """`minimum` in seconds, 0 for none. Raises ValueError if negative or not finite."""
        if not 0 <= minimum < float("inf"):
            raise ValueError(f"quiet {minimum}: expected a number of seconds, 0 or more")
        self.too_soon = 0
        self.minimum = minimum
        self.early_lost = early_lost
        self._line = b""
        self._since: float | None = None  # time of a final result that no command followed yet
        self._counted = False
        self._owed = 0  # final results that are queued and not sent yet
        self._in_early_line = False

    def queued(self, data: bytes) -> None:
        """The module has written `data`, which will be sent."""
        if self.minimum:
            self._owed += len(_FRAMED.findall(data))

    def sent(self, data: bytes, now: float) -> None:
        """`data` has left the module by `now`."""
        if not self.minimum:
            return
        *whole, rest = (self._line + data).split(b"\n")
        self._line = rest[:_LONGEST]
        if any(_FINAL.fullmatch(line.strip()) for line in whole):
            self._owed = max(self._owed - 1, 0)
            self._since, self._counted = now, self._in_early_line

    def received(
        self, data: bytes, now: float, *, idle: bool = True, answering: bool = False
    ) -> tuple[bytes, float | None]:
        """The host sent `data`; `idle`: nothing waits to be sent to it. `answering`: the module
        still delays an answer.

        Returns what the module receives of it and, for the first bytes of an early command, the
        seconds since the final result, 0 if that is still to be sent.
        """
        if not self.minimum:  # whoever watches the line changes nothing
            return data, None
        if idle:  # what was queued has been sent, or lost with the port
            self._owed = 0
        if (self._owed or answering) and data.strip():
            early = None if self._counted else 0.0
            self.too_soon += not self._counted
            self._counted, self._in_early_line = True, not data.rstrip(b"\n").endswith(b"\r")
            return b"" if self.early_lost else data, early
        self._in_early_line = False
        # The LF after a command's CR is no command, even if it arrives after the answer.
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
