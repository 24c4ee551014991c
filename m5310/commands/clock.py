"""The module's clock, set by the network (TS 27.007 8.15)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Final

from m5310.at.codec import Answer, Command
from m5310.commands.general import query, read
from m5310.errors import AnswerError


def clock() -> Command:
    return query("+CCLK?", _CCLK)


def clock_of(answer: Answer) -> datetime | None:
    """Aware; the zone comes in quarters of an hour (TS 27.007 8.15).

    None as long as the network has not set it: such a clock runs from 1970 or 1980 (inferred),
    which two digits would tell as 2070 or 2080.
    """
    match = read(answer, _CCLK)
    year, month, day, hour, minute, second = (int(match[group]) for group in range(1, 7))
    if year >= _NEVER_SET:
        return None
    try:
        zone = timezone(timedelta(minutes=15 * int(match[7] or 0)))
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError as error:
        raise AnswerError(f"{match[0]!r} is no time of any clock ({error})") from None


_NEVER_SET: Final = 70
_TWO = "([0-9]{2})"
_CCLK = re.compile(rf'\+CCLK: ?"?{_TWO}/{_TWO}/{_TWO},{_TWO}:{_TWO}:{_TWO}([+-][0-9]{{1,2}})?"?')
