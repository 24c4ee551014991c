"""The newest traffic of all lines and of the air, as it came: bytes, not texts. Pure.

To put a piece in is all that happens on the way of a byte. It becomes text when a viewer reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import NamedTuple

from emulator.recording.format import Side

# Bounds memory: pieces and bytes that are kept; the oldest make room for new ones.
MAX_PIECES = 20_000
MAX_BYTES = 8 * 1024 * 1024
# Bytes of one piece of a line: as many lines of text as it can have are made in some 3 ms.
_MAX_PIECE = 512
# As in a recording (`emulator.recording.format`): bytes that come one by one are gathered to pieces
# that end with their line, at this size, or at a pause of this many seconds.
_MAX_GATHERED = 4096
_PAUSE = 0.1
# Characters of a call or a post that are kept.
_MAX_HTTP = 1000
_HOST_END, _MODULE_END = re.compile(rb"\r\n?|\n"), re.compile(rb"\n")
_ADDRESS = re.compile(r"\S+:\d+")


class Kind(IntEnum):
    HOST = 0  # a host has sent it
    MODULE = 1
    AIR = 2  # a datagram
    NOTE = 3
    SPEED = 4  # bits a second of the line from here on, as digits
    CALL = 5  # of an application to the HTTP API, with its outcome
    POST = 6  # of the cloud to an application: a push or a trigger, with its outcome


class Piece(NamedTuple):
    """`module`: 0 for none. `nth` of its module, from 1. `begin`, `at`: when its first and its last
    byte were complete, POSIX seconds. `source`, `destination` of a datagram.
    """

    number: int
    kind: Kind
    module: int
    nth: int
    begin: float
    at: float
    data: bytes
    source: str = ""
    destination: str = ""


# On the way of each line: an enumeration and its hash are found slowly.
_HOST, _OF_HOST, _OF_MODULE, _SPEED = Side.HOST, Kind.HOST, Kind.MODULE, Kind.SPEED


class Traffic:
    """A ring of the newest pieces of `modules` modules, numbered from 0 without a gap.

    `oldest`, `next`: numbers of the oldest piece that is kept, and of the next one to come.
    `counts`, `gone`: by module, how many pieces there were, and how many are kept no longer.
    `module_of`: the number of the module at an address of the air, 0 for none. `baud` of the lines
    before the oldest piece: bits a second, 0 for no pacing.
    """

    def __init__(
        self,
        modules: int,
        module_of: Callable[[str], int] = lambda _address: 0,
        *,
        most: int = MAX_PIECES,
        most_bytes: int = MAX_BYTES,
    ) -> None:
        self.oldest = self.next = 0
        self.counts = [0] * (modules + 1)
        self.gone = [0] * (modules + 1)
        self.baud = [0] * (modules + 1)
        self.gathering: dict[LineTap, None] = {}  # lines that hold the beginning of a piece
        self._module_of = module_of
        self._most, self._most_bytes, self._bytes = most, most_bytes, 0
        self._ring: list[Piece | None] = [None] * most

    # In ----------------------------------------------------------------------------------------

    def put(
        self,
        kind: Kind,
        module: int,
        begin: float,
        at: float,
        data: bytes,
        source: str = "",
        destination: str = "",
    ) -> None:
        self.counts[module] = nth = self.counts[module] + 1
        if self.next - self.oldest == self._most:
            self._drop()
        self._ring[self.next % self._most] = Piece(
            self.next, kind, module, nth, begin, at, data, source, destination
        )
        self.next += 1
        self._bytes += len(data)
        while self._bytes > self._most_bytes and self.next - self.oldest > 1:
            self._drop()

    def datagram(self, source: str, destination: str, datagram: bytes, now: float) -> None:
        """A tap of the air (`emulator.air.network.Tap`)."""
        module = self._module_of(source) or self._module_of(destination)
        self.put(Kind.AIR, module, now, now, datagram, source, destination)

    def note(self, module: int, text: str, now: float) -> None:
        self.put(Kind.NOTE, module, now, now, text.encode("utf-8", "backslashreplace"))

    def note_of_air(self, text: str, now: float) -> None:
        """A note that names an address of a module is its own."""
        named = (self._module_of(each) for each in _ADDRESS.findall(text))
        self.note(next(filter(None, named), 0), text, now)

    def http(self, kind: Kind, text: str, now: float) -> None:
        """A CALL or a POST."""
        data = text[:_MAX_HTTP].encode("utf-8", "backslashreplace")
        self.put(kind, 0, now, now, data)

    def settle(self, now: float) -> None:
        """Put in what lines have gathered, and nothing followed in time."""
        for line in [one for one in self.gathering if now - one.last >= _PAUSE]:
            line.flush()

    def _drop(self) -> None:
        slot = self.oldest % self._most
        piece = self._ring[slot]
        assert piece is not None, "there is an oldest piece"
        if piece.kind is _SPEED:
            self.baud[piece.module] = int(piece.data)
        self.gone[piece.module] = piece.nth
        self._bytes -= len(piece.data)
        self._ring[slot] = None
        self.oldest += 1

    # Out ---------------------------------------------------------------------------------------

    def __getitem__(self, number: int) -> Piece:
        """The piece with this number, which is kept."""
        piece = self._ring[number % self._most]
        assert piece is not None, "it is kept"
        return piece

    def kept(self, first: int, module: int | None = None) -> Iterator[Piece]:
        """Those from `first` on that there are now and are kept when their turn comes, of one
        module or of all.
        """
        for number in range(max(first, self.oldest), self.next):
            if number >= self.oldest:
                piece = self[number]
                if module is None or piece.module == module:
                    yield piece

    def baud_before(self, number: int, module: int) -> int:
        """Bits a second of the line of `module` before the piece with this number."""
        baud = self.baud[module]
        for before in range(self.oldest, min(number, self.next)):
            piece = self[before]
            if piece.kind is _SPEED and piece.module == module:
                baud = int(piece.data)
        return baud


class LineTap:
    """Puts what goes over the line of a module into `traffic`."""

    __slots__ = ("_begin", "_data", "_module", "_side", "_traffic", "last")

    def __init__(self, traffic: Traffic, module: int) -> None:
        self._traffic = traffic
        self._module = module
        self._side = Side.HOST
        self._data = bytearray()
        self._begin = self.last = 0.0

    def sent(self, side: Side, data: bytes, now: float) -> None:
        """`side` has sent `data` by `now`."""
        if self._data or not _is_complete(side, data) or len(data) > _MAX_PIECE:
            self._gather(side, data, now)
        else:
            kind = _OF_HOST if side is _HOST else _OF_MODULE
            self._traffic.put(kind, self._module, now, now, data)

    def note(self, text: str, now: float) -> None:
        self.flush()
        self._traffic.note(self._module, text, now)

    def speed(self, baud: int, now: float) -> None:
        self.flush()
        self._traffic.put(Kind.SPEED, self._module, now, now, b"%d" % baud)

    def flush(self) -> None:
        """Put in what was gathered."""
        if self._data:
            data = bytes(self._data)
            self._data.clear()
            del self._traffic.gathering[self]
            kind = _OF_HOST if self._side is _HOST else _OF_MODULE
            self._traffic.put(kind, self._module, self._begin, self.last, data)

    def _gather(self, side: Side, data: bytes, now: float) -> None:
        late = side is not self._side or now - self.last >= _PAUSE
        if late or _has_more_than_an_end(side, data):
            self.flush()
        for begin in range(0, len(data), _MAX_PIECE):
            if not self._data:
                self._begin = now
                self._traffic.gathering[self] = None
            self._side, self.last = side, now
            self._data += data[begin : begin + _MAX_PIECE]
            large = len(data) > _MAX_PIECE or len(self._data) >= _MAX_GATHERED
            if large or _is_complete(side, self._data):
                self.flush()


def _has_more_than_an_end(side: Side, data: bytes) -> bool:
    """Whether bytes follow on the end of a line in it: those have a time of their own."""
    end = _HOST_END.search(data) if side is _HOST else _MODULE_END.search(data)
    return end is not None and end.end() < len(data)


def _is_complete(side: Side, data: bytes | bytearray) -> bool:
    """Whether it ends with the end of a line."""
    end = data[-1:]
    if side is _HOST:
        return end in (b"\r", b"\n")
    return end == b"\n" and bool(data.strip())
