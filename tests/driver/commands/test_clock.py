"""The clock of the module: aware of its zone, and of not having been set."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from m5310.at.codec import Answer
from m5310.commands.clock import clock, clock_of
from m5310.errors import AnswerError


@pytest.mark.parametrize(
    ("line", "time"),
    [
        (
            "+CCLK:18/07/12,03:45:21+32",
            datetime(2018, 7, 12, 3, 45, 21, tzinfo=timezone(timedelta(hours=8))),
        ),
        (
            '+CCLK: "26/11/23,23:59:59-14"',
            datetime(2026, 11, 23, 23, 59, 59, tzinfo=timezone(-timedelta(hours=3, minutes=30))),
        ),
        ("+CCLK:69/12/31,00:00:00", datetime(2069, 12, 31, tzinfo=timezone.utc)),  # noqa: UP017
    ],
)
def test_the_clock_is_aware_of_its_zone(line: str, time: datetime) -> None:
    assert clock_of(Answer(clock(), (line,))) == time


@pytest.mark.parametrize("line", ["+CCLK:80/01/06,00:00:12+00", "+CCLK:70/01/01,08:00:00+32"])
def test_a_clock_that_was_never_set_has_no_time(line: str) -> None:
    assert clock_of(Answer(clock(), (line,))) is None


def test_a_time_of_no_clock() -> None:
    for line in ("+CCLK:18/13/01,00:00:00+32", "+CCLK:18/01/01,00:00:00+99"):
        with pytest.raises(AnswerError, match="no time"):
            clock_of(Answer(clock(), (line,)))


def test_what_asks_for_it_declares_what_it_brings() -> None:
    (shape,) = clock().responses
    assert clock().line == "AT+CCLK?"
    assert shape.pattern.fullmatch("+CCLK:18/07/12,03:45:21+32")
    assert not shape.pattern.fullmatch("+CEREG:5")
