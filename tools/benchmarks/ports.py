"""Ports for the contestants: ptys whose other end is a process of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tty
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_RESPONDER = Path(__file__).with_name("responder.py")


@dataclass(frozen=True, slots=True)
class Ports:
    """Names to open, and the standard input of the process at their other end."""

    names: list[str]
    orders: int

    def order(self, count: int) -> None:
        os.write(self.orders, b"%d\n" % count)


_AWAKE = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
while os.getppid() == int(sys.argv[2]):
    pass
"""


@contextlib.contextmanager
def processors_awake() -> Iterator[None]:
    """Keep every other processor from falling asleep, with what gives way to all other work.

    A worker of the kernel's moves the bytes of a pty, and no affinity of ours binds it. On a
    processor that has to wake up first it took up to 140 us a passage in place of some 20, and
    which processor it took was another in each run: a bare loop came out slower than the driver.
    """
    with contextlib.ExitStack() as stack:
        if hasattr(os, "SCHED_IDLE"):
            for number in set(range(os.cpu_count() or 1)) - os.sched_getaffinity(0):
                words = [sys.executable, "-S", "-c", _AWAKE, str(number), str(os.getpid())]
                child = stack.enter_context(
                    subprocess.Popen(words, stderr=subprocess.DEVNULL)  # a processor not ours
                )
                stack.callback(child.kill)
        yield


@contextlib.contextmanager
def responder(way: str, count: int = 1) -> Iterator[Ports]:
    """So many ports whose other end does what `tools.benchmarks.responder` says of `way`."""
    with contextlib.ExitStack() as stack:
        masters, names = [], []
        for _ in range(count):
            # the slave stays open here: a port that was closed by all would hang up
            master, slave = os.openpty()
            stack.callback(os.close, master)
            stack.callback(os.close, slave)
            tty.setraw(slave)
            masters.append(master)
            names.append(os.ttyname(slave))
        words = [sys.executable, "-S", str(_RESPONDER), way, *map(str, masters)]
        child = stack.enter_context(
            subprocess.Popen(words, stdin=subprocess.PIPE, pass_fds=masters)
        )
        stack.callback(child.kill)
        assert child.stdin is not None
        yield Ports(names, child.stdin.fileno())
