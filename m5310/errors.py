"""All errors of the driver, in one tree.

A `UsageError` is an error of the calling program, raised before anything was written to the port.
Every other error comes from the port, the module, the network or the platform. `code` is the number
that China Mobile's C kit has for it. Messages are in English; those that are a `Text` can be shown
in another language.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from functools import reduce

_KEPT = (str, int, float)
"""Values that a template may format by their type; of all others the text."""


class Text(str):
    """English words for people that keep their template and its values, to be translated later.

    `Text("no answer at {speed} baud", speed=9600)` equals `"no answer at 9600 baud"`. `str()` of
    it, and of an exception that has it as its message, returns it; part of an f-string, it is a
    plain `str`.
    """

    template: str
    values: dict[str, int | float | str]

    def __new__(cls, template: str, /, **values: object) -> Text:
        """The template is one of `str.format`; without values it is the text as it is."""
        kept = {
            name: value if isinstance(value, _KEPT) else str(value)
            for name, value in values.items()
        }
        made = super().__new__(cls, template.format(**kept) if kept else template)
        made.template, made.values = template, kept
        return made

    def __str__(self) -> str:
        return self


def listed(parts: Iterable[str], *, clauses: bool = False) -> str:
    """The parts with commas between them, or with semicolons: `clauses` have commas of their own.

    Each part that is a `Text` can be translated.
    """

    def join(first: str, last: str) -> str:
        if clauses:
            return Text("{first}; {last}", first=first, last=last)
        return Text("{first}, {last}", first=first, last=last)

    return reduce(join, [*parts] or [""])


class Code(IntEnum):
    """The C kit's error numbers."""

    OK = 0
    BADPARAM = -1
    NO_MEMORY = -2
    NOT_SUPPORT = -3
    NOT_FOUND = -4
    SOCKET = -5
    TIMEOUT = -6
    INVALID_URI = -7
    REG_FAILED = -8
    NOT_REGISTER = -9
    SERVER_RESET = -10
    REGISTERED = -11
    PENDING = -12
    BS_FAILED = -13


class M5310Error(Exception):
    """The root of the tree. `code` is the C kit's number for the error."""

    code: Code = Code.BADPARAM


class UsageError(M5310Error):
    """The call is wrong; nothing was written to the port."""


class ParameterError(UsageError, ValueError):
    """A value, an id, an endpoint or a duration that is invalid or cannot be sent."""

    def __init__(self, message: str, code: Code = Code.BADPARAM) -> None:
        super().__init__(message)
        self.code = code


class StateError(UsageError):
    """The call is not legal in the present state (a second connect, a notify before login)."""

    def __init__(self, message: str, code: Code = Code.NOT_REGISTER) -> None:
        super().__init__(message)
        self.code = code


class NotFound(UsageError, LookupError):
    """No such resource on this device."""

    code = Code.NOT_FOUND


class NotSupported(UsageError):
    """The resource or the module does not offer this (write to read-only, execute a value)."""

    code = Code.NOT_SUPPORT


class NotInDialect(NotSupported):
    """The language of this module has nothing for it; the message names the module."""


class PortError(M5310Error, OSError):
    """The port does not exist, is busy, or was lost. Raised at once in every call that waits."""

    code = Code.SOCKET


# TS 27.007 9.2: operation not supported
_CME_CODES: dict[int | None, Code] = {4: Code.NOT_SUPPORT}
# TS 27.007 9.2; the number of EC616
_NO_NETWORK = {("CME", 30), ("CIS", 655)}
# Numbers of Hi21xx chips and of China Mobile's suite (seen).
_BUSY = {("CME", 159), ("CIS", 652)}


