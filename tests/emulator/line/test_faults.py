"""Faults of a line: at the place a test names, or by seed and the same each time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.line.faults import DELAY, Chunk, DirectionFaults, Fault, Faults, Rates


def carried(noise: DirectionFaults, data: bytes) -> bytes:
    return b"".join(piece.data for piece in noise.apply(data))


def test_a_good_line_changes_nothing() -> None:
    noise = DirectionFaults()
    assert noise.apply(b"AT\r") == [Chunk(b"AT\r")]
    assert noise.apply(b"") == []
    assert not noise.met


def test_bytes_are_lost_doubled_and_corrupted_where_one_says() -> None:
    noise = DirectionFaults()
    noise.lose(2, after=1)
    assert carried(noise, b"abcdef") == b"adef"
    noise.double(2)
    assert carried(noise, b"ab") + carried(noise, b"c") == b"aabbc"
    noise.corrupt(after=2)
    found = carried(noise, b"abc")
    assert found[:2] == b"ab"
    assert (found[2] ^ ord("c")).bit_count() == 1
    assert noise.met == {Fault.LOSS: 2, Fault.DOUBLE: 2, Fault.CORRUPT: 1}


def test_the_place_counts_what_passed_before_too() -> None:
    noise = DirectionFaults()
    carried(noise, b"12345")
    noise.lose(after=3)
    assert carried(noise, b"ab") + carried(noise, b"cd") == b"abc"


def test_a_byte_can_be_late_and_what_follows_it_waits() -> None:
    noise = DirectionFaults()
    noise.delay(0.5, after=2)
    assert noise.apply(b"abcd") == [Chunk(b"ab"), Chunk(b"cd", 0.5)]
    noise.delay(0.5)
    noise.delay(0.25)
    assert noise.apply(b"ef") == [Chunk(b"ef", 0.75)]


def test_foreign_bytes_come_where_one_says() -> None:
    noise = DirectionFaults()
    noise.inject(b"\xff\x00", after=1)
    assert carried(noise, b"AT") == b"A\xff\x00T"


def test_two_plans_for_one_byte_both_happen() -> None:
    noise = DirectionFaults()
    noise.inject(b"x")
    noise.lose()
    noise.double()
    assert carried(noise, b"ab") == b"xb"  # what is lost is not doubled


@pytest.mark.parametrize(
    ("rates", "made_of_ab"),
    [
        (Rates(loss=1), b""),
        (Rates(double=1), b"aabb"),
    ],
)
def test_a_rate_of_one_meets_every_byte(rates: Rates, made_of_ab: bytes) -> None:
    noise = DirectionFaults()
    noise.rates = rates
    assert carried(noise, b"ab") == made_of_ab
    noise.rates = Rates()
    assert carried(noise, b"ab") == b"ab"


def test_every_byte_corrupted_late_or_followed_by_garbage() -> None:
    noise = DirectionFaults()
    noise.rates = Rates(corrupt=1)
    assert all(
        (a ^ b).bit_count() == 1 for a, b in zip(carried(noise, b"abc"), b"abc", strict=True)
    )
    noise.rates = Rates(delay=1)
    assert noise.apply(b"ab") == [Chunk(b"a", DELAY), Chunk(b"b", DELAY)]
    noise.rates = Rates(garbage=1)
    found = carried(noise, b"ab")
    assert 4 <= len(found) <= 10
    assert found[0:1] == b"a"


def test_a_rate_is_about_that_share() -> None:
    noise = DirectionFaults(seed=1)
    noise.rates = Rates(loss=0.1)
    assert 850 < len(carried(noise, b"x" * 1000)) < 950


everything = Rates(loss=0.1, double=0.1, corrupt=0.1, delay=0.1, garbage=0.1)


@given(st.binary(max_size=100), st.lists(st.integers(0, 100)), st.integers(0, 2**32))
def test_the_same_seed_repeats_itself_in_any_cut(data: bytes, cuts: list[int], seed: int) -> None:
    edges = [0, *sorted(cuts), len(data)]
    one, other = DirectionFaults(seed=seed), DirectionFaults(seed=seed)
    one.rates = other.rates = everything
    for noise in (one, other):
        noise.lose(3, after=5)
    whole = one.apply(data)
    pieces = [piece for a, b in pairwise(edges) for piece in other.apply(data[a:b])]
    assert b"".join(p.data for p in whole) == b"".join(p.data for p in pieces)
    assert sum(p.delay for p in whole) == pytest.approx(sum(p.delay for p in pieces))
    assert one.met == other.met


def test_another_seed_is_another_line() -> None:
    found = set()
    for seed in range(10):
        noise = DirectionFaults(seed=seed)
        noise.rates = everything
        found.add(carried(noise, b"x" * 50))
    assert len(found) == 10


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_a_share(share: float) -> None:
    with pytest.raises(ValueError, match=r"corrupt .*: expected a share of the bytes, 0 to 1"):
        Rates(corrupt=share)


def test_a_plan_that_is_none_is_refused() -> None:
    noise = DirectionFaults()
    with pytest.raises(ValueError, match="expected 0 or more, and 1 or more"):
        noise.lose(after=-1)
    with pytest.raises(ValueError, match="expected 0 or more, and 1 or more"):
        noise.double(0)
    with pytest.raises(ValueError, match="delay -1: expected"):
        noise.delay(-1)


def test_what_happened_is_told_in_words() -> None:
    told: list[str] = []
    faults = Faults(tell=told.append)
    faults.to_host.lose(2)
    faults.to_host.apply(b"abc")
    faults.to_module.inject(b"?")
    faults.to_module.apply(b"AT\r")
    faults.to_module.apply(b"AT\r")
    assert told == [
        "to the host: faults on 3 bytes: loss 2",
        "to the module: faults on 3 bytes: garbage 1",
    ]


def test_each_direction_has_chances_of_its_own() -> None:
    faults = Faults(seed=4)
    faults.set_rates(everything)
    assert faults.rates == (everything, everything)
    assert carried(faults.to_host, b"x" * 50) != carried(faults.to_module, b"x" * 50)
    faults.to_host.rates = Rates()
    assert faults.rates == (Rates(), everything)
