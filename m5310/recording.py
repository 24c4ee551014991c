"""A recording: everything that passed on a serial line, with its times, as JSON lines.

A text file in UTF-8, one JSON object a line. The first one says what was recorded:

    {"recording": 1, "port": "/dev/ttyUSB0", "baud": 9600, "started": "2026-11-23T08:07:00.000Z"}

`recording` is the version of this format, `started` the moment that every `at` counts from.
Each further one is a piece of the stream, in the order in which the pieces passed:

    {"at": 1.204113, "from": "host", "text": "AT+CSQ\\r"}
    {"at": 1.231907, "from": "module", "text": "\\r\\n+CSQ:20,99\\r\\n"}
    {"at": 1.232001, "from": "module", "hex": "00FF4F"}

`at` is in seconds, when the piece's first byte was written or read; it never goes back. The bytes
are the UTF-8 of `text`, line ends included, or what `hex` spells where they are not UTF-8. Joined,
the pieces of one sender are its stream, byte for byte. A reader ignores keys that it does not
know, and a last line that was cut off when the recorder died.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final

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
    """What was recorded; `started` is aware."""

    port: str
    baud: int
    started: datetime


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of one sender; `at` in seconds since the recording started."""

    at: float
    sender: Sender
    data: bytes


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
        # microseconds: what a clock of the host can tell, and what JSON shows without noise
        piece = Piece(round(self._began - self._started, 6), self._sender, self._held)
        self._held = b""
        return [piece]

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
            "port": header.port,
            "baud": header.baud,
            "started": started.replace("+00:00", "Z"),
        }
    )


def piece_line(piece: Piece) -> str:
    """One further line of a file, without its line end."""
    entry: dict[str, object] = {"at": piece.at, "from": piece.sender.value}
    try:
        entry["text"] = piece.data.decode()
    except UnicodeDecodeError:
        entry["hex"] = piece.data.hex().upper()
    return json.dumps(entry, ensure_ascii=False)


# --- reading ---------------------------------------------------------------------------------


def read(lines: Iterable[str]) -> tuple[Header, Iterator[Piece]]:
    """A recording from the lines of its file, line ends included; the pieces are read lazily.

    Raises ParameterError, which names the line, for what is no recording of this version.
    """
    rest = iter(lines)
    first = next(rest, "")
    return _header(_object(first, 1)), _pieces(rest)


def _pieces(lines: Iterable[str]) -> Iterator[Piece]:
    earlier = 0.0
    for number, line in enumerate(lines, 2):
        try:
            piece = _piece(_object(line, number), number)
        except ParameterError:
            if not line.endswith("\n"):
                return  # the recorder was killed while it wrote this
            raise
        if piece.at < earlier:
            raise _wrong(number, f"at {piece.at} comes after {earlier}: time went back")
        earlier = piece.at
        yield piece


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
    port, baud, started = entry.get("port"), entry.get("baud"), entry.get("started")
    if not isinstance(port, str):
        raise _wrong(1, f"port {port!r} is not a text")
    if type(baud) is not int or baud <= 0:
        raise _wrong(1, f"baud {baud!r} is not a speed")
    try:
        moment = datetime.fromisoformat(str(started))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _wrong(1, f"started {started!r} is not a time like 2026-11-23T08:07:00.000Z")
    return Header(port, baud, moment)


def _piece(entry: dict[str, object], number: int) -> Piece:
    at = entry.get("at")
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at < _AGES:
        raise _wrong(number, f"at {shortened(repr(at), 40)} is not a number of seconds")
    try:
        return Piece(float(at), Sender(entry.get("from")), _bytes(entry))
    except ValueError as error:
        raise _wrong(number, str(error)) from None


def _bytes(entry: dict[str, object]) -> bytes:
    """Raises ValueError."""
    match entry.get("text"), entry.get("hex"):
        case str(text), None:
            return text.encode()
        case None, str(digits):
            return bytes.fromhex(digits)
        case _:
            raise ValueError("expected either text or hex, a string")


def _wrong(number: int, why: str) -> ParameterError:
    return ParameterError(f"line {number} of the recording: {why}")
