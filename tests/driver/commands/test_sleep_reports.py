"""What a module says of its sleep: asked for, and read."""

from __future__ import annotations

import pytest

from m5310.commands.sleep_reports import report_sleep, sleep_reported


def test_it_is_switched_on_and_off() -> None:
    assert report_sleep(on=True).line == "AT+NPSMR=1"
    assert report_sleep(on=False).line == "AT+NPSMR=0"


@pytest.mark.parametrize(
    ("line", "asleep"),
    [
        ("+NPSMR:1", True),
        ("+NPSMR: 0", False),
        ("+NPSMR:2", None),
        ("+NPSMR:1,0", None),
        ("", None),
    ],
)
def test_asleep_or_awake_or_none_of_it(line: str, asleep: bool | None) -> None:
    assert sleep_reported(line) is asleep
