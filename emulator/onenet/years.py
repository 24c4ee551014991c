"""What OneNET answers differently in different years, in one place. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Seconds to wait for the answer after the first and after each repeated sending.
Retry = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Year:
    """`retry`: of a request to a device. `discovers_first`: after a login, all discovers precede
    all observes. `final_read`: a read of object 3 follows them.
    """

    retry: Retry
    discovers_first: bool
    final_read: bool = True


# 2018: OneNET guide 5.2.2 (10 s, two repeats, then failure); the order is that of all logs of M5310
# boards found, and of China Mobile's guide to the M5310.
# 2019: OneNET's FAQ (5 s, doubled, 3 sendings in 25 s); the order of the suite's test
# specification 6.1 and 7.1.
YEARS: Mapping[int, Year] = {
    2018: Year(retry=(10.0, 10.0, 10.0), discovers_first=False),
    2019: Year(retry=(5.0, 10.0, 10.0), discovers_first=True),
}
DEFAULT_YEAR = 2018


def year_of(number: int) -> Year:
    """Raises ValueError for a year that has no profile."""
    if number not in YEARS:
        raise ValueError(f"year {number!r}: expected {' or '.join(map(str, YEARS))}")
    return YEARS[number]
