"""Faults of the air: shares, order and determinism of what they decide."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.air.faults import HELD_BACK, Copy, Faults, Link
from emulator.air.flights import CAPACITY, Flights
from tests.support.effort import scaled

shares = st.sampled_from([0.0, 0.1, 0.5, 1.0])
seconds = st.sampled_from([0.0, 0.1, 3.0, 40.0])
some_faults = st.builds(
    Faults,
    latency=seconds,
    loss=shares,
    duplication=shares,
    reordering=shares,
    delayed=shares,
    delay=seconds,
    seed=st.integers(0, 2**32),
)


class Arrivals:
    """Takes the arrivals of a `Flights` as (time, number)."""

    def __init__(self, faults: Faults) -> None:
        self.seen: list[tuple[float, int]] = []
        self.flights = Flights(faults, self._arrive)

    def _arrive(self, _flow: tuple[str, str], _shown: str, datagram: bytes, now: float) -> bool:
        self.seen.append((now, int(datagram)))
        return True

    def launch(self, number: int, now: float) -> None:
        self.flights.launch(("a", "b"), "a", b"%d" % number, now)

    def run(self, until: float = 1e9) -> list[tuple[float, int]]:
        while self.flights.deadline is not None and self.flights.deadline <= until:
            self.flights.step(self.flights.deadline)
        return self.seen


def carry(faults: Faults, count: int = 1000, pause: float = 1.0) -> Arrivals:
    made = Arrivals(faults)
    for number in range(count):
        made.launch(number, number * pause)
        made.run(number * pause)
    made.run()
    return made


def share(happens: Callable[[Faults], bool], faults: Faults) -> float:
    return sum(happens(faults) for _ in range(1000)) / 1000


def test_without_faults_a_datagram_arrives_once_after_the_latency() -> None:
    assert Faults(latency=0.25).copies() == (Copy(0.25, ordered=True),)


def test_links_of_both_ends_add_up() -> None:
    faults = Faults(latency=1)
    assert faults.copies(Link(latency=0.5), Link(latency=2)) == (Copy(3.5, ordered=True),)
    assert faults.copies(Link(loss=1)) == ()
    assert faults.copies(Link(), Link(loss=1)) == ()


@settings(max_examples=scaled(20))
@given(seed=st.integers(0, 2**32), expected=st.floats(0.05, 0.95))
def test_shares_are_kept(seed: int, expected: float) -> None:
    lost = share(lambda faults: not faults.copies(), Faults(loss=expected, seed=seed))
    twice = share(lambda faults: len(faults.copies()) == 2, Faults(duplication=expected, seed=seed))
    late = share(
        lambda faults: faults.copies()[0].after == 40,
        Faults(latency=0, delayed=expected, delay=40, seed=seed),
    )
    free = share(
        lambda faults: not faults.copies()[0].ordered, Faults(reordering=expected, seed=seed)
    )
    for found in (lost, twice, late, free):
        assert abs(found - expected) < 0.1


def test_losses_of_air_and_links_combine() -> None:
    faults = Faults(loss=0.5)
    assert 0.83 < share(lambda air: not air.copies(Link(loss=0.5), Link(loss=0.5)), faults) < 0.92


@given(faults=some_faults)
def test_a_copy_takes_no_longer_than_the_settings_allow(faults: Faults) -> None:
    copies = faults.copies()
    assert len(copies) <= 2
    for copy in copies:
        held_back = 0 if copy.ordered else HELD_BACK
        assert faults.latency <= copy.after <= faults.latency + faults.delay + held_back


@pytest.mark.parametrize("name", ["loss", "duplication", "reordering", "delayed"])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_share_out_of_range_is_refused(name: str, value: float) -> None:
    expected = rf"{name} {value}: expected a share from 0 to 1"
    with pytest.raises(ValueError, match=expected):
        Faults(**{name: value})
    faults = Faults(loss=0.5)
    with pytest.raises(ValueError, match=expected):
        setattr(faults, name, value)
    assert faults.loss == 0.5


@pytest.mark.parametrize("name", ["latency", "delay"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf")])
def test_seconds_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"{name} {value}: expected a number of seconds"):
        Faults(**{name: value})


# On the way ---------------------------------------------------------------------------------------


def test_same_seed_gives_the_same_arrivals() -> None:
    def arrivals(seed: int) -> list[tuple[float, int]]:
        faults = Faults(loss=0.3, duplication=0.1, reordering=0.2, delayed=0.1, delay=5, seed=seed)
        return carry(faults, 200).seen

    assert arrivals(1) == arrivals(1) != arrivals(2)


@given(changes=st.lists(st.tuples(some_faults, st.floats(0, 5)), max_size=30))
def test_order_is_kept_unless_it_is_given_up(changes: list[tuple[Faults, float]]) -> None:
    """Whatever the settings change to between two datagrams."""
    made = Arrivals(Faults())
    now = 0.0
    for number, (faults, pause) in enumerate(changes):
        for name in ("latency", "loss", "duplication", "delayed", "delay"):
            setattr(made.flights.faults, name, getattr(faults, name))
        made.launch(number, now)
        now += pause
        made.run(now)
    made.run()
    numbers = [number for _, number in made.seen]
    assert numbers == sorted(numbers)


def test_later_datagrams_wait_behind_a_delayed_one() -> None:
    made = Arrivals(Faults(latency=1, delayed=1, delay=40))
    made.launch(1, 0)
    made.flights.faults.delayed = 0
    made.launch(2, 5)
    made.launch(3, 50)
    assert made.run() == [(41, 1), (41, 2), (51, 3)]


def test_reordered_datagrams_are_overtaken() -> None:
    made = Arrivals(Faults(latency=0.1, reordering=1, seed=3))
    made.launch(1, 0)
    made.flights.faults.reordering = 0
    made.launch(2, 0)
    assert [number for _, number in made.run()] == [2, 1]
    assert made.seen[1][0] <= 0.1 + HELD_BACK


@given(faults=some_faults, pause=st.sampled_from([0.0, 0.01, 1.0]))
def test_every_datagram_is_counted(faults: Faults, pause: float) -> None:
    made = carry(faults, 150, pause)
    numbers = {number for _, number in made.seen}
    assert made.flights.carried == len(made.seen)
    assert made.flights.lost == 150 - len(numbers)
    assert made.flights.deadline is None
    assert all(at >= number * pause + faults.latency for at, number in made.seen)


@given(faults=some_faults)
def test_a_direction_holds_a_bounded_number_of_datagrams(faults: Faults) -> None:
    made = Arrivals(faults)
    for number in range(3 * CAPACITY):
        made.launch(number, 0)
    made.run()
    assert len(made.seen) <= CAPACITY
    made.flights.faults.loss = 0
    made.launch(999, 1000)
    assert made.run()[-1][1] == 999


def test_what_is_dropped_is_lost() -> None:
    made = Arrivals(Faults())
    made.launch(1, 0)
    made.flights.drop()
    assert made.flights.deadline is None
    made.flights.step(99)
    assert (made.seen, made.flights.lost) == ([], 1)
