"""Memory of an open device."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

import serial
import serial_asyncio

from m5310 import Device, ValueType
from tools.benchmarks.figures import Bench, Figure, benchmark, series
from tools.benchmarks.ports import responder

ENDPOINT = "865820030013978;460040000000001"

Opened = tuple[object, Callable[[], Coroutine[Any, Any, object]]]
"""An open object, and the function that closes it."""


async def _device(port: str) -> Opened:
    device = Device(port, ENDPOINT, baudrate=115200)
    await device.create()
    await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
    await device.connect(10)
    return device, device.destroy


async def _transport(port: str) -> Opened:
    loop = asyncio.get_running_loop()
    lost: asyncio.Future[None] = loop.create_future()

    class Bare(asyncio.Protocol):
        def connection_lost(self, _: Exception | None) -> None:
            lost.set_result(None)

    transport = serial_asyncio.SerialTransport(loop, Bare(), serial.Serial(port, 115200))

    async def close() -> None:
        transport.abort()
        await lost

    await asyncio.sleep(0)  # connection_made is called
    return transport, close


def _bytes_each(open_one: Callable[[str], Coroutine[Any, Any, Opened]], ports: list[str]) -> float:
    async def run() -> float:
        tracemalloc.start()
        try:
            before = _held()
            opened = await asyncio.gather(*map(open_one, ports))
            held = _held() - before
        finally:
            tracemalloc.stop()
        await asyncio.gather(*(close() for _, close in opened))
        return held / len(ports)

    return asyncio.run(run())


def _held() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


@benchmark("memory")
def memory(bench: Bench) -> Sequence[Figure]:
    """Python memory (tracemalloc) of a device that is logged in with one resource, as the mean of
    many on one pty each, against a bare asyncio protocol on a pyserial-asyncio transport."""
    with responder("answer", bench.count(40)) as ports:
        results = bench.turns(
            {
                "device": partial(_bytes_each, _device, ports.names),
                "transport": partial(_bytes_each, _transport, ports.names),
            },
            rounds=3,
        )
    return (
        Figure(
            series("device, logged in", "KB", results["device"], times=1e-3),
            series("bare protocol and transport", "KB", results["transport"], times=1e-3),
        ),
    )
