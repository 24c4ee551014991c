"""Our CoAP endpoint against other servers."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from tools.benchmarks.figures import Bench, Figure, at_least, benchmark, series

ROOT = Path(__file__).parents[2]
ROUNDS = 7
TRIES = 100
"""Requests to a server that is starting, 0.1 s each."""

MIDS = range(TRIES, 0xFFFF)
"""Of the measured requests: aiocoap answers a message id that it knows from memory."""


TEST = b"\xb4test"
"""The option of the path /test. libcoap's server is asked for "/", which needs none."""


def _get(number: int, path: bytes) -> bytes:
    """CON GET with a message id and a token of its own."""
    mid = (number & 0xFFFF).to_bytes(2, "big")
    return b"\x44\x01" + mid + number.to_bytes(4, "big") + path


@contextlib.contextmanager
def _server(words: Callable[[int], Sequence[str]]) -> Iterator[socket.socket]:
    """A socket that is connected to the server that a program runs on a free port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        with subprocess.Popen(
            words(port), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        ) as child:
            try:
                client.connect(("127.0.0.1", port))
                client.settimeout(0.1)
                _await(client)
                yield client
            finally:
                child.kill()


def _await(client: socket.socket) -> None:
    for number in range(TRIES):  # also the message id
        with contextlib.suppress(OSError):
            client.send(_get(number, b""))
            client.recv(2048)
            client.settimeout(10)
            return
        time.sleep(0.05)
    raise TimeoutError("the server does not answer")


def _seconds(client: socket.socket, path: bytes, numbers: Iterator[int], count: int) -> float:
    """Seconds for each of `count` requests, one after the other."""
    begin = time.perf_counter()
    for _ in range(count):
        request = _get(next(numbers), path)
        client.send(request)
        while client.recv(2048)[2:8] != request[2:8]:
            pass
    return (time.perf_counter() - begin) / count


def _python(kind: str, port: int) -> list[str]:
    return [sys.executable, "-m", "tools.benchmarks.coap_process", kind, str(port)]


@benchmark("coap")
def coap(bench: Bench) -> list[Figure]:
    """One GET after the other over UDP, by one raw client: our endpoint against aiocoap's server,
    and against libcoap's (in C) where it is installed."""
    programs: dict[str, Callable[[int], Sequence[str]]] = {
        "ours": partial(_python, "ours"),
        "aiocoap": partial(_python, "aiocoap"),
    }
    libcoap = shutil.which("coap-server-notls")
    if libcoap is not None:
        found = libcoap
        programs["libcoap"] = lambda port: [found, "-A", "127.0.0.1", "-p", str(port)]
    count = min(bench.count(2000), len(MIDS) // (2 + ROUNDS))
    with contextlib.ExitStack() as stack:
        contestants = {
            name: partial(
                _seconds,
                stack.enter_context(_server(words)),
                b"" if name == "libcoap" else TEST,
                iter(MIDS),
                count,
            )
            for name, words in programs.items()
        }
        rounds = bench.turns(contestants, rounds=ROUNDS)
    rates = {
        name: series(f"GET, {name}", "1/s", (1 / each for each in some))
        for name, some in rounds.items()
    }
    aims = {"aiocoap": at_least(3.0), "libcoap": at_least(1.0)}
    return [Figure(rates["ours"], rates[name], aim) for name, aim in aims.items() if name in rates]
