"""A blocking call into an event loop of another thread, with callbacks coming back out of it.

Whoever blocks in `Pump.run` runs the callbacks meanwhile, in the own thread and one at a time,
so they need no locks and may block in `run` themselves.
"""

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

EXIT: Final = 1.0
"""Seconds the exit of a program waits for a loop that nobody stopped; it needs milliseconds."""

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Job:
    work: Callable[[], object]
    done: Callable[[object, BaseException | None], None]


class Pump:
    """One event loop in a daemon thread, until `stop`."""

    def __init__(self, name: str) -> None:
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._runner: int | None = None  # the thread that runs a callback just now
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run_loop, name=name, daemon=True)
        started = threading.Event()
        self._started = started.set
        self._thread.start()
        started.wait()
        atexit.register(self._leave)

    def _run_loop(self) -> None:
        asyncio.run(self._live())

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._started()
        await self._end.wait()
        with self._changed:
            self._loop = None
        # What was submitted until now becomes tasks; asyncio.run cancels them and waits for
        # them, so that whoever blocks on one hears of it.
        await asyncio.sleep(0)

    def stop(self) -> None:
        """End the loop and its thread; whoever blocks in `run` gets StateError. Idempotent."""
        self._leave(None)
        atexit.unregister(self._leave)

    def _leave(self, timeout: float | None = EXIT) -> None:
        """The same for a program that exits without `stop`: it is not held up for long."""
        with self._changed:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(timeout)

    # --- in the blocking thread --------------------------------------------------------------

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the loop and callbacks here, until `work` is done.

        Callbacks that wait already are run even if `work` is done at once. Interrupted (Ctrl-C,
        or a callback's own SystemExit), `work` is cancelled and the interrupt passed on.
        """
        future: concurrent.futures.Future[T] | None = None
        try:
            with self._changed:
                if self._loop is None:
                    work.close()
                    raise StateError("the device is destroyed")
                if not self._thread.is_alive():
                    work.close()
                    raise StateError("the device belongs to the process that this one forked from")
                future = asyncio.run_coroutine_threadsafe(work, self._loop)
            future.add_done_callback(self._wake)
            self._pump_until(future)
            return future.result()
        except concurrent.futures.CancelledError:
            raise StateError("the device was destroyed meanwhile") from None
        except BaseException:
            if future is not None:
                future.cancel()
            raise

    def _wake(self, _: object) -> None:
        with self._changed:
            self._changed.notify_all()

    def _pump_until(self, future: concurrent.futures.Future[T]) -> None:
        waiting = len(self._jobs)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: future.done() or self._free())
                if not self._free() or (future.done() and waiting <= 0):
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

    def _free(self) -> bool:
        """Whether there is a callback to run and this thread may run it."""
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

    async def call(self, work: Callable[[], object]) -> object:
        """Have a blocking thread run `work`. Cancelled before its turn, it is never run."""
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
                # these would end the loop, or cannot be carried by a future
                future.set_exception(RuntimeError(f"the callback was ended by {error!r}"))

        def done(result: object, error: BaseException | None) -> None:
            # the loop may have been closed meanwhile, and with it went who asked
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
