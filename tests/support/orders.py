"""Calls of a program in any order, each of which must end in time: what the machines share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from m5310.errors import M5310Error
from tests.support.clock import VirtualLoop, elapse

T = TypeVar("T")

BRIEF: Final = st.sampled_from([0.0, 0.005, 0.02, 0.3, 1.0, 2.0, 4.0, 6.0])
"""Seconds that may pass between two things."""

WHICH: Final = st.integers(0, 7)
"""Selects one of the existing items: a drawn value must not depend on the machine's state."""


@dataclass(eq=False, slots=True)
class Call:
    """A call of the program, and when it must have ended."""

    name: str
    task: asyncio.Task[object]
    due: float


class Orders(RuleBasedStateMachine):
    """Time passes in the rules alone. Every call ends in time, with an error of ours or without."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualLoop)
        self.loop = self.runner.get_loop()
        self.calls: list[Call] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def begin(self, name: str, work: Callable[[], Coroutine[Any, Any, object]], due: float) -> Call:
        async def begun() -> Call:
            call = Call(name, asyncio.create_task(work()), due)
            await asyncio.sleep(0)
            return call

        self.calls.append(self.run(begun()))
        return self.calls[-1]

    def pass_time(self, seconds: float) -> None:
        self.run(elapse(seconds))
        self.look()

    def pending(self) -> list[Call]:
        return [call for call in self.calls if not call.task.done()]

    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        if calls := self.pending():
            calls[which % len(calls)].task.cancel()
            self.pass_time(0)

    @invariant()
    def look(self) -> None:
        now = self.loop.time()
        for call in self.calls:
            assert call.task.done() or now <= call.due, f"{call.name} is forgotten"
            if call.task.done() and not call.task.cancelled():
                error = call.task.exception()
                if error is not None and not isinstance(error, M5310Error):
                    raise error

    def timers(self) -> int:
        return sum(not timer.cancelled() for timer in self.loop._scheduled)  # type: ignore[attr-defined]

    def leave(self) -> None:
        """Nothing is left behind."""

        async def others() -> set[asyncio.Task[object]]:
            await asyncio.sleep(0)
            return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]

        try:
            left = self.run(others())
            assert not left
            assert not self.timers()
        finally:
            self.runner.close()
