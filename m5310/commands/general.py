"""The module's general vocabulary: its line, its radio switch, its restart.

Each command once: what writes it, the shape of what it brings, and what reads that. Identity,
clock, network, power and sockets have rooms of their own; all are built from `query` and `read`.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

from m5310.at.codec import Answer, Command, Quoted, Response, command_line
from m5310.errors import AnswerError, ParameterError

PROMPT: Final = 5.0
"""Seconds for what the module answers from memory. A guess: hosts wait between 1 and 5 s."""
RADIO_SWITCH: Final = 90.0
"""Seconds until AT+CFUN has its result: switching the radio takes up to this long (seen)."""
BOOT: Final = 30.0
"""Seconds for AT+NRB from `REBOOTING` to the final OK. A guess: some seconds were seen."""


# --- how all general commands are built and read --------------------------------------------


def setting(
    name: str,
    *values: int | str | Quoted | None,
    timeout: float = PROMPT,
    repeatable: bool = False,
) -> Command:
    """A command that brings a result code and nothing else."""
    return Command(command_line(name, *values), timeout=timeout, repeatable=repeatable)


def query(
    name: str,
    shape: re.Pattern[str],
    *values: int | str | Quoted | None,
    required: bool = True,
    timeout: float = PROMPT,
    repeatable: bool = True,
) -> Command:
    """A command that brings lines of one shape, at least one of them if `required`.

    Unless told otherwise it only asks, and may be repeated.
    """
    return Command(command_line(name, *values), (Response(shape, required),), timeout, repeatable)


def read(answer: Answer, shape: re.Pattern[str]) -> re.Match[str]:
    """The first line of that shape; AnswerError if the answer has none."""
    for line in answer.lines:
        if match := shape.fullmatch(line):
            return match
    raise AnswerError(
        f"{answer.command.line} brought {list(answer.lines)!r}; expected {shape.pattern}"
    )


def within(name: str, number: int, allowed: range) -> int:
    if isinstance(number, bool) or number not in allowed:
        raise ParameterError(f"{name} {number!r} is outside {allowed[0]}..{allowed[-1]}")
    return number


# --- the line itself (V.250) -----------------------------------------------------------------


def attention() -> Command:
    """`AT`: whether anybody is there."""
    return setting("", repeatable=True)


def echo(on: bool) -> Command:
    """V.250 6.2.4."""
    return setting(f"E{on:d}", repeatable=True)


def factory_defaults() -> Command:
    """V.250 6.1.2."""
    return setting("&F")


def reset_profile() -> Command:
    """V.250 6.1.1."""
    return setting("Z")


def error_numbers(on: bool) -> Command:
    """Only 0 and 1 are settable on the M5310, words (2) are not (OneNET guide 5)."""
    return setting("+CMEE", int(on), repeatable=True)


def error_numbers_query() -> Command:
    return query("+CMEE?", _CMEE)


def error_numbers_on(answer: Answer) -> bool:
    return read(answer, _CMEE)[1] == "1"


_CMEE = re.compile(r"\+CMEE: ?([01])")


def speed(baud: int, *, seconds: int = 30, store: bool = True) -> Command:
    """AT+NATSPEED: after its OK the module talks at `baud`; the host has to follow.

    `seconds` until the module falls back if nobody speaks at the new speed, `store` it beyond a
    restart. The values behind them (sync mode, stop bits, parity, flow control) are as seen;
    their meaning is the chip vendor's.
    """
    if baud not in BAUDS:
        raise ParameterError(f"{baud} baud; the module knows {', '.join(map(str, BAUDS))}")
    within("seconds", seconds, range(1, 31))
    return setting("+NATSPEED", baud, seconds, int(store), 2, 1, 0, 0)


def speed_query() -> Command:
    return query("+NATSPEED?", _NATSPEED)


def speed_of(answer: Answer) -> int:
    return int(read(answer, _NATSPEED)[1])


BAUDS: Final = (4800, 9600, 57600, 115200, 230400, 460800)
"""What AT+NATSPEED takes on this chip. A guess beyond 9600 and 115200, which were seen."""

_NATSPEED = re.compile(r"\+NATSPEED: ?([0-9]{4,6})(?:,[0-9]+){0,6}")


# --- radio on and off, configuration ---------------------------------------------------------


def radio(on: bool) -> Command:
    """AT+CFUN: full function or none; off ends the registration (TS 27.007 8.2)."""
    return setting("+CFUN", int(on), timeout=RADIO_SWITCH)


def radio_query() -> Command:
    return query("+CFUN?", _CFUN)


def radio_on(answer: Answer) -> bool:
    return read(answer, _CFUN)[1] == "1"


_CFUN = re.compile(r"\+CFUN: ?([01])")


def configure(name: str, on: bool) -> Command:
    """AT+NCONFIG=<NAME>,TRUE or FALSE; NAME like AUTOCONNECT."""
    return setting("+NCONFIG", name, "TRUE" if on else "FALSE", repeatable=True)


def configuration() -> Command:
    return query("+NCONFIG?", _NCONFIG)


def configuration_of(answer: Answer) -> dict[str, str]:
    matches = (_NCONFIG.fullmatch(line) for line in answer.lines)
    return {match[1]: match[2] for match in matches if match}


_NCONFIG = re.compile(r"\+NCONFIG: ?([A-Z0-9_]+),([A-Z0-9_]+)")


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

    `text` is what it wrote, `cause` UNKNOWN for a text that nobody has seen yet.
    """

    cause: BootCause
    text: str


def restart() -> Command:
    """AT+NRB; its OK comes when the module is up again.

    It declares no response: what it brings ends the work of everybody on this port, so everybody
    has to hear it (`restarting`). Who then abandons the conversation ends this command too.
    """
    return setting("+NRB", timeout=BOOT)


def restarting(line: str) -> bool:
    """Whether a line says that the module goes down or has just come up."""
    return line == GOING_DOWN or booted(line) is not None


def booted(line: str) -> Booted | None:
    """What a line of boot text says; None for any other line, `REBOOTING` included."""
    if not _CAUSE.fullmatch(line):
        return None
    known = {cause.value: cause for cause in BootCause}
    return Booted(known.get(line, BootCause.UNKNOWN), line)


GOING_DOWN = "REBOOTING"
_CAUSE = re.compile(r"REBOOT_CAUSE_[A-Z_]+")
