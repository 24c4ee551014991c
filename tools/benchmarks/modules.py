"""Emulated modules in one process: commands per second, start, memory."""

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

from tools.benchmarks.figures import Bench, Figure, at_least, benchmark, series
from tools.benchmarks.module_process import ANSWER
from tools.benchmarks.ports import processors_awake

ROOT = Path(__file__).resolve().parents[2]
LINE = b"AT+CSQ\r"
SIZES = (1, 10, 100, 1000)
# For each module: its end of the pty with its watcher, and the host's end.
_DESCRIPTORS = 4


@dataclass(frozen=True, slots=True)
class Cost:
    """Commands per second, processor seconds per command; seconds and bytes per module."""

    rate: float
    spent: float
    start: float
    memory: float


def _answers(contestant: str, size: int, count: int) -> Cost:
    """Send `count` commands, one at a time on each of `size` ports."""
    words = [sys.executable, "-m", "tools.benchmarks.module_process", contestant, str(size)]
    with ExitStack() as stack:
        child = stack.enter_context(
            subprocess.Popen(
                words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            )
        )
        stack.callback(child.kill)
        give_processor(child.pid)
        assert child.stdout is not None
        started = json.loads(child.stdout.readline())
        ports = []
        for name in started["ports"]:
            port = os.open(name, os.O_RDWR | os.O_NOCTTY)
            stack.callback(os.close, port)
            tty.setraw(port)
            ports.append(port)
        _drive(ports, size)  # warm-up: one command each
        spent, began = _processor_time(child), time.perf_counter()
        _drive(ports, count)
        rate = count / (time.perf_counter() - began)
        spent = (_processor_time(child) - spent) / count
    # Growth below one page is not measured; 1 byte then, so that the ratio is defined.
    return Cost(rate, spent, started["seconds"] / size, max(started["memory"], 1) / size)


def _processor_time(child: subprocess.Popen[bytes]) -> float:
    """Processor time of the process so far, in seconds."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b"?")
    return float(child.stdout.readline())


def _drive(ports: list[int], count: int) -> None:
    """The host's side, as simple as possible: the next command follows each response."""
    ready = select.epoll()
    received = dict.fromkeys(ports, 0)
    unsent = count - len(ports)
    with ready:
        for port in ports[:count]:
            ready.register(port, select.EPOLLIN)
            os.write(port, LINE)
        while count:
            for port, _ in ready.poll():
                received[port] += len(os.read(port, 4096))
                if received[port] < len(ANSWER):
                    continue
                assert received[port] == len(ANSWER), "more than one response to a command"
                received[port] = 0
                count -= 1
                if unsent > 0:
                    unsent -= 1
                    os.write(port, LINE)


def give_processor(process: int) -> None:
    """Run the process on another processor, if there is one."""
    if hasattr(os, "sched_setaffinity"):
        others = set(range(os.cpu_count() or 1)) - os.sched_getaffinity(0)
        if others:
            os.sched_setaffinity(process, {min(others)})


def allow_descriptors(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@benchmark("modules")
def modules(bench: Bench) -> Sequence[Figure]:
    """AT+CSQ commands per second on 1, 10, 100 and 1,000 emulated modules in one process, one
    command at a time on each, against a bare asyncio responder on as many ptys. The host is a loop
    of epoll, read and write in another process, on another processor if there is one. Also the
    processor time of the modules' process per command, which depends little on other load; and
    the time to start one module and its memory."""
    sizes = list(dict.fromkeys(bench.count(size) for size in SIZES))
    allow_descriptors(_DESCRIPTORS * max(sizes) + 100)
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
