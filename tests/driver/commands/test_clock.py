"""The clock of the module: time zone, and a clock that was never set."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from m5310.commands.clock import clock
from m5310.errors import AnswerError
from tests.support.answers import parsed


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
def test_clock_with_time_zone(line: str, time: datetime) -> None:
    assert parsed(clock(), line) == time


@pytest.mark.parametrize("line", ["+CCLK:80/01/06,00:00:12+00", "+CCLK:70/01/01,08:00:00+32"])
def test_clock_never_set(line: str) -> None:
    assert parsed(clock(), line) is None


def test_invalid_time() -> None:
    for line in ("+CCLK:18/13/01,00:00:00+32", "+CCLK:18/01/01,00:00:00+99"):
        with pytest.raises(AnswerError, match="not a valid time"):
            parsed(clock(), line)


def test_clock_command() -> None:
    (shape,) = clock().responses
    assert clock().line == "AT+CCLK?"
    assert shape.pattern.fullmatch("+CCLK:18/07/12,03:45:21+32")
    assert not shape.pattern.fullmatch("+CEREG:5")
