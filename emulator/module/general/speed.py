"""The speed of the UART (AT+NATSPEED, AT+IPR)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values
from emulator.module.general_profile import M5310, General
from emulator.module.settings import Flash

# Of the chip's UART (AT command set of the M5310-A).
SPEEDS = (4800, 9600, 57_600, 115_200, 230_400, 460_800)
_OTHER_SPEEDS = (2400, 19_200, 38_400)  # guess: of AT+IPR besides

# Values after the speed: timeout in seconds, store, synchronisation mode, stop bits, parity, flow
# control. The chip's ranges; only the first two have an effect.
_RANGES = ((0, 30), (0, 1), (0, 3), (1, 2), (0, 2), (0, 1))
_FORMAT: tuple[int, ...] = (0, 2, 1, 0, 0)  # but for the first
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

    __slots__ = ("_automatic", "_command", "_flash", "_format", "_in_full", "_trial", "baud", "due")

    # guess: with a timeout of 0 the former speed never returns
    def __init__(self, flash: Flash, command: str = "+NATSPEED", general: General = M5310) -> None:
        self._flash = flash
        self._command = command
        self._in_full = general.speed_in_full
        self.baud = flash.speed
        self._automatic = False
        self._format = (general.speed_timeout, *_FORMAT)
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

    def _needs(self, command: str) -> None:
        if command != self._command:
            raise Refusal(Cme.NOT_SUPPORTED)

    def _set_rate(self, values: Values, _now: float) -> Answer:
        """V.250 6.2.10; 0 is automatic: the speed of the host, which is the present one."""
        self._needs("+IPR")
        (speed,) = values.only((0, max(SPEEDS)))
        if speed not in (0, *SPEEDS, *_OTHER_SPEEDS):
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        if speed:
            # guess: it is stored, and counts from the next byte on
            self.baud = self._flash.speed = speed
        self._automatic = speed == 0
        return OK

    def _read_rate(self, _now: float) -> Answer:
        self._needs("+IPR")
        return Answer((f"+IPR:{0 if self._automatic else self.baud}",))

    def _test(self, _now: float) -> Answer:
        self._needs("+NATSPEED")
        return Answer((_TEST,))

    def _set(self, values: Values, now: float) -> Answer:
        self._needs("+NATSPEED")
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
        self._needs("+NATSPEED")
        shown = self._format if self._in_full else self._format[2:]
        return Answer(("+NATSPEED:" + ",".join(map(str, (self.baud, *shown))),))

    COMMANDS: ClassVar[Commands] = {
        "+NATSPEED": CommandForms(set=_set, read=_read, test=_test),
        "+IPR": CommandForms(set=_set_rate, read=_read_rate),
    }
