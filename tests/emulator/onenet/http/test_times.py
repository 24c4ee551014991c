"""Times as the API shows them: against the standard library, which knows Beijing's zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.onenet.http import times

# Its summer time ended in 1991.
BEIJING = ZoneInfo("Asia/Shanghai")
MILLIS = st.integers(
    round(datetime(1992, 1, 1, tzinfo=BEIJING).timestamp() * 1000),
    round(datetime(9999, 12, 31, tzinfo=BEIJING).timestamp() * 1000),
)


@given(MILLIS)
def test_times_are_beijings(at_ms: int) -> None:
    moment = datetime.fromtimestamp(at_ms // 1000, BEIJING).replace(
        microsecond=at_ms % 1000 * 1000, tzinfo=None
    )
    text = str(moment.isoformat(" ", "milliseconds"))
    assert times.millis(at_ms) == text
    assert times.seconds(at_ms / 1000) == text[:19]
    assert times.millis_of(text) == times.millis_of(text.replace(" ", "T")) == at_ms


def test_time_of_the_guides_cursor() -> None:
    """Guide 4.2.15: 1448961024981 is its next point, at 2015-12-01 17:10:24.981."""
    assert times.millis(1448961024981) == "2015-12-01 17:10:24.981"
    assert times.millis_of("2015-12-01 17:10:24.981") == 1448961024981


@pytest.mark.parametrize("text", ["", "yesterday", "2015-02-30 17:10:24", "2015-12-01T17:10:24Z"])
def test_no_time(text: str) -> None:
    with pytest.raises(ValueError):
        times.millis_of(text)
