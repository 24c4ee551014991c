"""Line faults: bytes lost, doubled, corrupted, delayed or inserted. Pure.

Faults are random (by seed) or planned for a given byte. The same bytes in the same order get the
same faults, however they are split.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from operator import itemgetter
from random import Random

# Seconds of a random delay: longer than the pause that hosts take for the end of an answer.
DELAY = 0.25
# Largest number of garbage bytes that are inserted together at random.
_MAX_GARBAGE = 4


class Fault(StrEnum):
    LOSS = "loss"
    DOUBLE = "double"
    CORRUPT = "corrupt"
    DELAY = "delay"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class Rates:
    """Share of the bytes, 0 to 1, that gets each fault; `garbage`: is followed by garbage.

    Raises ValueError if a share is out of range.
    """

    loss: float = 0.0
    double: float = 0.0
    corrupt: float = 0.0
    delay: float = 0.0
    garbage: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            rate = getattr(self, field.name)
            if not 0 <= rate <= 1:
                raise ValueError(f"{field.name} {rate}: expected a share of the bytes, 0 to 1")


_NONE = Rates()


def _ignore(_text: str) -> None:
    """Default of `on_note`."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes to send on, `delay` seconds later than without faults."""

    data: bytes
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class FaultAt:
    """A planned fault, after `after` more bytes have passed.

    It affects `count` bytes; a delay is `seconds` before one byte, garbage is `data` before one
    byte. Raises ValueError if a number is out of range.
    """

    fault: Fault
    after: int = 0
    count: int = 1
    seconds: float = 0.0
    data: bytes = b""

    def __post_init__(self) -> None:
        if self.after < 0 or self.count < 1:
            raise ValueError(
                f"after {self.after}, count {self.count}: expected 0 or more, and 1 or more"
            )
        if not 0 <= self.seconds < float("inf"):
            raise ValueError(f"delay {self.seconds}: expected a number of seconds, 0 or more")


class DirectionFaults:
    """Faults of one direction: random ones by `rates`, planned ones by `lose`, `double` etc.

    `rates` may be set at any time. `met` counts the bytes that got each fault. `on_note` is called
    with a description of each fault.
    """

    def __init__(self, *, seed: int = 0, on_note: Callable[[str], None] = _ignore) -> None:
        self._position = 0  # bytes passed while there may have been faults
        self._planned: list[tuple[int, FaultAt]] = []  # by position
        self.active = False  # whether bytes may get a fault: by a rate, or by a planned one
        self.rates = Rates()
        self.met: Counter[Fault] = Counter()
        self._on_note = on_note
        self._seed = seed
        self._generator: Random | None = None

    @property
    def rates(self) -> Rates:
        return self._rates

    @rates.setter
    def rates(self, rates: Rates) -> None:
        self._rates = rates
        self._update_active()

    def lose(self, count: int = 1, *, after: int = 0) -> None:
        """Lose `count` bytes after `after` more bytes have passed."""
        self.plan(FaultAt(Fault.LOSS, after, count))

    def double(self, count: int = 1, *, after: int = 0) -> None:
        """Send each of `count` bytes twice."""
        self.plan(FaultAt(Fault.DOUBLE, after, count))

    def corrupt(self, count: int = 1, *, after: int = 0) -> None:
        """Invert one bit in each of `count` bytes."""
        self.plan(FaultAt(Fault.CORRUPT, after, count))

    def delay(self, seconds: float, *, after: int = 0) -> None:
        """Delay a byte, and the bytes after it, by `seconds`."""
        self.plan(FaultAt(Fault.DELAY, after, seconds=seconds))

    def inject(self, data: bytes, *, after: int = 0) -> None:
        """Insert `data` before a byte."""
        self.plan(FaultAt(Fault.GARBAGE, after, data=data))

    def plan(self, fault: FaultAt) -> None:
        """Plan one fault; two faults of the same byte apply in the order of planning."""
        insort(self._planned, (self._position + fault.after, fault), key=itemgetter(0))
        self._update_active()

    def apply(self, data: bytes) -> list[Chunk]:
        """What `data` becomes: chunks to send on, in order."""
        if not self.active:
            return [Chunk(data)] if data else []
        before = Counter(self.met)
        chunks: list[Chunk] = []
        for byte in data:
            delay, passed = self._pass(byte)
            if delay or not chunks:
                chunks.append(Chunk(passed, delay))
            else:
                chunks[-1] = Chunk(chunks[-1].data + passed, chunks[-1].delay)
        self._update_active()
        new = self.met - before
        if new:
            counts = ", ".join(f"{fault} {count}" for fault, count in new.items())
            self._on_note(f"faults on {len(data)} bytes: {counts}")
        return chunks

    @property
    def _random(self) -> Random:
        if self._generator is None:  # few lines need it, and it takes 2.5 KB
            self._generator = Random(self._seed)  # noqa: S311 - must be reproducible
        return self._generator

    def _update_active(self) -> None:
        self.active = bool(self._planned) or self._rates != _NONE

    def _pass(self, byte: int) -> tuple[float, bytes]:
        """The delay before `byte`, and the bytes that replace it."""
        due = [planned for at, planned in self._planned if at <= self._position]
        self._position += 1
        self._planned = [
            (at, planned) for at, planned in self._planned if at + planned.count > self._position
        ]
        delay = sum(planned.seconds for planned in due)
        before = b"".join(planned.data for planned in due)
        hit = {planned.fault for planned in due}
        after = b""
        for fault in self._draw():
            if fault is Fault.DELAY:
                delay += DELAY
            elif fault is Fault.GARBAGE:
                after = self._random.randbytes(self._random.randint(1, _MAX_GARBAGE))
            hit.add(fault)
        self.met.update(hit)
        passed = bytes([byte ^ 1 << self._random.randrange(8) if Fault.CORRUPT in hit else byte])
        passed *= 0 if Fault.LOSS in hit else 2 if Fault.DOUBLE in hit else 1
        return delay, before + passed + after

    def _draw(self) -> list[Fault]:
        """The random faults of one byte."""
        rates = ((fault, getattr(self.rates, fault)) for fault in Fault)
        return [fault for fault, rate in rates if rate and self._random.random() < rate]


class Faults:
    """The faults of both directions; random ones depend on `seed`."""

    def __init__(self, *, seed: int = 0, on_note: Callable[[str], None] = _ignore) -> None:
        self.to_host = DirectionFaults(
            seed=2 * seed, on_note=lambda text: on_note(f"to the host: {text}")
        )
        self.to_module = DirectionFaults(
            seed=2 * seed + 1, on_note=lambda text: on_note(f"to the module: {text}")
        )

    @property
    def rates(self) -> tuple[Rates, Rates]:
        """Of the directions to the host and to the module."""
        return self.to_host.rates, self.to_module.rates

    @rates.setter
    def rates(self, rates: tuple[Rates, Rates]) -> None:
        self.to_host.rates, self.to_module.rates = rates
