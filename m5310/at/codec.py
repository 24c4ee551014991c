"""AT codec of the host: values to a command line, a line to its parts, `Command` and `Answer`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar

from m5310.errors import AnswerError, ParameterError, Text, shortened

R = TypeVar("R")

if TYPE_CHECKING:  # for type checkers a bare `Command` is `Command[Answer]` (PEP 696)
    from typing_extensions import TypeVar as TypeVarWithDefault

    T_co = TypeVarWithDefault("T_co", covariant=True, default="Answer")
else:
    T_co = TypeVar("T_co", covariant=True)

LINE_LIMIT = 4096
"""Longest line in bytes, line end not counted, for commands and for what is read (so an echo always
fits). The longest documented command is a MIPLCONF fragment of 1024 bytes as hex, some 2080."""


PROMPT: Final = 5.0
"""Default timeout in seconds, for what the module answers from memory."""
# guess: hosts wait between 1 and 5 s.


class Quoted(str):
    """A text that is written between double quotes."""

    __slots__ = ()


class Response(NamedTuple):
    """The shape of an information response to a command.

    `pattern` must match the whole line: the number and kind of the values, not only the prefix.
    An unsolicited `+CEREG:5` does not match what `AT+CEREG?` declares. `required`: the command
    cannot have succeeded without at least one such line, so an `OK` before it belongs to an
    earlier command.
    """

    pattern: re.Pattern[str]
    required: bool = True


def _whole(answer: Answer) -> Any:
    return answer


@dataclass(frozen=True, slots=True)
class Command(Generic[T_co]):
    """One command line, the responses that belong to it, and what to make of them.

    `line` is without the CR. A command without responses is answered by its final result alone.
    `timeout` is in seconds, from the last byte written to the final result. `repeatable`: sending
    it twice has the effect of sending it once, so it is sent again if it got no answer. `parse`
    turns the answer into the command's result (by default the answer itself) and raises
    AnswerError for one out of shape. `meaning` is one plain line of English. `masked` is the line
    for errors and logs, if it has a secret that must not stand there.
    """

    line: str
    responses: tuple[Response, ...] = ()
    timeout: float = PROMPT
    repeatable: bool = False
    parse: Callable[[Answer], T_co] = field(default=_whole, compare=False, repr=False)
    meaning: str = field(default="", compare=False, repr=False)
    masked: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        """Raises ParameterError on a line that cannot be written and on a useless timeout."""
        encoded(self.line)
        if not 0 < self.timeout < math.inf:
            raise ParameterError(
                f"{shortened(self.shown)}: timeout must be positive and finite, "
                f"got {self.timeout} s"
            )

    def __repr__(self) -> str:
        return f"Command({self.shown!r}, timeout={self.timeout:g}, repeatable={self.repeatable})"

    @property
    def shown(self) -> str:
        """The line without its secrets, for errors and logs."""
        return self.masked or self.line

    def declares(self, line: str) -> bool:
        """Whether the line has the shape of a response to this command."""
        return any(response.pattern.fullmatch(line) for response in self.responses)


@dataclass(frozen=True, slots=True)
class Answer:
    """The information responses that came before the command's `OK`, in order."""

    command: Command[Any]
    lines: tuple[str, ...] = ()


class Execute(Protocol):
    """Sends a command and returns its parsed result.

    Raises CommandError if it is refused, CommandTimeout, AnswerError and PortError.
    """

    async def __call__(self, command: Command[R], /) -> R: ...


