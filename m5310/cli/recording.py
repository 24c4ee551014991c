"""A recording: everything that passed on a serial line, with its times, as JSON lines.

A text file: UTF-8 without a byte order mark, one JSON object (RFC 8259) a line, each line ended by
LF. The first line says what was recorded:

    {"recording": 1, "by": "m5310 0.1.0", "port": "/dev/ttyUSB0", "baud": 9600,
     "started": "2026-11-23T08:07:00.000Z"}          (on one line)

    recording  the version of this format: 1
    by         who recorded, a name and a version; may be missing
    port       what the line was called
    baud       its speed at first, 8N1; 0 if it had none, like a pipe
    started    the moment that every "at" counts from: RFC 3339, with its offset

Each further line is one of these two, in the order in which things happened:

    {"at": 1.204113, "from": "host", "text": "AT+CSQ\\r"}
    {"at": 1.231907, "from": "module", "text": "\\r\\n+CSQ:20,99\\r\\n"}
    {"at": 1.232001, "from": "module", "hex": "00FF4F"}
        A piece of what one side sent. Its bytes are the UTF-8 of "text", line ends included, or
        what "hex" spells (two digits a byte), which stands where they are not UTF-8. There is
        always one of the two, and it is not empty.

    {"at": 2.5, "baud": 115200}
        The line runs at this speed from here on.

"at" is in seconds since "started", a number >= 0 that never goes back from line to line: when the
piece's first byte was written or read by the recorder. The bytes followed it without a pause of
0.1 s or more, at the speed of the line; what an adapter's latency adds (some 16 ms) is in it.

Joined, the pieces of one side are what it sent, byte for byte. A piece is a line where that can be:
a host's ends after CR or CR LF, a module's after LF, empty lines before it included. It is less
where the other side spoke, a pause came or 4096 bytes were full; so a reader joins the pieces
before it looks for lines.

A reader ignores keys that it does not know, and takes keys in any order and CR LF for LF. It
refuses a line that is none of these; only the last one it drops if that also lacks its line end:
it was cut off when the recorder died. A new kind of line or meaning raises the version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final, assert_never

from m5310.errors import ParameterError, shortened

VERSION: Final = 1

PAUSE: Final = 0.1
"""Seconds of silence that part a line in two pieces, so that a replay can stall where it stalled.

Above the latency timer of USB adapters (16 ms), which tears lines apart at random.
"""

PIECE_LIMIT: Final = 4096
"""Bytes of one piece; a stream without line ends is parted here."""

_AGES: Final = 1e10  # seconds; no recording lasts for 300 years


class Sender(Enum):
    HOST = "host"
    MODULE = "module"


@dataclass(frozen=True, slots=True)
class Header:
    """What was recorded; `started` is aware, `baud` 0 for a line without speed."""

    port: str
    baud: int
    started: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of one sender; `at` in seconds since the recording started."""

    at: float
    sender: Sender
    data: bytes


@dataclass(frozen=True, slots=True)
class Speed:
    """The line runs at `baud` from `at` on."""

    at: float
    baud: int


Entry = Piece | Speed


# --- cutting ---------------------------------------------------------------------------------

# The end of a line: a command ends at its CR, what a module says is framed CR LF ... CR LF.
_CUTS: Final = {
    Sender.HOST: re.compile(rb"[^\r]*\r\n?|[^\r]+"),
    Sender.MODULE: re.compile(rb"[^\n]*\n|[^\n]+"),
}
_ENDS: Final = {Sender.HOST: (b"\r", b"\r\n"), Sender.MODULE: (b"\n",)}


class Recorder:
    """Cuts what passes into pieces: a line each, with the empty line before it if there is one.

    `now` is in seconds, of any clock that never goes back; `started` is by the same clock. Call
    `flush` in the end: what belongs to no whole line is held until then.
    """

    def __init__(self, started: float) -> None:
        self._started = started
        self._sender = Sender.HOST
        self._held = b""
        self._began = started
        self._last = started

    def passed(self, sender: Sender, data: bytes, now: float) -> list[Piece]:
        """The pieces that these bytes complete, in order."""
        pieces: list[Piece] = []
        if sender is not self._sender or now - self._last >= PAUSE:
            pieces += self.flush()
        self._sender, self._last = sender, now
        for part in _CUTS[sender].findall(data):
            for start in range(0, len(part), PIECE_LIMIT):
                pieces += self._hold(part[start : start + PIECE_LIMIT], now)
        return pieces

    def flush(self) -> list[Piece]:
        """The piece that is held, if there is one."""
        if not self._held:
            return []
        piece = Piece(self._at(self._began), self._sender, self._held)
        self._held = b""
        return [piece]

    def retuned(self, baud: int, now: float) -> list[Entry]:
        """The entries of a line that runs at `baud` from now on."""
        return [*self.flush(), Speed(self._at(now), baud)]

    def _at(self, moment: float) -> float:
        # microseconds: what a clock of the host can tell, and what JSON shows without noise
        return round(moment - self._started, 6)

    def _hold(self, part: bytes, now: float) -> list[Piece]:
        pieces = self.flush() if len(self._held) + len(part) > PIECE_LIMIT else []
        if not self._held:
            self._began = now
        self._held += part
        if self._held.strip(b"\r\n") and self._held.endswith(_ENDS[self._sender]):
            pieces += self.flush()
        return pieces