class CommandError(M5310Error):
    """The module refused a command.

    `command` is the line that was sent, `result` the final result (`ERROR`, `+CME ERROR:50`),
    `number` the CME number or None. `code` is BADPARAM unless the number has a code of its own.
    """

    def __init__(self, command: str, result: str, number: int | None, meaning: str = "") -> None:
        line = shortened(command)
        super().__init__(
            Text("{line} was refused with {result} ({why})", line=line, result=result, why=meaning)
            if meaning
            else Text("{line} was refused with {result}", line=line, result=result)
        )
        self.command = command
        self.result = result
        self.number = number
        self.meaning: str = meaning
        self.family: str = result.partition(" ")[0].lstrip("+") if number is not None else ""
        if self.no_network:
            self.code: Code = Code.SOCKET
        elif self.family == "CME":
            self.code = _CME_CODES.get(number, Code.BADPARAM)

    @property
    def no_network(self) -> bool:
        """The module has no network yet, or lost it."""
        return (self.family, self.number) in _NO_NETWORK

    @property
    def maybe_no_network(self) -> bool:
        """As `no_network`, or a login refused by the suite with 602 (state) or 100 (unknown; BC260:
        no network), which does not say whether the network or the instance is missing."""
        unsure = self.number in (100, 602) and self.command.startswith("AT+MIPLOPEN")
        return self.no_network or (self.family == "CIS" and unsure)

    @property
    def busy(self) -> bool:
        """The module sends as much as it can: the same command is taken some seconds later."""
        return (self.family, self.number) in _BUSY


class AcknowledgementRefused(CommandError):
    """The firmware does not acknowledge reports, so it refused one. Use acknowledge=False."""


class LanguageRefused(CommandError):
    """The module refuses the OneNET commands of both dialects, or of the one that the program
    wants: it is another one, or its firmware has no OneNET."""

    def __init__(self, command: str, result: str, number: int | None, meaning: str = "") -> None:
        super().__init__(command, result, number, meaning)
        self.code = Code.NOT_SUPPORT


class CommandTimeout(M5310Error, TimeoutError):
    """No final result in time. The driver synchronizes with the module again by itself.

    `lines` are the information responses received so far. `sent` is False if the command was not
    written, because the module did not answer the `AT` before it; it can be repeated without harm.
    `bare`: an `OK` was received without the response that the command requires.
    """

    code = Code.TIMEOUT

    def __init__(
        self,
        command: str,
        timeout: float,
        lines: Sequence[str] = (),
        *,
        sent: bool = True,
        bare: bool = False,
    ) -> None:
        advice = Text(
            "Check wiring, power and speed (`m5310 probe PORT` finds it); "
            "a sleeping module would be awake now"
        )
        if not sent:
            what = Text("was not sent: the module did not answer the AT before it")
        elif bare:
            what = Text(
                "OK within {timeout:g} s, but without the response that must precede it",
                timeout=timeout,
            )
            advice = Text("Compare the declared response with the lines in the log m5310.wire")
        elif lines:
            what = Text(
                "no final result within {timeout:g} s, only {received} was received",
                timeout=timeout,
                received=repr([shortened(line) for line in lines[:5]]),
            )
        else:
            what = Text(
                "no final result within {timeout:g} s, nothing was received", timeout=timeout
            )
        super().__init__(
            Text("{line}: {what}. {advice}", line=shortened(command), what=what, advice=advice)
        )
        self.command = command
        self.timeout = timeout
        self.lines: tuple[str, ...] = tuple(lines)
        self.sent = sent
        self.bare = bare


class AnswerError(M5310Error):
    """An answer or a line of the module is malformed."""


class RegistrationError(M5310Error):
    """A login, an update of the registration or a logout failed.

    The platform refused it, or there was no outcome in time (`timed_out`).
    """

    code: Code = Code.REG_FAILED

    def __init__(self, message: str, *, timed_out: bool) -> None:
        super().__init__(message)
        self.timed_out = timed_out
        if timed_out:
            self.code = Code.TIMEOUT


class AcknowledgementTimeout(M5310Error, TimeoutError):
    """The platform did not acknowledge a report in time."""

    code = Code.TIMEOUT


class OutboxFull(M5310Error):
    """A report was refused or dropped, because as many as allowed already wait."""

    code = Code.NO_MEMORY


class HeldBack(M5310Error):
    """The report was not sent: the platform's attributes ask for fewer. Its values are kept, and
    the newest ones are sent when they are due."""

    code = Code.PENDING


class ModemReset(M5310Error):
    """The module restarted by itself; objects, sockets and registration are gone."""

    code = Code.SERVER_RESET


def shortened(line: str, limit: int = 120) -> str:
    """A line for a message or a log: of a long one both ends and its length."""
    if len(line) <= limit:
        return line
    return f"{line[: limit - 30]}...({len(line)} characters)...{line[-10:]}"
