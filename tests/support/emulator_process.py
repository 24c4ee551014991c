"""`python -m emulator` as a process."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

# Seconds for the end after a signal. It is due within 2; machines under test are busy.
ENDS_WITHIN = 10


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[Process]:
    """The command as a process, killed if the test leaves it alive."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "emulator", *arguments, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        process._transport.close()  # type: ignore[attr-defined]


async def ready(process: Process) -> dict[str, Any]:
    """What it prints with --json."""
    assert process.stdout is not None
    return json.loads(await process.stdout.readline())  # type: ignore[no-any-return]


async def shown(process: Process, end: str) -> str:
    """What it prints, up to the line with `end`."""
    assert process.stdout is not None
    text = ""
    while end not in text:
        line = await process.stdout.readline()
        assert line, f"{end!r} is missing in {text!r}"
        text += line.decode()
    return text


async def ended(process: Process) -> tuple[int | None, str, str]:
    """Status, and the rest of the output."""
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def terminated(process: Process) -> str:
    """Ask it to end; it does so in time and with status 0. Returns the rest of its stderr."""
    process.send_signal(signal.SIGTERM)
    status, _, err = await asyncio.wait_for(ended(process), ENDS_WITHIN)
    assert status == 0
    return err