class FinalResult(NamedTuple):
    """A final result code. `family` is `CME`, `CMS`, `CIS`, ... or empty for `OK` and `ERROR`."""

    text: str
    family: str = ""
    number: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the command succeeded."""
        return self.text == "OK"

    @property
    def meaning(self) -> str:
        """The number in plain English; empty if the standards do not define it."""
        if self.number is None:
            return ""
        if words := _MEANINGS.get((self.family, self.number)):
            return words
        if self.family == "CME" and self.number >= _FIRST_VENDOR_NUMBER:
            return Text("vendor-specific number, not in TS 27.007")
        return ""


# V.250 5.3.1 and 5.4.1: a basic command is one letter with an optional number, an extended one
# `+` and a name; `?` reads, `=?` tests. The empty name is the bare `AT`.
_NAME = re.compile(r"(?:[A-Z&]?[A-Z][0-9]*|\+[A-Z][A-Z0-9!%./:_-]*(?:=?\?)?)?", re.ASCII)

# Control characters cannot be carried: CR ends the line, NUL and ESC are eaten or acted upon.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

# In a bare value a comma would start the next value and a semicolon the next command
# (V.250 5.2.1: extended commands on one line are separated by `;`).
_NOT_BARE = re.compile(r'[",;]')


def command_line(name: str, *values: int | str | Quoted | None) -> str:
    """Format a command line: `command_line("+MIPLOPEN", 0, 30)` is `AT+MIPLOPEN=0,30`.

    A `Quoted` is written between quotes, any other text bare. None is an omitted value: it keeps
    its comma between others and is dropped at the end. Raises ParameterError on a name or value
    that a line cannot carry, so that no value can inject a second command.
    """
    if not _NAME.fullmatch(name):
        raise ParameterError(f"{name!r} is not a command name; expected one like '+CEREG?' or 'E0'")
    count = len(values)
    while count and values[count - 1] is None:
        count -= 1
    line = f"AT{name}={','.join(map(_written, values[:count]))}" if count else f"AT{name}"
    encoded(line)
    return line


def encoded(line: str) -> bytes:
    """A command line as bytes, CR included.

    Raises ParameterError if it holds control characters, has no UTF-8 form or is too long.
    """
    if found := _CONTROL.search(line):
        raise ParameterError(
            f"{shortened(line)!r} holds the control character {found[0]!r}, "
            "which a command line cannot carry"
        )
    try:
        data = line.encode()
    except UnicodeEncodeError as error:
        raise ParameterError(
            f"{shortened(line)!r} holds the lone surrogate {error.object[error.start]!r}, "
            "which has no UTF-8 form"
        ) from None
    if len(data) > LINE_LIMIT:
        raise ParameterError(
            f"{shortened(line)} is {len(data)} bytes long; expected at most {LINE_LIMIT}"
        )
    return data + b"\r"


def _written(value: int | str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:d}"
    if isinstance(value, Quoted):
        if '"' in value:
            raise ParameterError(
                f"{shortened(value)!r} holds a double quote, which AT commands cannot escape"
            )
        return f'"{value}"'
    if found := _NOT_BARE.search(value):
        raise ParameterError(f"the bare value {shortened(value)!r} cannot hold {found[0]!r}")
    return value


def values(text: str) -> list[str]:
    """The values between the commas, without quotes; a comma between quotes is data.

    Blanks around a quoted value are not data, those inside the quotes are. An empty text is one
    empty value. Raises AnswerError on a quote that does not open or close a value.
    """
    if '"' not in text:
        return text.split(",")
    found: list[str] = []
    at = 0
    while match := _VALUE.match(text, at):
        quoted = match["quoted"]
        found.append(match["bare"] if quoted is None else quoted)
        if match.end() == len(text):
            if match["comma"]:
                found.append("")
            return found
        at = match.end()
    raise AnswerError(
        f"{shortened(text)!r}: a double quote must open or close a whole value (at character {at})"
    )


_VALUE = re.compile(r'(?: *"(?P<quoted>[^"]*)" *|(?P<bare>[^",]*))(?:(?P<comma>,)|\Z)')

# V.250 5.7.1 names OK and ERROR, TS 27.007 9.1 and TS 27.005 3.2.5 the families CME and CMS;
# China Mobile's suite adds CIS. Words stand in place of the number after AT+CMEE=2.
_EXTENDED = re.compile(r"\+([A-Z]+) ERROR(?:: ?(?:([0-9]{1,9})|.*))? *", re.ASCII)
_OK = FinalResult("OK")
_ERROR = FinalResult("ERROR")


def final_result(line: str) -> FinalResult | None:
    """The line as a final result code; None for any other line."""
    if line == "OK":
        return _OK
    if line == "ERROR":
        return _ERROR
    if " ERROR" in line and (match := _EXTENDED.fullmatch(line)):
        number = match[2]
        return FinalResult(line, match[1], None if number is None else int(number))
    return None


# From here on each vendor defines its own numbers.
_FIRST_VENDOR_NUMBER = 513

# TS 27.007 9.2.1 and 9.2.2 (CME), TS 27.005 3.2.5 (CMS), China Mobile's suite specification (CIS).
# CME 311 is not in TS 27.007; M5310 hosts test for it, with the meaning of CMS 311 (seen).
_MEANINGS = {
    ("CME", 0): Text("phone failure"),
    ("CME", 3): Text("operation not allowed"),
    ("CME", 4): Text("operation not supported"),
    ("CME", 10): Text("SIM not inserted"),
    ("CME", 11): Text("SIM PIN required"),
    ("CME", 12): Text("SIM PUK required"),
    ("CME", 13): Text("SIM failure"),
    ("CME", 14): Text("SIM busy"),
    ("CME", 15): Text("SIM wrong"),
    ("CME", 16): Text("incorrect password"),
    ("CME", 20): Text("memory full"),
    ("CME", 21): Text("invalid index"),
    ("CME", 22): Text("not found"),
    ("CME", 23): Text("memory failure"),
    ("CME", 24): Text("text string too long"),
    ("CME", 25): Text("invalid characters in text string"),
    ("CME", 30): Text("no network service"),
    ("CME", 31): Text("network timeout"),
    ("CME", 32): Text("network not allowed, emergency calls only"),
    ("CME", 50): Text("incorrect parameters"),
    ("CME", 51): Text("command implemented but currently disabled"),
    ("CME", 52): Text("command aborted by user"),
    ("CME", 53): Text("not attached to the network"),
    ("CME", 57): Text("temporarily out of service"),
    ("CME", 100): Text("unknown"),
    ("CME", 103): Text("illegal MS"),
    ("CME", 106): Text("illegal ME"),
    ("CME", 107): Text("GPRS services not allowed"),
    ("CME", 111): Text("PLMN not allowed"),
    ("CME", 112): Text("location area not allowed"),
    ("CME", 113): Text("roaming not allowed in this location area"),
    ("CME", 148): Text("unspecified GPRS error"),
    ("CME", 149): Text("PDP authentication failure"),
    ("CME", 311): Text("SIM PIN required"),
    ("CMS", 300): Text("ME failure"),
    ("CMS", 302): Text("operation not allowed"),
    ("CMS", 303): Text("operation not supported"),
    ("CMS", 310): Text("SIM not inserted"),
    ("CMS", 311): Text("SIM PIN required"),
    ("CMS", 331): Text("no network service"),
    ("CMS", 332): Text("network timeout"),
    ("CMS", 500): Text("unknown"),
    ("CIS", 100): Text("unknown"),
    ("CIS", 601): Text("parameter"),
    ("CIS", 602): Text("state"),
}
