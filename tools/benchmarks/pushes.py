"""Pushes of the emulated OneNET against bare POSTs of aiohttp."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from emulator import Emulator
from emulator.onenet.push.push import State
from tools.benchmarks.figures import Bench, Figure, at_least, benchmark, series

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 7
TOKEN = "a token"
# As captured; signature and nonce of any content are as long.
BODY = (
    b'{"msg":{"at":1555904805407,"imei":"865820030013978","type":1,"ds_id":"3300_0_5700",'
    b'"value":-115,"dev_id":500000001},"msg_signature":"AAAAAAAAAAAAAAAAAAAAAA==",'
    b'"nonce":"a1b2?c3D"}'
)
HEADERS = {"User-Agent": "OneNET", "Content-Type": "application/json; charset=utf-8"}


async def _until(condition: Callable[[], bool]) -> None:
    """Asked seldom, as each turn of the loop takes time."""
    while not condition():  # noqa: ASYNC110 - nothing else tells it
        await asyncio.sleep(0.005)


class _Platform:
    """A platform that pushes data points: each is queued, signed, sent, and forgotten."""

    def __init__(self, url: str, db: Path | None) -> None:
        self._emulator = Emulator(baud=None, http=None, latency=0, push=url, token=TOKEN, db=db)

    async def open(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._emulator)
        await _until(lambda: self._emulator.platform.push.state is State.ON)

    async def seconds(self, count: int) -> float:
        """Of one push."""
        push, now = self._emulator.platform.push, self._emulator.now()
        at = round(now * 1000)
        begin = time.perf_counter()
        for number in range(count):
            push.points(500000001, self._emulator.imei, [("3300_0_5700", number, at)], now)
        await _until(lambda: not push.waiting)
        return (time.perf_counter() - begin) / count


class _Bare:
    """One POST after the other."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: aiohttp.ClientSession

    async def open(self, stack: AsyncExitStack) -> None:
        self._client = await stack.enter_async_context(aiohttp.ClientSession())

    async def seconds(self, count: int) -> float:
        """Of one POST."""
        begin = time.perf_counter()
        for _ in range(count):
            async with self._client.post(self._url, data=BODY, headers=HEADERS) as response:
                await response.read()
        return (time.perf_counter() - begin) / count


@benchmark("push")
def push(bench: Bench) -> list[Figure]:
    """Data points that are queued and pushed to an application, with the database in memory and in
    a file: against one POST of aiohttp after the other, of bodies of the same length."""
    count = bench.count(1000)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        child = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "tools.benchmarks.push_process"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
        stack.callback(child.kill)
        assert child.stdout is not None, "it is a pipe"
        url = json.loads(child.stdout.readline())
        runner = stack.enter_context(asyncio.Runner())
        contestants: dict[str, _Platform | _Bare] = {
            "aiohttp": _Bare(url),
            "in memory": _Platform(url, None),
            "in a file": _Platform(url, folder / "cloud.db"),
        }

        async def open_all() -> AsyncExitStack:
            async with AsyncExitStack() as opened:
                for each in contestants.values():
                    await each.open(opened)
                return opened.pop_all()

        async def close(opened: AsyncExitStack) -> None:
            await opened.aclose()

        opened = runner.run(open_all())
        stack.callback(lambda: runner.run(close(opened)))

        def seconds(contestant: _Platform | _Bare) -> float:
            return runner.run(contestant.seconds(count))

        rounds = bench.turns(
            {name: partial(seconds, each) for name, each in contestants.items()}, rounds=ROUNDS
        )
    rates = {name: [1 / each for each in some] for name, some in rounds.items()}
    bare = series("POST, aiohttp", "1/s", rates.pop("aiohttp"))
    return [
        Figure(series(f"push, database {name}", "1/s", some), bare, at_least(0.5))
        for name, some in rates.items()
    ]
