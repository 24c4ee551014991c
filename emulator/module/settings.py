"""Settings of bands, carriers and configuration flags; those without an effect are only stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values
from emulator.module.radio.coverage import Cell

BANDS = (3, 5, 8)  # guess: the bands of the module; hosts set 5 and 8
FACTORY_SPEED = 9600


# The names are the chip's, seen on boards. A change takes effect at the next start. AUTOCONNECT
# turns the radio on; CR_0354_0338_SCRAMBLING must match the network or no cell is found.
FACTORY_FLAGS: Mapping[str, bool] = {
    "AUTOCONNECT": True,
    "CR_0354_0338_SCRAMBLING": True,
    "CR_0859_SI_AVOID": False,
    "COMBINE_ATTACH": False,
    "CELL_RESELECTION": True,
    "ENABLE_BIP": False,
}


@dataclass(slots=True)
class Flash:
    """Values that survive a restart of any cause; each is written at once."""

    bands: tuple[int, ...] = (5, 8)
    flags: Mapping[str, bool] = field(default_factory=lambda: FACTORY_FLAGS)
    speed: int = FACTORY_SPEED


class Settings:
    """Bands and flags are kept in `flash`; the locked carrier is lost at a restart."""

    def __init__(self, flash: Flash) -> None:
        self._flash = flash
        self._carrier: int | None = None  # the EARFCN to search; None: all
        self._scrambling = flash.flags["CR_0354_0338_SCRAMBLING"]

    def can_find(self, cell: Cell) -> bool:
        """Whether a search with these settings finds `cell`."""
        return (
            self._carrier in (None, cell.earfcn)
            and cell.band in self._flash.bands
            and cell.scrambling is self._scrambling
        )

    def _set_bands(self, values: Values, _now: float) -> Answer:
        bands = values.integers((min(BANDS), max(BANDS)))
        while values.more:
            bands += values.integers((min(BANDS), max(BANDS)))
        if not set(bands) <= set(BANDS) or len(set(bands)) < len(bands):
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        self._flash.bands = tuple(bands)
        return OK

    def _read_bands(self, _now: float) -> Answer:
        return Answer(("+NBAND:" + ",".join(map(str, self._flash.bands)),))

    def _lock_carrier(self, values: Values, _now: float) -> Answer:
        """Search only this carrier, from the next search on."""
        _, self._carrier = values.only((0, 0), (0, 0xFFFF))
        return OK

    def _unlock_carrier(self, _now: float) -> Answer:
        self._carrier = None
        return OK

    def _set_flag(self, values: Values, _now: float) -> Answer:
        name = values.word("[A-Z0-9_]+")
        value = values.word("TRUE|FALSE")
        values.end()
        if name not in self._flash.flags:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        self._flash.flags = {**self._flash.flags, name: value == "TRUE"}
        return OK

    def _read_flags(self, _now: float) -> Answer:
        flags = self._flash.flags.items()
        return Answer(tuple(f"+NCONFIG:{name},{str(value).upper()}" for name, value in flags))

    COMMANDS: ClassVar[Commands] = {
        "+NBAND": CommandForms(
            set=_set_bands, read=_read_bands, test=f"+NBAND:({','.join(map(str, BANDS))})"
        ),
        "+NEARFCN": CommandForms(set=_lock_carrier, test="+NEARFCN:(0),(0-65535)"),
        "+NCSEARFCN": CommandForms(execute=_unlock_carrier, test=""),
        "+NCONFIG": CommandForms(
            set=_set_flag,
            read=_read_flags,
            test=f"+NCONFIG:({','.join(FACTORY_FLAGS)}),(FALSE,TRUE)",
        ),
    }
