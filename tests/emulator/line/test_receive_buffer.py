"""What comes while the module sends: kept as far as there is room, and nothing out of its order."""

from __future__ import annotations

from emulator.line.receive_buffer import Intake


def test_a_module_that_reads_all_the_time_has_room_for_all() -> None:
    intake = Intake(None, print)
    assert intake.admit(b"x" * 10_000, sending=True) == b"x" * 10_000
    assert intake.empty
    assert intake.release() == b""


def test_what_comes_while_it_sends_is_kept_as_far_as_there_is_room() -> None:
    told: list[str] = []
    intake = Intake(4, told.append)
    assert intake.admit(b"ab", sending=False) == b"ab"
    assert intake.admit(b"cde", sending=True) == b""
    assert (intake.empty, intake.lost, told) == (False, 0, [])
    assert intake.admit(b"fgh", sending=True) == b""
    assert intake.lost == 2
    assert told == ["overrun: 2 bytes came while the module was sending"]
    assert intake.release() == b"cdef"
    assert intake.empty


def test_nothing_overtakes_what_is_kept() -> None:
    intake = Intake(4, print)
    intake.admit(b"ab", sending=True)
    assert intake.admit(b"cd", sending=False) == b""
    assert intake.release() == b"abcd"
    assert intake.admit(b"ef", sending=False) == b"ef"
