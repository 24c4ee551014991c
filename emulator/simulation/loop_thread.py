"""An event loop in its own thread, for programs that block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """After `start`, `run` executes a coroutine in the loop and waits for it; `close` ends both.

    Each call of `run` ends: with its result, or with RuntimeError if the thread ends before that.
    Exceptions in the loop that no caller waits for are kept and raised by `close`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()  # of the two below
        self._loop: asyncio.AbstractEventLoop | None = None  # as long as it takes work
        self._waiting: set[Future[Any]] = set()
        self._thread: threading.Thread | None = None
        self._end: asyncio.Event
        self._failures: list[BaseException] = []

    def start(self) -> None:
        """Raises RuntimeError if it runs already, OSError if no event loop can be created."""
        if self._thread is not None:
            raise RuntimeError(f"{self._name} runs already: close it first, or create another")
        loop = asyncio.new_event_loop()  # in this thread, so that an error reaches the caller
        ready = threading.Event()
        # A daemon thread does not keep a program alive that does not close it.
        self._thread = threading.Thread(
            target=self._run, args=(loop, ready), name=self._name, daemon=True
        )
        self._thread.start()
        ready.wait()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in the loop; returns its result or raises its exception.

        Raises RuntimeError in the loop's own thread, which would wait for itself, when not started,
        and when closed before `work` is done.
        """
        if threading.current_thread() is self._thread:
            work.close()
            raise self._unusable("would wait for itself")
        with self._lock:
            if self._loop is None or self._thread is None or not self._thread.is_alive():
                work.close()
                raise self._unusable("is not running in this process")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
            self._waiting.add(future)
        try:
            error = future.exception()
        except CancelledError:
            work.close()
            raise self._unusable("is not running: it was closed meanwhile") from None
        finally:
            with self._lock:
                self._waiting.discard(future)
        if error is not None:
            raise error
        return future.result()

    def close(self) -> None:
        """End loop and thread; may be called again. Raises RuntimeError with kept exceptions."""
        with self._lock:
            if self._loop is not None and self._thread is not None and self._thread.is_alive():
                # What was submitted before is a task by then, which is cancelled and ends.
                self._loop.call_soon_threadsafe(self._end.set)
                self._loop = None
        thread = self._thread
        if thread is None:
            return
        thread.join()
        self._thread = None
        failures, self._failures = self._failures, []
        if failures:
            texts = ", ".join(map(repr, failures))
            raise RuntimeError(f"{self._name} failed: {texts}") from failures[0]

    def _unusable(self, reason: str) -> RuntimeError:
        return RuntimeError(f"{self._name} {reason}: use it inside its `with`, from another thread")

    def _run(self, loop: asyncio.AbstractEventLoop, ready: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            try:
                runner.run(self._serve(loop, ready))
            except BaseException as error:  # SystemExit of a callback ends a loop
                self._failures.append(error)
            with self._lock:
                self._loop = None
            runner.run(asyncio.sleep(0))  # what was submitted is a task now, and is cancelled below
        with self._lock:
            for future in self._waiting:
                future.cancel()  # does nothing if it is done

    async def _serve(self, loop: asyncio.AbstractEventLoop, ready: threading.Event) -> None:
        self._loop = loop
        loop.set_exception_handler(self._on_error)
        self._end = asyncio.Event()
        ready.set()
        await self._end.wait()

    def _on_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failure = context.get("exception")
        self._failures.append(
            failure if isinstance(failure, Exception) else RuntimeError(context["message"])
        )


def reported(callback: str) -> Callable[[Exception], None]:
    """Gives an exception of `callback` to the running event loop, as one of its own callbacks."""
    loop = asyncio.get_running_loop()
    message = f"the callback `{callback}` of the emulator failed"
    return lambda error: loop.call_exception_handler({"message": message, "exception": error})