# --- writing ---------------------------------------------------------------------------------


def header_line(header: Header) -> str:
    """The first line of a file, without its line end."""
    started = header.started.astimezone(UTC).isoformat(timespec="milliseconds")
    return json.dumps(
        {
            "recording": VERSION,
            **({"by": header.by} if header.by else {}),
            "port": header.port,
            "baud": header.baud,
            "started": started.replace("+00:00", "Z"),
        },
        ensure_ascii=False,
    )


def entry_line(entry: Entry) -> str:
    """One further line of a file, without its line end."""
    match entry:
        case Piece(at, sender, data):
            shown: dict[str, object] = {"at": at, "from": sender.value}
            try:
                shown["text"] = data.decode()
            except UnicodeDecodeError:
                shown["hex"] = data.hex().upper()
        case Speed(at, baud):
            shown = {"at": at, "baud": baud}
        case _:
            assert_never(entry)
    return json.dumps(shown, ensure_ascii=False)


# --- reading ---------------------------------------------------------------------------------


def read(lines: Iterable[str]) -> tuple[Header, Iterator[Entry]]:
    """A recording from the lines of its file, line ends included; the entries are read lazily.

    Raises ParameterError, which names the line, for what is no recording of this version.
    """
    rest = iter(lines)
    first = next(rest, "")
    return _header(_object(first, 1)), _entries(rest)


def _entries(lines: Iterable[str]) -> Iterator[Entry]:
    earlier = 0.0
    for number, line in enumerate(lines, 2):
        try:
            entry = _entry(_object(line, number), number)
        except ParameterError:
            if not line.endswith("\n"):
                return  # the recorder was killed while it wrote this
            raise
        if entry.at < earlier:
            raise _wrong(number, f"at {entry.at} comes after {earlier}: time went back")
        earlier = entry.at
        yield entry


def _object(line: str, number: int) -> dict[str, object]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _wrong(number, f"{shortened(line.rstrip(), 60)!r} is not JSON ({error})") from None
    if not isinstance(found, dict):
        raise _wrong(number, f"{shortened(line.rstrip(), 60)!r} is not a JSON object")
    return found


def _header(entry: dict[str, object]) -> Header:
    if entry.get("recording") != VERSION:
        raise _wrong(
            1,
            f'expected {{"recording": {VERSION}, "port": ..., "baud": ..., "started": ...}}, '
            f"got {shortened(json.dumps(entry), 60)}",
        )
    port, by, started = entry.get("port"), entry.get("by", ""), entry.get("started")
    if not isinstance(port, str):
        raise _wrong(1, f"port {port!r} is not a text")
    if not isinstance(by, str):
        raise _wrong(1, f"by {by!r} is not a text")
    baud = _baud(entry, 1, least=0)
    try:
        moment = datetime.fromisoformat(str(started))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _wrong(1, f"started {started!r} is not a time like 2026-11-23T08:07:00.000Z")
    return Header(port, baud, moment, by)


def _baud(entry: dict[str, object], number: int, least: int) -> int:
    baud = entry.get("baud")
    if type(baud) is not int or baud < least:
        raise _wrong(number, f"baud {baud!r} is not a speed")
    return baud


def _entry(entry: dict[str, object], number: int) -> Entry:
    at = entry.get("at")
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at < _AGES:
        raise _wrong(number, f"at {shortened(repr(at), 40)} is not a number of seconds")
    if "baud" in entry and "from" not in entry:
        return Speed(float(at), _baud(entry, number, least=1))
    try:
        return Piece(float(at), Sender(entry.get("from")), _bytes(entry))
    except ValueError as error:
        raise _wrong(number, str(error)) from None


def _bytes(entry: dict[str, object]) -> bytes:
    """Raises ValueError."""
    match entry.get("text"), entry.get("hex"):
        case str(text), None:
            data = text.encode()
        case None, str(digits):
            data = bytes.fromhex(digits)
        case _:
            raise ValueError("expected either text or hex, a string")
    if not data:
        raise ValueError("a piece without bytes")
    return data


def _wrong(number: int, why: str) -> ParameterError:
    return ParameterError(f"line {number} of the recording: {why}")
