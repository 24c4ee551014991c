"""Callbacks: coroutines on the loop, functions in a thread, which may block."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from m5310.device.callbacks import Callbacks, name
from tests.support.clock import elapse
from tests.support.patience import PATIENCE


@asynccontextmanager
async def running() -> AsyncIterator[Callbacks]:
    callbacks = Callbacks()
    try:
        yield callbacks
    finally:
        await callbacks.close()


async def test_coroutine_function_runs_on_loop() -> None:
    async def double(number: int) -> int:
        await elapse(1)
        assert threading.current_thread() is threading.main_thread()
        return 2 * number

    async with running() as callbacks:
        assert await callbacks.start(double, 4) == 8
        assert await callbacks.start(functools.partial(double, 5)) == 10


async def test_object_with_async_call_runs_on_loop() -> None:
    class Double:
        async def __call__(self, number: int) -> int:
            return 2 * number

    async with running() as callbacks:
        assert await callbacks.start(Double(), 4) == 8


@pytest.mark.realtime
async def test_plain_functions_run_in_one_thread() -> None:
    async with running() as callbacks:
        first = await callbacks.start(threading.get_ident)
        second = await callbacks.start(threading.get_ident)
        assert first == second != threading.get_ident()


@pytest.mark.realtime
async def test_plain_function_may_return_coroutine() -> None:
    async def double(number: int) -> int:
        return 2 * number

    async with running() as callbacks:
        assert await callbacks.start(lambda number: double(number), 4) == 8


@pytest.mark.realtime
async def test_plain_function_has_context_of_caller() -> None:
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("set")
    async with running() as callbacks:
        assert await callbacks.start(variable.get) == "set"


@pytest.mark.realtime
@pytest.mark.parametrize("error", [LookupError("no"), StopIteration("odd")])
async def test_error_of_plain_function_is_raised(error: Exception) -> None:
    def fail() -> None:
        raise error

    async with running() as callbacks:
        with pytest.raises((LookupError, RuntimeError)) as raised:
            await callbacks.start(fail)
        assert raised.value is error or raised.value.__cause__ is error
        assert await callbacks.start(lambda: 7) == 7  # the thread lives on


@pytest.mark.realtime
async def test_blocked_call_is_abandoned_with_its_thread() -> None:
    stuck, entered = threading.Event(), threading.Event()

    def hang() -> None:
        entered.set()
        stuck.wait()

    async with running() as callbacks:
        task = callbacks.start(hang)
        await asyncio.to_thread(entered.wait)
        task.cancel()
        assert await callbacks.start(lambda: 7) == 7
        assert task.cancelled()
    stuck.set()


@pytest.mark.realtime
@pytest.mark.parametrize("raises", [False, True])
async def test_late_end_of_abandoned_call_is_ignored(raises: bool) -> None:
    stuck, entered, ended = threading.Event(), threading.Event(), threading.Event()

    def hang() -> None:
        entered.set()
        stuck.wait()
        ended.set()
        if raises:
            raise LookupError("too late")

    async with running() as callbacks:
        task = callbacks.start(hang)
        await asyncio.to_thread(entered.wait)
        task.cancel()
        await asyncio.wait({task})
        stuck.set()
        await asyncio.to_thread(ended.wait)
        assert await callbacks.start(lambda: 7) == 7  # after the end of the abandoned call


@pytest.mark.realtime
async def test_two_calls_run_at_once() -> None:
    barrier = threading.Barrier(2)
    async with running() as callbacks:
        await asyncio.gather(callbacks.start(barrier.wait), callbacks.start(barrier.wait))
        assert await callbacks.start(lambda: 7) == 7


def test_call_may_end_after_its_loop() -> None:
    stuck, threads = threading.Event(), []

    async def main() -> None:
        callbacks = Callbacks()
        entered = threading.Event()

        def hang() -> None:
            threads.append(threading.current_thread())
            entered.set()
            stuck.wait()

        task = callbacks.start(hang)
        await asyncio.to_thread(entered.wait)
        task.cancel()
        await callbacks.close()

    asyncio.run(main())
    stuck.set()
    threads[0].join(PATIENCE)
    assert not threads[0].is_alive()


async def test_close_cancels_calls_on_loop() -> None:
    async with running() as callbacks:
        task = callbacks.start(asyncio.Event().wait)
        await asyncio.sleep(0)
    assert task.cancelled()


def stubborn(release: asyncio.Event) -> Callable[[], object]:
    async def stay() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        raise LookupError("after all")

    return stay


async def test_close_does_not_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    release = asyncio.Event()
    callbacks = Callbacks()
    task = callbacks.start(stubborn(release))
    await asyncio.sleep(0)
    await callbacks.close()
    assert not task.done()
    assert "ignores its cancellation" in caplog.text
    release.set()
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert "an abandoned callback failed: LookupError" in caplog.text


async def test_close_twice_and_unused(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    callbacks = Callbacks()
    await callbacks.close()
    await callbacks.close()
    assert not caplog.records


@pytest.mark.parametrize("plain", [True, False])
def test_callback_may_exit_the_program(plain: bool, caplog: pytest.LogCaptureFixture) -> None:
    def leave() -> None:
        raise SystemExit(3)

    async def leave_too() -> None:
        raise SystemExit(3)

    async def main() -> None:
        async with running() as callbacks:
            await asyncio.wait({callbacks.start(leave if plain else leave_too)})
            await asyncio.Event().wait()

    with pytest.raises(SystemExit):
        asyncio.run(main())
    gc.collect()
    assert not caplog.records  # no "Task exception was never retrieved"


async def test_close_does_not_wait_for_call_that_closes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    callbacks = Callbacks()
    closed = asyncio.Event()

    async def leave() -> None:
        callbacks.allow_close_from_callback()
        await closed.wait()

    task = callbacks.start(leave)
    await asyncio.sleep(0)
    await callbacks.close()
    assert not task.done()
    closed.set()
    await task
    assert asyncio.get_running_loop().time() == 0
    assert not caplog.records


def test_name_of_callback_in_log() -> None:
    assert name(elapse) == "elapse"
    assert name(functools.partial(elapse, 1)).startswith("functools.partial(")
