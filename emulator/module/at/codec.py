"""AT codec of the module: bytes to commands, answers to bytes (V.250, TS 27.007).

A command line ends with CR; the LF that some hosts send after it is ignored. One line holds one
command, or several with semicolons between them (`AT+CSQ;+CEREG?`: V.250 5.2.1, and the AT command
set of the M5310-A).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from functools import lru_cache

# The longest command is a datagram of 1358 bytes (2716 hex digits, M5310-A); the rest of the line
# stays below 100 characters.
# guess: the module's own limit is unknown
LINE_LIMIT = 2816


class Cme(IntEnum):
    """Error numbers of these modules: TS 27.007 9.2, and the last one TS 27.005 3.2.5."""

    NOT_ALLOWED = 3
    NOT_SUPPORTED = 4
    NO_SIM = 10
    INCORRECT_PASSWORD = 16
    MEMORY_FULL = 23
    NO_NETWORK = 30
    INCORRECT_PARAMETERS = 50
    DISABLED = 51
    ABORTED = 52
    UNKNOWN = 100
    UPLINK_BUSY = 159  # seen of modules with the same chip
    SIM_PIN_REQUIRED = 311


class Refusal(Exception):
    """The command is answered with this error number and has changed nothing.

    `final`: the whole final result code, where it is not that of a CME number.
    """

    def __init__(self, number: Cme, final: str | None = None) -> None:
        super().__init__(number, final)
        self.number = number
        self.final = final


class Form(Enum):
    """The form of a command line (V.250 5.4.3, 5.4.4)."""

    EXECUTE = ""
    READ = "?"
    TEST = "=?"
    SET = "="


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value of a command line, without its quotes."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Command:
    """`name` in upper case as on the line: `+CSQ`, `E`, `&F`; empty for a bare `AT`. `following`:
    the other commands of its line.
    """

    name: str
    form: Form
    parameters: tuple[Parameter, ...] = ()
    following: tuple[Command, ...] = ()


class LineReader:
    """Bytes of the host in, command lines out. A line has no timeout: hosts send in pieces."""

    __slots__ = ("_after_cr", "_line", "_waiting", "echo")

    def __init__(self) -> None:
        self.echo = False
        self._waiting = b""
        self._line = b""
        self._after_cr = False

    @property
    def begun(self) -> bool:
        """Whether the host has begun a line and not ended it."""
        return bool(self._line)

    def feed(self, data: bytes) -> None:
        """Append bytes of the host; then call `take` until it returns no line."""
        self._waiting += data

    def drop_beyond(self, count: int) -> int:
        """Keep the oldest `count` bytes not yet taken; returns how many were dropped."""
        lost = len(self._waiting) - count
        if lost <= 0:
            return 0
        self._waiting = self._waiting[:count]
        return lost

    def take(self) -> tuple[bytes, bytes | None]:
        """The bytes to echo, and the next line without its CR; None while it is incomplete.

        The echo follows the current `echo`, so execute a line before you take the next.
        """
        if not self._waiting:
            return b"", None
        piece, end, self._waiting = self._waiting.partition(b"\r")
        if self._after_cr:
            piece = piece.removeprefix(b"\n")
        self._after_cr = bool(end)
        self._line += piece[: LINE_LIMIT + 1 - len(self._line)]
        echoed = piece + end if self.echo else b""
        if not end:
            return echoed, None
        line, self._line = self._line, b""
        return echoed, line


# Terminals send BS or DEL for the same key; V.250 6.2.3 names the character S5, BS by default.
_BACKSPACE, _DELETE = 0x08, 0x7F


def _edited(line: bytes) -> bytes:
    """The line without NULs (a break on the line reads as NUL) and with deletions applied."""
    line = line.replace(b"\0", b"")
    if _BACKSPACE not in line and _DELETE not in line:
        return line
    kept = bytearray()
    for byte in line:
        if byte in (_BACKSPACE, _DELETE):
            del kept[-1:]
        else:
            kept.append(byte)
    return bytes(kept)


# V.250 5.3.1: a basic command is a letter, or & and a letter, and a number with the default 0.
_BASIC = re.compile(r"(&?[A-Z])([0-9]{0,5})", re.IGNORECASE | re.ASCII)
# V.250 5.4.1: + and a name, then nothing, ?, =? or = and values. Some modules have names with *.
_EXTENDED = re.compile(r"([+*][A-Z][A-Z0-9]*)(\?|=\?|=)?(.*)", re.IGNORECASE | re.ASCII | re.DOTALL)
# The texts between the semicolons that stand in no value. No line of garbage makes this backtrack.
_JOINED = re.compile(r'((?:[^";]++|"[^"]*+"?)*+)(?:;|\Z)')
# V.250 5.4.2: numeric constants without quotes, string constants in quotes, both may be left out.
# All quantifiers are possessive, so that no line of garbage makes this backtrack.
_PARAMETER = re.compile(r' *+(?:"([^"]*+)" *+|([^",]*+))(,|\Z)')


# Hosts repeat the same few lines.
@lru_cache(maxsize=256)
def parse(line: bytes) -> Command | None:
    """The command, or the first one, of a line from `LineReader.take`; None for a blank line.

    Bytes that are not UTF-8 become lone surrogates. Raises Refusal for a line that is no command,
    has malformed values or is longer than LINE_LIMIT.
    """
    if len(line) > LINE_LIMIT:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    text = _edited(line).strip(b" \t\n").decode("utf-8", "surrogateescape")
    if not text:
        return None
    if text[:2].upper() != "AT":
        raise Refusal(Cme.NOT_SUPPORTED)
    if ";" not in text:  # nearly always
        return _command(text[2:])
    first, *others = _JOINED.findall(text[2:])
    return replace(_command(first), following=tuple(_command(one) for one in others if one))


def _command(text: str) -> Command:
    body = text.strip(" ")
    if not body:
        return Command("", Form.EXECUTE)
    if basic := _BASIC.fullmatch(body):
        return Command(basic[1].upper(), Form.SET, (Parameter(basic[2] or "0", quoted=False),))
    extended = _EXTENDED.fullmatch(body)
    if extended is None:
        raise Refusal(Cme.NOT_SUPPORTED)
    name, form, values = extended[1].upper(), Form(extended[2] or ""), extended[3]
    if form is Form.SET:
        return Command(name, form, _parameters(values))
    if values:
        raise Refusal(Cme.NOT_SUPPORTED)
    return Command(name, form)


def _parameters(text: str) -> tuple[Parameter, ...]:
    parameters: list[Parameter] = []
    position, separator = 0, ","
    while separator:
        found = _PARAMETER.match(text, position)
        if found is None:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        quoted, bare, separator = found.groups()
        if quoted is None:
            parameters.append(Parameter(bare.rstrip(" "), quoted=False))
        else:
            parameters.append(Parameter(quoted, quoted=True))
        position = found.end()
    return tuple(parameters)


HEXADECIMAL = re.compile(r"(?:[0-9A-Fa-f]{2})*", re.ASCII)


def from_hex(text: str) -> bytes:
    """Raises Refusal unless `text` is an even number of hex digits, of either case."""
    if not HEXADECIMAL.fullmatch(text):
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    return bytes.fromhex(text)


def framed(line: str) -> bytes:
    """An information response, a final or an unsolicited result code as bytes on the line."""
    return b"\r\n" + line.encode("utf-8", "surrogateescape") + b"\r\n"


def information(lines: Iterable[str]) -> list[bytes]:
    """The information responses of one answer as bytes: they share the line end between them.

    Hosts count the line feeds, or search for the end of one line and the begin of the next
    (observed on modules with the same chip): `\\r\\nA\\r\\nB\\r\\n`, and then the final result.
    """
    return [
        framed(line) if place == 0 else framed(line).removeprefix(b"\r\n")
        for place, line in enumerate(lines)
    ]


def cis_refusal(number: int, family: str = "+CIS ERROR:") -> Refusal:
    """With a number of the suite's errors; `family`: what stands before it."""
    return Refusal(Cme.NOT_ALLOWED, f"{family}{number}")


def refused(refusal: Refusal, *, numbers: bool, blank: bool = False) -> bytes:
    """The final result code of a refusal; `numbers`: the setting of AT+CMEE, `blank`: one stands
    before the number.
    """
    if refusal.final is not None:
        return framed(refusal.final)
    if numbers:
        return framed(f"+CME ERROR:{' ' * blank}{refusal.number.value}")
    return framed("ERROR")
