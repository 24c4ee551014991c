"""Many emulated modules in one process, or as many bare responders.

Run as a program: `module_process.py emulator|bare COUNT` opens that many ptys and prints one line
of JSON: their names, the seconds it took, and the bytes of memory they use. For each byte on stdin
it prints its processor time so far, in seconds. It ends at the end of stdin.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
import tty
from collections.abc import Awaitable, Callable

ANSWER = b"\r\n+CSQ:28,99\r\n\r\nOK\r\n"
"""The response of a new emulated module to AT+CSQ."""

Started = tuple[list[str], object]
"""The ports, and an object to keep as long as they are used."""


async def bare(count: int) -> Started:
    """One pty each, with a reader that writes the response for each line."""
    loop = asyncio.get_running_loop()
    names = []
    for _ in range(count):
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        _Bare(loop, master)
        names.append(os.ttyname(slave))
    return names, None


class _Bare:
    def __init__(self, loop: asyncio.AbstractEventLoop, master: int) -> None:
        self._master = master
        self._half = b""
        loop.add_reader(master, self._readable)

    def _readable(self) -> None:
        *lines, self._half = (self._half + os.read(self._master, 4096)).split(b"\r")
        for _ in lines:
            os.write(self._master, ANSWER)


async def emulator(count: int) -> Started:
    from emulator import Emulator  # noqa: PLC0415 - must not add memory to the bare ones

    it = Emulator(modules=count, baud=None, http=None)
    await it.start()
    return [board.line.port for board in it.boards], it


def memory() -> int:
    """Resident memory of this process in bytes, from Linux."""
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def main(start: Callable[[int], Awaitable[Started]], count: int) -> None:
    await start(1)  # so that imports are not measured
    held, began = memory(), time.perf_counter()
    names, kept = await start(count)
    took = time.perf_counter() - began
    print(json.dumps({"ports": names, "seconds": took, "memory": memory() - held}), flush=True)
    ended = asyncio.Event()

    def on_stdin() -> None:
        if os.read(sys.stdin.fileno(), 1):
            print(time.process_time(), flush=True)
        else:
            ended.set()

    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), on_stdin)
    await ended.wait()
    del kept


if __name__ == "__main__":
    asyncio.run(main({"bare": bare, "emulator": emulator}[sys.argv[1]], int(sys.argv[2])))
