"""What comes while the module sends: kept as far as there is room, and nothing out of its order."""

from __future__ import annotations

from emulator.line.receive_buffer import ReceiveBuffer


def test_a_module_that_reads_all_the_time_has_room_for_all() -> None:
    receive_buffer = ReceiveBuffer(None, print)
    assert receive_buffer.admit(b"x" * 10_000, sending=True) == b"x" * 10_000
    assert receive_buffer.empty
    assert receive_buffer.release() == b""


def test_what_comes_while_it_sends_is_kept_as_far_as_there_is_room() -> None:
    told: list[str] = []
    receive_buffer = ReceiveBuffer(4, told.append)
    assert receive_buffer.admit(b"ab", sending=False) == b"ab"
    assert receive_buffer.admit(b"cde", sending=True) == b""
    assert (receive_buffer.empty, receive_buffer.lost, told) == (False, 0, [])
    assert receive_buffer.admit(b"fgh", sending=True) == b""
    assert receive_buffer.lost == 2
    assert told == ["overrun: 2 bytes came while the module was sending"]
    assert receive_buffer.release() == b"cdef"
    assert receive_buffer.empty


def test_nothing_overtakes_what_is_kept() -> None:
    receive_buffer = ReceiveBuffer(4, print)
    receive_buffer.admit(b"ab", sending=True)
    assert receive_buffer.admit(b"cd", sending=False) == b""
    assert receive_buffer.release() == b"abcd"
    assert receive_buffer.admit(b"ef", sending=False) == b"ef"
