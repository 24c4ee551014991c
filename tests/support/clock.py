"""An event loop in virtual time: where it would wait for a timer, its clock jumps to it.

A day passes in microseconds, in the same order every time. Only for what is inside the process:
this loop does not wait for a pty, a socket or a thread.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


eager = False
"""Whether each task runs at once up to its first wait, as a program may ask for from Python 3.12
on; set by `--eager`."""


class Stuck(AssertionError):
    """Every task waits and no timer is set: the test can never end."""


class _JumpingSelector(selectors.DefaultSelector):
    """Never blocks: where a real selector would wait, the clock is set forward instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise Stuck("every task waits for something that no timer and no descriptor will bring")
        self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _JumpingSelector()
        super().__init__(self._clock)
        if eager:
            run_tasks_eagerly(self)

    def time(self) -> float:
        return self._clock.now


def run_tasks_eagerly(loop: asyncio.AbstractEventLoop) -> None:
    assert sys.version_info >= (3, 12), "--eager: expected Python 3.12 or later"
    loop.set_task_factory(asyncio.eager_task_factory)


async def elapse(seconds: float) -> None:
    """Let virtual time pass."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop), "a test on the real clock waits for events, not for time"
    await asyncio.sleep(seconds)


def run(main: Coroutine[Any, Any, T], *, virtual: bool = True) -> T:
    """Run `main` to its end on a new loop; fail if it leaves a task behind."""
    factory = VirtualLoop if virtual else asyncio.new_event_loop

    async def supervised() -> T:
        result = await main
        await asyncio.sleep(0)
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        assert not rest, f"tasks outlived the test: {rest}"
        return result

    with asyncio.Runner(loop_factory=factory) as runner:
        if eager:
            run_tasks_eagerly(runner.get_loop())
        return runner.run(supervised())
