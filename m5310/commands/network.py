"""The network side of the general vocabulary: registration, operator, bands, addresses, ping."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from m5310.at.codec import Answer, Command, Quoted
from m5310.at.codec import values as values_of
from m5310.commands.address import ip_address
from m5310.commands.general import query, read, setting, within
from m5310.commands.power import active_seconds, periodic_update_seconds
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
    """Where the module is on the network. None for what the level does not tell, or nobody knows.

    `tac` and `cell` come from level 2 on, both or neither. `reject_cause` (levels 3 and 5) is an
    EMM cause of TS 24.301 annex A if `cause_type` is 0, the vendor's own number if 1. `active`
    and `periodic_update` (levels 4 and 5) are the timers the network granted, in seconds.
    """

    stat: Registration
    tac: int | None = None
    cell: int | None = None
    technology: int | None = None
    cause_type: int | None = None
    reject_cause: int | None = None
    active: int | None = None
    periodic_update: int | None = None


# TS 27.007 10.1.22, of which every value but the first may be left empty:
# <stat>[,<tac>,<ci>,<AcT>[,<cause_type>,<reject_cause>[,<Active-Time>,<Periodic-TAU>]]]
# Hex and bit strings come with or without quotes.
_CELL = r',"?([0-9A-Fa-f]{1,4})?"?,"?([0-9A-Fa-f]{1,8})?"?,([0-9])?'
_CAUSE = r",([0-9]{1,3})?,([0-9]{1,5})?"
_TIMERS = r',"?([01]{8})?"?,"?([01]{8})?"?'
_STATUS = rf"([0-5])(?:{_CELL}(?:{_CAUSE}(?:{_TIMERS})?)?)?"
# An answer has <n> before the status, so 2, 5, 7 or 9 values; unsolicited ones have 1, 4, 6 or 8.
_CEREG = re.compile(rf"\+CEREG: ?[0-5],{_STATUS}")
_CEREG_URC = re.compile(rf"\+CEREG: ?{_STATUS}")


def report_registration(level: int) -> Command:
    """0 silent, 1 `+CEREG:<stat>` at each change, 2 with the cell, 3 with the cause of a
    rejection, 4 with the timers of power saving, 5 with both (TS 27.007 10.1.22)."""
    return setting("+CEREG", within("level", level, range(6)), repeatable=True)


def registration() -> Command:
    return query("+CEREG?", _CEREG)


def registration_of(answer: Answer) -> NetworkStatus:
    return _status(read(answer, _CEREG))


def registration_change(line: str) -> NetworkStatus | None:
    """What an unsolicited +CEREG says; None for any other line."""
    match = _CEREG_URC.fullmatch(line)
    return _status(match) if match else None


def _status(match: re.Match[str]) -> NetworkStatus:
    stat, tac, cell, technology, cause_type, reject_cause, active, periodic_update = match.groups()
    known = bool(tac and cell)
    return NetworkStatus(
        Registration(int(stat)),
        tac=int(tac, 16) if known else None,
        cell=int(cell, 16) if known else None,
        technology=int(technology) if technology else None,
        cause_type=int(cause_type) if cause_type else None,
        reject_cause=int(reject_cause) if reject_cause else None,
        active=active_seconds(active) if active else None,
        periodic_update=periodic_update_seconds(periodic_update) if periodic_update else None,
    )


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
    return setting("+CSCON", int(on), repeatable=True)


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
    return read(answer, _COPS)[1] or None


_COPS = re.compile(r'\+COPS: ?[0-4](?:,[0-2],"?([^",]*)"?(?:,[0-9])?)?')


# --- where to look --------------------------------------------------------------------------


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
    """The module's own IP address, of the first context that has one; None before that."""
    read(answer, _CGPADDR)
    matches = (_CGPADDR.fullmatch(line) for line in answer.lines)
    return next((match[1] for match in matches if match and match[1]), None)


# A line for each context; one of both IP versions has a second address (TS 27.007 10.1.14).
_ADDRESS = '"?([0-9A-Fa-f.:]*)"?'
_CGPADDR = re.compile(rf"\+CGPADDR: ?[0-9]{{1,2}}(?:,{_ADDRESS}(?:,{_ADDRESS})?)?")


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
    if size is not None:
        within("size", size, range(1, 1501))
    if timeout_ms is not None:
        within("timeout", timeout_ms, range(10, 600_001))
    return setting("+NPING", ip_address(address), size, timeout_ms)


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
