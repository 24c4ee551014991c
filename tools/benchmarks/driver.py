"""The driver on a pty: exchanges, the gap between two commands, floods of unsolicited lines."""

from __future__ import annotations

import asyncio
import os
import re
import time
import tty
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from m5310.at.codec import Command, Response
from m5310.at.modem import Modem
from m5310.dialects.classic import urcs as classic_urcs
from m5310.errors import PortError
from tools.benchmarks.figures import (
    Bench,
    Figure,
    at_least,
    at_most,
    benchmark,
    constant,
    series,
)
from tools.benchmarks.ports import Ports, processors_awake, responder
from tools.benchmarks.responder import ANSWERS

COMMAND = Command("AT+CSQ", (Response(re.compile(r"\+CSQ:\d+,\d+")),))
LINE = COMMAND.line.encode() + b"\r"
ANSWER = ANSWERS[COMMAND.line.encode()]

BAUD = 115200
WIRE_TIME = (len(LINE) + len(ANSWER)) * 10 / BAUD
"""Seconds of the exchange on a line at that speed, ten bits per byte."""

Cost = tuple[float, float]
"""Exchanges per second, and processor seconds for each."""


class _Watch:
    def __init__(self, count: int) -> None:
        self._count = count
        self._clock = time.perf_counter()
        self._cpu = time.process_time()

    def stop(self) -> Cost:
        cpu = time.process_time() - self._cpu
        return self._count / (time.perf_counter() - self._clock), cpu / self._count


