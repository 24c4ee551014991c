"""The network side of the general vocabulary: signal, registration, addresses, ping."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from m5310.at import Answer, Command, Quoted
from m5310.at import values as values_of
from m5310.commands.general import query, read, setting, within
from m5310.errors import AnswerError, ParameterError

SEARCH: Final = 60.0
"""Seconds for AT+COPS, which answers once it has looked for the operator. A guess."""


class Registration(IntEnum):
    """<stat> of +CEREG (TS 27.007 10.1.22)."""

    NOT_REGISTERED = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    UNKNOWN = 4
    ROAMING = 5

    @property
    def registered(self) -> bool:
        return self in (Registration.HOME, Registration.ROAMING)


@dataclass(frozen=True, slots=True)
class NetworkStatus:
    """Where the module is on the network; `tac` and `cell` only if they were asked for."""

    stat: Registration
    tac: int | None = None
    cell: int | None = None
    technology: int | None = None


# <stat>[,<tac>,<ci>,<AcT>], hex numbers with or without quotes
_STATUS = r'([0-5])(?:,"?([0-9A-Fa-f]{1,4})"?,"?([0-9A-Fa-f]{1,8})"?,([0-9]))?'
# An answer has <n> before the status, so 2 or 5 values; unsolicited ones have 1 or 4.
_CEREG = re.compile(rf"\+CEREG: ?[0-5],{_STATUS}")
_CEREG_URC = re.compile(rf"\+CEREG: ?{_STATUS}")


def report_registration(level: int) -> Command:
    """0 silent, 1 `+CEREG:<stat>` at each change, 2 with the cell (3..5 as in TS 27.007)."""
    return setting("+CEREG", within("level", level, range(6)))


def registration() -> Command:
    return query("+CEREG?", _CEREG)


def registration_of(answer: Answer) -> NetworkStatus:
    return _status(read(answer, _CEREG))


def registration_change(line: str) -> NetworkStatus | None:
    """What an unsolicited +CEREG says; None for any other line."""
    match = _CEREG_URC.fullmatch(line)
    return _status(match) if match else None


def _status(match: re.Match[str]) -> NetworkStatus:
    stat, tac, cell, technology = match.groups()
    if tac is None:
        return NetworkStatus(Registration(int(stat)))
    return NetworkStatus(Registration(int(stat)), int(tac, 16), int(cell, 16), int(technology))


def attach(on: bool) -> Command:
    """OK comes at once; the attach itself takes 2 to 120 s (seen): watch `registration`."""
    return setting("+CGATT", int(on))


def attachment() -> Command:
    return query("+CGATT?", _CGATT)


def attached(answer: Answer) -> bool:
    return read(answer, _CGATT)[1] == "1"


_CGATT = re.compile(r"\+CGATT: ?([01])")


def report_connection(on: bool) -> Command:
    """+CSCON:1 as the radio connects, +CSCON:0 as it idles."""
    return setting("+CSCON", int(on))


def connection() -> Command:
    return query("+CSCON?", _CSCON)


def connected(answer: Answer) -> bool:
    return read(answer, _CSCON)[1] == "1"


_CSCON = re.compile(r"\+CSCON: ?[01],([01])")


def operator(plmn: str | None) -> Command:
    """Choose a network by its number (`46000`), or None: the module chooses."""
    if plmn is None:
        return setting("+COPS", 0, timeout=SEARCH)
    if not re.fullmatch(r"[0-9]{5,6}", plmn):
        raise ParameterError(f"{plmn!r} is not a network's number; expected 5 or 6 digits")
    return setting("+COPS", 1, 2, Quoted(plmn), timeout=SEARCH)


def operator_query() -> Command:
    return query("+COPS?", _COPS)


def operator_of(answer: Answer) -> str | None:
    return read(answer, _COPS)[1]


_COPS = re.compile(r'\+COPS: ?[0-4](?:,[0-2],"?([^",]*)"?(?:,[0-9])?)?')


# --- signal ----------------------------------------------------------------------------------


def signal_quality() -> Command:
    return query("+CSQ", _CSQ)


def signal_of(answer: Answer) -> int | None:
    """dBm, -113..-51; None if the module does not know (TS 27.007 8.5)."""
    rssi = int(read(answer, _CSQ)[1])
    return None if rssi == 99 else -113 + 2 * rssi


_CSQ = re.compile(r"\+CSQ: ?([0-2]?[0-9]|3[01]|99),(?:[0-7]|99)")


@dataclass(frozen=True, slots=True)
class RadioStatistics:
    """AT+NUESTATS. Powers in dBm, `snr` in dB; None for what the module does not know.

    That every power and the SNR come in tenths is inferred from the values seen.
    """

    signal_power: float | None = None
    total_power: float | None = None
    transmit_power: float | None = None
    snr: float | None = None
    coverage_level: int | None = None
    earfcn: int | None = None
    cell: int | None = None
    pci: int | None = None


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
}
_WHOLE = {"ECL": "coverage_level", "EARFCN": "earfcn", "Cell ID": "cell", "PCI": "pci"}
_NOT_MEASURED = -32768
_CELL = re.compile(r"(?:\+)?NUESTATS: ?CELL,([0-9]+),([0-9]+),([01])((?:,-?[0-9]+){4})")


def statistics() -> Command:
    return query("+NUESTATS", _ROW)


def statistics_of(answer: Answer) -> RadioStatistics:
    found: dict[str, int] = {}
    for line in answer.lines:
        if (row := _ROW.fullmatch(line)) and int(row[2]) != _NOT_MEASURED:
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


def bands(*numbers: int) -> Command:
    """Where to look for a network, in this order."""
    if not numbers:
        raise ParameterError("no band; expected one or more, like 5, 8")
    return setting("+NBAND", *(within("band", number, range(1, 86)) for number in numbers))


def bands_query() -> Command:
    return query("+NBAND?", _NBAND)


def bands_of(answer: Answer) -> tuple[int, ...]:
    return tuple(int(number) for number in read(answer, _NBAND)[1].split(","))


_NBAND = re.compile(r"\+NBAND: ?([0-9]{1,2}(?:,[0-9]{1,2})*)")


def lock_frequency(earfcn: int) -> Command:
    return setting("+NEARFCN", 0, within("earfcn", earfcn, range(262144)))


def forget_frequencies() -> Command:
    """AT+NCSEARFCN: the stored frequencies are searched anew."""
    return setting("+NCSEARFCN")


# --- addresses and ping ----------------------------------------------------------------------


def addresses() -> Command:
    return query("+CGPADDR", _CGPADDR)


def address_of(answer: Answer) -> str | None:
    """The module's own IP address, None before it has one."""
    return read(answer, _CGPADDR)[1] or None


