"""Commands of the line itself, the radio switch, the configuration and the restart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple

from m5310.at.codec import Command
from m5310.at.table import CommandTable, Values, first_flag
from m5310.errors import ParameterError, Text, listed

RADIO_SWITCH: Final = 90.0
"""Seconds until AT+CFUN has its result: switching the radio takes up to this long (seen)."""
BOOT: Final = 30.0
"""Seconds for AT+NRB from `REBOOTING` to the final OK."""
# guess: some seconds were seen.

TABLE: Final = CommandTable()


def within(name: str, number: int, allowed: range) -> int:
    """`number`; raises ParameterError unless it is an integer in `allowed`."""
    if isinstance(number, bool) or number not in allowed:
        raise ParameterError(f"{name} must be {allowed[0]}..{allowed[-1]}, got {number!r}")
    return number


# --- the line itself (V.250) -----------------------------------------------------------------

attention: Final = TABLE.action("", Text("check that the module answers"), repeatable=True)
factory_defaults: Final = TABLE.action("&F", Text("restore the factory defaults"))  # V.250 6.1.2
reset_profile: Final = TABLE.action("Z", Text("restore the stored settings"))  # V.250 6.1.1

_echo_off = TABLE.action("E0", Text("echo off"), repeatable=True)  # V.250 6.2.4
_echo_on = TABLE.action("E1", Text("echo on"), repeatable=True)


def echo(on: bool) -> Command[None]:
    """Whether the module echoes command lines (V.250 6.2.4)."""
    return _echo_on() if on else _echo_off()


error_numbers: Final = TABLE.switch(
    "+CMEE", Text("report errors as numbers"), Text("error numbers"), repeatable=True
)
"""Only 0 and 1 can be set on the M5310, not words (2) (OneNET guide 5)."""

error_numbers_query: Final = TABLE.query(
    "+CMEE?", re.compile(r"\+CMEE: ?([0-2])"), first_flag, Text("error numbers")
)

BAUDS: Final = (4800, 9600, 57600, 115200, 230400, 460800)
"""The speeds that AT+NATSPEED takes on this chip."""
# guess: only 9600 and 115200 were seen.


@TABLE.setting(
    "+NATSPEED",
    "<baud>,30,1,2,1,0,0",
    Text("change the speed of the line"),
    describe=lambda values: Text("change the line to {speed} baud", speed=values[0]),
)
def speed(baud: int, *, seconds: int = 30, store: bool = True) -> Values:
    """After the OK the module talks at `baud`; the host has to follow.

    The module returns to the old speed after `seconds` (1..30) without a command at the new one.
    `store`: keep the speed over a restart. The last four values (sync mode, stop bits, parity,
    flow control) are as seen. Raises ParameterError on a speed that is not in `BAUDS`.
    """
    if baud not in BAUDS:
        raise ParameterError(
            f"{baud} baud is not a speed of the module; expected {', '.join(map(str, BAUDS))}"
        )
    within("seconds", seconds, range(1, 31))
    return baud, seconds, int(store), 2, 1, 0, 0


speed_query: Final = TABLE.query(
    "+NATSPEED?",
    re.compile(r"\+NATSPEED: ?([0-9]{4,6})(?:,[0-9]+){0,6}"),
    lambda matches: int(matches[0][1]),
    Text("speed"),
    describe=lambda baud: Text("speed {speed} baud", speed=baud),
)


# --- radio and configuration -----------------------------------------------------------------


radio: Final = TABLE.switch("+CFUN", Text("switch the radio"), Text("radio"), timeout=RADIO_SWITCH)
"""Full function or none; off ends the registration (TS 27.007 8.2)."""

radio_query: Final = TABLE.query(
    "+CFUN?",
    re.compile(r"\+CFUN: ?([01])"),
    first_flag,
    Text("radio"),
    meaning=Text("ask whether the radio is on"),
)


def _describe_switch(values: Sequence[str]) -> str:
    name, value = values
    return Text("configure {name} to {value}", name=name, value=value)


@TABLE.setting(
    "+NCONFIG",
    "<NAME>,TRUE|FALSE",
    Text("configure the module"),
    describe=_describe_switch,
    repeatable=True,
)
def configure(name: str, on: bool) -> Values:
    """`name` is a switch like AUTOCONNECT."""
    return name, "TRUE" if on else "FALSE"


configuration: Final = TABLE.query(
    "+NCONFIG?",
    re.compile(r"\+NCONFIG: ?([A-Z0-9_]+),([A-Z0-9_]+)"),
    lambda matches: {match[1]: match[2] for match in matches},
    Text("configuration"),
    describe=lambda found: listed(
        Text("{name} is {value}", name=name, value=value) for name, value in found.items()
    ),
)


# --- restart ---------------------------------------------------------------------------------


class BootCause(Enum):
    """Why the module started, as its boot text names it (seen)."""

    COMMAND = "REBOOT_CAUSE_APPLICATION_AT"
    POWER_ON = "REBOOT_CAUSE_SECURITY_PMU_POWER_ON_RESET"
    RESET_PIN = "REBOOT_CAUSE_SECURITY_RESET_PIN"
    WATCHDOG = "REBOOT_CAUSE_APPLICATION_WATCHDOG"
    UNKNOWN = "REBOOT_CAUSE_UNKNOWN"


class Booted(NamedTuple):
    """The module has just started; objects, sockets and registration are gone.

    `text` is the line it wrote, empty if there was none; `cause` is UNKNOWN for a text that is not
    in `BootCause`.
    """

    cause: BootCause
    text: str


restart: Final = TABLE.action("+NRB", Text("restart the module"), timeout=BOOT)
"""Its OK comes when the module is up again. It declares no response: the boot text must reach
every listener, and the one that resets the conversation ends this command too."""

restart_with_ok: Final = TABLE.action("+CMRB", Text("restart the module"))
"""Its OK comes at once, then `REBOOTING..`, later the boot text (documented for the M5311)."""


def booted(line: str) -> Booted | None:
    """A line of boot text parsed; None for any other line, `REBOOTING` included."""
    if line in _READY:
        return Booted(BootCause.UNKNOWN, line)
    if not _CAUSE.fullmatch(line):
        return None
    known = {cause.value: cause for cause in BootCause}
    return Booted(known.get(line, BootCause.UNKNOWN), line)


GOING_DOWN = "REBOOTING"
# guess: RDY, of SIMCom modules
_READY: Final = {"*ATREADY: 1", "*MATREADY: 1", "+MATREADY", "RDY"}
"""What M5311, ME3616 and MN316 write when they are up (documented, seen)."""
_CAUSE = re.compile(r"REBOOT_CAUSE_[A-Z_]+")
