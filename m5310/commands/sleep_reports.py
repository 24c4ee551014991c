"""Whether the module sleeps, as it tells by itself: AT+NPSMR.

Apart from the timers that make it sleep: every device listens for this, few set those.
"""

from __future__ import annotations

import re

from m5310.at.codec import Command
from m5310.commands.general import setting


def report_sleep(on: bool) -> Command:
    """`+NPSMR:1` as the module falls asleep, `+NPSMR:0` as it wakes."""
    return setting("+NPSMR", int(on), repeatable=True)


def sleep_reported(line: str) -> bool | None:
    """What `+NPSMR` says unasked, True for asleep; None for any other line."""
    match = _NPSMR.fullmatch(line)
    return match[1] == "1" if match else None


_NPSMR = re.compile(r"\+NPSMR: ?([01])")
