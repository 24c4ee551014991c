"""Settings the host makes and reads back: eDRX, bands, configuration flags, line speed.

What of it acts on the emulated module is said where it is stored; the rest is only remembered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.at import Cme, Refusal
from emulator.commands import OK, Answer, Forms, Table, Values
from emulator.radio import Radio

BANDS = (3, 5, 8)  # a guess at what the module can tune to; hosts set 5 and 8
SPEEDS = (4800, 9600, 57_600, 115_200, 230_400, 460_800)  # of the chip's UART
FACTORY_SPEED = 9600

_EDRX_LTE_NB = 5  # access technology of CEDRXS (TS 27.007 7.40)


def _factory_flags() -> dict[str, bool]:
    # The names are the chip's, seen on boards; AUTOCONNECT turns the radio on at boot.
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
    """What outlives a restart."""

    bands: tuple[int, ...] = (5, 8)
    flags: dict[str, bool] = field(default_factory=_factory_flags)
    speed: int = FACTORY_SPEED


class Settings:
    def __init__(self, flash: Flash, radio: Radio) -> None:
        self._flash = flash
        self._radio = radio
        self._edrx: str | None = None
        self._edrx_value = "0101"  # 81.92 s (TS 24.008 10.5.5.32)

    def commands(self) -> Table:
        bands = ",".join(map(str, BANDS))
        return {
            "+CEDRXS": Forms(
                assign=self._set_edrx, read=self._tell_edrx, test="+CEDRXS:(0,1),(5),(0000-1111)"
            ),
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

    def _set_edrx(self, values: Values, _now: float) -> Answer:
        on = bool(values.integer(0, 1))
        technology = values.optional_integer(_EDRX_LTE_NB, _EDRX_LTE_NB)
        value = values.optional_word("[01]{4}")
        values.end()
        if on and technology is None:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        self._edrx_value = value or self._edrx_value
        self._edrx = self._edrx_value if on else None
        return OK

    def _tell_edrx(self, _now: float) -> Answer:
        if self._edrx is None:
            return OK
        return Answer((f'+CEDRXS:{_EDRX_LTE_NB},"{self._edrx}"',))

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
        self._radio.carrier = carrier
        return OK

    def _unlock_carrier(self, _now: float) -> Answer:
        self._radio.carrier = None
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
