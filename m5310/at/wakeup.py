"""Whether the module may be asleep: it then loses the first bytes of what it is told."""

from __future__ import annotations

import math
from typing import Final

from m5310.errors import ParameterError

AWAKE: Final = 2.0
"""Seconds of silence after which the module may be asleep: T3324, for which it stays reachable,
counts in steps of 2 s (TS 24.008 10.5.7.4). That its UART is awake for as long is a guess; oFono
asks its modems after 5 s. It holds whether or not power saving is known to be on, an earlier
program may have seen to that: a module that is awake costs the question some 70 ms at 9600 baud,
once in two seconds of nothing."""

WAKING: Final = 5.0
"""Seconds a module gets to wake up, whatever the command's own time is. A guess: as long as hosts
wait for any answer."""

WAKE_UP: Final = b" " * 16 + b"AT\r"
"""The first thing a module hears that may be asleep: blanks before an `AT` are tolerated (seen), so
they are what it loses. That 16 are enough is a guess; if not, or if it wakes by time and not by
bytes, a plain `AT` follows each second."""


class Wakefulness:
    """`awake` is in seconds, `math.inf` for a module that never sleeps. `now` never goes back."""

    __slots__ = ("_awake", "_heard", "announced")

    def __init__(self, awake: float = AWAKE) -> None:
        if not awake >= 0:  # a NaN is refused here too
            raise ParameterError(f"awake for {awake} s; it is 0 or more, or math.inf")
        self._awake = awake
        self._heard = -math.inf
        self.announced = False
        """Whether the module said that it falls asleep, and not since that it woke up."""

    def heard(self, now: float) -> None:
        """A line came. Bytes that are none prove nothing: an open line brings those as well."""
        self._heard = now

    def doubtful(self, now: float) -> bool:
        """Whether the module must answer before it is told anything."""
        return self.announced or now - self._heard > self._awake
