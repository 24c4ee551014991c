"""Lines of standard input: a terminal, a pipe, a file, or nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncGenerator

_READ_SIZE = 4096


class Interrupted(Exception):
    """Ctrl-C at a prompt that reads the keyboard itself."""


async def read_lines(descriptor: int) -> AsyncGenerator[str, None]:
    """Yield each line without its line end, until the input ends.

    A thread reads: an event loop cannot watch files, nor anything on Windows. It uses `os.read`,
    because a thread blocked in `sys.stdin.readline` would keep the interpreter from exiting.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    def post(line: str | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(queue.put_nowait, line)

    def read() -> None:
        rest = b""
        try:
            while data := os.read(descriptor, _READ_SIZE):
                *whole, rest = (rest + data).split(b"\n")
                for line in whole:
                    post(line.decode(errors="replace").rstrip("\r"))
        except OSError:
            pass  # the terminal hung up: end of input
        if rest:
            post(rest.decode(errors="replace"))
        post(None)

    threading.Thread(target=read, name="m5310-stdin", daemon=True).start()
    while (line := await queue.get()) is not None:
        yield line


async def no_lines() -> AsyncGenerator[str, None]:
    """An input without lines."""
    return
    yield


def in_background(descriptor: int) -> bool:
    """Whether this process is in the background of its terminal (`m5310 run ... &`).

    Reading the terminal would then stop the process.
    """
    try:
        return os.tcgetpgrp(descriptor) != os.getpgrp()
    except (AttributeError, OSError):  # Windows; not a terminal, or not this process's
        return False
