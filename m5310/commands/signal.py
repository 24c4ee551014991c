"""What the radio has measured: AT+CSQ and AT+NUESTATS."""

from __future__ import annotations

import re
from dataclasses import dataclass

from m5310.at.codec import Answer, Command
from m5310.commands.general import query, read


def signal_quality() -> Command:
    return query("+CSQ", _CSQ)


def signal_of(answer: Answer) -> int | None:
    """dBm, -113..-51; None if the module does not know (TS 27.007 8.5)."""
    rssi = int(read(answer, _CSQ)[1])
    return None if rssi == 99 else -113 + 2 * rssi


_CSQ = re.compile(r"\+CSQ: ?([0-2]?[0-9]|3[01]|99),(?:[0-7]|99)")


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


_ROW = re.compile(r"([A-Z][A-Za-z ]{1,20}): ?(-?[0-9]{1,10})")
_TENTHS = {
    "Signal power": "signal_power",
    "Total power": "total_power",
    "TX power": "transmit_power",
    "SNR": "snr",
    "RSRQ": "rsrq",
}
_WHOLE = {"ECL": "coverage_level", "EARFCN": "earfcn", "Cell ID": "cell", "PCI": "pci"}
# What stands for a value that was not measured. A guess: that of modules of the same chip.
_NOT_MEASURED = -32768
_NO_LEVEL = {"ECL": 255}
_CELL = re.compile(r"(?:\+)?NUESTATS: ?CELL,([0-9]+),([0-9]+),([01])((?:,-?[0-9]+){4})")


def statistics() -> Command:
    return query("+NUESTATS", _ROW)


def statistics_of(answer: Answer) -> RadioStatistics:
    found: dict[str, int] = {}
    for line in answer.lines:
        row = _ROW.fullmatch(line)
        if row and int(row[2]) != _NO_LEVEL.get(row[1], _NOT_MEASURED):
            found[row[1]] = int(row[2])
    tenths = {field: found[row] / 10 for row, field in _TENTHS.items() if row in found}
    whole = {field: found[row] for row, field in _WHOLE.items() if row in found}
    return RadioStatistics(**tenths, **whole)  # type: ignore[arg-type]  # keys are fields


def cells() -> Command:
    """Nothing but OK out of coverage."""
    return query("+NUESTATS", _CELL, "CELL", required=False)


def cells_of(answer: Answer) -> tuple[Cell, ...]:
    found = []
    for line in answer.lines:
        if match := _CELL.fullmatch(line):
            rsrp, rsrq, rssi, snr = (int(value) / 10 for value in match[4][1:].split(","))
            primary = match[3] == "1"
            found.append(Cell(int(match[1]), int(match[2]), primary, rsrp, rsrq, rssi, snr))
    return tuple(found)
