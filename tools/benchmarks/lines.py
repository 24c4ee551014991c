"""Unsolicited lines through the engine and the parser, without a port."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

from m5310.at.engine import Engine
from m5310.at.events import Unsolicited
from m5310.dialects.classic import urcs as classic_urcs
from tools.benchmarks.figures import Bench, Figure, at_least, benchmark, series
from tools.benchmarks.responder import READ

CHUNK = 1024  # bytes of one read, as in pyserial-asyncio


def _chunks(count: int) -> list[bytes]:
    data = READ * count
    return [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]


def _readline(chunks: list[bytes], count: int) -> float:
    """asyncio.StreamReader on the same chunks; empty lines are dropped."""

    async def run() -> float:
        reader = asyncio.StreamReader()
        lines = 0

        async def read() -> None:
            nonlocal lines
            while line := await reader.readline():
                lines += line != b"\r\n"

        began = time.perf_counter()
        reading = asyncio.create_task(read())
        for chunk in chunks:
            reader.feed_data(chunk)
            await asyncio.sleep(0)
        reader.feed_eof()
        await reading
        assert lines == count
        return count / (time.perf_counter() - began)

    return asyncio.run(run())


def _engine(chunks: list[bytes], count: int, parse: Callable[[str], object] | None = None) -> float:
    conversation = Engine()
    began = time.perf_counter()
    lines = 0
    for chunk in chunks:
        for event in conversation.receive(chunk, 0.0):
            assert isinstance(event, Unsolicited)
            if parse is not None:
                parse(event.line)
            lines += 1
    assert lines == count
    return count / (time.perf_counter() - began)


@benchmark("lines")
def lines(bench: Bench) -> Sequence[Figure]:
    """Unsolicited lines per second through the engine, and through engine and OneNET parser
    ("typed"), against asyncio.StreamReader.readline on the same chunks. No port."""
    count = bench.count(30_000)
    chunks = _chunks(count)
    results = bench.turns(
        {
            "readline": partial(_readline, chunks, count),
            "engine": partial(_engine, chunks, count),
            "typed": partial(_engine, chunks, count, classic_urcs.parse),
        },
        rounds=9,
    )
    readline = series("StreamReader.readline", "lines/s", results["readline"])
    return (
        Figure(series("engine", "lines/s", results["engine"]), readline, at_least(1.50)),
        Figure(series("engine, typed", "lines/s", results["typed"]), readline, at_least(0.80)),
    )
