"""A controller's program in C, compiled here, with the habits that such programs have."""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from emulator import Emulator, VirtualClock
from emulator.recording.trace import TraceLine
from tests.support.foreign import program, running

realtime = pytest.mark.realtime
SOURCE = Path(__file__).parent / "mcu.c"
NO_NETWORK, REFUSED = 3, 4  # exit statuses of mcu.c
BEEN = struct.Struct("=II")  # sent after each interrupt: milliseconds and bytes so far
# AT+MIPLCONF, the longest line, and its OK take so long at 9600 baud.
LINE_MS = 171
WAIT_MS = 200  # and the 20 ms that the module wants of quiet


@pytest.fixture(scope="module")
def mcu(tmp_path_factory: pytest.TempPathFactory) -> str:
    compiled = tmp_path_factory.mktemp("mcu") / "mcu"
    command = [program("cc", "gcc"), "-std=c11", "-Wall", "-Wextra", "-Werror", "-O1"]
    subprocess.run([*command, "-o", str(compiled), str(SOURCE)], check=True, timeout=60)
    return str(compiled)


@asynccontextmanager
async def controller(
    mcu: str, it: Emulator, clock: VirtualClock, wait_ms: int, ackid: int = 0
) -> AsyncIterator[Process]:
    """The program at the module's port, which lives a millisecond whenever the module does."""
    ours, its_own = socket.socketpair()
    ours.setblocking(False)
    timer = its_own.fileno()
    words = (it.port, f"{it.imei};{it.imsi}", str(wait_ms), str(ackid), str(timer))
    with ours, its_own:
        async with running(mcu, *words, descriptors=(timer,)) as process:
            its_own.close()
            living = asyncio.create_task(live(it, clock, ours))
            yield process
            await living


async def live(it: Emulator, clock: VirtualClock, timer: socket.socket) -> None:
    """Until the program has ended. It has taken each byte of the module before the next comes."""
    loop = asyncio.get_running_loop()
    with suppress(ConnectionError):
        for ms in count(1):
            clock.advance(0.001)
            await loop.sock_sendall(timer, b".")
            been = (0, 0)
            while been != (ms, it.line.sent):
                sent = await loop.sock_recv(timer, BEEN.size)
                if not sent:
                    return
                been = BEEN.unpack(sent)


async def prints(process: Process, line: str) -> None:
    assert process.stdout is not None
    printed = (await process.stdout.readline()).decode()
    assert printed == f"{line}\n", f"{printed!r}, and status {await process.wait()}"


async def get(it: Emulator, path: str) -> Any:
    async with (
        aiohttp.ClientSession(headers={"api-key": it.api_key}) as client,
        client.get(f"{it.http_url}{path}") as response,
    ):
        return (await response.json())["data"]


@realtime
@pytest.mark.parametrize(("firmware", "ackid"), [("SP1", 0), ("SP2", 0), ("SP3", 7), ("SP5", 7)])
async def test_mcu_logs_in_answers_and_reports(mcu: str, firmware: str, ackid: int) -> None:
    subscribed = asyncio.Event()

    def shown(line: TraceLine) -> None:
        if line.text.startswith("+MIPLREAD"):  # of object 3: all is subscribed
            subscribed.set()

    clock = VirtualClock()
    # The cloud reads after the URCs of the login.
    async with Emulator(clock=clock, firmware=firmware, trace=shown) as it:
        async with controller(mcu, it, clock, WAIT_MS, ackid) as process:
            await prints(process, "logged in")
            await subscribed.wait()
            query = f"/nbiot?imei={it.imei}&obj_id=3303&obj_inst_id=0&res_id=5700"
            reading = asyncio.ensure_future(get(it, query))
            await prints(process, "read")
            assert await reading == [{"obj_inst_id": 0, "res": [{"res_id": 5700, "val": 21.5}]}]
            await prints(process, "reported")
            assert await process.wait() == 0
        clock.advance(1)  # a report that asked for no acknowledgement is still in the air
        points = await get(it, f"/devices/{it.device_id}/datapoints")
        assert points["datastreams"][0]["datapoints"][-1]["value"] == 22.5
        assert it.too_soon == 0


@realtime
async def test_unpaced_burst_overruns_the_mcu(mcu: str) -> None:
    clock = VirtualClock()
    async with (
        Emulator(baud=None, http=None, clock=clock) as it,
        controller(mcu, it, clock, 20) as process,
    ):
        assert await process.wait() == NO_NETWORK


@realtime
async def test_impatient_mcu_times_out(
    mcu: str,
) -> None:
    clock = VirtualClock()
    async with (
        Emulator(http=None, clock=clock) as it,
        controller(mcu, it, clock, LINE_MS - 10) as process,
    ):
        assert process.stdout is not None
        assert (await process.stdout.readline()).startswith(b"refused: AT+MIPLCONF")
        assert await process.wait() == REFUSED
