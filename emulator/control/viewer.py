"""Texts of the traffic, for one who reads it from one piece to the next. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container
from typing import cast

from emulator.control.traffic import Kind, Piece, Traffic
from emulator.onenet.http.answers import Answer
from emulator.recording.air_trace import AirTrace
from emulator.recording.trace import Direction, Trace, TraceLine

# Bounds memory: lines whose unfinished text and open commands are kept.
_MAX_LINES = 500

# Ids of the entries of one piece: more than it has bytes.
IDS = 10_000
WAYS = {
    Direction.TO_MODULE: "host",
    Direction.TO_HOST: "module",
    Direction.UP: "up",
    Direction.DOWN: "down",
    Direction.NOTE: "note",
    Direction.CALL: "call",
    Direction.POST: "post",
}


class Texts:
    """Makes lines of text of pieces, which must come in their order.

    `start`: the zero of their times, POSIX seconds. `servers`: addresses of the air whose datagrams
    go down. `numbered`: the lines name their modules.
    """

    def __init__(self, start: float, servers: Container[str], *, numbered: bool = False) -> None:
        self._start, self._servers, self._numbered = start, servers, numbered
        self._found: list[TraceLine] = []
        self.forget()

    def forget(self) -> None:
        """Pieces are missing before the next one."""
        self._lines: OrderedDict[int, Trace] = OrderedDict()
        self._air = AirTrace(self._found.append, self._start, self._servers)

    def of(self, piece: Piece) -> list[TraceLine]:
        """The lines that end with `piece`, at most as many as its bytes and one."""
        self._found.clear()
        match piece.kind:
            case Kind.AIR:
                self._air.datagram(piece.source, piece.destination, piece.data, piece.at)
            case Kind.HOST:
                self._line(piece.module).to_module(piece.data, piece.at)
            case Kind.MODULE:
                self._line(piece.module).to_host(piece.data, piece.at)
            case Kind.NOTE:
                self._line(piece.module).note(piece.data.decode(), piece.at)
            case Kind.CALL | Kind.POST:
                self._http(piece)
            case Kind.SPEED:
                pass
        return self._found

    def _http(self, piece: Piece) -> None:
        way = Direction.CALL if piece.kind is Kind.CALL else Direction.POST
        self._found.append(TraceLine(piece.at - self._start, way, piece.data.decode()))

    def _line(self, module: int) -> Trace:
        line = self._lines.get(module)
        if line is None:
            shown = module if self._numbered and module else None
            line = self._lines[module] = Trace(self._found.append, self._start, module=shown)
            if len(self._lines) > _MAX_LINES:
                self._lines.popitem(last=False)
        else:
            self._lines.move_to_end(module)
        return line


def entries(texts: Texts, piece: Piece) -> list[Answer]:
    """What viewers get of `piece`: an entry for each line, with an id of its own."""
    first = piece.number * IDS + 1
    return [
        {
            "id": first + place,
            "at": round(line.at, 6),
            "module": piece.module or None,
            "way": WAYS[line.direction],
            "text": line.text,
            "urc": line.urc,
        }
        for place, line in enumerate(texts.of(piece))
    ]


class Viewer:
    """Reads `traffic`: of one module, or of all; what comes from now on or, with an id `after`,
    what comes after that and is kept.

    `next`: number of the piece that it reads next; `last`: the id after which that is. `lost`:
    pieces that were gone before they were read, until the caller sets it to 0. It is exact; only of
    one module, at the begin, it is the largest number that it may be.
    """

    def __init__(
        self, traffic: Traffic, texts: Texts, module: int | None = None, after: int | None = None
    ) -> None:
        self._traffic, self._texts, self._module = traffic, texts, module
        newest = traffic.next * IDS
        self._after = newest if after is None else min(after, newest)
        wanted = self._after // IDS
        self.next = max(wanted, traffic.oldest)
        self.lost = self.next - wanted
        self._nth = 0  # of its module, the newest piece that it has had
        if module is not None:
            self.lost = min(self.lost, traffic.gone[module])
            later = next(traffic.kept(self.next, module), None)
            self._nth = traffic.counts[module] if later is None else later.nth - 1

    @property
    def last(self) -> int:
        return max(self._after, self.next * IDS)

    @property
    def behind(self) -> bool:
        """Whether there is more to read."""
        return self.next < self._traffic.next

    def read(self, most: int) -> list[Answer]:
        """The entries of the next `most` pieces, counted with those of other modules."""
        traffic, module, found = self._traffic, self._module, list[Answer]()
        if self.next < traffic.oldest:
            gone = traffic.oldest - self.next
            if module is not None:
                gone = max(traffic.gone[module] - self._nth, 0)
                self._nth += gone
            if gone:
                self.lost += gone
                self._texts.forget()
            self.next = traffic.oldest
        end = min(self.next + most, traffic.next)
        for number in range(self.next, end):
            piece = traffic[number]
            if module is None or piece.module == module:
                self._nth = piece.nth
                found += entries(self._texts, piece)
        if self.next * IDS < self._after:  # it has had some of the first piece
            found = [each for each in found if cast(int, each["id"]) > self._after]
        self.next = end
        return found
