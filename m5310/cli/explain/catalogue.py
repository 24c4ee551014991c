"""All known commands: completion, and the command of a line that a person typed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from m5310.at.codec import PROMPT, Command, Response
from m5310.at.table import CommandTable, Entry
from m5310.cli.explain import onenet, suite
from m5310.commands import clock, general, identity, network, ping, power, signal, sockets
from m5310.errors import ParameterError, Text, shortened

TABLES: Final[tuple[CommandTable, ...]] = (
    general.TABLE,
    identity.TABLE,
    clock.TABLE,
    signal.TABLE,
    network.TABLE,
    ping.TABLE,
    power.TABLE,
    sockets.TABLE,
    onenet.TABLE,
    suite.TABLE,
)


def entries() -> list[Entry]:
    """The entries of all tables, by command line."""
    return _sorted(each for table in TABLES for each in table)


def declaring(line: str) -> list[Entry]:
    """The entries of the commands that have a response of this shape, by command line."""
    return _sorted(each for table in TABLES for each in table if each.command.declares(line))


def _sorted(found: Iterable[Entry]) -> list[Entry]:
    return sorted(found, key=lambda each: each.command.line)


def find(line: str) -> Entry | None:
    """The entry of a command line, whatever its case."""
    line = line.upper()
    return next(filter(None, (table.find(line) for table in TABLES)), None)


def completions(typed: str) -> list[Entry]:
    """The commands that begin with `typed`, ignoring case; all of them for an empty text."""
    start = typed.lstrip().upper()
    return [
        entry
        for entry in entries()
        if entry.command.line.startswith(start) and entry.command.line != start
    ]


# --- typed commands --------------------------------------------------------------------------

_NAME: Final = re.compile(r"AT(\+[A-Z0-9]+)", re.IGNORECASE)

# The responses of a command that is in no table: lines with its own name, and lines without any.
# Boot text belongs only to a restart by command, whose table entry leaves it to the listeners.
_BARE: Final = r"(?!REBOOT)[^+\s].*"
_BOOT_TEXT: Final = re.compile(r"REBOOTING|REBOOT_CAUSE_[A-Z_]+|M5310")

_SPEED: Final = re.compile(r"AT\+NATSPEED= *([1-9][0-9]{0,7}) *,.*", re.IGNORECASE)


def typed(line: str, seconds: float | None = None) -> Command:
    """The command of a line as a person types it, with the responses it may have.

    `seconds` overrides its timeout. Raises ParameterError on a line that does not begin with AT
    or that cannot be written.
    """
    line = line.strip()
    if not line.upper().startswith("AT"):
        # the module ignores it, or refuses the next command because of it
        raise ParameterError(Text("{line} does not begin with AT", line=repr(shortened(line, 40))))
    entry = find(line)
    timeout = seconds or (entry.command.timeout if entry is not None else PROMPT)
    if line.upper() == general.restart().line:
        return Command(line, (Response(_BOOT_TEXT),), timeout)
    if entry is not None and not line.endswith("=?"):
        return Command(line, entry.command.responses, timeout, entry.command.repeatable)
    name = _NAME.match(line)
    named = rf"{re.escape(name[1].upper())}:.*|" if name else ""
    return Command(line, (Response(re.compile(named + _BARE), required=False),), timeout)


def speed_in(line: str) -> int | None:
    """The speed in baud that a command line changes the serial line to; None for all others."""
    found = _SPEED.fullmatch(line)
    return int(found[1]) if found else None
