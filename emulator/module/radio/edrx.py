"""Extended discontinuous reception (eDRX, TS 24.301 5.3.12): downlink waits for a paging window.

The network grants the requested cycle and keeps messages until the next window.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor
from typing import ClassVar

from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values
from emulator.module.radio.radio import Radio

_LTE_NB = 5  # access technology (TS 27.007 7.40)
_NOT_USED = 0  # access technology in CEDRXRDP without eDRX (TS 27.007 7.41)

# Seconds between paging windows (TS 24.008 10.5.5.32, NB-S1 mode); other values mean the shortest.
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
_CYCLE = "0101"  # guess: until the host sets one
_WINDOW_BITS, _WINDOW = "0000", 2.56  # the paging time window, in seconds: the shortest

PAGING_LIMIT = 16  # guess: messages the network keeps for the next window; further ones are lost

# Tolerance, as a fraction of a cycle, when the start of a window is computed with floats.
_ROUNDING = 1e-6


def next_window(cycle: float, now: float) -> float:
    """When the module receives next: `now` inside a window, else the start of the next window."""
    start = floor(now / cycle + _ROUNDING) * cycle
    return now if now - start < _WINDOW else start + cycle


class DiscontinuousReception:
    """Messages that wait in the network until the module receives, and the eDRX commands.

    `cycle`: bits as in AT+CEDRXS; `seconds` of it.
    """

    __slots__ = ("_paged", "_radio", "_window", "cycle", "on")

    def __init__(self, radio: Radio) -> None:
        self._radio = radio
        self.cycle = _CYCLE
        self.on = False
        self._paged: list[Callable[[float], None]] = []
        self._window = 0.0  # when the next one starts

    @property
    def due(self) -> float | None:
        """When to call `step` next: at once when the radio has connected or become unreachable."""
        if not self._paged:
            return None
        if self._radio.connected or not self.on or not self._reachable:
            return 0.0
        return self._window

    def page(self, arrival: Callable[[float], None], now: float) -> None:
        """Call `arrival` with the time when the module receives: now, later, or never."""
        if len(self._paged) < PAGING_LIMIT:
            self._paged.append(arrival)
        self.step(now)

    def step(self, now: float) -> None:
        """Deliver what can be received at `now`, and drop everything when nothing ever will."""
        if not self._reachable:
            self._paged.clear()
        while self._paged:
            if self.on and not self._radio.connected:
                self._window = next_window(self.seconds, now)
                if self._window > now:
                    return
            self._paged.pop(0)(now)

    @property
    def seconds(self) -> float:
        """Between two paging windows."""
        return _CYCLES.get(self.cycle, _SHORTEST)

    @property
    def _reachable(self) -> bool:
        """Whether the module receives now or in a later window."""
        return self._radio.registered and not self._radio.asleep

    def _set(self, values: Values, now: float) -> Answer:
        """TS 27.007 7.40: 0 off, 1 on, 2 on with reports, 3 off and forget the cycle."""
        mode = values.integer(0, 3)
        technology = values.optional_integer(0, _LTE_NB)
        cycle = values.optional_word("[01]{4}")
        values.end()
        if mode > 1 or (technology is None and mode) or technology not in (None, _LTE_NB):
            values.doubts.take(
                "eDRX as no host program was seen to set it; it is taken as NB-IoT's"
            )
        self.cycle = _CYCLE if mode == 3 else cycle or self.cycle
        self.on = mode in (1, 2)
        if self._radio.registered:  # a tracking area update
            self._radio.use(now)
        return OK

    def _read(self, _now: float) -> Answer:
        return Answer((f'+CEDRXS:{_LTE_NB},"{self.cycle}"',)) if self.on else OK

    def _read_granted(self, _now: float) -> Answer:
        """TS 27.007 7.41."""
        # guess: written without blanks
        if not (self.on and self._radio.registered):
            return Answer((f"+CEDRXRDP:{_NOT_USED}",))
        return Answer((f'+CEDRXRDP:{_LTE_NB},"{self.cycle}","{self.cycle}","{_WINDOW_BITS}"',))

    COMMANDS: ClassVar[Commands] = {
        "+CEDRXS": CommandForms(set=_set, read=_read, test="+CEDRXS:(0,1),(5),(0000-1111)"),
        "+CEDRXRDP": CommandForms(execute=_read_granted, test=""),
    }
