"""Values that other programs measure: a command line of the user's, and what it prints."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from m5310.errors import ParameterError, shortened


async def output_of(command: str, within: float) -> str:
    """What `command`, a line for the shell, prints within so many seconds.

    It reads nothing, and its errors appear on our stderr. Nothing of it is left running,
    whatever happens. Raises ParameterError if it fails or takes longer.
    """
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_shell(
            command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us, and what it started ends with it
        )
    )
    try:
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _end(await starting)  # a process half started cannot be ended in one piece
        raise
    try:
        async with asyncio.timeout(within):
            output, _ = await process.communicate()
    except TimeoutError:
        raise ParameterError(f"{shortened(command, 60)!r} took longer than {within:g} s") from None
    finally:
        await _end(process)
    if process.returncode:
        raise ParameterError(f"{shortened(command, 60)!r} ended with status {process.returncode}")
    return output.decode(errors="replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
            if hasattr(os, "killpg"):  # not on Windows
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
    await process.wait()
