"""The end of a restart by command: the boot text, or an answer of a module that was gone.

Of some modules no boot text is known, and a known one may be damaged on the line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from m5310.at.codec import Execute
from m5310.at.resync import PROBE_INTERVAL
from m5310.module import speed

TEXT_WITHIN: Final = 10.0
"""Seconds from the line that the module goes down to its boot text. Then it is asked with AT: the
text was lost, or is not known."""
# guess: several times the 3.5 s that were seen.
LATE_TEXT: Final = 2.0
"""Seconds from an answer to AT to the boot text, if the module answers before it writes that."""
# guess


async def is_up(
    execute: Execute, boot: asyncio.Future[Any], went_down: Callable[[], bool], within: float
) -> bool:
    """Whether the module is up again within `within` s: `boot` is done, or it answers AT after it
    was gone. `went_down`: a line has reported that it goes down; else its silence shows that."""
    limit = asyncio.timeout(within)
    try:
        async with limit:
            await _gone(execute, boot, went_down)
            if went_down():
                await asyncio.wait({boot}, timeout=TEXT_WITHIN)
            while not boot.done() and not await speed.answered(execute, PROBE_INTERVAL):
                pass
            await asyncio.wait({boot}, timeout=LATE_TEXT)
    except TimeoutError:
        if not limit.expired():
            raise
        return boot.done()
    return True


async def _gone(execute: Execute, boot: asyncio.Future[Any], went_down: Callable[[], bool]) -> None:
    """Wait until the module goes down: a line says so, or it does not answer AT any more."""
    answered = True
    while answered:
        await asyncio.wait({boot}, timeout=PROBE_INTERVAL)
        if boot.done() or went_down():
            return
        answered = await speed.answered(execute, PROBE_INTERVAL)
