"""Ptys for the contestants; the other end is a process of its own."""

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
    """Names of the ports, and the stdin of the process at the other end."""

    names: list[str]
    stdin: int

    def send_count(self, count: int) -> None:
        os.write(self.stdin, b"%d\n" % count)


_AWAKE = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
while os.getppid() == int(sys.argv[2]):
    pass
"""


@contextlib.contextmanager
def processors_awake() -> Iterator[None]:
    """Keep all other processors busy with processes of idle priority.

    A kernel worker moves the bytes of a pty, on any processor. On one that is asleep this takes up
    to 140 us in place of about 20, on another processor in each run; without this, a bare loop may
    measure slower than the driver.
    """
    with contextlib.ExitStack() as stack:
        if hasattr(os, "SCHED_IDLE"):
            for number in set(range(os.cpu_count() or 1)) - os.sched_getaffinity(0):
                words = [sys.executable, "-S", "-c", _AWAKE, str(number), str(os.getpid())]
                child = stack.enter_context(subprocess.Popen(words, stderr=subprocess.DEVNULL))
                stack.callback(child.kill)
        yield


@contextlib.contextmanager
def responder(mode: str, count: int = 1) -> Iterator[Ports]:
    """Open `count` ports with the program `tools.benchmarks.responder` in this mode at the end."""
    with contextlib.ExitStack() as stack:
        masters, names = [], []
        for _ in range(count):
            # the slave stays open here: a pty hangs up when all have closed it
            master, slave = os.openpty()
            stack.callback(os.close, master)
            stack.callback(os.close, slave)
            tty.setraw(slave)
            masters.append(master)
            names.append(os.ttyname(slave))
        words = [sys.executable, "-S", str(_RESPONDER), mode, *map(str, masters)]
        child = stack.enter_context(
            subprocess.Popen(words, stdin=subprocess.PIPE, pass_fds=masters)
        )
        stack.callback(child.kill)
        assert child.stdin is not None
        yield Ports(names, child.stdin.fileno())
