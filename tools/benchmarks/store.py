"""Data points in a file against bare SQLite: adding, long walks, and long answers."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import count
from pathlib import Path

from emulator.onenet.store.database import Database
from emulator.onenet.store.points import Points
from emulator.onenet.store.schema import MIGRATIONS
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
from tools.benchmarks.http import ROOT
from tools.benchmarks.http_process import KEY, NOW
from tools.benchmarks.store_process import POINTS

DEVICE, BEGIN, STREAMS = 500_000_001, round(NOW * 1000), 10
# Points of a walk, and of a page of it.
WALKED, PAGE = 10_000_000, 6000
_BEIJING = timezone(timedelta(hours=8))
_INSERT = "INSERT INTO points VALUES (?, ?, ?, ?)"

Row = tuple[int, str, object, int]


def _rows(numbers: Iterator[int], batch: int) -> list[Row]:
    return [
        (DEVICE, f"3303_{n % STREAMS}_5700", n / 8, BEGIN + n * 10)
        for n, _ in zip(numbers, range(batch), strict=False)
    ]


def _bare(path: Path) -> sqlite3.Connection:
    """Tables as ours, in a file with the settings that SQLite's documents advise for a log."""
    made = sqlite3.connect(path, isolation_level=None)
    made.execute("PRAGMA journal_mode = WAL")
    made.execute("PRAGMA synchronous = NORMAL")
    made.executescript(MIGRATIONS[0])
    return made


def _add(points: Points, numbers: Iterator[int], batch: int, batches: int) -> float:
    """Seconds to keep `batches` of rows, each in a transaction."""
    work = [_rows(numbers, batch) for _ in range(batches)]
    begin = time.perf_counter()
    for rows in work:
        points.add_many(rows, NOW)
    return time.perf_counter() - begin


def _insert(bare: sqlite3.Connection, numbers: Iterator[int], batch: int, batches: int) -> float:
    """The same with bare SQLite: stream numbers and texts are there already."""
    work = [
        [(n % STREAMS, at, n, json.dumps(value)) for n, (_, _, value, at) in enumerate(rows)]
        for rows in (_rows(numbers, batch) for _ in range(batches))
    ]
    begin = time.perf_counter()
    for rows in work:
        bare.execute("BEGIN")
        bare.executemany(_INSERT, rows)
        bare.execute("COMMIT")
    return time.perf_counter() - begin


def _adding(bench: Bench, folder: Path) -> list[Figure]:
    with closing(Database(folder / "ours.db")) as database, closing(_bare(folder / "bare")) as bare:
        points, numbers = Points(database), count(1)
        contestants: dict[str, Callable[[], float]] = {}
        batches = {1: bench.count(2000), 100: bench.count(200)}
        for batch, some in batches.items():
            contestants[f"ours {batch}"] = partial(_add, points, numbers, batch, some)
            contestants[f"bare {batch}"] = partial(_insert, bare, numbers, batch, some)
        rounds = bench.turns(contestants, rounds=9)

    def rate(name: str, shown: str, batch: int) -> Series:
        each = (batch * batches[batch] / seconds for seconds in rounds[f"{name} {batch}"])
        return series(f"{shown}, {batch} a commit", "1/s", each)

    return [
        Figure(rate("ours", "points", batch), rate("bare", "sqlite3", batch), at_least(0.3))
        for batch in batches
    ]


