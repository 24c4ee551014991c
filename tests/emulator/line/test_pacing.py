"""Pacing: each byte at its time, bounded, independent of when it is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.line.pacing import BACKLOG, PacedQueue


def drained(wire: PacedQueue, now: float) -> bytes:
    data = b""
    while due := wire.due(now):
        data += due
        wire.advance(len(due))
    return data


def test_new_queue_is_empty() -> None:
    wire = PacedQueue()
    assert (wire.due(0), wire.next, wire.waiting, wire.paced) == (b"", None, 0, False)
    wire.advance(0)
    assert wire.put(b"", 0, 1) == 0
    assert wire.next is None


def test_each_byte_is_complete_at_its_time() -> None:
    wire = PacedQueue()
    wire.put(b"abc", 10, 0.5)
    assert wire.paced
    assert wire.next == 10.5
    assert wire.due(10.4) == b""
    assert wire.due(11.0) == b"ab"
    wire.advance(2)
    assert wire.next == 11.5
    assert wire.waiting == 1
    assert drained(wire, 99) == b"c"
    assert not wire.waiting


def test_bursts_queue_and_delay_adds() -> None:
    wire = PacedQueue()
    wire.put(b"ab", 0, 1)
    wire.put(b"c", 0.5, 0.25)
    wire.put(b"d", 0.5, 0, delay=2)
    assert drained(wire, 2) == b"ab"
    assert wire.next == 2.25
    assert drained(wire, 4.2) == b"c"
    assert not wire.paced
    assert wire.due(4.2) == b""
    assert drained(wire, 4.25) == b"d"


def test_queue_is_bounded_and_clear_counts() -> None:
    wire = PacedQueue()
    assert wire.put(b"x" * (BACKLOG - 1), 0, 1) == 0
    assert wire.put(b"yz", 0, 1) == 1
    assert wire.put(b"z", 0, 1) == 1
    assert wire.waiting == BACKLOG
    assert wire.clear() == BACKLOG
    assert (wire.waiting, wire.next) == (0, None)


bursts = st.lists(
    st.tuples(st.floats(0, 10), st.binary(max_size=20), st.sampled_from([0.0, 0.001, 0.1]))
)


@given(bursts, st.lists(st.floats(0, 5), max_size=30))
def test_read_times_do_not_change_the_bytes(
    sent: list[tuple[float, bytes, float]], looks: list[float]
) -> None:
    wire, now, seen = PacedQueue(), 0.0, b""
    waiting = sorted(sent, key=lambda burst: burst[0])
    for at, data, byte_time in waiting:
        wire.put(data, at, byte_time)
    total = b"".join(data for _, data, _ in waiting)
    for step in looks:
        now += step
        found = drained(wire, now)
        seen += found
        assert wire.next is None or wire.next > now - 1e-5
    assert total.startswith(seen)
    assert wire.waiting == len(total) - len(seen)
    assert seen + drained(wire, 1e6) == total


def test_rounded_deadline_returns_its_byte() -> None:
    wire = PacedQueue()
    begin = 1_795_415_760.123
    wire.put(b"x" * 5000, begin, 10 / 115_200)
    while wire.next is not None:
        assert wire.due(wire.next) != b"", "a loop that jumps to `next` would turn for ever"
        wire.advance(1)
    assert wire.waiting == 0


@pytest.mark.parametrize("byte_time", [0.0, 1.0])
def test_part_of_a_burst_is_removed(byte_time: float) -> None:
    wire = PacedQueue()
    wire.put(b"abc", 0, byte_time)
    wire.advance(len(wire.due(3)) - 2)
    assert wire.due(3) == b"bc"
