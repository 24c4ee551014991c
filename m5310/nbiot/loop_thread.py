"""LoopThread: blocking calls into an event loop of another thread, and callbacks out of it."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from m5310.errors import StateError

EXIT_TIMEOUT: Final = 1.0
"""Seconds the exit of a program waits for a loop that was not stopped; it needs milliseconds."""

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Job:
    work: Callable[[], object]
    done: Callable[[object, BaseException | None], None]


class LoopThread:
    """An event loop in a daemon thread, from construction until `stop`.

    A thread that blocks in `run` runs the callbacks of `call_in_caller` meanwhile. If several
    threads block, one of them runs a callback at a time. A callback may call `run`.
    """

    def __init__(self, name: str) -> None:
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._runner: int | None = None  # the thread that runs a callback now
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run_until_end()), name=name, daemon=True
        )
        self._started = threading.Event()
        self._thread.start()
        self._started.wait()
        atexit.register(self._end_loop)

    async def _run_until_end(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._started.set()
        await self._end.wait()
        with self._changed:
            self._loop = None
        # Work submitted until now becomes tasks; asyncio.run cancels them and waits for them, so
        # that threads that block on one get StateError.
        await asyncio.sleep(0)

    def stop(self) -> None:
        """End the loop and its thread; calls that block in `run` raise StateError. Idempotent."""
        self._end_loop(None)
        atexit.unregister(self._end_loop)

    def _end_loop(self, timeout: float | None = EXIT_TIMEOUT) -> None:
        with self._changed:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(timeout)

    # --- in the blocking thread --------------------------------------------------------------

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the loop, and callbacks in this thread, until `work` is done.

        Callbacks that wait already are run even if `work` is done at once. On an interrupt
        (Ctrl-C, or a callback's SystemExit) `work` is cancelled and the interrupt is raised.
        Raises StateError after `stop` and in a forked process.
        """
        future: concurrent.futures.Future[T] | None = None
        try:
            with self._changed:
                if self._loop is None:
                    work.close()
                    raise StateError("the device is destroyed; create another one")
                if not self._thread.is_alive():
                    work.close()
                    raise StateError(
                        "the device belongs to the process that this one was forked from; create "
                        "another one here"
                    )
                future = asyncio.run_coroutine_threadsafe(work, self._loop)
            future.add_done_callback(self._notify)
            self._run_jobs_until(future)
            return future.result()
        except concurrent.futures.CancelledError:
            raise StateError("the device was destroyed meanwhile") from None
        except BaseException:
            if future is not None:
                future.cancel()
            raise

    def _notify(self, _: object) -> None:
        with self._changed:
            self._changed.notify_all()

    def _run_jobs_until(self, future: concurrent.futures.Future[T]) -> None:
        waiting = len(self._jobs)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: future.done() or self._can_run_job())
                if not self._can_run_job() or (future.done() and waiting <= 0):
                    return
                job = self._jobs.popleft()
                before, self._runner = self._runner, threading.get_ident()
            waiting -= 1
            try:
                self._run_job(job)
            finally:
                with self._changed:
                    self._runner = before
                    self._changed.notify_all()

    def _can_run_job(self) -> bool:
        """Whether a callback waits and this thread may run it."""
        return bool(self._jobs) and self._runner in (None, threading.get_ident())

    def _run_job(self, job: _Job) -> None:
        try:
            result = job.work()
        except BaseException as error:
            job.done(None, error)
            if not isinstance(error, Exception):
                raise
        else:
            job.done(result, None)

    # --- in the loop -------------------------------------------------------------------------

    async def call_in_caller(self, work: Callable[[], object]) -> object:
        """Run `work` in a thread that blocks in `run`, and return its result.

        Waits until a thread does. If cancelled before `work` has started, it is never run.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()

        def settle(result: object, error: BaseException | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(result)
            elif isinstance(error, Exception) and not isinstance(error, StopIteration):
                future.set_exception(error)
            else:
                # a future cannot carry StopIteration, and the others would end the loop
                future.set_exception(RuntimeError(f"the callback was ended by {error!r}"))

        def done(result: object, error: BaseException | None) -> None:
            # RuntimeError: the loop has been closed, and the awaiting task with it
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, result, error)

        job = _Job(work, done)
        with self._changed:
            self._jobs.append(job)
            self._changed.notify_all()
        try:
            return await future
        finally:
            with self._changed:
                if job in self._jobs:
                    self._jobs.remove(job)
