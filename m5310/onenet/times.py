"""OneNET's times: Beijing time as text, or milliseconds since 1970. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

BEIJING: Final = timezone(timedelta(hours=8), "Beijing")
"""UTC+8, the zone of every time that OneNET writes or reads as text, on any machine."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_text(time: datetime) -> str:
    """A time as OneNET's parameters have it: `2018-03-08T17:30:00` (guide 4.2.9, 4.2.13).

    Fractions of a second are cut off.

    Raises:
        ValueError: The time has no zone.
    """
    if time.utcoffset() is None:
        raise ValueError(
            f"{time}: expected a time with its zone; try datetime.now(UTC) or "
            "datetime(2018, 3, 8, 17, 30, tzinfo=m5310.onenet.BEIJING)"
        )
    return time.astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M:%S")


def from_text(text: str) -> datetime:
    """The time of an answer: `2017-08-28 11:34:58`, with a fraction or without (guide 4.2.14).

    Raises:
        ValueError: It is no such text.
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        return time.replace(tzinfo=BEIJING)
    try:
        return time.astimezone(BEIJING)
    except OverflowError as error:
        raise ValueError(f"{text}: expected a time of the years 1 to 9999") from error


def from_milliseconds(number: int) -> datetime:
    """The time so many milliseconds after 1970-01-01 00:00 UTC (guide 4.2, `at`).

    Raises:
        ValueError: It is not within the years 1 to 9999.
    """
    try:
        return (_EPOCH + timedelta(milliseconds=number)).astimezone(BEIJING)
    except OverflowError as error:
        raise ValueError(f"{number} ms: expected a time of the years 1 to 9999") from error
