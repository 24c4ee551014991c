"""Commands of the network: registration, operator, bands, addresses, ping."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, TypeVar

from m5310.at.codec import Answer, Command, Quoted, Response
from m5310.at.codec import values as values_of
from m5310.at.table import CommandTable, Match, Values, first_flag
from m5310.commands.general import within
from m5310.commands.power import active_seconds, periodic_update_seconds
from m5310.errors import AnswerError, ParameterError, Text, listed

SEARCH: Final = 60.0
"""Seconds for AT+COPS, which answers after it has searched for the operator."""
# guess: no capture shows a search.

T = TypeVar("T")

TABLE: Final = CommandTable()


# --- registration ----------------------------------------------------------------------------


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
        """Whether the module may use the network."""
        return self in (Registration.HOME, Registration.ROAMING)


@dataclass(frozen=True, slots=True)
class NetworkStatus:
    """Where the module is on the network. None for what the report level omits or is unknown.

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


# TS 27.007 10.1.22, where every value but the first may be empty:
# <stat>[,<tac>,<ci>,<AcT>[,<cause_type>,<reject_cause>[,<Active-Time>,<Periodic-TAU>]]]
# Hex and bit strings come with or without quotes.
_CELL = r',"?([0-9A-Fa-f]{1,4})?"?,"?([0-9A-Fa-f]{1,8})?"?,([0-9])?'
_CAUSE = r",([0-9]{1,3})?,([0-9]{1,5})?"
_TIMERS = r',"?([01]{8})?"?,"?([01]{8})?"?'
_STATUS = rf"([0-5])(?:{_CELL}(?:{_CAUSE}(?:{_TIMERS})?)?)?"
# An answer has <n> before the status, so 2, 5, 7 or 9 values; unsolicited ones have 1, 4, 6 or 8.
_CEREG = re.compile(rf"\+CEREG: ?[0-5],{_STATUS}")
_CEREG_URC = re.compile(rf"\+CEREG: ?{_STATUS}")


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


_STATS: Final = {
    Registration.NOT_REGISTERED: Text("not registered, and not searching"),
    Registration.HOME: Text("registered, home network"),
    Registration.SEARCHING: Text("not registered yet, searching"),
    Registration.DENIED: Text("registration denied by the network"),
    Registration.UNKNOWN: Text("registration unknown, out of coverage"),
    Registration.ROAMING: Text("registered, roaming"),
}

# Why a network denies, as +CEREG reports it from level 3 on (EMM causes, TS 24.301 annex A).
_EMM_CAUSES: Final = {
    3: Text("illegal UE: the SIM is not known"),
    6: Text("illegal ME: the module's IMEI is barred"),
    7: Text("no EPS services for this SIM"),
    8: Text("no services at all for this SIM"),
    11: Text("this network is not allowed"),
    12: Text("this tracking area is not allowed"),
    13: Text("no roaming in this tracking area"),
    14: Text("no EPS services in this network"),
    15: Text("no suitable cell in this tracking area"),
    22: Text("congestion"),
}


def describe_cause(cause: int) -> Text:
    """Why the network denies the registration, by its EMM cause."""
    meaning = _EMM_CAUSES.get(cause, Text("see TS 24.301 annex A"))
    return Text("EMM cause {number}, {meaning}", number=cause, meaning=meaning)


def describe_status(status: NetworkStatus) -> str:
    """The status in plain English."""
    parts, cause = [_STATS[status.stat]], status.reject_cause
    if status.tac is not None:
        parts.append(Text("cell {cell:X} in area {area:X}", cell=status.cell, area=status.tac))
    if cause is not None and status.cause_type:
        parts.append(Text("vendor's cause {number}", number=cause))
    elif cause is not None:
        parts.append(describe_cause(cause))
    return listed(parts)


_LEVELS: Final = {
    0: Text("reports of the registration off"),
    1: Text("reports of the registration on"),
    2: Text("reports of the registration on, with the cell"),
}


def _describe_level(values: Sequence[str]) -> str:
    (level,) = values
    known = _LEVELS.get(int(level))
    return known or Text("reports of the registration level {level}", level=int(level))


@TABLE.setting(
    "+CEREG",
    "0..5",
    Text("report changes of the registration"),
    describe=_describe_level,
    repeatable=True,
)
def report_registration(level: int) -> Values:
    """0 silent, 1 `+CEREG:<stat>` at each change, 2 with the cell, 3 with the cause of a
    rejection, 4 with the timers of power saving, 5 with both (TS 27.007 10.1.22)."""
    return (within("level", level, range(6)),)


registration: Final = TABLE.query(
    "+CEREG?",
    _CEREG,
    lambda matches: _status(matches[0]),
    Text("registration on the network"),
    describe=describe_status,
)


def registration_reports() -> Command[int]:
    """`AT+CEREG?` for the level of the reports, 0..5."""
    return _first_of(registration(), re.compile(r"\+CEREG: ?([0-5])(?:,.*)?"), int)


def connection_reports() -> Command[bool]:
    """`AT+CSCON?` for whether the radio connection is reported."""
    return _first_of(connection(), re.compile(r"\+CSCON: ?([01])(?:,.*)?"), lambda one: one == "1")


