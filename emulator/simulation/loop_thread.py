"""An event loop in a thread of its own, for programs that block in theirs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """After `start`, `run` lets the loop do something and waits for it; `close` ends both.

    What fails on the loop without anybody waiting for it is kept, and raised by `close`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread
        self._end: asyncio.Event
        self._failures: list[Exception] = []

    def start(self) -> None:
        """Raises RuntimeError: it runs already; OSError: there is no loop to be had."""
        if self._loop is not None:
            raise RuntimeError(f"{self._name} runs already; close it first, or make another")
        loop = asyncio.new_event_loop()  # here, where its failure is the caller's
        ready = threading.Event()
        # A daemon: a program that leaves without closing it is not kept from ending.
        self._thread = threading.Thread(
            target=self._run, args=(loop, ready), name=self._name, daemon=True
        )
        self._thread.start()
        ready.wait()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for `work`, whose result or exception is the caller's.

        Raises RuntimeError: from the loop's own thread, which would wait for itself; or outside of
        `start` and `close`.
        """
        loop = self._loop
        if loop is None or threading.current_thread() is self._thread:
            work.close()
            why = "is not running" if loop is None else "would wait for itself"
            raise RuntimeError(
                f"{self._name} {why}: use it inside of its `with`, and from other threads"
            )
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    def close(self) -> None:
        """End loop and thread; a second time does nothing. Raises RuntimeError: what had failed."""
        if self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop = None
        failures, self._failures = self._failures, []
        if failures:
            told = ", ".join(map(repr, failures))
            raise RuntimeError(f"{self._name} failed: {told}") from failures[0]

    def _run(self, loop: asyncio.AbstractEventLoop, ready: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._serve(loop, ready))

    async def _serve(self, loop: asyncio.AbstractEventLoop, ready: threading.Event) -> None:
        self._loop = loop
        loop.set_exception_handler(self._failed)
        self._end = asyncio.Event()
        ready.set()
        await self._end.wait()

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failure = context.get("exception")
        self._failures.append(
            failure if isinstance(failure, Exception) else RuntimeError(context["message"])
        )
