"""The emulator's page under load, and what a viewer costs the lines."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tty
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any
from urllib.parse import urlsplit

from tools.benchmarks import chromium
from tools.benchmarks.chromium import Page
from tools.benchmarks.figures import (
    Bench,
    Figure,
    Series,
    at_least,
    at_most,
    benchmark,
    constant,
    series,
)
from tools.benchmarks.modules import allow_descriptors, give_processor
from tools.benchmarks.ports import processors_awake

ROOT = Path(__file__).resolve().parents[2]
MODULES, MANY = 100, 2000
RATE = 5  # AT a second on each line: with the responses ten lines a second
SECONDS = 20.0  # of a round of the Wire view; in the first one its list becomes full
TRIPS = 0.2  # a round of round trips, as a share of that
PARTS = 6  # of it, with a viewer and without in turn: both meet the machine's slow moments
_SHORTEST_TASK = 50.0  # ms; browsers tell of no shorter ones
_DESCRIPTORS = 4  # of each module
_ANSWER = b"OK\r\n"

_OBSERVE = """
window.longest = 0;
new PerformanceObserver((found) => {
  for (const one of found.getEntries()) window.longest = Math.max(window.longest, one.duration);
}).observe({ type: "longtask" });
"""
# Numbers of a list's title: those that are shown, and all.
_COUNTED = """(document.querySelector("%s")?.textContent ?? "").replaceAll(",", "")"""
# An id or an IMEI, which only one row has.
_NAME = """document.querySelector("[data-row] .mono").textContent"""
# Milliseconds from a change of the search text until the list is drawn.
_FILTER = """new Promise((done) => {
  const field = document.querySelector("%s");
  const begin = performance.now();
  field.value = "%s";
  field.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - begin)));
})"""
_LISTS = {"devices": "device", "modules": "module"}


@dataclass(frozen=True, slots=True)
class _Wire:
    """A round of the Wire view: its longest task in ms, the share of a processor that its thread
    used; bytes of page and emulator at its begin and end.
    """

    longest: float
    busy: float
    page: tuple[float, float]
    emulator: tuple[float, float]


class _Emulator:
    """A process with an emulator and its page."""

    def __init__(self, modules: int, stack: ExitStack) -> None:
        allow_descriptors(_DESCRIPTORS * modules + 100)
        words = [sys.executable, "-m", "tools.benchmarks.page_process", str(modules)]
        self._child = stack.enter_context(
            subprocess.Popen(
                words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            )
        )
        stack.callback(self._child.kill)
        give_processor(self._child.pid)
        assert self._child.stdout is not None
        self.at: dict[str, Any] = json.loads(self._child.stdout.readline())

    def memory(self) -> float:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(b"?")
        return float(self._child.stdout.readline())


class _Hosts:
    """A host at each port. Each sends AT at a fixed rate, in turn with the others."""

    def __init__(self, names: Sequence[str], stack: ExitStack) -> None:
        self._sent: dict[int, float] = {}
        self._had: dict[int, bytes] = {}
        self._took: list[float] = []
        self._all_came = asyncio.Event()
        self._ports: list[int] = []
        for name in names:
            port = os.open(name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            stack.callback(os.close, port)
            tty.setraw(port)
            self._ports.append(port)

    async def drive(self, seconds: float) -> float:
        """Seconds of a round trip, the mean of all."""
        loop = asyncio.get_running_loop()
        self._took.clear()
        for port in self._ports:
            loop.add_reader(port, self._on_readable, port, loop)
        each = 1 / (RATE * len(self._ports))
        begin = loop.time()
        for number in range(max(1, round(seconds / each))):
            await asyncio.sleep(max(0.0, begin + number * each - loop.time()))
            port = self._ports[number % len(self._ports)]
            if port not in self._sent:  # the response to the last one has come
                self._sent[port] = loop.time()
                self._had[port] = b""
                self._all_came.clear()
                os.write(port, b"AT\r")
        async with asyncio.timeout(10):
            await self._all_came.wait()
        for port in self._ports:
            loop.remove_reader(port)
        return sum(self._took) / len(self._took)

    def _on_readable(self, port: int, loop: asyncio.AbstractEventLoop) -> None:
        self._had[port] = self._had.get(port, b"") + os.read(port, 4096)
        if self._had[port].endswith(_ANSWER) and port in self._sent:
            self._took.append(loop.time() - self._sent.pop(port))
            if not self._sent:
                self._all_came.set()


@contextlib.asynccontextmanager
async def _viewer(at: dict[str, Any]) -> AsyncIterator[None]:
    """Reads the stream of all modules, as the Wire view does, and drops it."""
    where = urlsplit(at["url"])
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    head = f"Host: {where.netloc}\r\napi-key: {at['key']}\r\n\r\n"
    writer.write(f"GET /emulator/events HTTP/1.1\r\n{head}".encode())
    await reader.readuntil(b"event: state")

    async def read() -> None:
        while await reader.read(65536):
            pass

    reading = asyncio.create_task(read())
    try:
        yield
    finally:
        reading.cancel()
        writer.close()
        await asyncio.gather(reading, return_exceptions=True)


async def _trips(hosts: _Hosts, at: dict[str, Any], seconds: float, *, viewed: bool) -> float:
    async with contextlib.AsyncExitStack() as stack:
        if viewed:
            await stack.enter_async_context(_viewer(at))
        return await hosts.drive(seconds)


async def _until(page: Page, counted: str, wanted: str) -> None:
    async with asyncio.timeout(60):
        while wanted not in await page.script(counted):  # noqa: ASYNC110 - it is the browser's
            await asyncio.sleep(0.01)


async def _open(page: Page, it: _Emulator) -> None:
    await page.go(it.at["page"])
    await _until(page, _COUNTED % "#device-count", str(len(it.at["ports"])))


async def _open_wire(page: Page, it: _Emulator) -> None:
    await _open(page, it)
    await page.script('location.hash = "#/wire"')
    await _until(page, _COUNTED % "#wire-count", "L")
    await page.script(_OBSERVE)


async def _wire(page: Page, it: _Emulator, hosts: _Hosts, seconds: float) -> _Wire:
    memories = await page.memory(), it.memory()
    before = await page.busy()
    await page.script("window.longest = 0")
    begin = asyncio.get_running_loop().time()
    await hosts.drive(seconds)
    longest = float(await page.script("window.longest"))
    took = asyncio.get_running_loop().time() - begin
    busy = (await page.busy() - before) / took
    ends = await page.memory(), it.memory()
    both = zip(memories, ends, strict=True)
    return _Wire(max(longest, _SHORTEST_TASK), busy, *both)


async def _lists(page: Page, it: _Emulator, modules: int) -> dict[str, tuple[float, float]]:
    """By list: milliseconds from its address to all its rows, and from a search to one row."""
    found = {}
    for name, kind in _LISTS.items():
        counted = _COUNTED % f"#{kind}-count"
        await page.go(f"{it.at['url']}/#/{name}")  # the key is kept in the session
        await _until(page, counted, str(modules))
        shown = float(await page.script("performance.now()"))
        text = await page.script(_NAME)
        took = float(await page.script(_FILTER % (f"#{kind}-search", text)))
        found[name] = shown, took
    return found


@contextlib.contextmanager
def _browser(runner: asyncio.Runner) -> Iterator[Page]:
    page, stack = Page(), AsyncExitStack()

    async def open_page() -> None:
        await page.open(stack)

    async def close() -> None:
        await stack.aclose()

    try:
        runner.run(open_page())
        yield page
    finally:
        runner.run(close())


def _of_trips(bench: Bench, runner: asyncio.Runner, it: _Emulator, hosts: _Hosts) -> Figure:
    part = bench.seconds(SECONDS) * TRIPS / PARTS / 2

    def trips() -> tuple[float, float]:
        """Seconds of a round trip with a viewer, and of one without."""
        took = [
            [runner.run(_trips(hosts, it.at, part, viewed=viewed)) for viewed in (True, False)]
            for _ in range(PARTS)
        ]
        viewed, alone = map(fmean, zip(*took, strict=True))
        return viewed, alone

    viewed, alone = zip(*bench.turns({"": trips}, rounds=9)[""], strict=True)
    return Figure(
        series("AT, there and back, one viewer", "1/s", (1 / one for one in viewed)),
        series("no viewer", "1/s", (1 / one for one in alone)),
        at_least(0.95),
    )


def _of_wire(
    bench: Bench, runner: asyncio.Runner, page: Page, it: _Emulator, hosts: _Hosts
) -> list[Figure]:
    runner.run(_open_wire(page, it))
    seconds = bench.seconds(SECONDS)
    rounds = bench.turns({"": lambda: runner.run(_wire(page, it, hosts, seconds))}, rounds=2)[""]
    busy = series("Wire: the page's thread", "%", (one.busy for one in rounds), times=100)
    longest = series("Wire: longest task", "ms", (one.longest for one in rounds))
    return [
        _limited(longest, 100),
        Figure(busy, constant("one processor", "%", 100, busy)),
        _flat("page", [one.page for one in rounds]),
        _flat("emulator", [one.emulator for one in rounds]),
    ]


def _flat(name: str, memories: Sequence[tuple[float, float]]) -> Figure:
    begins, ends = zip(*memories, strict=True)
    return Figure(
        series(f"Wire: memory of the {name}, end", "MB", ends, times=1e-6),
        series("begin of the round", "MB", begins, times=1e-6),
        at_most(1.1),
    )


def _limited(found: Series, limit: float) -> Figure:
    return Figure(found, constant("what a person waits for", found.unit, limit, found), at_most(1))


def _of_lists(bench: Bench, runner: asyncio.Runner, page: Page) -> list[Figure]:
    modules = bench.count(MANY)
    with ExitStack() as stack:
        it = _Emulator(modules, stack)
        runner.run(_open(page, it))
        rounds = bench.turns({"": lambda: runner.run(_lists(page, it, modules))}, rounds=3)[""]
        runner.run(page.go("about:blank"))
    return [
        _limited(series(f"{modules:,} {name}: {what}", "ms", (one[name][at] for one in rounds)), ms)
        for name in _LISTS
        for at, (what, ms) in enumerate((("shown", 2000), ("filtered", 200)))
    ]


@benchmark("page")
def page(bench: Bench) -> Sequence[Figure]:
    """The emulator's page in Chromium, where it is installed. With 100 modules, ten lines a second
    each: AT's round trips with a viewer of all lines, against those without; the longest task and
    the memory of the Wire view, and the memory of the emulator. With 2,000 modules: the time until
    the lists of devices and of modules are shown, and until they are filtered."""
    with ExitStack() as stack:
        stack.enter_context(processors_awake())
        runner = stack.enter_context(asyncio.Runner())
        it = _Emulator(bench.count(MODULES), stack)
        hosts = _Hosts(it.at["ports"], stack)
        figures = [_of_trips(bench, runner, it, hosts)]
        if chromium.PROGRAM is None:
            print("page: no chromium: only its round trips are measured", file=sys.stderr)
            return figures
        with _browser(runner) as window:
            figures += _of_wire(bench, runner, window, it, hosts)
            figures += _of_lists(bench, runner, window)
        return figures
