"""Many modules in one process, or as many bare responders: what a benchmark asks for answers.

A program of its own: `answering.py emulator|bare COUNT` opens that many ptys and says so in one
JSON line: their names, the seconds that it took, and the bytes of memory they take. For each byte
of its standard input it tells the seconds of processor time it has had so far, and ends with it.
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
"""What the emulated module says to AT+CSQ where it stands at first."""

Started = tuple[list[str], object]
"""The ports, and what has to be kept as long as they are to answer."""


async def bare(count: int) -> Started:
    """A watched master for each, and the whole answer for each line."""
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
    from emulator import Emulator  # noqa: PLC0415 - the bare ones do without it

    it = Emulator(modules=count, baud=None, http=None)
    await it.start()
    return [board.line.port for board in it.boards], it


def memory() -> int:
    """Bytes of this process in memory, as Linux counts them."""
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as told:
        return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def main(start: Callable[[int], Awaitable[Started]], count: int) -> None:
    await start(1)  # loads what has to be loaded
    held, began = memory(), time.perf_counter()
    names, kept = await start(count)
    took = time.perf_counter() - began
    print(json.dumps({"ports": names, "seconds": took, "memory": memory() - held}), flush=True)
    ended = asyncio.Event()

    def asked() -> None:
        if os.read(sys.stdin.fileno(), 1):
            print(time.process_time(), flush=True)
        else:
            ended.set()

    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), asked)
    await ended.wait()
    del kept


if __name__ == "__main__":
    asyncio.run(main({"bare": bare, "emulator": emulator}[sys.argv[1]], int(sys.argv[2])))
