"""What becomes of an answer: late, kept back, or with something foreign beside it."""

from __future__ import annotations

import pytest

from emulator.module.command_faults import WELL, Aside, Place, Upset

LINES = [b"\r\n+CSQ:1,99\r\n", b"\r\nOK\r\n"]
WHOLE = b"".join(LINES)


def test_nothing_is_wrong_unless_somebody_says_so() -> None:
    assert WELL.told(LINES) == [(0.0, WHOLE)]


def test_an_answer_is_late_or_kept_back() -> None:
    assert Upset(delay=5).told(LINES) == [(5, WHOLE)]
    assert Upset(answered=False, delay=2).told(LINES) == [(2, b"")]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (Place.BEFORE, b"<>\r\n+CSQ:1,99\r\n\r\nOK\r\n"),
        (Place.BETWEEN, b"\r\n+CSQ:1,99\r\n<>\r\nOK\r\n"),
        (Place.INSIDE, b"\r\n+CSQ<>:1,99\r\n\r\nOK\r\n"),
        (Place.AFTER, b"\r\n+CSQ:1,99\r\n\r\nOK\r\n<>"),
    ],
)
def test_something_foreign_stands_at_its_place(place: Place, told: bytes) -> None:
    assert Upset(aside=Aside(b"<>", place)).told(LINES) == [(0.0, told)]
    first, _, second = told.partition(b"<")
    split = Upset(delay=1, aside=Aside(b"<>", place, 0.5)).told(LINES)
    assert split == [(1, first + b"<"), (0.5, second)]


def test_a_lone_result_has_no_information_before_it() -> None:
    aside = Aside(b"<>", Place.BETWEEN)
    assert Upset(aside=aside).told(LINES[1:]) == [(0.0, b"<>\r\nOK\r\n")]


def test_what_is_not_split_has_one_half() -> None:
    assert Aside(b"abc").halves == (b"abc", b"")
    assert Aside(b"abc", split=1).halves == (b"ab", b"c")