def _walk(bench: Bench, folder: Path) -> list[Figure]:
    """A walk over many points, while others are added: each comes once. Then pages of it again."""
    walked = max(bench.count(WALKED), 5 * PAGE)
    with closing(Database(folder / "walk.db")) as database:
        points = Points(database)
        for begin in range(0, walked, 100_000):
            numbers = range(begin, min(begin + 100_000, walked))
            points.add_many(((DEVICE, "3303_0_5700", n, BEGIN + n) for n in numbers), NOW)
        cursors: list[str | None] = [None]
        expected = 0
        while expected < walked:
            page = points.span(DEVICE, None, BEGIN, None, PAGE, cursors[-1])
            for point in (point for piece in page for point in piece.points):
                assert point.text == str(expected), (point, expected)
                expected += 1
            cursors.append(page.cursor)
            # One behind the end, and one that the walk has passed.
            new = walked + len(cursors) - 2
            points.add(DEVICE, "3303_0_5700", new, BEGIN + new, NOW)
            points.add(DEVICE, "3303_0_5700", -1, BEGIN, NOW)
        first = partial(_page, points, cursors[1])
        last = partial(_page, points, cursors[-3])
        rounds = bench.turns({"last": last, "first": first}, rounds=25)
    return [
        Figure(
            series("last page of a walk", "ms", rounds["last"], times=1000),
            series("first page", "ms", rounds["first"], times=1000),
            at_most(1.5),
        )
    ]


def _page(points: Points, cursor: str | None) -> float:
    """Seconds."""
    begin = time.perf_counter()
    pieces = list(points.span(DEVICE, None, BEGIN, None, PAGE, cursor))
    assert sum(len(piece.points) for piece in pieces) == PAGE
    return time.perf_counter() - begin


def _query(connection: sqlite3.Connection) -> float:
    """Seconds for a bare query of 6000 points, and their JSON."""
    begin = time.perf_counter()
    rows = connection.execute(
        "SELECT at, value FROM points WHERE stream = 1 ORDER BY at DESC, number DESC LIMIT 6000"
    ).fetchall()
    shown = [
        {
            "at": datetime.fromtimestamp(at / 1000, _BEIJING).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
            "value": json.loads(value),
        }
        for at, value in reversed(rows)
    ]
    text = json.dumps({"errno": 0, "data": {"count": 6000, "datastreams": shown}, "error": "succ"})
    assert len(text.encode()) > 6000 * 40
    return time.perf_counter() - begin


def _get(client: socket.socket, request: bytes) -> float:
    begin = time.perf_counter()
    client.sendall(request)
    answer = bytearray()
    while not answer.endswith(b'"error":"succ"}'):
        answer += client.recv(1 << 20)
    assert answer.count(b'"at":') == 6000
    return time.perf_counter() - begin


def _long_answer(bench: Bench, folder: Path) -> list[Figure]:
    with ExitStack() as stack:
        child = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "tools.benchmarks.store_process", str(folder / "http.db")],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
        stack.callback(child.kill)
        assert child.stdout is not None, "it is a pipe"
        found = json.loads(child.stdout.readline())
        bare = stack.enter_context(closing(_bare(folder / "bare-query.db")))
        rows = ((1, BEGIN + n * 10, n, json.dumps(n / 8)) for n in range(POINTS))
        bare.execute("BEGIN")
        bare.executemany(_INSERT, rows)
        bare.execute("COMMIT")
        address = ("127.0.0.1", found["port"])
        client = stack.enter_context(socket.create_connection(address))
        head = f"GET {found['path']} HTTP/1.1\r\nHost: 127.0.0.1:{found['port']}\r\napi-key: {KEY}"
        get = partial(_get, client, f"{head}\r\n\r\n".encode())
        rounds = bench.turns({"ours": get, "bare": partial(_query, bare)}, rounds=25)
        longest = float(child.communicate(b"")[0])
    ours = series("answers of 6000 points", "1/s", (1 / each for each in rounds["ours"]))
    query = series("query and JSON", "1/s", (1 / each for each in rounds["bare"]))
    gap = series("longest hold of the loop by them", "ms", [longest * 1000])
    return [
        Figure(ours, query, at_least(0.5)),
        Figure(gap, constant("5 ms", "ms", 5.0, gap), at_most(1.0)),
    ]


@benchmark("store")
def store(bench: Bench) -> list[Figure]:
    """Data points in a file: adding them, against bare sqlite3 inserts of the same rows in the same
    commits; a walk over 10 million of them by cursors, its last pages against its first ones;
    answers of 6000, against a bare query and JSON."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [*_adding(bench, folder), *_long_answer(bench, folder), *_walk(bench, folder)]
