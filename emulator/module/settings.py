"""Settings the host makes and reads back: bands, carriers, configuration flags.

What of it acts on the emulated module is said where it is stored; the rest is only remembered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, Forms, Table, Values
from emulator.module.radio.coverage import Cell

BANDS = (3, 5, 8)  # a guess at what the module can tune to; hosts set 5 and 8
FACTORY_SPEED = 9600


def _factory_flags() -> dict[str, bool]:
    # The names are the chip's, seen on boards. Each counts from the next start on: AUTOCONNECT
    # turns the radio on, CR_0354_0338_SCRAMBLING must be as in the network or no cell is found.
    return {
        "AUTOCONNECT": True,
        "CR_0354_0338_SCRAMBLING": True,
        "CR_0859_SI_AVOID": False,
        "COMBINE_ATTACH": False,
        "CELL_RESELECTION": True,
        "ENABLE_BIP": False,
    }


@dataclass(slots=True)
class Flash:
    """What outlives a restart, of whatever cause: it is written at once."""

    bands: tuple[int, ...] = (5, 8)
    flags: dict[str, bool] = field(default_factory=_factory_flags)
    speed: int = FACTORY_SPEED


class Settings:
    def __init__(self, flash: Flash) -> None:
        self._flash = flash
        self._carrier: int | None = None  # the only EARFCN to search, None: all
        self._scrambling = flash.flags["CR_0354_0338_SCRAMBLING"]

    def commands(self) -> Table:
        bands = ",".join(map(str, BANDS))
        return {
            "+NBAND": Forms(
                assign=self._set_bands, read=self._tell_bands, test=f"+NBAND:({bands})"
            ),
            "+NEARFCN": Forms(assign=self._lock_carrier, test="+NEARFCN:(0),(0-65535)"),
            "+NCSEARFCN": Forms(execute=self._unlock_carrier, test=""),
            "+NCONFIG": Forms(
                assign=self._set_flag,
                read=self._tell_flags,
                test=f"+NCONFIG:({','.join(self._flash.flags)}),(FALSE,TRUE)",
            ),
        }

    def finds(self, cell: Cell) -> bool:
        """A search with these settings finds `cell`."""
        return (
            self._carrier in (None, cell.earfcn)
            and cell.band in self._flash.bands
            and cell.scrambling is self._scrambling
        )

    def _set_bands(self, values: Values, _now: float) -> Answer:
        bands = [values.integer(min(BANDS), max(BANDS))]
        while values.more:
            bands.append(values.integer(min(BANDS), max(BANDS)))
        if not set(bands) <= set(BANDS) or len(set(bands)) < len(bands):
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        self._flash.bands = tuple(bands)
        return OK

    def _tell_bands(self, _now: float) -> Answer:
        return Answer(("+NBAND:" + ",".join(map(str, self._flash.bands)),))

    def _lock_carrier(self, values: Values, _now: float) -> Answer:
        """The only carrier to search, from the next search on."""
        values.integer(0, 0)
        carrier = values.integer(0, 0xFFFF)
        values.end()
        self._carrier = carrier
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
        self._flash.flags[name] = value == "TRUE"
        return OK

    def _tell_flags(self, _now: float) -> Answer:
        flags = self._flash.flags.items()
        return Answer(tuple(f"+NCONFIG:{name},{str(value).upper()}" for name, value in flags))
