"""The eager clock and what a host owes: bytes that it does not read need no time."""

from __future__ import annotations

import asyncio

import pytest

from emulator import EagerClock, Emulator
from tests.support.hosts import Host, log_in
from tests.support.peers import until

pytestmark = pytest.mark.realtime
LINE = b"\r\n+CEREG:1\r\n"


async def test_line_that_waits_for_its_reader_moves_no_time() -> None:
    clock = EagerClock()
    async with Emulator(baud=None, clock=clock) as it:
        device = it.platform.device_by_imei(it.imei)
        assert device is not None
        with Host(it.port) as host:
            await log_in(host, it)
            await until(lambda: it.air.deadline is None)
            loop, before, sent = asyncio.get_running_loop(), clock.now(), 0
            loop.remove_reader(host._fd)
            while it.line.idle:
                it.line.send(LINE)
                sent += len(LINE)
            for _ in range(100):
                clock.check()
                await asyncio.sleep(0)
            assert clock.now() - before < 1
            assert it.platform.online(device)
            host.send("AT+CSQ")  # comes to the module once there is room for its answer
            loop.add_reader(host._fd, host._read)
            assert len(await host.until("+CSQ:28,99\r\n\r\nOK\r\n")) > sent
            assert it.platform.online(device)
