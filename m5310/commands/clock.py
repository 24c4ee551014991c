"""The module's clock, set by the network (TS 27.007 8.15)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Final

from m5310.at.table import CommandTable, Match
from m5310.errors import AnswerError, Text

TABLE: Final = CommandTable()

_NEVER_SET: Final = 70
_TWO = "([0-9]{2})"
_CCLK = re.compile(rf'\+CCLK: ?"?{_TWO}/{_TWO}/{_TWO},{_TWO}:{_TWO}:{_TWO}([+-][0-9]{{1,2}})?"?')


def _time(matches: Sequence[Match]) -> datetime | None:
    """Aware; the zone comes in quarters of an hour (TS 27.007 8.15).

    None until the network has set it: such a clock runs from 1970 or 1980 (inferred), which its
    two digits show as 70 or 80.
    """
    match = matches[0]
    year, month, day, hour, minute, second = (int(match[group]) for group in range(1, 7))
    if year >= _NEVER_SET:
        return None
    try:
        zone = timezone(timedelta(minutes=15 * int(match[7] or 0)))
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError as error:
        raise AnswerError(f"{match[0]!r} is not a valid time ({error})") from None


clock: Final = TABLE.query(
    "+CCLK?", _CCLK, _time, Text("network time"), meaning=Text("ask for the time")
)
