"""The emulator: modules that answer in one process, what each takes to start, and to keep."""

from __future__ import annotations

import json
import os
import resource
import select
import subprocess
import sys
import time
import tty
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tools.benchmarks.answering import ANSWER
from tools.benchmarks.figures import Bench, Figure, at_least, benchmark, series
from tools.benchmarks.ports import processors_awake

ROOT = Path(__file__).resolve().parents[2]
LINE = b"AT+CSQ\r"
SIZES = (1, 10, 100, 1000)
# Descriptors a module has: its end of the pty and what watches it; and the host's end.
_DESCRIPTORS = 4


@dataclass(frozen=True, slots=True)
class Cost:
    """Commands answered a second of the clock, and the processor's seconds for each of them; for
    each module seconds to start, and bytes.
    """

    rate: float
    spent: float
    start: float
    memory: float


def _answers(contestant: str, size: int, count: int) -> Cost:
    """`count` commands, always one in flight on each of `size` ports."""
    words = [sys.executable, "-m", "tools.benchmarks.answering", contestant, str(size)]
    with ExitStack() as stack:
        child = stack.enter_context(
            subprocess.Popen(
                words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            )
        )
        stack.callback(child.kill)
        _give_processor(child.pid)
        assert child.stdout is not None
        told = json.loads(child.stdout.readline())
        ports = []
        for name in told["ports"]:
            port = os.open(name, os.O_RDWR | os.O_NOCTTY)
            stack.callback(os.close, port)
            tty.setraw(port)
            ports.append(port)
        _drive(ports, size)  # each has answered once
        spent, began = _processor_time(child), time.perf_counter()
        _drive(ports, count)
        rate = count / (time.perf_counter() - began)
        spent = (_processor_time(child) - spent) / count
    # What takes less than a page of memory is not seen: a byte, so that there is a ratio.
    return Cost(rate, spent, told["seconds"] / size, max(told["memory"], 1) / size)


def _processor_time(child: subprocess.Popen[bytes]) -> float:
    """Seconds that it has had so far, as it tells itself."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b"?")
    return float(child.stdout.readline())


def _drive(ports: list[int], count: int) -> None:
    """The host's side, as bare as it gets: a line as soon as there is room for it on a port."""
    ready = select.epoll()
    came = dict.fromkeys(ports, 0)
    unsent = count - len(ports)
    with ready:
        for port in ports[:count]:
            ready.register(port, select.EPOLLIN)
            os.write(port, LINE)
        while count:
            for port, _ in ready.poll():
                came[port] += len(os.read(port, 4096))
                if came[port] < len(ANSWER):
                    continue
                assert came[port] == len(ANSWER), "one answer for each command"
                came[port] = 0
                count -= 1
                if unsent > 0:
                    unsent -= 1
                    os.write(port, LINE)


def _give_processor(process: int) -> None:
    """A processor of its own, if there is another one, as a host program and a module have."""
    if hasattr(os, "sched_setaffinity"):
        others = set(range(os.cpu_count() or 1)) - os.sched_getaffinity(0)
        if others:
            os.sched_setaffinity(process, {min(others)})


def _allow_descriptors(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@benchmark("modules")
def modules(bench: Bench) -> Sequence[Figure]:
    """AT+CSQ answered a second by 1, 10, 100 and 1,000 emulated modules in one process, one command
    in flight on each, against a bare asyncio responder on as many ptys in its place; the host is a
    loop of epoll, read and write in another process, on another processor if there is one. Also
    the processor's time that each command takes of the answering process, which other work on the
    machine touches little; the time to start each of the many, and what the process grows by."""
    sizes = list(dict.fromkeys(bench.count(size) for size in SIZES))
    _allow_descriptors(_DESCRIPTORS * max(sizes) + 100)
    with processors_awake():
        results = bench.turns(
            {
                f"{kind} {size}": partial(_answers, kind, size, max(bench.count(10_000), size))
                for size in sizes
                for kind in ("bare", "emulator")
            },
            rounds=5,
        )
    figures: list[Figure] = []
    for size in sizes:
        ours, bare = results[f"emulator {size}"], results[f"bare {size}"]
        figures += [
            Figure(
                series(f"{size:,} answering", "/s", (one.rate for one in ours)),
                series("bare asyncio", "/s", (one.rate for one in bare)),
                at_least(0.5),
            ),
            Figure(
                series(f"{size:,}: processor", "us", (one.spent for one in ours), times=1e6),
                series("bare asyncio", "us", (one.spent for one in bare), times=1e6),
            ),
        ]
    ours, bare = results[f"emulator {sizes[-1]}"], results[f"bare {sizes[-1]}"]
    return [
        *figures,
        Figure(
            series(f"one of {sizes[-1]:,}: start", "ms", (one.start for one in ours), times=1e3),
            series("bare asyncio", "ms", (one.start for one in bare), times=1e3),
        ),
        Figure(
            series(f"one of {sizes[-1]:,}: memory", "KB", (one.memory for one in ours), times=1e-3),
            series("bare asyncio", "KB", (one.memory for one in bare), times=1e-3),
        ),
    ]
