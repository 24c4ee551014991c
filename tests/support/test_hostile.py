"""The hostile line itself: what it promises to every test that talks over it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.at.lines import LineReader
from tests.support.clock import elapse, run
from tests.support.hostile import EVERY_LINE, GENTLE, ROUGH, WHOLE, Carrier, Hostile

WRITTEN = st.lists(st.binary(min_size=1, max_size=40), max_size=10)


def carried(hostile: Hostile, written: list[bytes]) -> list[bytes]:
    direction = hostile.to_host()
    return [piece for data in written for _, piece in direction.carry(data, 0.0)]


@pytest.mark.parametrize("hostile", GENTLE, ids=str)
@given(written=WRITTEN)
def test_gentle_line_brings_the_module_each_byte(hostile: Hostile, written: list[bytes]) -> None:
    direction = hostile.to_module()
    assert b"".join(
        piece for data in written for _, piece in direction.carry(data, 0.0)
    ) == b"".join(written)


@pytest.mark.parametrize("hostile", GENTLE, ids=str)
@given(texts=st.lists(st.text("+AT:0,1 温é"), max_size=5))
def test_gentle_line_brings_the_host_each_line(hostile: Hostile, texts: list[str]) -> None:
    written = [f"\r\n+{text}\r\n".encode() for text in texts]
    reader = LineReader()
    lines = [line for piece in carried(hostile, written) for line in reader.feed(piece)]
    assert lines == [f"+{text}" for text in texts]


@pytest.mark.parametrize("hostile", EVERY_LINE, ids=str)
@given(written=WRITTEN)
def test_same_seed_gives_the_same_bytes(hostile: Hostile, written: list[bytes]) -> None:
    assert carried(hostile, written) == carried(hostile, written)


@pytest.mark.parametrize("hostile", ROUGH, ids=str)
def test_rough_line_until_its_faults_stop(hostile: Hostile) -> None:
    direction = hostile.to_module()
    data = b"+" * 2000
    assert b"".join(piece for _, piece in direction.carry(data, 0.0)) != data
    direction.stop_faults()
    assert b"".join(piece for _, piece in direction.carry(data, 0.0)) == data


@given(written=WRITTEN, waits=st.lists(st.floats(0, 0.01), min_size=10, max_size=10))
def test_bytes_arrive_in_order_after_they_are_written(
    written: list[bytes], waits: list[float]
) -> None:
    (slow,) = (hostile for hostile in GENTLE if hostile.name == "slow")
    direction, now, arrivals = slow.to_host(), 0.0, []
    for data, wait in zip(written, waits, strict=False):
        now += wait
        came = direction.carry(data, now)
        assert came[0].at >= now
        arrivals += came
    assert all(a.at <= b.at <= a.at + 0.1 + slow.delay for a, b in pairwise(arrivals))


@pytest.mark.parametrize("hostile", [WHOLE, *(one for one in GENTLE if one.delay)], ids=str)
def test_carrier_delivers_piece_by_piece(hostile: Hostile) -> None:
    came: list[bytes] = []

    async def carry() -> None:
        carrier = Carrier(hostile.to_module(), came.append)
        for number in range(50):
            carrier.carry(b"%02d;" % number)
            assert len(came) <= 3 * number  # never at once
        await elapse(10)

    run(carry())
    assert b"".join(came) == b"".join(b"%02d;" % number for number in range(50))
