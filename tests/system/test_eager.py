"""The eager clock and what a host owes: bytes that it does not read need no time."""

from __future__ import annotations

import asyncio

import pytest

from emulator import EagerClock, Emulator
from emulator.lwm2m.model import Path
from emulator.onenet.lwm2m.operations import Read
from emulator.onenet.lwm2m.outcomes import Outcome
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


async def test_message_without_a_waiting_host_moves_the_clock_by_its_latency_only() -> None:
    """An application may wait for it: it arrives. What is repeated later moves no time."""
    clock = EagerClock()
    async with Emulator(baud=None, clock=clock, latency=2.0) as it:
        device = it.platform.device_by_imei(it.imei)
        assert device is not None
        with Host(it.port) as host:
            await log_in(host, it)
            await host.until("+MIPLREAD:")
            await until(lambda: it.air.deadline is None)
            before = clock.now()
            await host.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"22",1')
            await until(lambda: it.air.deadline is None)
            assert clock.now() - before == pytest.approx(2.0)
            outcomes: list[Outcome] = []
            it.platform.request(device, Read(Path(3303, 0, 5700)), outcomes.append, it.now())
            it.settle()
            await host.until(",3303,0,5700\r\n")
            before = clock.now()
            for _ in range(100):
                clock.check()
                await asyncio.sleep(0)
            assert clock.now() == before  # the host has to answer before the repetition
            assert not outcomes
