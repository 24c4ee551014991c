"""LoopThread: results, callbacks, interrupts, end."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator

import pytest

from m5310.errors import StateError
from m5310.nbiot.loop_thread import LoopThread


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    it = LoopThread("test", nothing)
    yield it
    it.stop()


async def nothing() -> None: ...


async def result(value: object) -> object:
    await asyncio.sleep(0)
    return value


def test_run_returns_result_or_raises(loop: LoopThread) -> None:
    async def fail() -> None:
        raise LookupError("no")

    assert loop.run(result, 7) == 7
    with pytest.raises(LookupError, match="no"):
        loop.run(fail)


def test_callback_runs_in_blocking_thread(loop: LoopThread) -> None:
    async def ask() -> object:
        return await loop.call_in_caller(threading.get_ident)

    assert loop.run(ask) == threading.get_ident()


def test_callback_error_goes_to_its_caller_only(
    loop: LoopThread,
) -> None:
    def fail() -> None:
        raise LookupError("no")

    async def ask() -> str:
        try:
            await loop.call_in_caller(fail)
        except LookupError as error:
            return f"raised: {error}"
        return "nothing"

    assert loop.run(ask) == "raised: no"


def test_stop_iteration_of_callback_becomes_runtime_error(loop: LoopThread) -> None:
    def stop() -> None:
        raise StopIteration

    async def ask() -> None:
        await loop.call_in_caller(stop)

    with pytest.raises(RuntimeError, match="StopIteration"):
        loop.run(ask)


def test_callback_may_call_run(loop: LoopThread) -> None:
    async def inner() -> object:
        return await loop.call_in_caller(lambda: "inner")

    async def outer() -> object:
        return await loop.call_in_caller(lambda: [loop.run(inner)])

    assert loop.run(outer) == ["inner"]


def test_callback_waits_until_a_thread_blocks(loop: LoopThread) -> None:
    ran = []

    async def begin() -> asyncio.Task[object]:
        task = asyncio.create_task(loop.call_in_caller(lambda: ran.append("ran")))
        await asyncio.sleep(0)
        return task

    async def end(task: asyncio.Task[object]) -> None:
        await task

    task = loop.run(begin)
    while not ran:  # the first call may have run it
        loop.run(result, None)
    loop.run(end, task)
    assert ran == ["ran"]


def test_callback_cancelled_before_start_never_runs(loop: LoopThread) -> None:
    ran = []

    async def give_up() -> None:
        task = asyncio.create_task(loop.call_in_caller(lambda: ran.append("ran")))
        with loop._lock:  # so that it is not started before
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})

    loop.run(give_up)
    loop.run(result, None)
    assert ran == []


def test_callback_cancelled_while_it_runs_is_ignored(loop: LoopThread) -> None:
    asked: list[asyncio.Task[object]] = []

    async def give_up() -> None:
        asked[0].cancel()
        await asyncio.wait(asked)

    async def ask() -> bool:
        asked.append(asyncio.create_task(loop.call_in_caller(lambda: loop.run(give_up))))
        await asyncio.wait(asked)
        return asked[0].cancelled()

    assert loop.run(ask)
    assert loop.run(result, 7) == 7


def test_one_thread_runs_callbacks_at_a_time(loop: LoopThread) -> None:
    inside: set[int] = set()
    seen: set[frozenset[int]] = set()

    def work() -> None:
        me = threading.get_ident()
        fresh = me not in inside  # else inside another callback of the same thread: that is fine
        inside.add(me)
        loop.run(result, None)  # gives the other threads every chance
        seen.add(frozenset(inside))
        if fresh:
            inside.remove(me)

    async def ask() -> None:
        await asyncio.gather(*(loop.call_in_caller(work) for _ in range(10)))

    threads = [threading.Thread(target=lambda: loop.run(ask)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen
    assert {len(each) for each in seen} == {1}


def test_interrupt_cancels_work_and_is_raised(loop: LoopThread) -> None:
    cancelled = threading.Event()

    async def wait() -> None:
        while not loop._changed._waiters:  # type: ignore[attr-defined]  # noqa: ASYNC110
            await asyncio.sleep(0)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(KeyboardInterrupt):
        loop.run(wait)
    assert cancelled.wait(5)
    assert loop.run(result, 7) == 7


def test_system_exit_of_callback_is_raised(loop: LoopThread) -> None:
    errors = []

    def leave() -> None:
        raise SystemExit(3)

    async def ask() -> None:
        try:
            await loop.call_in_caller(leave)
        except RuntimeError as error:
            errors.append(str(error))

    with pytest.raises(SystemExit):
        loop.run(ask)
    loop.stop()
    assert errors in ([], ["the callback was ended by SystemExit(3)"])


def test_run_after_stop_raises(loop: LoopThread) -> None:
    loop.stop()
    loop.stop()
    with pytest.raises(StateError, match="destroyed"):
        loop.run(result, 7)


def test_stop_ends_blocked_run(loop: LoopThread) -> None:
    blocked = threading.Event()
    raised: list[BaseException] = []

    async def wait() -> None:
        blocked.set()
        await asyncio.Event().wait()

    def block() -> None:
        try:
            loop.run(wait)
        except StateError as error:
            raised.append(error)

    thread = threading.Thread(target=block)
    thread.start()
    blocked.wait()
    loop.stop()
    thread.join()
    assert "meanwhile" in str(raised[0])


def test_callback_may_stop_the_loop(loop: LoopThread) -> None:
    async def ask() -> None:
        await loop.call_in_caller(loop.stop)

    with pytest.raises(StateError, match="meanwhile"):
        loop.run(ask)


def test_run_inside_another_running_loop(loop: LoopThread) -> None:
    async def script() -> object:
        return loop.run(result, 7)

    assert asyncio.run(script()) == 7
