"""Runs the program's callbacks without blocking the event loop or the exit."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import queue
import threading
from collections.abc import Callable
from typing import Final

from m5310.at.tasks import begin

Callback = Callable[..., object]

GRACE: Final = 1.0
"""Seconds a cancelled coroutine has to end; then it is abandoned."""

_log = logging.getLogger("m5310.device")


class Callbacks:
    """Runs coroutine functions on the loop and plain functions in a daemon thread.

    The thread makes one call after the other. A call that blocks is abandoned with its thread,
    which ends with the call; the next call gets a new thread. Unlike the threads of an executor,
    daemon threads do not delay the exit of the interpreter.
    """

    def __init__(self) -> None:
        self._worker: _Worker | None = None
        self._tasks: set[asyncio.Task[object]] = set()

    def start(self, callback: Callback, *args: object) -> asyncio.Task[object]:
        """Start a call. Cancelling the task abandons the call."""
        task = begin(self._run(callback, args))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def allow_close_from_callback(self) -> None:
        """If a callback calls this, `close` does not wait for that callback.

        A callback may close the device: each would wait for the other.
        """
        self._tasks -= {asyncio.current_task()}

    async def close(self) -> None:
        """End the thread, and cancel the calls on the loop."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            _, stubborn = await asyncio.wait(tasks, timeout=GRACE)
            for task in stubborn:
                _log.warning("abandoning %r: it ignores its cancellation", task)
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.release()
            worker.join()  # it is idle and ends at once

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()  # marks it as retrieved
        if error is not None and task.cancelling():
            _log.warning("an abandoned callback failed: %r", error)

    async def _run(self, callback: Callback, args: tuple[object, ...]) -> object:
        if _is_coroutine_function(callback):
            result = callback(*args)
        else:
            result = await self._off_the_loop(callback, args)
        # a plain function may return a coroutine: a lambda around one, a partial
        return await result if inspect.isawaitable(result) else result

    async def _off_the_loop(self, callback: Callback, args: tuple[object, ...]) -> object:
        worker, self._worker = self._worker or _Worker(), None
        try:
            result = await worker.call(callback, args)
        except asyncio.CancelledError:
            worker.release()
            raise
        except BaseException:
            self._keep(worker)
            raise
        self._keep(worker)
        return result

    def _keep(self, worker: _Worker) -> None:
        if self._worker is None:
            self._worker = worker
        else:
            worker.release()  # two calls overlapped; one thread is kept


def name(callback: Callback) -> str:
    """The name of a callback for the log."""
    return getattr(callback, "__qualname__", None) or repr(callback)


def _is_coroutine_function(callback: Callback) -> bool:
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(
        getattr(callback, "__call__", None)  # noqa: B004  # an object with `async __call__`
    )


_Job = Callable[[], None]


class _Worker:
    """One daemon thread that makes one call after the other."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="m5310-callbacks", daemon=True)
        self._thread.start()

    async def call(self, callback: Callback, args: tuple[object, ...]) -> object:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        context = contextvars.copy_context()

        def job() -> None:
            try:
                outcome: object = context.run(callback, *args)
                settle: Callable[..., None] = _set_result
            except BaseException as error:  # raised where the call is awaited
                outcome, settle = error, _set_exception
            try:
                loop.call_soon_threadsafe(settle, future, outcome)
            except RuntimeError:
                _log.debug("a callback ended after the event loop was closed")

        self._jobs.put(job)
        return await future

    def release(self) -> None:
        """End the thread after its present call."""
        self._jobs.put(None)

    def join(self) -> None:
        self._thread.join()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


def _set_result(future: asyncio.Future[object], result: object) -> None:
    if not future.done():
        future.set_result(result)


def _set_exception(future: asyncio.Future[object], error: BaseException) -> None:
    if future.done():
        return
    if isinstance(error, StopIteration):
        # a future cannot carry one: it would end the coroutine that awaits it
        wrapped = RuntimeError("the callback raised StopIteration")
        wrapped.__cause__ = error
        error = wrapped
    future.set_exception(error)
