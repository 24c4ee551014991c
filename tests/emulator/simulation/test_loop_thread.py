"""A loop in a thread of its own: started, used, failing, closed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from emulator.simulation.loop_thread import LoopThread

pytestmark = pytest.mark.realtime


async def name() -> str:
    return threading.current_thread().name


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    it = LoopThread("the loop")
    it.start()
    yield it
    it.close()


def test_work_is_done_in_its_thread_and_waited_for(thread: LoopThread) -> None:
    assert thread.run(name()) == "the loop"
    thread.run(asyncio.sleep(0))


def test_what_the_work_raises_is_the_callers(thread: LoopThread) -> None:
    async def fail() -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        thread.run(fail())


def test_its_own_thread_is_not_made_to_wait_for_itself(thread: LoopThread) -> None:
    async def ask() -> str:
        return thread.run(name())

    with pytest.raises(RuntimeError, match="the loop would wait for itself"):
        thread.run(ask())


def test_outside_of_its_life_nothing_is_done_and_everything_says_so(thread: LoopThread) -> None:
    with pytest.raises(RuntimeError, match="runs already"):
        thread.start()
    thread.close()
    thread.close()
    with pytest.raises(RuntimeError, match="the loop is not running: use it inside of its `with`"):
        thread.run(name())


def test_without_a_loop_it_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted() -> asyncio.AbstractEventLoop:
        raise OSError("Too many open files")

    it = LoopThread("the loop")
    monkeypatch.setattr(asyncio, "new_event_loop", exhausted)
    with pytest.raises(OSError, match="Too many open files"):
        it.start()
    it.close()


def test_it_can_be_started_again(thread: LoopThread) -> None:
    thread.close()
    thread.start()
    assert thread.run(name()) == "the loop"


def test_what_fails_with_nobody_waiting_is_told_at_the_end() -> None:
    thread = LoopThread("the loop")
    thread.start()

    async def plant() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: [].pop())
        loop.call_exception_handler({"message": "something odd"})

    thread.run(plant())
    thread.run(asyncio.sleep(0))
    told = r"the loop failed: RuntimeError\('something odd'\), IndexError"
    with pytest.raises(RuntimeError, match=told):
        thread.close()
    thread.close()


def test_tasks_that_are_left_end_with_it() -> None:
    thread = LoopThread("the loop")
    thread.start()
    ended: list[str] = []

    async def wait_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def leave() -> asyncio.Task[None]:
        task = asyncio.create_task(wait_for_ever())
        await asyncio.sleep(0)
        return task

    left = thread.run(leave())
    thread.close()
    assert ended == ["cancelled"]
    assert left.cancelled()
