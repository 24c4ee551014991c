"""One direction of the line: pace, faults and a speed that does not fit, together."""

from __future__ import annotations

import pytest

from emulator.line.direction import LineDirection
from emulator.line.faults import DirectionFaults
from emulator.line.pacing import BACKLOG
from emulator.line.uart_frames import Frame, read


def made() -> tuple[LineDirection, DirectionFaults, list[str]]:
    noise, told = DirectionFaults(), list[str]()
    return LineDirection(noise, told.append), noise, told


def taken(way: LineDirection) -> list[tuple[float, bytes]]:
    """Everything on it, each byte with its time."""
    found = []
    while way.next is not None:
        found.append((way.next, way.due(way.next)[:1]))
        way.advance(1)
    return found


def test_a_byte_takes_ten_bits_or_no_time_at_all() -> None:
    way, _, _ = made()
    assert way.send(b"ab", 1.0, 10) == 0
    assert taken(way) == [(2.0, b"a"), (3.0, b"b")]
    way.send(b"ab", 1.0, None)
    assert way.due(1.0) == b"ab"


def test_a_fault_takes_its_place_in_time() -> None:
    way, noise, _ = made()
    noise.lose()
    noise.delay(5, after=2)
    way.send(b"abcd", 0.0, 10)
    assert taken(way) == [(1.0, b"b"), (7.0, b"c"), (8.0, b"d")]


def test_what_finds_no_room_is_counted() -> None:
    way, _, _ = made()
    assert way.send(b"x" * (BACKLOG + 3), 0.0, 9600) == 3


@pytest.mark.parametrize("unknown", [(None, Frame(9600)), (Frame(9600), None)])
def test_a_speed_that_is_not_known_is_right(unknown: tuple[Frame | None, Frame | None]) -> None:
    way, _, told = made()
    way.send(b"AT\r", 0.0, None, frames=unknown)
    assert way.due(0.0) == b"AT\r"
    assert told == []


def test_another_speed_is_garbage_at_the_pace_of_the_wire() -> None:
    way, _, told = made()
    sent, reader = Frame(9600), Frame(38_400)
    way.send(b"AT\r", 5.0, 38_400, frames=(sent, reader))
    found = taken(way)
    assert [(pytest.approx(at - 5.0, abs=1e-6), data[0]) for at, data in found] == read(
        b"AT\r", sent, reader
    )
    assert told == ["3 bytes sent at 9600 8N1 were read at 38400 8N1: garbage"]


def test_another_speed_that_is_read_all_the_same_is_not_worth_a_word() -> None:
    way, _, told = made()
    way.send(b"AT\r", 0.0, 9600, frames=(Frame(9600), Frame(9615)))
    assert b"".join(data for _, data in taken(way)) == b"AT\r"
    assert told == []


def test_faults_meet_garbage_too() -> None:
    way, noise, _ = made()
    noise.lose(1000)
    way.send(b"AT\r", 0.0, 9600, frames=(Frame(9600), Frame(38_400)))
    assert way.next is None
