"""The `chat` of Debian's ppp, which has talked to modems for decades."""

from __future__ import annotations

import os
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator import Emulator
from tests.support.foreign import program, running
from tests.support.programs import configuration

realtime = pytest.mark.realtime
SCRIPT = Path(__file__).parent / "login.chat"
# chat's exit status: what a script waited for came, or did not, or the n-th ABORT text came (4 on).
DONE, TIMED_OUT, ABORTED = 0, 3, 4


@contextmanager
def opened(port: str) -> Iterator[int]:
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


async def chat(it: Emulator, *arguments: str) -> int:
    """Its exit status, with the port as its modem."""
    environment = {"CONFIGURATION": configuration(it)}
    with opened(it.port) as modem:
        command = (program("chat", "ppp"), "-E", *arguments)
        async with running(
            *command, stdin=modem, stdout=modem, stderr=PIPE, environment=environment
        ) as process:
            return await process.wait()


@realtime
async def test_chat_script_logs_in() -> None:
    async with Emulator(baud=None, http=None, latency=0.001) as it:
        assert await chat(it, "-f", str(SCRIPT)) == DONE
        device = it.platform.device_by_imei(it.imei)
        assert device is not None
        assert it.platform.online(device)


@realtime
async def test_chat_script_aborts_on_an_error() -> None:
    async with Emulator(baud=None, http=None, latency=0.001, device=False) as it:
        assert await chat(it, "-f", str(SCRIPT)) == ABORTED + 1
        assert await chat(it, "ABORT", "ERROR", "", "AT+NOSUCH", "OK", "") == ABORTED


@realtime
async def test_chat_script_times_out() -> None:
    async with Emulator(baud=None, http=None) as it:
        assert await chat(it, "-t", "1", "", "AT", "CONNECT", "") == TIMED_OUT