@contextmanager
def _opened(port: str, flags: int = 0) -> Iterator[int]:
    """Open a port without pyserial."""
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY | flags)
    try:
        # pyserial leaves a pty with VMIN 0, where a blocking read returns nothing at once
        tty.setraw(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


# --- contestants: the same exchanges, one after the other ------------------------------------


def blocking(port: str, count: int) -> Cost:
    """os.read and os.write, without an event loop."""
    with _opened(port) as descriptor:
        watch = _Watch(count)
        for _ in range(count):
            os.write(descriptor, LINE)
            data = b""
            while not data.endswith(b"OK\r\n"):
                data += os.read(descriptor, 4096)
        return watch.stop()


def watched(port: str, count: int) -> Cost:
    """add_reader and one future for each command: the minimum for an awaited response."""

    async def run(descriptor: int) -> Cost:
        loop = asyncio.get_running_loop()
        data = b""
        answered: asyncio.Future[None]

        def readable() -> None:
            nonlocal data
            data += os.read(descriptor, 4096)
            if data.endswith(b"OK\r\n"):
                data = b""
                answered.set_result(None)

        loop.add_reader(descriptor, readable)
        watch = _Watch(count)
        for _ in range(count):
            answered = loop.create_future()
            os.write(descriptor, LINE)
            await answered
        result = watch.stop()
        loop.remove_reader(descriptor)
        return result

    with _opened(port, os.O_NONBLOCK) as descriptor:
        return asyncio.run(run(descriptor))


def driver(port: str, count: int) -> Cost:
    async def run() -> Cost:
        async with await Modem.open(port, BAUD, quiet=0) as modem:
            await modem.execute(COMMAND)  # synchronizes
            watch = _Watch(count)
            for _ in range(count):
                await modem.execute(COMMAND)
            return watch.stop()

    return asyncio.run(run())


@benchmark("exchange")
def exchange(bench: Bench) -> Sequence[Figure]:
    """One command, one information line and OK, over a pty: exchanges per second against blocking
    os.read and os.write, processor time against a bare descriptor watched by asyncio."""
    count = bench.count(1500)
    with processors_awake(), responder("answer") as ports:
        (port,) = ports.names
        contestants = {
            each.__name__: partial(each, port, count) for each in (blocking, watched, driver)
        }
        results = bench.turns(contestants, rounds=7)

    rates = {name: [rate for rate, _ in costs] for name, costs in results.items()}
    seconds = {name: [second for _, second in costs] for name, costs in results.items()}
    return (
        Figure(
            series("driver", "/s", rates["driver"]),
            series("blocking read and write", "/s", rates["blocking"]),
            # no aim: the kernel's work on the pty takes more time than either side
        ),
        Figure(
            series("driver, processor", "us", seconds["driver"], times=1e6),
            series("bare asyncio, processor", "us", seconds["watched"], times=1e6),
            at_most(2.50),
        ),
    )


# --- gap -------------------------------------------------------------------------------------


def _gap(contestant: Callable[[str, int], Cost], port: str, count: int) -> float:
    """The median gap of `count` exchanges in seconds, measured at the other side."""
    contestant(port, count)
    with _opened(port) as descriptor:
        os.write(descriptor, b"GAPS\r")
        return int(os.read(descriptor, 100)) / 1e9


@benchmark("gap")
def gap(bench: Bench) -> Sequence[Figure]:
    """Time from a response to the first byte of the next command, with quiet=0, measured at the
    module's side of a pty: as a share of the time of AT+CSQ and its response at 115200 baud, and
    against a bare descriptor watched by asyncio. The bare one measures pty and kernel, which differ
    by 30 us from run to run; so only the driver's whole gap has an aim."""
    count = bench.count(1500)
    with processors_awake(), responder("stamp") as ports:
        (port,) = ports.names
        results = bench.turns(
            {each.__name__: partial(_gap, each, port, count) for each in (watched, driver)},
            rounds=7,
        )
    ours = series("driver", "us", results["driver"], times=1e6)
    bare = series("bare asyncio", "us", results["watched"], times=1e6)
    added = [one - other for one, other in zip(results["driver"], results["watched"], strict=True)]
    wire = constant("the exchange at 115200 baud", "us", WIRE_TIME * 1e6, ours)
    return (
        Figure(ours, wire, at_most(0.05)),
        Figure(series("driver beyond bare asyncio", "us", added, times=1e6), wire),
        Figure(ours, bare),
    )


# --- flood -----------------------------------------------------------------------------------


async def _listener(ports: Ports, count: int) -> None:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    left = count

    def on_line(line: str) -> None:
        nonlocal left
        assert classic_urcs.parse(line) is not None
        left -= 1
        if not left:
            done.set_result(None)

    def on_lost(error: PortError) -> None:
        if not done.done():  # also called after close
            done.set_exception(error)

    async with await Modem.open(ports.names[0], BAUD, quiet=0) as modem:
        modem.listen(on_line, on_lost)
        ports.send_count(count)
        await done


async def _readline(ports: Ports, count: int) -> None:
    """asyncio.StreamReader on the same lines; empty lines are dropped."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    with _opened(ports.names[0]) as descriptor, os.fdopen(os.dup(descriptor), "rb", 0) as port:
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), port
        )
        ports.send_count(count)
        lines = 0
        while lines < count:
            lines += await reader.readline() != b"\r\n"
        transport.close()
        await asyncio.sleep(0)


def _rate(receive: Callable[[Ports, int], Awaitable[None]], ports: Ports, count: int) -> float:
    async def run() -> float:
        began = time.perf_counter()
        await receive(ports, count)
        return count / (time.perf_counter() - began)

    return asyncio.run(run())


@benchmark("flood")
def flood(bench: Bench) -> Sequence[Figure]:
    """Unsolicited lines per second from a process that writes them to a pty, through the modem to
    a listener that parses them, against asyncio.StreamReader.readline on the same pty."""
    count = bench.count(30_000)
    with responder("flood") as ports:
        results = bench.turns(
            {
                "driver": partial(_rate, _listener, ports, count),
                "readline": partial(_rate, _readline, ports, count),
            },
            rounds=7,
        )
    return (
        Figure(
            series("modem, typed", "lines/s", results["driver"]),
            series("StreamReader.readline", "lines/s", results["readline"]),
            at_least(0.80),
        ),
    )
