"""Measurements of the radio: AT+CSQ and AT+NUESTATS."""

from __future__ import annotations

from typing import ClassVar

from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values
from emulator.module.general_profile import M5310, General
from emulator.module.radio.coverage import Cell
from emulator.module.radio.radio import Radio

_NO_SIGNAL = 99
_STAND_ALONE = 4  # guess: how the network uses the carrier

# Without a cell (AT command set of the M5310-A).
_NO_CELL = Cell(
    ci="4294967295",
    earfcn=4_294_967_295,
    pci=65_535,
    rsrp=-32768,
    rssi=-32768,
    rsrq=-32768,
    snr=-32768,
    tx_power=-32768,
    ecl=255,
)


class Measurements:
    """Names and order of the rows are the chip's; NUESTATS without type and CELL are seen."""

    __slots__ = ("_operator_mode", "_radio")

    # guess: the other types are written as on sister chips
    def __init__(self, radio: Radio, general: General = M5310) -> None:
        self._radio = radio
        self._operator_mode = general.operator_mode

    def _read_signal(self, _now: float) -> Answer:
        rssi = _NO_SIGNAL
        if self._radio.camped:
            # -113 dBm is 0, each 2 dB one more (TS 27.007 8.5).
            rssi = min(max((self._radio.cell.rssi + 1130) // 20, 0), 31)
        return Answer((f"+CSQ:{rssi},{_NO_SIGNAL}",))

    def _read_statistics(self, values: Values, now: float) -> Answer:
        kind = values.word("RADIO|CELL|BLER|THP|APPSMEM|ALL")
        values.end()
        rows: dict[str, tuple[str, ...]] = {
            "RADIO": _of("RADIO", self._rows(now)),
            "BLER": _of("BLER", self._errors()),
            "THP": _of("THP", ("RLC UL,0", "RLC DL,0", "MAC UL,0", "MAC DL,0")),
            "CELL": _of("CELL", self._cells()),
            "APPSMEM": (),  # guess: its rows are not known
        }
        chosen = rows.values() if kind == "ALL" else [rows[kind]]
        lines = tuple(line for group in chosen for line in group)
        return Answer(lines) if lines else OK

    def _rows(self, now: float) -> tuple[str, ...]:
        cell = self._radio.cell if self._radio.camped else _NO_CELL
        return (
            f"Signal power:{cell.rsrp}",
            f"Total power:{cell.rssi}",
            f"TX power:{cell.tx_power}",
            f"TX time:{round(self._radio.transmitted * 1000)}",
            f"RX time:{round(self._radio.received(now) * 1000)}",
            f"Cell ID:{cell.ci}",
            f"ECL:{cell.ecl}",
            f"SNR:{cell.snr}",
            f"EARFCN:{cell.earfcn}",
            f"PCI:{cell.pci}",
            f"RSRQ:{cell.rsrq}",
            *(
                (f"OPERATOR MODE:{_STAND_ALONE if self._radio.camped else 0}",)
                * self._operator_mode
            ),
        )

    def _errors(self) -> tuple[str, ...]:
        """Block error rates in percent."""
        reception = self._radio.reception
        rate = round(reception.loss * 100) if reception is not None and self._radio.camped else 0
        return tuple(
            f"{direction} BLER,{rate}" for direction in ("RLC UL", "RLC DL", "MAC UL", "MAC DL")
        )

    def _cells(self) -> tuple[str, ...]:
        """One row a cell; there is only the serving one."""
        if not self._radio.camped:
            return ()
        cell = self._radio.cell
        figures = (cell.earfcn, cell.pci, 1, cell.rsrp, cell.rsrq, cell.rssi, cell.snr)
        return (",".join(map(str, figures)),)

    COMMANDS: ClassVar[Commands] = {
        "+CSQ": CommandForms(execute=_read_signal, test="+CSQ:(0-31,99),(99)"),
        "+NUESTATS": CommandForms(
            execute=lambda self, now: Answer(self._rows(now)),
            set=_read_statistics,
            test="+NUESTATS:(RADIO,CELL,BLER,THP,ALL)",
        ),
    }


def _of(kind: str, rows: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"NUESTATS:{kind},{row}" for row in rows)
