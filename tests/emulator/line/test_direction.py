"""One direction of the line: pacing, faults and wrong speed together."""

from __future__ import annotations

import pytest

from emulator.line.direction import LineDirection
from emulator.line.faults import DirectionFaults
from emulator.line.pacing import BACKLOG
from emulator.line.uart_frames import Frame, sample


def made() -> tuple[LineDirection, DirectionFaults, list[str]]:
    noise, notes = DirectionFaults(), list[str]()
    return LineDirection(noise, notes.append), noise, notes


def taken(way: LineDirection) -> list[tuple[float, bytes]]:
    """Everything on it, each byte with its time."""
    found = []
    while way.next is not None:
        found.append((way.next, way.due(way.next)[:1]))
        way.advance(1)
    return found


def test_byte_takes_ten_bits_or_no_time() -> None:
    way, _, _ = made()
    assert way.send(b"ab", 1.0, 10) == 0
    assert taken(way) == [(2.0, b"a"), (3.0, b"b")]
    way.send(b"ab", 1.0, None)
    assert way.due(1.0) == b"ab"


def test_delay_fault_shifts_following_bytes() -> None:
    way, noise, _ = made()
    noise.lose()
    noise.delay(5, after=2)
    way.send(b"abcd", 0.0, 10)
    assert taken(way) == [(1.0, b"b"), (7.0, b"c"), (8.0, b"d")]


def test_dropped_bytes_are_counted() -> None:
    way, _, _ = made()
    assert way.send(b"x" * (BACKLOG + 3), 0.0, 9600) == 3


@pytest.mark.parametrize("unknown", [(None, Frame(9600)), (Frame(9600), None)])
def test_unknown_frame_is_no_mismatch(unknown: tuple[Frame | None, Frame | None]) -> None:
    way, _, notes = made()
    way.send(b"AT\r", 0.0, None, frames=unknown)
    assert way.due(0.0) == b"AT\r"
    assert notes == []


def test_wrong_speed_gives_paced_garbage() -> None:
    way, _, notes = made()
    sent, reader = Frame(9600), Frame(38_400)
    way.send(b"AT\r", 5.0, 38_400, frames=(sent, reader))
    found = taken(way)
    assert [(pytest.approx(at - 5.0, abs=1e-6), data[0]) for at, data in found] == sample(
        b"AT\r", sent, reader
    )
    assert notes == ["3 bytes sent at 9600 8N1 were read at 38400 8N1: garbage"]


def test_readable_mismatch_is_not_noted() -> None:
    way, _, notes = made()
    way.send(b"AT\r", 0.0, 9600, frames=(Frame(9600), Frame(9615)))
    assert b"".join(data for _, data in taken(way)) == b"AT\r"
    assert notes == []


def test_faults_apply_to_garbage() -> None:
    way, noise, _ = made()
    noise.lose(1000)
    way.send(b"AT\r", 0.0, 9600, frames=(Frame(9600), Frame(38_400)))
    assert way.next is None
