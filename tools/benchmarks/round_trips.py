"""From the HTTP API through CoAP and AT to a program's callback, and back; registrations."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
import tty
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from m5310 import Access, Device, ValueType
from m5310.at.modem import Modem
from tools.benchmarks.figures import Bench, Figure, at_most, benchmark, constant, series
from tools.benchmarks.modules import allow_descriptors, give_processor
from tools.benchmarks.ports import processors_awake

ROOT = Path(__file__).resolve().parents[2]
SIZES = (1, 100, 1000)
REGISTRATIONS = 10_000
MOST_BYTES = 10_000.0
_DESCRIPTORS = 6  # of each module, in both processes
_QUERY = {"obj_id": "3306", "obj_inst_id": "0", "res_id": "5850"}
_LINE = b"AT+MIPLEXECUTE=0,10001,1\r"


@contextlib.contextmanager
def _process(kind: str, count: int) -> Iterator[dict[str, Any]]:
    words = [sys.executable, "-m", "tools.benchmarks.cloud_process", kind, str(count)]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        give_processor(child.pid)
        try:
            assert child.stdout is not None
            yield json.loads(child.stdout.readline())
        finally:
            child.kill()


class _Application:
    """Calls the API for one device after the other."""

    def __init__(self, at: dict[str, Any]) -> None:
        self.at = at
        self._next = 0
        self._client: aiohttp.ClientSession

    async def open(self, stack: AsyncExitStack) -> None:
        self._client = await stack.enter_async_context(aiohttp.ClientSession())

    async def execute(self) -> int:
        """Returns the number of the device."""
        number = self._next % len(self.at["names"])
        self._next += 1
        query = {**_QUERY, "imei": self.at["names"][number].partition(";")[0]}
        call = self._client.post(
            f"{self.at['url']}/nbiot/execute",
            params=query,
            json={"args": "on"},
            headers={"api-key": self.at["key"]},
        )
        async with call as response:
            answer = json.loads(await response.read())
        if answer["errno"] != 0:
            raise RuntimeError(f"device {number}: {answer}")
        return number

    async def seconds(self, count: int) -> float:
        """Of one call."""
        begin = time.perf_counter()
        for _ in range(count):
            await self.execute()
        return (time.perf_counter() - begin) / count


class _Devices(_Application):
    """With a program of the driver at each port. `login`: seconds of each, all at once."""

    async def open(self, stack: AsyncExitStack) -> None:
        await super().open(stack)
        self.calls = 0
        begin = time.perf_counter()
        ports = zip(self.at["ports"], self.at["names"], strict=True)
        await asyncio.gather(*(self._log_in(*each, stack) for each in ports))
        self.login = (time.perf_counter() - begin) / len(self.at["ports"])

    async def _log_in(self, port: str, name: str, stack: AsyncExitStack) -> None:
        modem = await stack.enter_async_context(await Modem.open(port, 115200, quiet=0))
        device = Device(modem, name, on_execute=self._on_execute)
        stack.push_async_callback(device.destroy)
        await device.create()
        await device.add_resource("3306/0/5850", ValueType.BOOLEAN, False, Access(7))
        await device.connect(60)

    async def _on_execute(self, _resource: object, _arguments: bytes) -> None:
        self.calls += 1

    async def seconds(self, count: int) -> float:
        before = self.calls
        each = await super().seconds(count)
        if self.calls - before != count:
            raise RuntimeError(f"{self.calls - before} callbacks of {count} calls")
        return each


class _Bare(_Application):
    """An aiohttp request, then a UDP ping-pong, then a pty ping-pong, each by asyncio."""

    async def open(self, stack: AsyncExitStack) -> None:
        await super().open(stack)
        loop = asyncio.get_running_loop()
        self._came = asyncio.Event()
        came = self._came

        class Client(asyncio.DatagramProtocol):
            def datagram_received(self, _data: bytes, _addr: object) -> None:
                came.set()

        transport, _ = await loop.create_datagram_endpoint(
            Client, remote_addr=("127.0.0.1", self.at["udp"])
        )
        stack.callback(transport.close)
        self._send = partial(transport.sendto, bytes(24))
        self._ports = []
        for name in self.at["ports"]:
            port = os.open(name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            tty.setraw(port)
            loop.add_reader(port, self._on_readable, port)
            stack.callback(os.close, port)
            stack.callback(loop.remove_reader, port)
            self._ports.append(port)

    def _on_readable(self, port: int) -> None:
        os.read(port, 4096)
        self._came.set()

    async def execute(self) -> int:
        number = await super().execute()
        self._came.clear()
        self._send()
        await self._came.wait()
        self._came.clear()
        os.write(self._ports[number], _LINE)
        await self._came.wait()
        return number


def _opened(kind: str, size: int, stack: ExitStack) -> tuple[asyncio.Runner, _Application]:
    """The contestant with `size` modules, and what runs it."""
    at = stack.enter_context(_process(kind, size))
    runner = stack.enter_context(asyncio.Runner())
    application = _Devices(at) if kind == "emulator" else _Bare(at)

    async def open_all() -> AsyncExitStack:
        async with AsyncExitStack() as opened:
            await application.open(opened)
            return opened.pop_all()

    def run(call: Coroutine[Any, Any, object]) -> None:
        runner.run(call)

    opened = runner.run(open_all())
    stack.callback(lambda: run(opened.aclose()))
    return runner, application


def _seconds(runner: asyncio.Runner, application: _Application, count: int) -> float:
    return runner.run(application.seconds(count))


@benchmark("cloud")
def cloud(bench: Bench) -> Sequence[Figure]:
    """One call of the HTTP API after the other, to 1, 100 and 1,000 modules in turn: HTTP, CoAP
    over UDP, AT on a pty, a callback of the driver, and the way back. Baseline: an aiohttp request,
    a UDP ping-pong and a pty ping-pong by asyncio, one after the other. Also the login of one of
    the modules, with all its commands, and the memory of one of 10,000 registered devices."""
    figures: list[Figure] = []
    sizes = list(dict.fromkeys(bench.count(size) for size in SIZES))
    allow_descriptors(_DESCRIPTORS * max(sizes) + 200)
    for size in sizes:
        with processors_awake(), ExitStack() as stack:
            opened = {kind: _opened(kind, size, stack) for kind in ("bare", "emulator")}
            count = max(bench.count(300), size)
            rounds = bench.turns(
                {kind: partial(_seconds, *each, count) for kind, each in opened.items()},
                rounds=3,
            )
            application = opened["emulator"][1]
            assert isinstance(application, _Devices)
            ours = series(f"{size:,}: HTTP to callback", "ms", rounds["emulator"], times=1e3)
            bare = series("HTTP, UDP, pty, bare", "ms", rounds["bare"], times=1e3)
            login = constant(f"{size:,}: login of one", "ms", application.login * 1e3, ours)
            figures += [Figure(ours, bare, at_most(3.0)), Figure(login, bare)]
    with _process("registrations", bench.count(REGISTRATIONS)) as found:
        each = series("one registration", "KB", (found["memory"],), times=1e-3)
    figures.append(Figure(each, constant("bound", "KB", MOST_BYTES / 1e3, each), at_most(1.0)))
    return figures
