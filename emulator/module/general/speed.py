"""The speed of the UART (AT+NATSPEED)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values
from emulator.module.settings import Flash

# Of the chip's UART (AT command set of the M5310-A).
SPEEDS = (4800, 9600, 57_600, 115_200, 230_400, 460_800)

# Values after the speed: timeout in seconds, store, synchronisation mode, stop bits, parity, flow
# control. The chip's ranges; only the first two have an effect.
_RANGES = ((0, 30), (0, 1), (0, 3), (1, 2), (0, 2), (0, 1))
_FORMAT: tuple[int, ...] = (0, 0, 2, 1, 0, 0)
_TEST = f"+NATSPEED:({','.join(map(str, SPEEDS))}),(0-30),(0,1),(0-3),(1,2),(0-2),(0,1)"


@dataclass(frozen=True, slots=True)
class _Trial:
    """A new speed at which no command has been received yet."""

    former: int
    store: bool


class Speed:
    """`baud`: the speed of the next byte.

    A new speed is confirmed, and stored if requested, by the first command received at it; without
    one the former speed returns after the timeout (the chip's documented behaviour).
    """

    __slots__ = ("_flash", "_format", "_trial", "baud", "due")

    # guess: with a timeout of 0 the former speed never returns
    def __init__(self, flash: Flash) -> None:
        self._flash = flash
        self.baud = flash.speed
        self._format = _FORMAT
        self._trial: _Trial | None = None
        self.due: float | None = None  # when the former speed returns

    def confirm(self) -> None:
        """A command was received at this speed."""
        if self._trial is not None:
            if self._trial.store:
                self._flash.speed = self.baud
            self._trial = self.due = None

    def step(self, _now: float) -> None:
        """No command came in time: return to the former speed."""
        if self._trial is not None:
            self.baud, self._trial, self.due = self._trial.former, None, None

    def _set(self, values: Values, now: float) -> Answer:
        speed = values.integer(min(SPEEDS), max(SPEEDS))
        given = [values.optional_integer(low, high) for low, high in _RANGES]
        values.end()
        if speed not in SPEEDS:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        kept = zip(given, self._format, strict=True)
        self._format = tuple(old if new is None else new for new, old in kept)
        timeout, store = self._format[0], given[1]
        self._trial = _Trial(self.baud, bool(store))
        self.due = now + timeout if timeout else None
        self.baud = speed
        return OK

    def _read(self, _now: float) -> Answer:
        return Answer(("+NATSPEED:" + ",".join(map(str, (self.baud, *self._format))),))

    COMMANDS: ClassVar[Commands] = {"+NATSPEED": CommandForms(set=_set, read=_read, test=_TEST)}
