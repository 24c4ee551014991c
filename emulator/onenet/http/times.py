"""Times as the API shows them: Beijing's, without a zone, on any machine. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

# POSIX time 0 in Beijing. Times without a zone are counted from it, so no zone of the machine has
# an effect.
_EPOCH = datetime(1970, 1, 1, 8)


def seconds(at: float) -> str:
    """`2015-12-01 17:06:23`; `at` in POSIX seconds."""
    return (_EPOCH + timedelta(seconds=int(at))).isoformat(" ")


def millis(at_ms: int) -> str:
    """`2015-12-01 17:06:23.535`; `at_ms` in POSIX milliseconds."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(" ", "milliseconds")


def millis_of(text: str) -> int:
    """POSIX milliseconds of a time in ISO 8601 without a zone.

    Raises ValueError for what is no such time.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        raise ValueError("a time with a zone")
    return (moment - _EPOCH) // timedelta(milliseconds=1)
