"""The platform as a process that is killed and started again on its file, quickly.

A first process prepares everything; for each line that it reads it forks one that serves.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from emulator import Emulator
from tests.support.free_ports import free_port

KEY = "secret"
IMEI, IMSI = "865820030013978", "460040000000001"


class KilledPlatform:
    """`http`: URL of its API; `coap`: where devices register. The same after each start."""

    def __init__(self, process: Process, http: int, coap: int) -> None:
        self.http = f"http://127.0.0.1:{http}"
        self.coap = ("127.0.0.1", coap)
        self._process = process
        self._serving = 0

    async def start(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        self._serving = int(await self._process.stdout.readline())
        assert await self._process.stdout.readline() == b"ready\n"

    async def kill(self) -> None:
        """With SIGKILL; returns when it has ended."""
        assert self._process.stdout is not None
        os.kill(self._serving, signal.SIGKILL)
        assert await self._process.stdout.readline() == b"ended\n"
        self._serving = 0

    async def close(self) -> None:
        if self._serving:
            await self.kill()


@asynccontextmanager
async def killed_platform(file: Path) -> AsyncIterator[KilledPlatform]:
    http, coap = free_port(socket.SOCK_STREAM), free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.killed_platform", str(file), str(http), str(coap)),
        stdin=PIPE,
        stdout=PIPE,
    )
    platform = KilledPlatform(process, http, coap)
    try:
        await platform.start()
        yield platform
    finally:
        await platform.close()
        await process.communicate(b"")
        process._transport.close()  # type: ignore[attr-defined]


async def _warm_up() -> None:
    """Import and prepare what a platform needs, so that the forked ones start quickly."""
    async with Emulator(platform_only=True, air="coap"):
        pass


async def _serve(file: str, http: str, coap: str) -> None:
    async with Emulator(
        platform_only=True,
        air="coap",
        http=f"127.0.0.1:{http}",
        coap=f"127.0.0.1:{coap}",
        api_key=KEY,
        imei=IMEI,
        imsi=IMSI,
        db=file,
    ):
        print("ready", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    asyncio.run(_warm_up())
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            print(os.getpid(), flush=True)
            asyncio.run(_serve(*sys.argv[1:]))
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
