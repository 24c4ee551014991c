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
