"""Everything that can go wrong, as one tree.

Split in two where it matters: a `UsageError` says *we* broke a rule (nothing was written to the
port), every other error says what *they*, the port, the module, the network or the cloud, did.
Each carries the number China Mobile's C kit gives it in `code`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum


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
    """The root of the tree. `code` is the C kit's number for what happened."""

    code: Code = Code.BADPARAM


class UsageError(M5310Error):
    """The caller broke a rule; nothing was written to the port."""


class ParameterError(UsageError, ValueError):
    """A value, an id, an endpoint or a duration that the module's language cannot carry."""

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


class PortError(M5310Error, OSError):
    """The port does not exist, is busy, or vanished. Every waiter gets it at once."""

    code = Code.SOCKET


# TS 27.007 9.2: operation not supported, no network service
_CME_CODES: dict[int | None, Code] = {4: Code.NOT_SUPPORT, 30: Code.SOCKET}


class CommandError(M5310Error):
    """The module refused a command.

    `command` is the line that was sent, `result` what came (`ERROR`, `+CME ERROR:50`), `number`
    the CME number or None. `code` is BADPARAM unless the number says more.
    """

    def __init__(self, command: str, result: str, number: int | None, meaning: str = "") -> None:
        explained = f" ({meaning})" if meaning else ""
        super().__init__(f"{shortened(command)} was refused with {result}{explained}")
        self.command = command
        self.result = result
        self.number = number
        if result.startswith("+CME"):
            self.code = _CME_CODES.get(number, Code.BADPARAM)


class AcknowledgementRefused(CommandError):
    """The module refused a report because its firmware acknowledges none. Report without."""


class CommandTimeout(M5310Error, TimeoutError):
    """No final result came in time. The conversation is brought back in step by itself.

    `lines` are the information responses that had come by then. `sent` is False if the command
    was never written because the module answered no `AT` before it; it can be repeated without
    harm. `bare` says that an `OK` came without the information the command must bring.
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
        advice = "Check wiring, speed and power; had the module only slept, it would be awake now"
        if not sent:
            what = "was not sent: the module did not answer the AT before it"
        elif bare:
            what = f"an OK came within {timeout:g} s, but not the information that must precede it"
            advice = "The log m5310.wire shows what came; is the response declared in its shape?"
        else:
            came = f"only {[shortened(line) for line in lines[:5]]!r}" if lines else "nothing"
            what = f"no final result within {timeout:g} s, {came} came"
        super().__init__(f"{shortened(command)}: {what}. {advice}")
        self.command = command
        self.timeout = timeout
        self.lines = tuple(lines)
        self.sent = sent
        self.bare = bare


class AnswerError(M5310Error):
    """The module's answer does not have the documented shape."""


class RegistrationError(M5310Error):
    """A login, its renewal or the logout did not succeed.

    Refused by the platform, or no verdict came in time (`timed_out`).
    """

    code = Code.REG_FAILED

    def __init__(self, message: str, *, timed_out: bool) -> None:
        super().__init__(message)
        self.timed_out = timed_out
        if timed_out:
            self.code = Code.TIMEOUT


class AcknowledgementTimeout(M5310Error, TimeoutError):
    """The module took a report, but the platform's acknowledgement did not come in time."""

    code = Code.TIMEOUT


class OutboxFull(M5310Error):
    """A report was not kept, or not any longer: as many as may wait for the device do."""

    code = Code.NO_MEMORY


class ModemReset(M5310Error):
    """The module restarted by itself; objects, sockets and registration are gone."""

    code = Code.SERVER_RESET


def shortened(line: str, limit: int = 120) -> str:
    """A line for a message or a log: long ones keep both ends and say how much is left out."""
    if len(line) <= limit:
        return line
    return f"{line[: limit - 30]}...({len(line)} characters)...{line[-10:]}"
