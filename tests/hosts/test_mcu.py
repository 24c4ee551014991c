"""A controller's program in C, compiled here, with the habits that such programs have."""

from __future__ import annotations

import asyncio
import subprocess
from asyncio.subprocess import Process
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from emulator import Emulator
from emulator.trace import TraceLine
from tests.hosts.foreign import program, running

realtime = pytest.mark.realtime
SOURCE = Path(__file__).parent / "mcu.c"
NO_NETWORK = 3  # exit status of mcu.c
# AT+MIPLCONF, the longest line, takes 165 ms at 9600 baud; the rest is for a busy machine.
WAIT_MS = "400"


@pytest.fixture(scope="module")
def mcu(tmp_path_factory: pytest.TempPathFactory) -> str:
    compiled = tmp_path_factory.mktemp("mcu") / "mcu"
    command = [program("cc", "gcc"), "-std=c11", "-Wall", "-Wextra", "-Werror", "-O1"]
    subprocess.run([*command, "-o", str(compiled), str(SOURCE)], check=True, timeout=60)
    return str(compiled)


async def says(process: Process, line: str) -> None:
    assert process.stdout is not None
    said = (await process.stdout.readline()).decode()
    assert said == f"{line}\n", f"{said!r}, and status {await process.wait()}"


async def get(it: Emulator, path: str) -> Any:
    async with (
        aiohttp.ClientSession(headers={"api-key": it.api_key}) as client,
        client.get(f"{it.http_url}{path}") as response,
    ):
        return (await response.json())["data"]


@realtime
@pytest.mark.parametrize(("firmware", "ackid"), [("SP1", 0), ("SP2", 0), ("SP3", 7), ("SP5", 7)])
async def test_a_controller_logs_in_is_read_and_reports(
    mcu: str, firmware: str, ackid: int
) -> None:
    observed = asyncio.Event()

    def shown(line: TraceLine) -> None:
        if line.text.startswith("+MIPLOBSERVE"):
            observed.set()

    # Lines that follow each other at once are lost on it where the machine is busy, so the air is
    # slow, and the cloud reads when the module has said what it has to say of its login.
    async with Emulator(latency=0.2, firmware=firmware, trace=shown) as it:
        words = (it.port, f"{it.imei};{it.imsi}", WAIT_MS, str(ackid))
        async with running(mcu, *words) as process:
            await says(process, "logged in")
            await observed.wait()
            query = f"/nbiot?imei={it.imei}&obj_id=3303&obj_inst_id=0&res_id=5700"
            reading = asyncio.ensure_future(get(it, query))
            await says(process, "read")
            assert await reading == [{"obj_inst_id": 0, "res": [{"res_id": 5700, "val": 21.5}]}]
            await says(process, "reported")
            assert await process.wait() == 0
        points = await get(it, f"/devices/{it.device_id}/datapoints")
        assert points["datastreams"][0]["datapoints"][-1]["value"] == 22.5
        assert it.too_soon == 0


@realtime
async def test_a_burst_is_too_much_for_it_which_is_why_the_line_has_a_pace(mcu: str) -> None:
    async with (
        Emulator(baud=None, http=None) as it,
        running(mcu, it.port, f"{it.imei};{it.imsi}", "20", "0") as process,
    ):
        assert await process.wait() == NO_NETWORK
