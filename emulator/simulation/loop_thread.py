"""An event loop in its own thread, for programs that block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """After `start`, `run` executes a coroutine in the loop and waits for it; `close` ends both.

    Exceptions in the loop that no caller waits for are kept and raised by `close`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread
        self._end: asyncio.Event
        self._failures: list[Exception] = []

    def start(self) -> None:
        """Raises RuntimeError if it runs already, OSError if no event loop can be created."""
        if self._loop is not None:
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

        Raises RuntimeError in the loop's own thread, which would wait for itself, and when not
        started.
        """
        loop = self._loop
        if loop is None or threading.current_thread() is self._thread:
            work.close()
            reason = "is not running" if loop is None else "would wait for itself"
            raise RuntimeError(
                f"{self._name} {reason}: use it inside its `with`, from another thread"
            )
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    def close(self) -> None:
        """End loop and thread; may be called again. Raises RuntimeError with kept exceptions."""
        if self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop = None
        failures, self._failures = self._failures, []
        if failures:
            texts = ", ".join(map(repr, failures))
            raise RuntimeError(f"{self._name} failed: {texts}") from failures[0]

    def _run(self, loop: asyncio.AbstractEventLoop, ready: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._serve(loop, ready))

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
