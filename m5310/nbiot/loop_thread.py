"""LoopThread: blocking calls into an event loop of another thread, and callbacks out of it."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Generic, ParamSpec, TypeVar

from m5310.errors import StateError

EXIT_TIMEOUT: Final = 1.0
"""Seconds the exit of a program waits for a loop that was not stopped; it needs milliseconds."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Job:
    """A callback, to be run in a thread that blocks."""

    work: Callable[[], object]
    done: Callable[[object, BaseException | None], None]


@dataclass(eq=False, slots=True)
class _Call(Generic[T]):
    """A blocking call. It exists before its task, so that an interrupt finds it at any time."""

    work: Callable[[], Coroutine[Any, Any, T]]
    done: concurrent.futures.Future[T] = field(default_factory=concurrent.futures.Future)
    task: asyncio.Task[None] | None = None


class LoopThread:
    """An event loop in a daemon thread, from the first `run` until `stop`.

    A thread that blocks in `run` runs the callbacks of `call_in_caller` meanwhile. If several
    threads block, one of them runs a callback at a time. A callback may call `run`. At the end
    `last` is begun and then cancelled with all other tasks.
    """

    def __init__(self, name: str, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._last = last
        self._lock = threading.RLock()  # not `with self._changed`: Ctrl-C could leave it locked
        self._changed = threading.Condition(self._lock)
        self._jobs: deque[_Job] = deque()
        self._runner: int | None = None  # the thread that runs a callback now
        self._interrupted: set[asyncio.Task[None]] = set()  # and not ended yet
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = threading.Event()
        self._end = asyncio.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        atexit.register(self._end_loop)

    def _serve(self) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            self._started.set()
            runner.run(self._run_until_end())

    async def _run_until_end(self) -> None:
        await self._end.wait()
        last = asyncio.ensure_future(self._last())
        # Work submitted until now becomes tasks; the runner cancels them and waits for them, so
        # that threads that block on one get StateError.
        await asyncio.sleep(0)
        last.cancel()

    def stop(self) -> None:
        """End the loop and its thread; calls that block in `run` raise StateError. Idempotent."""
        self._end_loop(None)
        atexit.unregister(self._end_loop)

    def _end_loop(self, timeout: float | None = EXIT_TIMEOUT) -> None:
        with self._lock:
            self._ended = True
        if self._thread.is_alive():
            self._started.wait(timeout)
            self._call_soon(self._end.set)
            self._thread.join(timeout)

    def _call_soon(self, call: Callable[..., object], *args: object) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(call, *args)

    # --- in the blocking thread --------------------------------------------------------------

    def run(
        self, work: Callable[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `work` on the loop, and callbacks in this thread, until `work` is done.

        Callbacks that wait already are run even if `work` is done at once. On an interrupt
        (Ctrl-C, or a callback's SystemExit) `work` is cancelled and the interrupt is raised; the
        next call begins when `work` has ended. Raises StateError after `stop` and in a forked
        process.
        """
        call = _Call(partial(work, *args, **kwargs))
        try:
            with self._lock:
                self._running_loop().call_soon_threadsafe(self._begin, call)
            self._run_jobs_until(call.done)
            return call.done.result()
        except BaseException:
            if not call.done.done():
                self._call_soon(self._interrupt, call)
            raise

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._ended:
            raise StateError("the device is destroyed; create another one")
        if self._thread.ident is None:
            self._thread.start()
        elif not self._thread.is_alive():
            raise StateError(
                "the device belongs to the process that this one was forked from; create another "
                "one here"
            )
        self._started.wait()
        assert self._loop is not None
        return self._loop

    def _run_jobs_until(self, done: concurrent.futures.Future[T]) -> None:
        waiting = len(self._jobs)
        while not self._run_job(done, waiting <= 0):
            waiting -= 1

    def _run_job(self, done: concurrent.futures.Future[T], may_end: bool) -> bool:
        """Wait for a callback and run it. Returns True instead if `done` is, and may end this."""
        me = threading.get_ident()
        nested = self._runner == me
        job: _Job | None = None
        try:
            with self._lock:
                self._changed.wait_for(lambda: done.done() or self._can_run_job())
                if not self._can_run_job() or (done.done() and may_end):
                    return True
                self._runner = me
                job = self._jobs[0]
                self._jobs.popleft()
            job.done(job.work(), None)
        except BaseException as error:
            if job is None:
                raise
            job.done(None, error)
            if not isinstance(error, Exception):
                raise
        finally:
            with self._lock:
                if self._runner == me and not nested:
                    self._runner = None
                    self._changed.notify_all()
        return False

    def _can_run_job(self) -> bool:
        """Whether a callback waits and this thread may run it."""
        return bool(self._jobs) and self._runner in (None, threading.get_ident())

    # --- in the loop -------------------------------------------------------------------------

    def _begin(self, call: _Call[Any]) -> None:
        call.task = asyncio.ensure_future(self._perform(call))

    async def _perform(self, call: _Call[Any]) -> None:
        try:
            if self._interrupted:
                await asyncio.wait(self._interrupted)
            call.done.set_result(await call.work())
        except asyncio.CancelledError:
            call.done.set_exception(StateError("the device was destroyed meanwhile"))
        except BaseException as error:
            call.done.set_exception(error)
        with self._lock:
            self._changed.notify_all()

    def _interrupt(self, call: _Call[Any]) -> None:
        if call.task is not None and call.task.cancel():
            self._interrupted.add(call.task)
            call.task.add_done_callback(self._interrupted.discard)

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
        with self._lock:
            self._jobs.append(job)
            self._changed.notify_all()
        try:
            return await future
        finally:
            with self._lock:
                if job in self._jobs:
                    self._jobs.remove(job)
