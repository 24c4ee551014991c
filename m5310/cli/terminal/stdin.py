"""Lines of standard input, whatever it is: a terminal, a pipe, a file, nothing at all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncGenerator

_READ_SIZE = 4096


class Interrupted(Exception):
    """Ctrl-C at a prompt that reads the keyboard itself."""


async def lines(descriptor: int) -> AsyncGenerator[str, None]:
    """Each line without its end, until the input ends.

    Read by a thread: an event loop cannot watch files, nor anything on Windows. By `os.read`,
    because a thread in `sys.stdin.readline` would keep the interpreter from exiting in peace.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    def post(line: str | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            loop.call_soon_threadsafe(queue.put_nowait, line)

    def read() -> None:
        rest = b""
        try:
            while data := os.read(descriptor, _READ_SIZE):
                *whole, rest = (rest + data).split(b"\n")
                for line in whole:
                    post(line.decode(errors="replace").rstrip("\r"))
        except OSError:
            pass  # a terminal that hung up has ended too
        if rest:
            post(rest.decode(errors="replace"))
        post(None)

    threading.Thread(target=read, name="m5310-stdin", daemon=True).start()
    while (line := await queue.get()) is not None:
        yield line


async def nothing() -> AsyncGenerator[str, None]:
    """The lines of an input that has none."""
    return
    yield


def in_background(descriptor: int) -> bool:
    """Whether this is our terminal, but another program is being talked to: reading would stop us.

    `m5310 run ... &` in a shell is such a case.
    """
    try:
        return os.tcgetpgrp(descriptor) != os.getpgrp()
    except (AttributeError, OSError):  # Windows; a pipe, a file, a terminal of others
        return False
