"""The HTTP API against bare aiohttp."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tools.benchmarks.figures import Bench, Figure, at_least, benchmark, series

ROOT = Path(__file__).parents[2]
ROUNDS = 9
_LENGTH = re.compile(rb"(?i)content-length: (\d+)")


def _seconds(client: socket.socket, request: bytes, count: int) -> float:
    """Seconds for each of `count` GETs on one connection, one after the other."""
    begin = time.perf_counter()
    for _ in range(count):
        client.sendall(request)
        answer = client.recv(65536)
        head = answer.index(b"\r\n\r\n") + 4
        found = _LENGTH.search(answer)
        assert found is not None, answer
        while len(answer) < head + int(found[1]):
            answer += client.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200"), answer
    return (time.perf_counter() - begin) / count


@benchmark("http")
def http(bench: Bench) -> list[Figure]:
    """One GET of the HTTP API after the other, by one raw client: our API against an aiohttp
    handler that compares the key and returns the same bytes."""
    count = bench.count(1500)
    with contextlib.ExitStack() as stack:
        child = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "tools.benchmarks.http_process"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
        stack.callback(child.kill)
        assert child.stdout is not None, "it is a pipe"
        found = json.loads(child.stdout.readline())
        contestants: dict[str, Callable[[], float]] = {}
        for name, port in found["ports"].items():
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            for what, path in found["paths"].items():
                head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\napi-key: {found['key']}"
                request = f"{head}\r\n\r\n".encode()
                contestants[f"{what}, {name}"] = partial(_seconds, client, request, count)
        rounds = bench.turns(contestants, rounds=ROUNDS)
    rates = {
        name: series(f"GET {name}", "1/s", (1 / each for each in some))
        for name, some in rounds.items()
    }
    return [
        Figure(rates[f"{what}, ours"], rates[f"{what}, aiohttp"], at_least(0.7))
        for what in found["paths"]
    ]
