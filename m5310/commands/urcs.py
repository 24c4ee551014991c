"""What a module says unasked about itself, whichever OneNET language it speaks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from m5310.commands.general import Booted, booted
from m5310.commands.network import (
    NetworkStatus,
    PingFailure,
    PingReply,
    ping_outcome,
    registration_change,
)
from m5310.commands.sleep_reports import sleep_reported
from m5310.commands.sockets import DatagramWaiting, waiting


@dataclass(frozen=True, slots=True)
class RadioConnection:
    """+CSCON: the radio is connected, or idle."""

    connected: bool


@dataclass(frozen=True, slots=True)
class Sleep:
    """+NPSMR: the module is asleep (its first bytes of UART input get lost), or awake."""

    asleep: bool


Notice = (
    Booted | NetworkStatus | RadioConnection | Sleep | DatagramWaiting | PingReply | PingFailure
)

_CSCON = re.compile(r"\+CSCON: ?([01])")


def parse(line: str) -> Notice | None:
    """The meaning of an unsolicited line; None for one that is not of this vocabulary.

    Raises AnswerError for a ping's outcome that does not have its shape.
    """
    if match := _CSCON.fullmatch(line):
        return RadioConnection(match[1] == "1")
    if (asleep := sleep_reported(line)) is not None:
        return Sleep(asleep)
    return registration_change(line) or waiting(line) or booted(line) or ping_outcome(line)
