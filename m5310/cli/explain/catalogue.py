"""The commands a person may type: for completion, and what a typed line may bring."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from m5310.at.codec import Command, Response
from m5310.cli.explain.questions import QUERIES, SOCKETS
from m5310.commands import general, network
from m5310.errors import ParameterError, shortened


@dataclass(frozen=True, slots=True)
class Entry:
    """One command for completion: what is inserted, the values that follow, and what it does."""

    text: str
    values: str
    does: str


_SETTINGS: Final = (
    Entry("AT", "", "is anybody there?"),
    Entry("ATE", "0|1", "echo"),
    Entry("AT+CMEE=", "0|1", "tell errors as numbers"),
    Entry("AT+NRB", "", "restart the module"),
    Entry("AT+CFUN=", "0|1", "switch the radio"),
    Entry("AT+CGATT=", "0|1", "attach to the network or leave it"),
    Entry("AT+CEREG=", "0..5", "report changes of the registration"),
    Entry("AT+CSCON=", "0|1", "report the radio connection"),
    Entry("AT+COPS=", '0 | 1,2,"<plmn>"', "choose the operator"),
    Entry("AT+CPSMS=", '0 | 1,,,"<T3412>","<T3324>"', "power saving"),
    Entry("AT+CEDRXS=", '0|1,5[,"<cycle>"]', "eDRX"),
    Entry("AT+NPSMR=", "0|1", "report sleep"),
    Entry("AT+NBAND=", "<band>[,<band>...]", "where to look for a network"),
    Entry("AT+NEARFCN=", "0,<earfcn>", "lock a frequency"),
    Entry("AT+NCSEARFCN", "", "forget stored frequencies"),
    Entry("AT+NCONFIG=", "<NAME>,TRUE|FALSE", "configure the module"),
    Entry("AT+NATSPEED=", "<baud>,30,1,2,1,0,0", "change the speed of the line"),
    Entry("AT+NPING=", "<ip>[,<bytes>[,<ms>]]", "ping"),
    Entry("AT+NSOCR=", '"DGRAM",17,<port>,1', "open a UDP socket"),
    Entry("AT+NSOST=", "<socket>,<ip>,<port>,<length>,<hex>", "send a datagram"),
    Entry("AT+NSORF=", "<socket>,<length>", "fetch a datagram"),
    Entry("AT+NSOCL=", "<socket>", "close a socket"),
    Entry("AT+MIPLCONF=", "<size>,<hex>,<index>,<flag>", "configure the OneNET device"),
    Entry("AT+MIPLADDOBJ=", "0,<object>,<instance>", "add an object instance"),
    Entry(
        "AT+MIPLNOTIFY=",
        '0,<object>,<instance>,<resource>,<type>,"<value>",<flag>[,<ackid>]',
        "declare a resource before login, report it after",
    ),
    Entry("AT+MIPLOPEN=", "0[,<seconds>]", "log in to OneNET"),
    Entry("AT+MIPLUPDATE=", "0,<lifetime>,<with objects>", "renew the registration"),
    Entry(
        "AT+MIPLREAD=",
        '0,<msgid>,<object>,<instance>,<resource>,<type>,"<value>",<flag>',
        "answer a read",
    ),
    Entry("AT+MIPLWRITE=", "0,<msgid>,<1 done|0 failed>", "answer a write"),
    Entry("AT+MIPLEXECUTE=", "0,<msgid>,<1 done|0 failed>", "answer an execute"),
    Entry("AT+MIPLCLOSE=", "0", "log out of OneNET"),
    Entry("AT+MIPLDELOBJ=", "0,<object>,<instance>", "delete an object instance"),
    Entry("AT+MIPLDEL=", "0", "forget the OneNET device"),
)

ENTRIES: Final = tuple(
    sorted(
        (
            *_SETTINGS,
            *(Entry(query.command.line, "", f"ask for {query.asks}") for query in QUERIES),
        ),
        key=lambda entry: entry.text,
    )
)


def completions(typed: str) -> list[Entry]:
    """The commands that begin as `typed` does, case aside; all of them for nothing typed."""
    start = typed.lstrip().upper()
    return [entry for entry in ENTRIES if entry.text.startswith(start) and entry.text != start]


# --- what a typed line brings ----------------------------------------------------------------

_BY_LINE: Final = {query.command.line: query.command for query in QUERIES}
_NAME: Final = re.compile(r"AT(\+[A-Z0-9]+)(=\?|.?)", re.IGNORECASE)
_TIMEOUTS: Final = {"+CFUN": general.RADIO_SWITCH, "+COPS": network.SEARCH}

# Of a command that nobody wrote down here: lines with its own prefix, and lines without one, but
# for the boot text, which is never an answer to anything but AT+NRB.
_BARE: Final = re.compile(r"(?!REBOOT)[^+\s].*")
_BOOT_TEXT: Final = re.compile(r"REBOOTING|REBOOT_CAUSE_[A-Z_]+|M5310")
_RESTART: Final = replace(general.restart(), responses=(Response(_BOOT_TEXT),))


def typed(line: str, seconds: float | None = None) -> Command:
    """The command of a line as a person types it, with the lines that may answer it.

    `seconds` overrides how long its result may take. Raises ParameterError for what is no command
    and for what no line can carry.
    """
    line = line.strip()
    if not line.upper().startswith("AT"):
        # a module does not read it, or refuses half of what comes next for it
        raise ParameterError(f"{shortened(line, 40)!r} does not begin with AT")
    known = _BY_LINE.get(line.upper())
    found = _NAME.match(line)
    name = found[1].upper() if found else ""
    if known is None and name in SOCKETS:
        known = SOCKETS[name].command
    if line.upper() == _RESTART.line:
        known = _RESTART
    if known is not None:
        return replace(known, line=line, timeout=seconds or known.timeout)
    responses: tuple[Response, ...] = ()
    if not (found and found[2] == "=" and _UNSOLICITED.fullmatch(name)):
        responses = (Response(_own(name), required=False),)
    return Command(line, responses, seconds or _TIMEOUTS.get(name, general.PROMPT))


# Set, these bring nothing: a line with their prefix is unsolicited, like +CEREG:2 after CEREG=1.
_UNSOLICITED: Final = re.compile(r"\+(CEREG|CSCON|NPSMR|NPING|MIPL(?!CREATE).*)")


_SPEED: Final = re.compile(r"AT\+NATSPEED= *([1-9][0-9]{0,7}) *,.*", re.IGNORECASE)


def speed_in(line: str) -> int | None:
    """The speed that a command line takes the serial line to, in baud; None for all others."""
    found = _SPEED.fullmatch(line)
    return int(found[1]) if found else None


def _own(name: str) -> re.Pattern[str]:
    own = rf"{re.escape(name)}:.*|" if name else ""
    return re.compile(own + _BARE.pattern)
