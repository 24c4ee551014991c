"""Line faults: planned ones, random ones by seed, notes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.line.faults import DELAY, Chunk, DirectionFaults, Fault, Faults, Rates


def carried(noise: DirectionFaults, data: bytes) -> bytes:
    return b"".join(piece.data for piece in noise.apply(data))


def test_no_faults_by_default() -> None:
    noise = DirectionFaults()
    assert noise.apply(b"AT\r") == [Chunk(b"AT\r")]
    assert noise.apply(b"") == []
    assert not noise.met


def test_planned_loss_double_and_corruption() -> None:
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


def test_after_counts_from_the_current_byte() -> None:
    noise = DirectionFaults()
    carried(noise, b"12345")
    noise.lose(after=3)
    assert carried(noise, b"ab") + carried(noise, b"cd") == b"abc"


def test_planned_delay() -> None:
    noise = DirectionFaults()
    noise.delay(0.5, after=2)
    assert noise.apply(b"abcd") == [Chunk(b"ab"), Chunk(b"cd", 0.5)]
    noise.delay(0.5)
    noise.delay(0.25)
    assert noise.apply(b"ef") == [Chunk(b"ef", 0.75)]


def test_planned_garbage() -> None:
    noise = DirectionFaults()
    noise.inject(b"\xff\x00", after=1)
    assert carried(noise, b"AT") == b"A\xff\x00T"


def test_two_planned_faults_of_one_byte() -> None:
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
def test_rate_of_one_affects_every_byte(rates: Rates, made_of_ab: bytes) -> None:
    noise = DirectionFaults()
    noise.rates = rates
    assert carried(noise, b"ab") == made_of_ab
    noise.rates = Rates()
    assert carried(noise, b"ab") == b"ab"


def test_corrupt_delay_and_garbage_at_rate_one() -> None:
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


def test_rate_is_the_share_of_bytes() -> None:
    noise = DirectionFaults(seed=1)
    noise.rates = Rates(loss=0.1)
    assert 850 < len(carried(noise, b"x" * 1000)) < 950


everything = Rates(loss=0.1, double=0.1, corrupt=0.1, delay=0.1, garbage=0.1)


@given(st.binary(max_size=100), st.lists(st.integers(0, 100)), st.integers(0, 2**32))
def test_same_seed_same_faults_however_split(data: bytes, cuts: list[int], seed: int) -> None:
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


def test_other_seed_other_faults() -> None:
    found = set()
    for seed in range(10):
        noise = DirectionFaults(seed=seed)
        noise.rates = everything
        found.add(carried(noise, b"x" * 50))
    assert len(found) == 10


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_rates_reject_values_outside_0_to_1(share: float) -> None:
    with pytest.raises(ValueError, match=r"corrupt .*: expected a share of the bytes, 0 to 1"):
        Rates(corrupt=share)


def test_planned_fault_rejects_numbers() -> None:
    noise = DirectionFaults()
    with pytest.raises(ValueError, match="expected 0 or more, and 1 or more"):
        noise.lose(after=-1)
    with pytest.raises(ValueError, match="expected 0 or more, and 1 or more"):
        noise.double(0)
    with pytest.raises(ValueError, match="delay -1: expected"):
        noise.delay(-1)


def test_faults_are_noted() -> None:
    notes: list[str] = []
    faults = Faults(on_note=notes.append)
    faults.to_host.lose(2)
    faults.to_host.apply(b"abc")
    faults.to_module.inject(b"?")
    faults.to_module.apply(b"AT\r")
    faults.to_module.apply(b"AT\r")
    assert notes == [
        "to the host: faults on 3 bytes: loss 2",
        "to the module: faults on 3 bytes: garbage 1",
    ]


def test_directions_have_independent_seeds() -> None:
    faults = Faults(seed=4)
    faults.rates = everything, everything
    assert faults.rates == (everything, everything)
    assert carried(faults.to_host, b"x" * 50) != carried(faults.to_module, b"x" * 50)
    faults.to_host.rates = Rates()
    assert faults.rates == (Rates(), everything)