def _first_of(query: Command[Any], shape: re.Pattern[str], kind: Callable[[str], T]) -> Command[T]:
    """The query, for the first value of its answer."""

    def parse(answer: Answer) -> T:
        match = shape.fullmatch(answer.lines[0]) if answer.lines else None
        if match is None:
            raise AnswerError(f"{query.line} was answered with {list(answer.lines)!r}")
        return kind(match[1])

    return Command(query.line, (Response(shape),), query.timeout, query.repeatable, parse)


def registration_change(line: str) -> NetworkStatus | None:
    """An unsolicited +CEREG parsed; None for any other line."""
    match = _CEREG_URC.fullmatch(line)
    return _status(match) if match else None


attach: Final = TABLE.switch(
    "+CGATT", Text("attach to the network or leave it"), Text("attachment to the network")
)
"""OK comes at once; the attach itself takes 2 to 120 s (seen): poll `registration`."""

attachment: Final = TABLE.query(
    "+CGATT?",
    re.compile(r"\+CGATT: ?([01])"),
    first_flag,
    Text("attachment to the network"),
    describe=lambda attached: (
        Text("attached to the network") if attached else Text("not attached to the network")
    ),
)


report_connection: Final = TABLE.switch(
    "+CSCON",
    Text("report the radio connection"),
    Text("reports of the radio connection"),
    repeatable=True,
)
"""`+CSCON:1` when the radio connects, `+CSCON:0` when it goes idle."""


def describe_connection(connected: bool) -> str:
    """The state of the radio connection in plain English."""
    return Text("radio connected") if connected else Text("radio idle")


connection: Final = TABLE.query(
    "+CSCON?",
    re.compile(r"\+CSCON: ?[01],([01])"),
    first_flag,
    Text("radio connection"),
    describe=describe_connection,
)


def _describe_operator(values: Sequence[str]) -> str:
    if values[0] == "0":
        return Text("let the module choose the operator")
    _, _, plmn = values
    return Text("choose the operator {plmn}", plmn=plmn)


@TABLE.setting(
    "+COPS",
    '0 | 1,2,"<plmn>"',
    Text("choose the operator"),
    describe=_describe_operator,
    timeout=SEARCH,
)
def operator(plmn: str | None) -> Values:
    """Choose a network by its number (`46000`), or None: the module chooses (TS 27.007 7.3).

    Raises ParameterError on a number that is not of 5 or 6 digits.
    """
    if plmn is None:
        return (0,)
    if not re.fullmatch(r"[0-9]{5,6}", plmn):
        raise ParameterError(f"{plmn!r} is not a network number; expected 5 or 6 digits")
    return 1, 2, Quoted(plmn)


operator_query: Final = TABLE.query(
    "+COPS?",
    re.compile(r'\+COPS: ?[0-4](?:,[0-2],"?([^",]*)"?(?:,[0-9])?)?'),
    lambda matches: matches[0][1] or None,
    Text("operator"),
)


# --- where to search -------------------------------------------------------------------------


@TABLE.setting(
    "+NBAND",
    "<band>[,<band>...]",
    Text("set the bands to search"),
    describe=lambda values: Text(
        "look for a network in the bands {bands}", bands=", ".join(values)
    ),
)
def bands(*numbers: int) -> Values:
    """The bands (1..85) to search for a network, in this order.

    Raises ParameterError without a band and on one out of range.
    """
    if not numbers:
        raise ParameterError("no band given; expected one or more, like 5, 8")
    return tuple(within("band", number, range(1, 86)) for number in numbers)


bands_query: Final = TABLE.query(
    "+NBAND?",
    re.compile(r"\+NBAND: ?([0-9]{1,2}(?:,[0-9]{1,2})*)"),
    lambda matches: tuple(map(int, matches[0][1].split(","))),
    Text("bands"),
)


def _describe_frequency(values: Sequence[str]) -> str:
    _, earfcn = values
    return Text("lock the frequency (EARFCN) {earfcn}", earfcn=earfcn)


@TABLE.setting("+NEARFCN", "0,<earfcn>", Text("lock a frequency"), describe=_describe_frequency)
def lock_frequency(earfcn: int) -> Values:
    """Search on this carrier only; `earfcn` is 0..262143, else ParameterError."""
    return 0, within("earfcn", earfcn, range(262144))


forget_frequencies: Final = TABLE.action("+NCSEARFCN", Text("forget stored frequencies"))


# --- addresses -------------------------------------------------------------------------------

# A line for each context; one of both IP versions has a second address (TS 27.007 10.1.14).
_ADDRESS = '"?([0-9A-Fa-f.:]*)"?'

addresses: Final = TABLE.query(
    "+CGPADDR",
    re.compile(rf"\+CGPADDR: ?[0-9]{{1,2}}(?:,{_ADDRESS}(?:,{_ADDRESS})?)?"),
    # of the first context that has one; None before that
    lambda matches: next((match[1] for match in matches if match[1]), None),
    Text("IP address"),
)


def _access_points(matches: Sequence[Match]) -> dict[int, str]:
    """Context number to access point name."""
    rows = (values_of(match[1]) for match in matches)
    return {int(number): name for number, _, name, *_ in rows}


contexts: Final = TABLE.query(  # only OK as long as none is defined
    "+CGDCONT?",
    re.compile(r'\+CGDCONT: ?([0-9]{1,2},"[A-Z0-9]*","[^"]*".*)'),
    _access_points,
    Text("access points"),
    required=False,
    describe=lambda found: listed(
        Text("context {number}: access point {name}", number=number, name=name)
        for number, name in found.items()
    ),
)
