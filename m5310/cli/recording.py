"""Recording: all bytes on a serial line, with their times, as JSON lines.

A text file: UTF-8 without a byte order mark, one JSON object (RFC 8259) in each line, each line
ended by LF. The first line is the header:

    {"recording": 1, "by": "m5310 0.1.0", "port": "/dev/ttyUSB0", "baud": 9600,
     "started": "2026-11-23T08:07:00.000Z"}          (on one line)

    recording  the version of this format: 1
    by         name and version of the recorder; optional
    port       name of the port
    baud       speed at the start, 8N1; 0 for a line without a speed, such as a pipe
    started    the time from which every "at" counts: RFC 3339, with its offset

Each further line is one of these entries, in order of time:

    {"at": 1.204113, "from": "host", "text": "AT+CSQ\\r"}
    {"at": 1.231907, "from": "module", "text": "\\r\\n+CSQ:20,99\\r\\n"}
    {"at": 1.232001, "from": "module", "hex": "00FF4F"}
        A chunk of bytes that one side sent: the UTF-8 encoding of "text", line ends included, or
        the bytes in "hex" (two digits each) if they are not UTF-8. An entry has exactly one of
        "text" and "hex", and it is not empty.

    {"at": 1.5, "from": "host", "text": "AT\\r", "own": true}
        The recorder wrote this for itself, to find out whether the module listens. It was on the
        line, but is no command of the recorded program; a replay answers it, and does not miss it.

    {"at": 2.5, "baud": 115200}
        The line has this speed from here on.

"at" is the time in seconds since "started" at which the recorder wrote or read the first byte of
the chunk: a number >= 0 that never decreases. The other bytes followed without a pause of 0.1 s or
more. It includes the latency of the USB adapter (about 16 ms).

The chunks of one side, joined, are exactly the bytes that it sent. A chunk is one line where
possible: a host's line ends after CR or CR LF, a module's after LF; empty lines before it belong to
it. A chunk ends earlier if the other side sent, after a pause, or after 4096 bytes. So a reader
joins the chunks before it looks for lines.

A reader ignores unknown keys, and accepts keys in any order and CR LF for LF. It rejects a file
with any other line, except that it drops an invalid last line without a line end: it was cut off
when the recorder was killed. A new kind of line or a new meaning raises the version.
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
"""Seconds of silence that split a line into two chunks, so that a replay can pause there too.

Above the latency timer of USB adapters (16 ms), which splits lines at random.
"""

CHUNK_LIMIT: Final = 4096
"""Bytes of one chunk; a stream without line ends is split at this length."""

_TIME_LIMIT: Final = 1e10  # seconds (300 years)


class Sender(Enum):
    HOST = "host"
    MODULE = "module"


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a file; `started` has a time zone, `baud` is 0 for a line without speed."""

    port: str
    baud: int
    started: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of one sender; `at` in seconds since the recording started.

    `own`: the recorder wrote them for itself.
    """

    at: float
    sender: Sender
    data: bytes
    own: bool = False


@dataclass(frozen=True, slots=True)
class Speed:
    """The line has the speed `baud` from `at` on."""

    at: float
    baud: int


Entry = Chunk | Speed


# --- splitting -------------------------------------------------------------------------------

# Lines of each side (V.250 5.2.1, 5.7.1): a command ends with CR, a response is CR LF text CR LF.
_LINES: Final = {
    Sender.HOST: re.compile(rb"[^\r]*\r\n?|[^\r]+"),
    Sender.MODULE: re.compile(rb"[^\n]*\n|[^\n]+"),
}
_ENDS: Final = {Sender.HOST: (b"\r", b"\r\n"), Sender.MODULE: (b"\n",)}


class Recorder:
    """Splits the bytes on a line into chunks: one line each, with the empty line before it.

    `now` is in seconds, of any clock that never goes back; `started` is of the same clock. Call
    `flush` at the end: an incomplete line is held until then.
    """

    def __init__(self, started: float) -> None:
        self._started = started
        self._sender = Sender.HOST
        self._own = False
        self._held = b""
        self._began = started
        self._last = started

    def add(self, sender: Sender, data: bytes, now: float, *, own: bool = False) -> list[Chunk]:
        """The chunks that these bytes complete, in order. `own`: see `Chunk`."""
        chunks: list[Chunk] = []
        if (sender, own) != (self._sender, self._own) or now - self._last >= PAUSE:
            chunks += self.flush()
        self._sender, self._own, self._last = sender, own, now
        for part in _LINES[sender].findall(data):
            for start in range(0, len(part), CHUNK_LIMIT):
                chunks += self._hold(part[start : start + CHUNK_LIMIT], now)
        return chunks

    def flush(self) -> list[Chunk]:
        """The incomplete chunk, if there is one."""
        if not self._held:
            return []
        chunk = Chunk(self._at(self._began), self._sender, self._held, self._own)
        self._held = b""
        return [chunk]

    def add_speed(self, baud: int, now: float) -> list[Entry]:
        """The entries for a line that has the speed `baud` from now on."""
        return [*self.flush(), Speed(self._at(now), baud)]

    def _at(self, moment: float) -> float:
        # microseconds, so that JSON shows no rounding noise
        return round(moment - self._started, 6)

    def _hold(self, part: bytes, now: float) -> list[Chunk]:
        chunks = self.flush() if len(self._held) + len(part) > CHUNK_LIMIT else []
        if not self._held:
            self._began = now
        self._held += part
        if self._held.strip(b"\r\n") and self._held.endswith(_ENDS[self._sender]):
            chunks += self.flush()
        return chunks


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
    """Any other line of a file, without its line end."""
    match entry:
        case Chunk(at, sender, data, own):
            shown: dict[str, object] = {"at": at, "from": sender.value}
            try:
                shown["text"] = data.decode()
            except UnicodeDecodeError:
                shown["hex"] = data.hex().upper()
            if own:
                shown["own"] = True
        case Speed(at, baud):
            shown = {"at": at, "baud": baud}
        case _:
            assert_never(entry)
    return json.dumps(shown, ensure_ascii=False)


# --- reading ---------------------------------------------------------------------------------


def read(lines: Iterable[str]) -> tuple[Header, Iterator[Entry]]:
    """Read a recording from the lines of its file, line ends included; entries are read lazily.

    Raises ParameterError, with the line number, if it is not a recording of this version.
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
                return  # cut off when the recorder was killed
            raise
        if entry.at < earlier:
            raise _error(number, f"at {entry.at} follows {earlier}; times must not decrease")
        earlier = entry.at
        yield entry


