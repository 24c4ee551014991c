"""Rounds of contestants in turn, and figures: ratios with an aim."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

T = TypeVar("T")


class Verdict(Enum):
    """Whether an aim is met. NOISY: the middle half of the rounds lies on both sides of it."""

    MET = "met"
    MISSED = "missed"
    NOISY = "noisy"
    NO_AIM = "-"


@dataclass(frozen=True, slots=True)
class Aim:
    """An inclusive bound of a ratio."""

    bound: float
    at_least: bool

    def met_by(self, ratio: float) -> bool:
        return ratio >= self.bound if self.at_least else ratio <= self.bound

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:.2f}"


def at_least(bound: float) -> Aim:
    return Aim(bound, at_least=True)


def at_most(bound: float) -> Aim:
    return Aim(bound, at_least=False)


@dataclass(frozen=True, slots=True)
class Series:
    """Measurements of one contestant, one for each round."""

    name: str
    unit: str
    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    def __str__(self) -> str:
        digits = 0 if self.median >= 100 else 1
        return f"{self.median:,.{digits}f} {self.unit}"


@dataclass(frozen=True, slots=True)
class Figure:
    """A series divided by its baseline, round by round."""

    measured: Series
    baseline: Series
    aim: Aim | None = None

    @property
    def ratios(self) -> list[float]:
        pairs = zip(self.measured.rounds, self.baseline.rounds, strict=True)
        return [one / other for one, other in pairs]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """Bounds of the middle half of the rounds; of all rounds if there are fewer than four."""
        ratios = self.ratios
        if len(ratios) < 4:
            return min(ratios), max(ratios)
        low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return low, high

    @property
    def verdict(self) -> Verdict:
        if self.aim is None:
            return Verdict.NO_AIM
        low, high = map(self.aim.met_by, self.spread)
        if low and high:
            return Verdict.MET
        return Verdict.NOISY if low or high else Verdict.MISSED


class Bench:
    """Runs the rounds of a benchmark.

    `rounds` replaces the benchmark's own number of rounds; `scale` is a factor on the number of
    operations in a round; `seconds` replaces the time of those that run for a time; `progress` is
    called with the rounds done and their total.
    """

    def __init__(
        self,
        *,
        rounds: int | None = None,
        scale: float = 1.0,
        seconds: float | None = None,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        self._rounds = rounds
        self._scale = scale
        self._seconds = seconds
        self._progress = progress

    def count(self, usual: int) -> int:
        """Operations in a round: `usual` times the scale, at least 1."""
        return max(1, round(usual * self._scale))

    def seconds(self, usual: float) -> float:
        """Of a round: as given, or `usual` times the scale."""
        return self._seconds or usual * self._scale

    def turns(
        self, contestants: Mapping[str, Callable[[], T]], *, rounds: int
    ) -> dict[str, list[T]]:
        """Results of each contestant by round, after one warm-up round that is dropped."""
        rounds = self._rounds or rounds
        results: dict[str, list[T]] = {name: [] for name in contestants}
        for number in range(rounds + 1):
            self._progress(number, rounds + 1)
            for name, measure in contestants.items():
                result = measure()
                if number:
                    results[name].append(result)
        return results


def series(name: str, unit: str, rounds: Iterable[float], *, times: float = 1.0) -> Series:
    """A series; each measurement is multiplied by `times` to convert it to `unit`."""
    return Series(name, unit, tuple(one * times for one in rounds))


def constant(name: str, unit: str, value: float, like: Series) -> Series:
    """A calculated baseline, with as many rounds as `like`."""
    return Series(name, unit, (value,) * len(like.rounds))


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark with its name; `note` describes it in --help."""

    name: str
    note: str
    measure: Callable[[Bench], Sequence[Figure]]


CATALOGUE: dict[str, Benchmark] = {}


def benchmark(name: str) -> Callable[[Callable[[Bench], Sequence[Figure]]], Benchmark]:
    """Add a function to the catalogue; its docstring is its text in --help."""

    def add(measure: Callable[[Bench], Sequence[Figure]]) -> Benchmark:
        note = " ".join((measure.__doc__ or "").split())
        CATALOGUE[name] = Benchmark(name, note, measure)
        return CATALOGUE[name]

    return add
