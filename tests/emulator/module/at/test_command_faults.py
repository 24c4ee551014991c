"""Command faults: delayed and lost answers, extra bytes at each place."""

from __future__ import annotations

import pytest

from emulator.module.at.command_faults import NO_FAULT, CommandFault, ExtraBytes, Place

LINES = [b"\r\n+CSQ:1,99\r\n", b"\r\nOK\r\n"]
WHOLE = b"".join(LINES)


def test_no_fault_leaves_the_answer_unchanged() -> None:
    assert NO_FAULT.render(LINES) == [(0.0, WHOLE)]


def test_answer_is_delayed_or_lost() -> None:
    assert CommandFault(delay=5).render(LINES) == [(5, WHOLE)]
    assert CommandFault(answered=False, delay=2).render(LINES) == [(2, b"")]


@pytest.mark.parametrize(
    ("place", "written"),
    [
        (Place.BEFORE, b"<>\r\n+CSQ:1,99\r\n\r\nOK\r\n"),
        (Place.BETWEEN, b"\r\n+CSQ:1,99\r\n<>\r\nOK\r\n"),
        (Place.INSIDE, b"\r\n+CSQ<>:1,99\r\n\r\nOK\r\n"),
        (Place.AFTER, b"\r\n+CSQ:1,99\r\n\r\nOK\r\n<>"),
    ],
)
def test_extra_bytes_stand_at_their_place(place: Place, written: bytes) -> None:
    assert CommandFault(extra=ExtraBytes(b"<>", place)).render(LINES) == [(0.0, written)]
    first, _, second = written.partition(b"<")
    split = CommandFault(delay=1, extra=ExtraBytes(b"<>", place, 0.5)).render(LINES)
    assert split == [(1, first + b"<"), (0.5, second)]


def test_extra_bytes_between_precede_a_lone_final_result() -> None:
    extra = ExtraBytes(b"<>", Place.BETWEEN)
    assert CommandFault(extra=extra).render(LINES[1:]) == [(0.0, b"<>\r\nOK\r\n")]


def test_extra_bytes_without_pause_have_one_part() -> None:
    assert ExtraBytes(b"abc").halves == (b"abc", b"")
    assert ExtraBytes(b"abc", split=1).halves == (b"ab", b"c")
