"""Unsolicited result codes of the module itself: parsed, and described in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from m5310.commands.general import BootCause, Booted, booted
from m5310.commands.network import (
    NetworkStatus,
    describe_connection,
    describe_status,
    registration_change,
)
from m5310.commands.ping import PingFailure, PingReply, ping_outcome
from m5310.commands.sockets import DatagramWaiting, waiting
from m5310.errors import Text


@dataclass(frozen=True, slots=True)
class RadioConnection:
    """+CSCON: the radio is connected, or idle."""

    connected: bool


@dataclass(frozen=True, slots=True)
class Sleep:
    """+NPSMR: the module is asleep (it loses the first bytes of UART input), or awake."""

    asleep: bool


Urc = Booted | NetworkStatus | RadioConnection | Sleep | DatagramWaiting | PingReply | PingFailure

_CSCON = re.compile(r"\+CSCON: ?([01])")
_MNBIOTEVENT = re.compile(r'\*MNBIOTEVENT: ?"ENTER PSM"')
_NPSMR = re.compile(r"\+NPSMR: ?([01])")


def parse(line: str) -> Urc | None:
    """An unsolicited line parsed; None for one that is not listed here.

    Raises AnswerError for a ping outcome that does not have its shape.
    """
    parse_urc = _PARSERS.get(line.partition(":")[0])
    if parse_urc is not None:
        return parse_urc(line)
    return booted(line) if line.startswith("REBOOT_CAUSE_") else None


def _radio_connection(line: str) -> RadioConnection | None:
    match = _CSCON.fullmatch(line)
    return RadioConnection(match[1] == "1") if match else None


def _falls_asleep(line: str) -> Sleep | None:
    """M5311 and ME3616 report only this (documented, seen); any later line shows that they woke."""
    return Sleep(asleep=True) if line == "*GOTOSLEEP" or _MNBIOTEVENT.fullmatch(line) else None


def _sleep(line: str) -> Sleep | None:
    match = _NPSMR.fullmatch(line)
    return Sleep(match[1] == "1") if match else None


_PARSERS: Final[dict[str, Callable[[str], Urc | None]]] = {
    "*GOTOSLEEP": _falls_asleep,
    "*MNBIOTEVENT": _falls_asleep,
    "*ATREADY": booted,
    "*MATREADY": booted,
    "+MATREADY": booted,
    "RDY": booted,
    "+CEREG": registration_change,
    "+CSCON": _radio_connection,
    "+NPING": ping_outcome,
    "+NPINGERR": ping_outcome,
    "+NPSMR": _sleep,
    "+NSONMI": waiting,
}


_CAUSES: Final = {
    BootCause.COMMAND: Text("the module has restarted by command"),
    BootCause.POWER_ON: Text("the module has restarted at power-on"),
    BootCause.RESET_PIN: Text("the module has restarted by its reset pin"),
    BootCause.WATCHDOG: Text("the module has restarted by its watchdog"),
    BootCause.UNKNOWN: Text("the module has restarted for an unknown reason"),
}


def describe(urc: Urc) -> str:
    """What the URC reports, in plain English."""
    match urc:
        case Booted():
            return Text("{restarted}; everything set up is gone", restarted=_CAUSES[urc.cause])
        case NetworkStatus():
            return describe_status(urc)
        case RadioConnection(connected):
            return describe_connection(connected)
        case Sleep(asleep):
            return Text("the module falls asleep") if asleep else Text("the module is awake")
        case DatagramWaiting(socket, length):
            return Text("{length} bytes wait on socket {socket}", length=length, socket=socket)
        case PingReply():
            return Text(
                "{address} answered the ping in {ms:g} ms", address=urc.address, ms=urc.time * 1000
            )
        case PingFailure():
            return Text("the ping was not answered")
        case _:
            assert_never(urc)
