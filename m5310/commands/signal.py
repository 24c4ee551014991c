"""What the radio measures: AT+CSQ and AT+NUESTATS."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from m5310.at.table import CommandTable, Match
from m5310.errors import Text, listed

TABLE: Final = CommandTable()

WEAK: Final = -105
"""dBm below which a login tends to fail for want of signal."""
# guess: NB-IoT itself works at lower levels.
GOOD: Final = -90
"""dBm from which the antenna needs no attention."""
# guess: a common rule of thumb.


def _dbm(matches: Sequence[Match]) -> int | None:
    """dBm, -113..-51; None if the module does not know (TS 27.007 8.5)."""
    rssi = int(matches[0][1])
    return None if rssi == 99 else -113 + 2 * rssi


def describe_signal(dbm: int | None) -> str:
    """The signal strength in plain English; None: unknown."""
    strength = describe_strength(dbm)
    return strength if dbm is None else Text("signal {strength}", strength=strength)


def describe_strength(dbm: int | None) -> str:
    """As `describe_signal`, without the subject."""
    if dbm is None:
        return Text("no signal known")
    if dbm >= GOOD:
        return Text("{dbm} dBm, good", dbm=dbm)
    if dbm >= WEAK:
        return Text("{dbm} dBm, fair", dbm=dbm)
    return Text("{dbm} dBm, weak", dbm=dbm)


signal_quality: Final = TABLE.query(
    "+CSQ",
    re.compile(r"\+CSQ: ?([0-2]?[0-9]|3[01]|99),(?:[0-7]|99)"),
    _dbm,
    Text("signal strength"),
    describe=describe_signal,
)


@dataclass(frozen=True, slots=True)
class RadioStatistics:
    """AT+NUESTATS. Powers in dBm, `snr` and `rsrq` in dB, `coverage_level` 0 (good) to 2; None
    for what the module does not know.

    That every power, the SNR and the RSRQ come in tenths is inferred from the values seen.
    """

    signal_power: float | None = None
    total_power: float | None = None
    transmit_power: float | None = None
    snr: float | None = None
    coverage_level: int | None = None
    earfcn: int | None = None
    cell: int | None = None
    pci: int | None = None
    rsrq: float | None = None


# The rows by their names in the answer: field, units in one of the field's, description.
_ROWS: Final = {
    "Signal power": ("signal_power", 10, Text("signal power {value} dBm")),
    "Total power": ("total_power", 10, Text("total power {value} dBm")),
    "TX power": ("transmit_power", 10, Text("transmit power {value} dBm")),
    "SNR": ("snr", 10, Text("signal to noise {value} dB")),
    "ECL": ("coverage_level", 1, Text("coverage level {value}")),
    "EARFCN": ("earfcn", 1, Text("frequency (EARFCN) {value}")),
    "Cell ID": ("cell", 1, Text("cell {value}")),
    "PCI": ("pci", 1, Text("physical cell {value}")),
    "RSRQ": ("rsrq", 10, Text("quality {value} dB")),
}
_UNKNOWN: Final = {"ECL": 255}
_NOT_MEASURED: Final = -32768
# guess: a value that was not measured is this, as on modules of the same chip.


def _statistics(rows: Sequence[Match]) -> RadioStatistics:
    found: dict[str, Any] = {}
    for name, value in ((row[1], int(row[2])) for row in rows if row[1] in _ROWS):
        field, units, _ = _ROWS[name]
        if value == _UNKNOWN.get(name, _NOT_MEASURED):
            found[field] = None
        else:
            found[field] = value if units == 1 else value / units
    return RadioStatistics(**found)


def _describe_statistics(found: RadioStatistics) -> str:
    known = ((text, getattr(found, field)) for field, _, text in _ROWS.values())
    return listed(Text(text, value=value) for text, value in known if value is not None)


statistics: Final = TABLE.query(
    "+NUESTATS",
    re.compile(r"([A-Z][A-Za-z ]{1,20}): ?(-?[0-9]{1,10})"),
    _statistics,
    Text("radio's measurements"),
    describe=_describe_statistics,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of AT+NUESTATS=CELL. `rsrp` and `rssi` in dBm, `rsrq` and `snr` in dB."""

    earfcn: int
    pci: int
    primary: bool
    rsrp: float
    rsrq: float
    rssi: float
    snr: float


def _cell(match: Match) -> Cell:
    rsrp, rsrq, rssi, snr = (int(value) / 10 for value in match[4][1:].split(","))
    return Cell(int(match[1]), int(match[2]), match[3] == "1", rsrp, rsrq, rssi, snr)


def _describe_cells(found: tuple[Cell, ...]) -> str:
    return listed(map(_describe_cell, found), clauses=True)


def _describe_cell(cell: Cell) -> Text:
    place = {"cell": cell.pci, "earfcn": cell.earfcn}
    if cell.primary:
        kind = Text("serving cell {cell} at EARFCN {earfcn}", **place)
    else:
        kind = Text("neighbour cell {cell} at EARFCN {earfcn}", **place)
    return Text(
        "{kind}: {rsrp:g} dBm, quality {rsrq:g} dB, signal to noise {snr:g} dB",
        kind=kind,
        rsrp=cell.rsrp,
        rsrq=cell.rsrq,
        snr=cell.snr,
    )


cells: Final = TABLE.query(  # only OK out of coverage
    "+NUESTATS",
    re.compile(r"(?:\+)?NUESTATS: ?CELL,([0-9]+),([0-9]+),([01])((?:,-?[0-9]+){4})"),
    lambda matches: tuple(map(_cell, matches)),
    Text("cells around"),
    "CELL",
    required=False,
    describe=_describe_cells,
)
