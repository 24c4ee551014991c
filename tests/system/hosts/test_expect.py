"""Tcl's `expect`, with patterns that mind every CR and LF."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator import Emulator, LoopClock
from tests.support.foreign import program, running

SCRIPT = Path(__file__).parent / "reset.exp"


@pytest.mark.realtime
async def test_expect_script_follows_a_restart() -> None:
    expect = program("expect", "expect")
    # Ten times as fast: a boot takes 3.5 s, and an attach some more.
    async with (
        Emulator(baud=None, http=None, clock=LoopClock(speed=10)) as it,
        running(expect, str(SCRIPT), it.port) as process,
    ):
        output, _ = await process.communicate()
        assert (process.returncode, output) == (0, b"back after a restart\n")
