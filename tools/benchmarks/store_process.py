"""The HTTP API of a platform on a file with 6000 points and more of a device.

Run as a module with the name of the file: it prints one line of JSON. At the end of stdin it prints
the longest time, in seconds of the processor, between two turns of its event loop, and ends.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from pathlib import Path

from emulator.onenet.devices import Description
from emulator.onenet.http.api import HttpApi
from emulator.onenet.platform import Platform
from emulator.onenet.store.database import Database
from tools.benchmarks.http_process import KEY, NOW, act

STREAM = "3303_0_5700"
POINTS = 10_000
# Seconds of the loop's clock between two looks at the processor's.
_TICK = 0.0002


class Gaps:
    """`longest`: seconds of the processor from one tick to the next; `start` forgets it."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = time.thread_time()

    def tick(self) -> None:
        now = time.thread_time()
        self.longest = max(self.longest, now - self._last)
        self._last = time.thread_time()
        asyncio.get_running_loop().call_later(_TICK, self.tick)

    def start(self) -> None:
        self.longest = 0.0


async def main(file: str) -> None:
    platform = Platform(database=Database(Path(file)))
    device = platform.create_device(Description("a device", "86", "46"), NOW)
    rows = [(int(device.id), STREAM, n / 8, round(NOW * 1000) + n * 10) for n in range(POINTS)]
    platform.points.add_many(rows, NOW)
    api = HttpApi(platform, key=KEY, act=act)
    url = await api.start("127.0.0.1", 0)
    gc.freeze()  # as the command does
    gaps = Gaps()
    gaps.tick()
    path = f"/devices/{device.id}/datapoints?limit=6000"
    print(json.dumps({"port": int(url.rpartition(":")[2]), "path": path}), flush=True)
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0.1)  # what came before does not count
    gaps.start()
    await loop.run_in_executor(None, sys.stdin.read)
    print(gaps.longest, flush=True)
    await api.close()
    platform.close(NOW)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
