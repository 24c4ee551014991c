"""Faults of one direction of the line: lost, doubled, corrupted, late and foreign bytes. Pure.

At random by seed, or at a place that a test names. The same bytes in the same order meet the same
faults, however they are cut into pieces.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cached_property
from random import Random

# Seconds by which a byte that is delayed at random comes late: beyond what a host that waits
# between bytes takes for the end of an answer.
DELAY = 0.25
# At most so many foreign bytes at once when they come at random: a spike, not a conversation.
_SPIKE = 4


class Fault(StrEnum):
    LOSS = "loss"
    DOUBLE = "double"
    CORRUPT = "corrupt"
    DELAY = "delay"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class Rates:
    """Which share of the bytes, 0 to 1, meets each fault; `garbage`: is followed by it."""

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


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that go on, `delay` seconds later than they would."""

    data: bytes
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class FaultAt:
    """A fault of the bytes to come, once `after` more have passed: `count` of them meet it, or one
    is late by `seconds`, or has the garbage `data` put before it.

    Raises ValueError: one of the numbers cannot be.
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


@dataclass(frozen=True, slots=True)
class _Plan:
    place: int  # which byte since the line began
    spot: FaultAt


class DirectionFaults:
    """Set `rates` at any time; `lose` and the like plan a fault for the bytes to come.

    `met` counts the bytes that met each fault; `tell` is called with what happened, in words.
    """

    def __init__(self, *, seed: int = 0, tell: Callable[[str], None] | None = None) -> None:
        self.rates = Rates()
        self.met: Counter[Fault] = Counter()
        self._tell = tell
        self._seed = seed
        self._place = 0
        self._planned: list[_Plan] = []

    @cached_property  # nearly no line ever draws, and what it draws from takes 2.5 KB
    def _chance(self) -> Random:
        return Random(self._seed)  # noqa: S311 - guards no secret, must repeat itself

    @property
    def rates(self) -> Rates:
        return self._rates

    @rates.setter
    def rates(self, rates: Rates) -> None:
        self._rates = rates
        self._any = rates != _NONE

    def lose(self, count: int = 1, *, after: int = 0) -> None:
        """Lose `count` bytes, once `after` more have passed."""
        self.plan(FaultAt(Fault.LOSS, after, count))

    def double(self, count: int = 1, *, after: int = 0) -> None:
        """Send each of `count` bytes twice."""
        self.plan(FaultAt(Fault.DOUBLE, after, count))

    def corrupt(self, count: int = 1, *, after: int = 0) -> None:
        """Turn one bit over in each of `count` bytes."""
        self.plan(FaultAt(Fault.CORRUPT, after, count))

    def delay(self, seconds: float, *, after: int = 0) -> None:
        """Hold a byte, and what follows it, back for `seconds`."""
        self.plan(FaultAt(Fault.DELAY, after, seconds=seconds))

    def inject(self, data: bytes, *, after: int = 0) -> None:
        """Put `data` before a byte, as if the line had made it up."""
        self.plan(FaultAt(Fault.GARBAGE, after, data=data))

    def plan(self, spot: FaultAt) -> None:
        """Of two for the same byte the one that was planned first comes first."""
        insort(self._planned, _Plan(self._place + spot.after, spot), key=lambda plan: plan.place)

    def passes_unchanged(self, data: bytes) -> bool:
        """Whether nothing happens to `data`. If so, it has passed, and is not to be carried."""
        if self._planned or self._any:
            return False
        self._place += len(data)
        return True

    def apply(self, data: bytes) -> list[Chunk]:
        """What becomes of `data`: pieces to be sent on, in this order."""
        if self.passes_unchanged(data):
            return [Chunk(data)] if data else []
        before = Counter(self.met)
        pieces: list[Chunk] = []
        for byte in data:
            delay, passed = self._pass(byte)
            if delay or not pieces:
                pieces.append(Chunk(passed, delay))
            else:
                pieces[-1] = Chunk(pieces[-1].data + passed, pieces[-1].delay)
        new = self.met - before
        if new and self._tell is not None:
            told = ", ".join(f"{fault} {count}" for fault, count in new.items())
            self._tell(f"faults on {len(data)} bytes: {told}")
        return pieces

    def _pass(self, byte: int) -> tuple[float, bytes]:
        """What goes on instead of `byte`, and how much later."""
        plans = [plan for plan in self._planned if plan.place <= self._place]
        self._planned = [
            plan for plan in self._planned if plan.place + plan.spot.count - 1 > self._place
        ]
        self._place += 1
        delay, before = 0.0, b""
        hit = {plan.spot.fault for plan in plans}
        for plan in plans:
            delay += plan.spot.seconds
            before += plan.spot.data
        after = b""
        for fault in self._drawn():
            if fault is Fault.DELAY:
                delay += DELAY
            elif fault is Fault.GARBAGE:
                after = self._chance.randbytes(self._chance.randint(1, _SPIKE))
            hit.add(fault)
        self.met.update(hit)
        passed = bytes([byte ^ 1 << self._chance.randrange(8) if Fault.CORRUPT in hit else byte])
        passed *= 0 if Fault.LOSS in hit else 2 if Fault.DOUBLE in hit else 1
        return delay, before + passed + after

    def _drawn(self) -> list[Fault]:
        return [
            fault for fault in Fault if (rate := getattr(self.rates, fault)) and self._hits(rate)
        ]

    def _hits(self, rate: float) -> bool:
        return self._chance.random() < rate


class Faults:
    """Both directions of a line, each with faults of its own; what is drawn follows `seed`."""

    def __init__(self, *, seed: int = 0, tell: Callable[[str], None] | None = None) -> None:
        def say(way: str) -> Callable[[str], None] | None:
            return None if tell is None else lambda text: tell(f"{way}: {text}")

        self.to_host = DirectionFaults(seed=2 * seed, tell=say("to the host"))
        self.to_module = DirectionFaults(seed=2 * seed + 1, tell=say("to the module"))

    @property
    def rates(self) -> tuple[Rates, Rates]:
        """To the host, to the module."""
        return self.to_host.rates, self.to_module.rates

    def set_rates(self, rates: Rates) -> None:
        """The same for both directions."""
        self.to_host.rates = self.to_module.rates = rates
