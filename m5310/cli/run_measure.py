"""Values measured by other programs: runs a shell command and returns its output."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from m5310.errors import ParameterError, Text, shortened


async def command_output(command: str, within: float) -> str:
    """What the shell command prints on stdout, within `within` seconds.

    Its stdin is empty; its stderr is this process's. The command and all processes that it started
    in its group have ended when this returns or raises. Raises ParameterError if it fails or takes
    too long.
    """
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_shell(
            command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C does not reach it; its process group can be killed
        )
    )
    try:
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _kill(await starting)  # a process that is still starting cannot be killed
        raise
    try:
        async with asyncio.timeout(within):
            output, _ = await process.communicate()
    except TimeoutError:
        raise ParameterError(
            Text(
                "{command} took longer than {seconds:g} s; use a longer interval",
                command=repr(shortened(command, 60)),
                seconds=within,
            )
        ) from None
    finally:
        await _kill(process)
    if process.returncode:
        raise ParameterError(
            Text(
                "{command} ended with status {status}",
                command=repr(shortened(command, 60)),
                status=process.returncode,
            )
        )
    return output.decode(errors="replace")


async def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):  # has just ended
            if hasattr(os, "killpg"):  # not on Windows
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
    await process.wait()
