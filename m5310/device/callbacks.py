"""The user's callbacks, run so that none of them can stop the event loop or the interpreter."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import queue

Callback = Callable[..., object]

GRACE: Final = 1.0
"""Seconds a coroutine has to end after it was cancelled, before it is left to itself."""

_log = logging.getLogger("m5310.device")


class Callbacks:
    """Runs coroutine functions on the loop, everything else in a daemon thread of its own.

    The thread serves one call after the other. One that is stuck is abandoned with its thread,
    which ends when the call does, and the next call gets a new one: unlike an executor's, our
    threads never keep the interpreter from exiting.
    """

    def __init__(self) -> None:
        self._worker: _Worker | None = None
        self._tasks: set[asyncio.Task[object]] = set()

    def start(self, callback: Callback, *args: object) -> asyncio.Task[object]:
        """Begin a call; cancelling the task abandons it, wherever it runs."""
        task = asyncio.create_task(self._run(callback, args))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def let_caller_go(self) -> None:
        """`close` shall not wait for the call that calls this, if one does."""
        self._tasks -= {asyncio.current_task()}

    async def close(self) -> None:
        """End the thread and whatever still runs on the loop."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            _, stubborn = await asyncio.wait(tasks, timeout=GRACE)
            for task in stubborn:
                _log.warning("%r ignores its cancellation and is left to itself", task)
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.release()
            worker.join()  # idle: ends at once

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()  # looked at, whoever waits
        if error is not None and task.cancelling():
            _log.warning("a callback failed after it was given up: %r", error)

    async def _run(self, callback: Callback, args: tuple[object, ...]) -> object:
        if _is_coroutine_function(callback):
            result = callback(*args)
        else:
            result = await self._off_the_loop(callback, args)
        # a plain function may hand back a coroutine: a lambda around one, a partial
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
            worker.release()  # two calls overlapped; one thread is enough


def name(callback: Callback) -> str:
    """What a log calls it."""
    return getattr(callback, "__qualname__", None) or repr(callback)


def _is_coroutine_function(callback: Callback) -> bool:
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(
        getattr(callback, "__call__", None)  # noqa: B004  # an object with `async __call__`
    )


_Job = Callable[[], None]


class _Worker:
    """One daemon thread that makes one call after the other."""

    def __init__(self) -> None:
        import queue  # noqa: PLC0415 - a program of coroutines has no thread, nor use for it

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
            except BaseException as error:  # handed to who asked, whatever it is
                outcome, settle = error, _set_exception
            try:
                loop.call_soon_threadsafe(settle, future, outcome)
            except RuntimeError:
                # the loop was closed meanwhile, and with it went who asked
                _log.debug("a callback ended after its event loop")

        self._jobs.put(job)
        return await future

    def release(self) -> None:
        """End the thread once its call ends."""
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
