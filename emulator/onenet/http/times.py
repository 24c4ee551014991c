"""Times as the API shows them: Beijing's, without a zone, on any machine. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from math import floor

# POSIX time 0 in Beijing. Times without a zone are counted from it, so no zone of the machine has
# an effect.
_EPOCH = datetime(1970, 1, 1, 8)
_REMEMBERED = 1000  # times; a bound on memory
_AHEAD_MS = 8 * 3_600_000
_MINUTES = tuple(f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60))


@lru_cache(_REMEMBERED)
def seconds(at: float) -> str:
    """`2015-12-01 17:06:23`; `at` in POSIX seconds."""
    return (_EPOCH + timedelta(seconds=floor(at))).isoformat(" ")


@lru_cache(_REMEMBERED)
def millis(at_ms: int) -> str:
    """`2015-12-01 17:06:23.535`; `at_ms` in POSIX milliseconds."""
    # Thousands are printed for one answer, most of them of few days.
    day, rest = divmod(at_ms + _AHEAD_MS, 86_400_000)
    minute, rest = divmod(rest, 60_000)
    return f"{_day(day)} {_MINUTES[minute]}:{rest / 1000:06.3f}"


@lru_cache(maxsize=100)
def _day(number: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=number)).isoformat()


def millis_of(text: str) -> int:
    """POSIX milliseconds of a time in ISO 8601 without a zone.

    Raises ValueError for what is no such time.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        raise ValueError("a time with a zone")
    return (moment - _EPOCH) // timedelta(milliseconds=1)
