"""Serial lines and their faults, as parameters of tests.

`GENTLE` lines cut, delay, echo and decorate the bytes; both ends must work as over a whole line.
`ROUGH` lines also lose, change and double bytes: commands may fail, but no answer may go to another
command, every wait must end, and each undamaged line must be delivered once, in order.

    @pytest.mark.parametrize("hostile", GENTLE, ids=str)
    def test_...(hostile: Hostile) -> None:
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import NamedTuple

from tests.support.effort import either


class Cut(Enum):
    """The pieces in which written bytes arrive."""

    WHOLE = "as it was written"
    BYTEWISE = "one byte at a time"
    ANYWHERE = "at random places"


@dataclass(frozen=True, slots=True)
class Hostile:
    """One kind of line; with the same `seed` the same bytes get the same faults.

    `loss`, `corruption` and `duplication` are the shares of the bytes, 0 to 1, that are dropped,
    become another, or come twice, in either direction. A piece follows the one before it within
    `delay` seconds. With `echo` the module sends back each byte that it receives.
    To the host only: each LF follows two CRs (`doubled_cr`), `garbage` comes before all else,
    and `noise` puts control and foreign bytes between lines and NULs into them.
    """

    name: str
    cut: Cut = Cut.WHOLE
    seed: int = 0
    delay: float = 0.0
    echo: bool = False
    doubled_cr: bool = False
    garbage: bytes = b""
    noise: bool = False
    loss: float = 0.0
    corruption: float = 0.0
    duplication: float = 0.0

    def __str__(self) -> str:
        return self.name

    @property
    def lossy(self) -> bool:
        """Whether bytes are lost, changed or doubled."""
        return bool(self.loss or self.corruption or self.duplication)

    def to_host(self) -> Direction:
        """A new line for the module's bytes."""
        return Direction(self, to_host=True)

    def to_module(self) -> Direction:
        """A new line for the host's bytes."""
        return Direction(self, to_host=False)


class Arrival(NamedTuple):
    """`data` arrives `at` this time, in seconds."""

    at: float
    data: bytes


_FOREIGN = b"\xff\x80\x7f\xfe"  # no UTF-8, and DEL
_NULS = 0.05  # the share of the bytes that a NUL follows on a noisy line


class Direction:
    """One direction of a line, from its opening on."""

    def __init__(self, hostile: Hostile, *, to_host: bool) -> None:
        self._hostile = hostile
        self._random = Random(f"{hostile.seed} {'to host' if to_host else 'to module'}")
        self._to_host = to_host
        self._before = hostile.garbage if to_host else b""
        self._rough = hostile.lossy
        self._last = -math.inf

    def stop_faults(self) -> None:
        """From now on no byte is lost, changed or doubled."""
        self._rough = False

    def carry(self, data: bytes, now: float) -> list[Arrival]:
        """The pieces in which bytes written at `now` arrive, in order."""
        if self._rough:
            data = self._damaged(data)
        if self._to_host:
            data = self._before + self._decorated(data)
            self._before = b""
        arrivals = []
        for piece in self._pieces(data):
            late = self._random.uniform(0, self._hostile.delay) if self._hostile.delay else 0.0
            self._last = max(self._last, now) + late
            arrivals.append(Arrival(self._last, piece))
        return arrivals

    def _damaged(self, data: bytes) -> bytes:
        hostile, chance = self._hostile, self._random.random
        damaged = bytearray()
        for byte in data:
            if chance() < hostile.loss:
                continue
            damaged.append(self._random.randrange(256) if chance() < hostile.corruption else byte)
            if chance() < hostile.duplication:
                damaged.append(damaged[-1])
        return bytes(damaged)

    def _decorated(self, data: bytes) -> bytes:
        if self._hostile.doubled_cr:
            data = data.replace(b"\n", b"\r\n")
        if not self._hostile.noise:
            return data
        nuls = (
            bytes((byte, 0)) if self._random.random() < _NULS else bytes((byte,)) for byte in data
        )
        return b"".join(nuls).replace(b"\n", b"\n" + _FOREIGN)

    def _pieces(self, data: bytes) -> list[bytes]:
        match self._hostile.cut:
            case Cut.WHOLE:
                return [data] if data else []
            case Cut.BYTEWISE:
                return [data[at : at + 1] for at in range(len(data))]
            case Cut.ANYWHERE:
                places = range(1, len(data))
                count = self._random.randint(0, len(places))
                ends = [*sorted(self._random.sample(places, count)), len(data)]
                return [data[a:b] for a, b in zip([0, *ends], ends, strict=False) if a < b]


class Carrier:
    """A direction on the running event loop: bytes are delivered later, in order."""

    def __init__(self, direction: Direction, deliver: Callable[[bytes], None]) -> None:
        self.direction = direction
        self._deliver = deliver
        self._in_transit: deque[bytes] = deque()
        self._loop = asyncio.get_running_loop()

    def carry(self, data: bytes) -> None:
        now = self._loop.time()
        for at, piece in self.direction.carry(data, now):
            self._in_transit.append(piece)
            if at > now:
                self._loop.call_at(at, self._arrived)
            else:
                self._loop.call_soon(self._arrived)

    def _arrived(self) -> None:
        # Timers of one moment fire in any order: each delivers what is due next.
        self._deliver(self._in_transit.popleft())


WHOLE = Hostile("whole")
BYTEWISE = Hostile("one byte at a time", Cut.BYTEWISE)

GENTLE = (
    WHOLE,
    BYTEWISE,
    Hostile("random cuts", Cut.ANYWHERE, seed=1),
    Hostile("slow", Cut.ANYWHERE, seed=2, delay=0.002),  # two bytes' time at 9600 baud
    Hostile("echo", echo=True),
    Hostile("CR CR LF", Cut.BYTEWISE, doubled_cr=True),
    Hostile("boot garbage", garbage=b"\0\xf8\x80\x1c\r\n\xff\0\xfe"),
    Hostile("noise", Cut.ANYWHERE, seed=3, noise=True),
    Hostile(
        "all harmless effects",
        Cut.ANYWHERE,
        seed=4,
        delay=0.002,
        echo=True,
        doubled_cr=True,
        garbage=b"\xc3\0\x80",
        noise=True,
    ),
)

ROUGH = (
    Hostile("loss", seed=1, loss=0.01),
    Hostile("corruption", seed=2, corruption=0.01),
    Hostile("duplication", seed=3, duplication=0.02),
    Hostile("much loss", Cut.BYTEWISE, seed=4, loss=0.05),
    Hostile(
        "everything",
        Cut.ANYWHERE,
        seed=5,
        delay=0.002,
        echo=True,
        doubled_cr=True,
        garbage=b"AT\xf8x~\0",
        noise=True,
        loss=0.005,
        corruption=0.005,
        duplication=0.005,
    ),
)

FEW_GENTLE = either((WHOLE, BYTEWISE, GENTLE[-1]), GENTLE)
"""For tests that are repeated on each line: in the short form the last has all the effects."""

EVERY_LINE = (*GENTLE, *ROUGH)
