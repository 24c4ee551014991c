"""Discontinuous reception in idle mode (TS 24.301 5.3.12): between paging windows nothing is heard.

The network grants what is asked for. What it has for the module meanwhile waits there.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, Forms, Table, Values
from emulator.module.radio.radio import Radio

_LTE_NB = 5  # access technology (TS 27.007 7.40)
_NOT_USED = 0  # the same of CEDRXRDP, where there is no eDRX (TS 27.007 7.41)

# Seconds between paging windows (TS 24.008 10.5.5.32, for NB-S1 mode); any other value means the
# shortest there.
_SHORTEST = 20.48
_CYCLES = {
    "0011": 40.96,
    "0101": 81.92,
    "1001": 163.84,
    "1010": 327.68,
    "1011": 655.36,
    "1100": 1310.72,
    "1101": 2621.44,
    "1110": 5242.88,
    "1111": 10485.76,
}
_WINDOW_BITS, _WINDOW = "0000", 2.56  # the paging time window, in seconds: the shortest

# Messages that wait in the network for the next window; what comes beyond is lost. A guess.
PAGING_LIMIT = 16

# A window's begin is found again within this share of a cycle, whatever the float makes of it.
_ROUNDING = 1e-6


def next_window(cycle: float, now: float) -> float:
    """When the module listens next: `now` inside a window, else the begin of the following one."""
    begin = floor(now / cycle + _ROUNDING) * cycle
    return now if now - begin < _WINDOW else begin + cycle


class DiscontinuousReception:
    def __init__(self, radio: Radio) -> None:
        self._radio = radio
        self._cycle = "0101"
        self._on = False
        self._paged: list[Callable[[float], None]] = []
        self.due: float | None = None  # when the first of them can be received

    def commands(self) -> Table:
        return {
            "+CEDRXS": Forms(
                assign=self._set, read=self._tell, test="+CEDRXS:(0,1),(5),(0000-1111)"
            ),
            "+CEDRXRDP": Forms(execute=self._tell_granted, test=""),
        }

    def page(self, arrival: Callable[[float], None], now: float) -> None:
        """Call `arrival` when the module hears what comes now: at once, later, or never."""
        if self._reachable and len(self._paged) < PAGING_LIMIT:
            self._paged.append(arrival)
        self.step(now)

    def step(self, now: float) -> float | None:
        """Hand over what can be heard at `now`; returns the next deadline."""
        if self._paged and not self._reachable:
            self._paged.clear()
        self.due = None
        while self._paged:
            at = self._heard_at(now)
            if at > now:
                self.due = at
                break
            self._paged.pop(0)(now)
        return self.due

    @property
    def _reachable(self) -> bool:
        """At all: now, or in the next window."""
        return self._radio.registered and not self._radio.asleep

    def _heard_at(self, now: float) -> float:
        if not self._on or self._radio.connected:
            return now
        return next_window(_CYCLES.get(self._cycle, _SHORTEST), now)

    def _set(self, values: Values, now: float) -> Answer:
        on = bool(values.integer(0, 1))
        technology = values.optional_integer(_LTE_NB, _LTE_NB)
        cycle = values.optional_word("[01]{4}")
        values.end()
        if on and technology is None:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        self._cycle = cycle or self._cycle
        self._on = on
        if self._radio.registered:  # the network is told
            self._radio.use(now)
        return OK

    def _tell(self, _now: float) -> Answer:
        return Answer((f'+CEDRXS:{_LTE_NB},"{self._cycle}"',)) if self._on else OK

    def _tell_granted(self, _now: float) -> Answer:
        """TS 27.007 7.41; the form without blanks is a guess."""
        if not (self._on and self._radio.registered):
            return Answer((f"+CEDRXRDP:{_NOT_USED}",))
        return Answer((f'+CEDRXRDP:{_LTE_NB},"{self._cycle}","{self._cycle}","{_WINDOW_BITS}"',))