def _object(line: str, number: int) -> dict[str, object]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _error(number, f"{shortened(line.rstrip(), 60)!r} is not JSON ({error})") from None
    if not isinstance(found, dict):
        raise _error(number, f"{shortened(line.rstrip(), 60)!r} is not a JSON object")
    return found


def _header(entry: dict[str, object]) -> Header:
    if entry.get("recording") != VERSION:
        raise _error(
            1,
            f'expected {{"recording": {VERSION}, "port": ..., "baud": ..., "started": ...}}, '
            f"got {shortened(json.dumps(entry), 60)}",
        )
    port, by, started = entry.get("port"), entry.get("by", ""), entry.get("started")
    if not isinstance(port, str):
        raise _error(1, f"port {port!r} is not a string")
    if not isinstance(by, str):
        raise _error(1, f"by {by!r} is not a string")
    baud = _baud(entry, 1, least=0)
    try:
        moment = datetime.fromisoformat(str(started))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _error(
            1, f"started {started!r} is not a time; expected one like 2026-11-23T08:07:00.000Z"
        )
    return Header(port, baud, moment, by)


def _baud(entry: dict[str, object], number: int, least: int) -> int:
    baud = entry.get("baud")
    if type(baud) is not int or baud < least:
        raise _error(number, f"baud {baud!r} is not a speed; expected a number of baud")
    return baud


def _entry(entry: dict[str, object], number: int) -> Entry:
    at = entry.get("at")
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at < _TIME_LIMIT:
        raise _error(number, f"at {shortened(repr(at), 40)} is not a time in seconds")
    if "baud" in entry and "from" not in entry:
        return Speed(float(at), _baud(entry, number, least=1))
    try:
        sender, own = Sender(entry.get("from")), entry.get("own") is True
        return Chunk(float(at), sender, _bytes(entry), own)
    except ValueError as error:
        raise _error(number, str(error)) from None


def _bytes(entry: dict[str, object]) -> bytes:
    """Raises ValueError."""
    match entry.get("text"), entry.get("hex"):
        case str(text), None:
            data = text.encode()
        case None, str(digits):
            data = bytes.fromhex(digits)
        case _:
            raise ValueError("text and hex: expected exactly one, a string")
    if not data:
        raise ValueError("empty chunk")
    return data


def _error(number: int, text: str) -> ParameterError:
    return ParameterError(f"line {number} of the recording: {text}")
