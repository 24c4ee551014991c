"""Wake-up of a sleeping UART: when it is needed, and what is written for it."""

from __future__ import annotations

import math
from typing import Final

from m5310.errors import ParameterError

AWAKE: Final = 2.0
"""Seconds of silence after which the module may be asleep: T3324, for which it stays reachable,
counts in steps of 2 s (TS 24.008 10.5.7.4). It applies whether or not power saving is known to be
on, since an earlier program may have set it. Waking a module that is awake costs some 70 ms at
9600 baud, once in two seconds of silence."""
# guess: the UART stays awake as long as the radio is reachable; oFono probes its modems after 5 s.

WAKING: Final = 5.0
"""Seconds a module gets to wake up, if the command's own timeout is shorter."""
# guess: as long as hosts wait for any answer.

WAKE_UP: Final = b" " * 16 + b"AT\r"
"""Written first to a module that may be asleep: it loses the blanks, and blanks before an `AT` are
tolerated (seen). A plain `AT` follows each second until one is answered."""
# guess: 16 are enough, and bytes, not time, wake the UART.


class WakeUp:
    """`awake` is in seconds, `math.inf` for a module that never sleeps."""

    __slots__ = ("_awake", "_last_line_at", "reported_asleep")

    def __init__(self, awake: float = AWAKE) -> None:
        if not awake >= 0:  # a NaN is refused here too
            raise ParameterError(f"awake must be 0 or more, or math.inf, got {awake} s")
        self._awake = awake
        self._last_line_at = -math.inf
        self.reported_asleep: bool = False
        """Whether the last sleep report was that the module falls asleep."""

    def line_received(self, now: float) -> None:
        """A whole line came. Other bytes prove nothing: an open wire brings those as well."""
        self._last_line_at = now

    def needed(self, now: float) -> bool:
        """Whether the module must answer a probe before a command is written."""
        return self.reported_asleep or now - self._last_line_at > self._awake
