"""Receive buffer while the module sends: size, overruns, order."""

from __future__ import annotations

from emulator.line.receive_buffer import ReceiveBuffer


def test_unlimited_buffer_passes_everything() -> None:
    buffer = ReceiveBuffer(None, print)
    assert buffer.put(b"x" * 10_000, sending=True) == b"x" * 10_000
    assert buffer.empty
    assert buffer.release() == b""


def test_bytes_while_sending_are_held_up_to_size() -> None:
    notes: list[str] = []
    buffer = ReceiveBuffer(4, notes.append)
    assert buffer.put(b"ab", sending=False) == b"ab"
    assert buffer.put(b"cde", sending=True) == b""
    assert (buffer.empty, buffer.lost, notes) == (False, 0, [])
    assert buffer.put(b"fgh", sending=True) == b""
    assert buffer.lost == 2
    assert notes == ["overrun: 2 bytes came while the module was sending"]
    assert buffer.release() == b"cdef"
    assert buffer.empty


def test_held_bytes_come_first() -> None:
    buffer = ReceiveBuffer(4, print)
    buffer.put(b"ab", sending=True)
    assert buffer.put(b"cd", sending=False) == b""
    assert buffer.release() == b"abcd"
    assert buffer.put(b"ef", sending=False) == b"ef"
