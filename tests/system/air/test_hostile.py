"""Datagrams of anybody, to both ends of a pair that talks: nothing raises, nothing grows."""

from __future__ import annotations

import gc
import tracemalloc
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.captures import datagrams
from tests.support.effort import either, scaled
from tests.support.language import running
from tools.fuzzing.air_run import IMEI, AirRun

CAPTURED = datagrams()
pytestmark = [pytest.mark.usefixtures("each_language"), pytest.mark.unmeasured]

STYLES = ("onenet", "standard")


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A captured datagram with some bytes changed, cut out or put in."""
    data = bytearray(draw(st.sampled_from(CAPTURED)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data) - 1))
        count = draw(st.integers(0, 8))
        data[at : at + count] = draw(st.binary(max_size=8))
        if not data:
            break
    return bytes(data)


hostile = st.one_of(st.binary(max_size=40), mutated(), mutated())
waits = st.sampled_from([0.0, 0.0, 0.5, 12.0, 300.0])


@settings(max_examples=scaled(100))
@given(
    st.sampled_from(STYLES),
    st.lists(
        st.tuples(waits, hostile, st.booleans(), st.booleans(), st.booleans(), st.booleans()),
        max_size=25,
    ),
)
def test_no_datagram_raises_and_all_requests_end(
    style: str, events: list[tuple[float, bytes, bool, bool, bool, bool]]
) -> None:
    run = AirRun(style, running())
    for wait, datagram, ask, to_module, stranger, aimed in events:
        run.wait(wait)
        if ask:
            run.ask()
        run.deliver(datagram, to_module=to_module, stranger=stranger, aimed=aimed)
    run.check_alive()


@settings(max_examples=scaled(100))
@given(st.sampled_from(STYLES), st.lists(st.tuples(hostile, st.booleans()), max_size=25))
def test_stranger_changes_nothing(style: str, events: list[tuple[bytes, bool]]) -> None:
    """Even with the right message id and token at the module. Not so at the platform: it takes a
    notification with one of its tokens from any address, as the device may be behind a NAT.
    """
    run = AirRun(style, running())
    run.command(run.words.report(21, 9).encode())  # waits for its acknowledgement
    run.ask()
    before = run.state()
    for datagram, to_module in events:
        if to_module or IMEI.encode() not in datagram:
            run.deliver(datagram, to_module=to_module, stranger=True, aimed=to_module)
        assert run.state() == before
    run.check_alive()
    assert [outcome.failure for outcome in run.outcomes] == [None, None]


@pytest.mark.parametrize("style", STYLES)
def test_memory_stays_flat(style: str) -> None:
    chance = Random(1)
    run = AirRun(style, running())

    def attack(count: int) -> int:
        for _ in range(count):
            data = bytearray(chance.choice(CAPTURED))
            for _ in range(chance.randrange(4)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            data[2:4] = chance.randbytes(2)  # a new message id: it is no repetition
            run.wait(0.5)
            to_module, stranger, aimed = (chance.random() < 0.5 for _ in range(3))
            run.deliver(bytes(data), to_module=to_module, stranger=stranger, aimed=aimed)
            run.output = b""
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    count = either(1000, 5000)
    tracemalloc.start()
    try:
        attack(count)
        first, second = attack(count), attack(count)
    finally:
        tracemalloc.stop()
    assert second - first < 150_000
