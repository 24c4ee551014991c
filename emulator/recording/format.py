"""Recordings of a serial line as JSON lines: writer and reader. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

VERSION = 1
_BY = "emulator"
# A chunk ends with its line, at this size in bytes, or at a pause of this many seconds.
_MAX_CHUNK = 4096
_PAUSE = 0.1
# Largest numbers of a recording: 300 years in seconds, and far above the speed of any UART.
_MAX_TIME = 1e10
_MAX_BAUD = 10_000_000
_TOO_DEEP = "nested too deep, expected one JSON object"


class Side(StrEnum):
    HOST = "host"
    MODULE = "module"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that one side sent; `at` in seconds since the recording began.

    `own`: bytes of a host that the recorder wrote for itself, to find out whether the module
    listens.
    """

    at: float
    side: Side
    data: bytes
    own: bool = False


@dataclass(frozen=True, slots=True)
class SpeedChange:
    """From here on the line runs at `baud`."""

    at: float
    baud: int


@dataclass(frozen=True, slots=True)
class Recording:
    """`baud`: the first speed, 0 for none. `emulated`: recorded from the emulator."""

    baud: int
    entries: tuple[Chunk | SpeedChange, ...]
    emulated: bool = False


class RecordingError(ValueError):
    """A line of the file is invalid; the text names file, line and what is wrong."""


# Writing ------------------------------------------------------------------------------------------


class Chunks:
    """Calls `emit(at, side, data)` with the chunks of what both sides send.

    Times are POSIX seconds and never decrease; `at` is that of the first byte. A chunk is given
    when its last byte comes, the bytes of an unfinished line by `flush`.
    """

    def __init__(self, emit: Callable[[float, Side, bytes], None]) -> None:
        self._emit = emit
        self._side = Side.HOST
        self._data = bytearray()
        self._at = self._last = float("-inf")

    def sent(self, side: Side, data: bytes, now: float) -> None:
        """`side` has sent `data` by `now`."""
        if not data:
            return
        if side is not self._side or now - self._last >= _PAUSE:
            self.flush()
        self._side, self._last = side, now
        for byte in data:
            # A LF after a host's CR belongs to the same line, if it comes with it.
            if side is Side.HOST and self._data.endswith(b"\r") and byte != 0x0A:
                self.flush()
            if not self._data:
                self._at = now
            self._data.append(byte)
            line = byte == 0x0A and (side is Side.HOST or self._data.strip())
            if line or len(self._data) >= _MAX_CHUNK:
                self.flush()
        if side is Side.HOST and self._data.endswith(b"\r"):
            self.flush()

    def flush(self) -> None:
        if self._data:
            data = bytes(self._data)
            self._data.clear()
            self._emit(self._at, self._side, data)


class Recorder:
    """Calls `write` with the lines of a recording, each with its LF.

    Times are POSIX seconds and never decrease. Each line is written when its last byte comes.
    `close` writes the bytes of an unfinished line.
    """

    def __init__(self, write: Callable[[str], object], now: float, *, port: str, baud: int) -> None:
        self._write = write
        self._start = now
        self._chunks = Chunks(self._put_chunk)
        self.sent, self.close = self._chunks.sent, self._chunks.flush
        started = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
        head = {"recording": VERSION, "by": _BY, "port": port, "baud": baud}
        self._put({**head, "started": started.replace("+00:00", "Z")})

    def speed(self, baud: int, now: float) -> None:
        self._chunks.flush()
        self._put({"at": self._since(now), "baud": baud})

    def _put_chunk(self, at: float, side: Side, data: bytes) -> None:
        self._put({"at": self._since(at), "from": str(side), **_text_or_hex(data)})

    def _since(self, at: float) -> float:
        return round(at - self._start, 6)

    def _put(self, line: dict[str, object]) -> None:
        self._write(json.dumps(line, ensure_ascii=False) + "\n")


def _text_or_hex(data: bytes) -> dict[str, object]:
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"hex": data.hex().upper()}


# Reading ------------------------------------------------------------------------------------------


def read(data: bytes, name: str = "recording") -> Recording:
    """Read a recording; `name` is the file name for messages. Raises RecordingError."""
    *lines, rest = data.split(b"\n")
    if rest and _is_complete(rest):  # else the recorder was killed while writing
        lines.append(rest)
    baud, emulated = 0, False
    entries: list[Chunk | SpeedChange] = []
    for number, line in enumerate(lines or [b""], 1):
        try:
            found = _object(line)
            if number == 1:
                baud, emulated = _head(found), found.get("by") == _BY
            else:
                entries.append(_entry(found, entries[-1].at if entries else 0.0))
        except RecursionError:
            raise RecordingError(f"{name}:{number}: {_TOO_DEEP}") from None
        except ValueError as error:
            raise RecordingError(f"{name}:{number}: {error}") from None
    return Recording(baud, tuple(entries), emulated)


def _is_complete(line: bytes) -> bool:
    try:
        _object(line)
    except (ValueError, RecursionError):
        return False
    return True


def _object(line: bytes) -> dict[str, object]:
    found = json.loads(line.decode("utf-8"))
    if not isinstance(found, dict):
        raise ValueError("expected one JSON object")  # noqa: TRY004 - an error in the file, like the others
    return found


def _head(found: dict[str, object]) -> int:
    if found.get("recording") != VERSION:
        version = found.get("recording", "nothing")
        raise ValueError(f'"recording": {version}, expected version {VERSION} on the first line')
    return _baud(found, lowest=0)


def _entry(found: dict[str, object], last: float) -> Chunk | SpeedChange:
    at = found.get("at")
    if isinstance(at, bool) or not isinstance(at, int | float) or not last <= at < _MAX_TIME:
        raise ValueError(f'"at": {at}, expected seconds, {last:g} or more')
    if "baud" in found:
        return SpeedChange(float(at), _baud(found, lowest=1))
    side = found.get("from")
    if not isinstance(side, str) or side not in set(Side):
        raise ValueError(f'"from": {side}, expected "host" or "module", or a "baud"')
    return Chunk(float(at), Side(side), _data(found), found.get("own") is True)


def _baud(found: dict[str, object], *, lowest: int) -> int:
    baud = found.get("baud")
    if isinstance(baud, bool) or not isinstance(baud, int) or not lowest <= baud <= _MAX_BAUD:
        raise ValueError(f'"baud": {baud}, expected a speed, {lowest} to {_MAX_BAUD}')
    return baud


def _data(found: dict[str, object]) -> bytes:
    match found.get("text"), found.get("hex"):
        case str() as text, None if text:
            return text.encode("utf-8")
        case None, str() as digits if re.fullmatch("(?:[0-9A-Fa-f]{2})+", digits):
            return bytes.fromhex(digits)
        case _:
            raise ValueError('expected a "text" or a "hex" of two digits a byte, not empty')
