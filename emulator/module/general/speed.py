"""AT+NATSPEED: the speed of the UART."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, Forms, Table, Values
from emulator.module.settings import Flash

SPEEDS = (4800, 9600, 57_600, 115_200, 230_400, 460_800)  # of the chip's UART

# What follows the speed: timeout in seconds, store, synchronisation mode, stop bits, parity, flow
# control. The chip's ranges; only the first two are acted upon.
_RANGES = ((0, 30), (0, 1), (0, 3), (1, 2), (0, 2), (0, 1))
_FORMAT: tuple[int, ...] = (0, 0, 2, 1, 0, 0)
_TEST = f"+NATSPEED:({','.join(map(str, SPEEDS))}),(0-30),(0,1),(0-3),(1,2),(0-2),(0,1)"


@dataclass(frozen=True, slots=True)
class _Trial:
    """A new speed at which no command has come yet."""

    former: int
    store: bool
    due: float | None  # when the former one comes back; None: never


class Speed:
    """`baud` is the speed of what is written next.

    A new speed is kept, and stored if that was asked for, with the first command that comes at it;
    if none does within the timeout, the former one returns (the chip's documented behaviour; that
    a timeout of 0 means for ever is a guess).
    """

    def __init__(self, flash: Flash) -> None:
        self._flash = flash
        self.baud = flash.speed
        self._format = _FORMAT
        self._trial: _Trial | None = None

    def commands(self) -> Table:
        return {"+NATSPEED": Forms(assign=self._set, read=self._tell, test=_TEST)}

    def confirm(self) -> None:
        """A command has come at this speed."""
        if self._trial is not None:
            if self._trial.store:
                self._flash.speed = self.baud
            self._trial = None

    @property
    def due(self) -> float | None:
        """When to step next."""
        return None if self._trial is None else self._trial.due

    def step(self, now: float) -> float | None:
        """Do what is due at `now`; returns the next deadline."""
        if self._trial is not None and self._trial.due is not None and self._trial.due <= now:
            self.baud, self._trial = self._trial.former, None
        return self.due

    def _set(self, values: Values, now: float) -> Answer:
        speed = values.integer(min(SPEEDS), max(SPEEDS))
        given = [values.optional_integer(low, high) for low, high in _RANGES]
        values.end()
        if speed not in SPEEDS:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        kept = zip(given, self._format, strict=True)
        self._format = tuple(old if new is None else new for new, old in kept)
        timeout, store = self._format[0], given[1]
        self._trial = _Trial(self.baud, bool(store), now + timeout if timeout else None)
        self.baud = speed
        return OK

    def _tell(self, _now: float) -> Answer:
        return Answer(("+NATSPEED:" + ",".join(map(str, (self.baud, *self._format))),))