_CGPADDR = re.compile(r'\+CGPADDR: ?[0-9]{1,2}(?:,"?([0-9A-Fa-f.:]*)"?)?')


def contexts() -> Command:
    """Nothing but OK as long as none is defined."""
    return query("+CGDCONT?", _CGDCONT, required=False)


def access_points(answer: Answer) -> dict[int, str]:
    """Context number to access point name."""
    found = {}
    for line in answer.lines:
        if match := _CGDCONT.fullmatch(line):
            number, _, name = values_of(match[1])[:3]
            found[int(number)] = name
    return found


_CGDCONT = re.compile(r'\+CGDCONT: ?([0-9]{1,2},"[A-Z0-9]*","[^"]*".*)')


def ping(address: str, size: int | None = None, timeout_ms: int | None = None) -> Command:
    """OK at once; `+NPING` or `+NPINGERR` later. `size` in bytes."""
    if not re.fullmatch(r"[0-9A-Fa-f.:]{2,39}", address):
        raise ParameterError(f"{address!r} is not an IP address; names are not resolved here")
    if size is not None:
        within("size", size, range(1, 1501))
    if timeout_ms is not None:
        within("timeout", timeout_ms, range(10, 600_001))
    return setting("+NPING", address, size, timeout_ms)


@dataclass(frozen=True, slots=True)
class PingReply:
    """+NPING: `time` in seconds."""

    address: str
    ttl: int
    time: float


@dataclass(frozen=True, slots=True)
class PingFailure:
    """+NPINGERR: no reply came."""

    reason: int


def ping_outcome(line: str) -> PingReply | PingFailure | None:
    """What a ping brought; None for a line that is not of a ping."""
    name, _, text = line.partition(":")
    try:
        match name:
            case "+NPING":
                address, ttl, rtt = values_of(text.strip())
                return PingReply(address, int(ttl), int(rtt) / 1000)
            case "+NPINGERR":
                return PingFailure(int(text))
            case _:
                return None
    except ValueError:
        raise AnswerError(f"{line!r} does not have the shape of {name}") from None
