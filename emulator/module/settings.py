"""Settings of bands, carriers and configuration flags; those without an effect are only stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values
from emulator.module.general_profile import FACTORY_FLAGS
from emulator.module.radio.coverage import Cell

BANDS = (3, 5, 8)  # guess: the bands of the module; hosts set 5 and 8
_ANY_BAND = (1, 255)
FACTORY_SPEED = 9600

_FLAGS_LIMIT = 32  # guess: bounds the memory


@dataclass(slots=True)
class Flash:
    """Values that survive a restart of any cause; each is written at once. A flag takes effect at
    the next start.
    """

    bands: tuple[int, ...] = (5, 8)
    flags: Mapping[str, str] = field(default_factory=lambda: FACTORY_FLAGS)
    speed: int = FACTORY_SPEED


class Settings:
    """Bands and flags are kept in `flash`; the locked carrier is lost at a restart. `known`: the
    flags that the module has.
    """

    def __init__(self, flash: Flash, known: Mapping[str, str] = FACTORY_FLAGS) -> None:
        self._flash = flash
        self._known = known
        self._carrier: int | None = None  # the EARFCN to search; None: all
        self._scrambling = flash.flags["CR_0354_0338_SCRAMBLING"] == "TRUE"

    def can_find(self, cell: Cell) -> bool:
        """Whether a search with these settings finds `cell`."""
        return (
            self._carrier in (None, cell.earfcn)
            and cell.band in self._flash.bands
            and cell.scrambling is self._scrambling
        )

    def _set_bands(self, values: Values, _now: float) -> Answer:
        bands = values.integers(_ANY_BAND)
        while values.more:
            bands += values.integers(_ANY_BAND)
        chosen = tuple(dict.fromkeys(bands))
        if not set(chosen) <= set(BANDS) or len(chosen) < len(bands):
            values.doubts.take(f"the bands {bands}: expected each of {BANDS} at most once")
        self._flash.bands = chosen
        return OK

    def _read_bands(self, _now: float) -> Answer:
        return Answer(("+NBAND:" + ",".join(map(str, self._flash.bands)),))

    def _lock_carrier(self, values: Values, _now: float) -> Answer:
        """Search only this carrier, from the next search on."""
        mode, carrier = values.integers((0, 0xFF), (0, 0xFFFF))
        cell = values.optional_word("[0-9A-Fa-f]*")
        values.end()
        if mode or cell is not None:  # as on modules with the same chip
            values.doubts.take("a search for a cell, not for a carrier: it has no effect")
        if not mode:
            self._carrier = carrier
        return OK

    def _unlock_carrier(self, _now: float) -> Answer:
        self._carrier = None
        return OK

    def _set_flag(self, values: Values, _now: float) -> Answer:
        name = values.word("[A-Z0-9_]{1,40}")
        known = name in self._known
        switch = self._known.get(name) in ("TRUE", "FALSE")
        value = values.word("TRUE|FALSE" if switch else "[A-Z0-9_]{1,40}")
        values.end()
        if not known:  # later modules with the same chip have more, some with numbers
            values.doubts.take(f"the flag {name} is not known: it is stored without an effect")
        flags = {**self._flash.flags, name: value}
        if len(flags) > _FLAGS_LIMIT:
            raise Refusal(Cme.NOT_ALLOWED)
        self._flash.flags = flags
        return OK

    def _read_flags(self, _now: float) -> Answer:
        flags = self._flash.flags.items()
        return Answer(tuple(f"+NCONFIG:{name},{value}" for name, value in flags))

    COMMANDS: ClassVar[Commands] = {
        "+NBAND": CommandForms(
            set=_set_bands, read=_read_bands, test=f"+NBAND:({','.join(map(str, BANDS))})"
        ),
        "+NEARFCN": CommandForms(set=_lock_carrier, test="+NEARFCN:(0),(0-65535)"),
        "+NCSEARFCN": CommandForms(execute=_unlock_carrier, test=""),
        "+NCONFIG": CommandForms(
            set=_set_flag,
            read=_read_flags,
            test=lambda self, _now: Answer((f"+NCONFIG:({','.join(self._known)}),(FALSE,TRUE)",)),
        ),
    }
