"""Tasks that begin later, work that is finished despite cancellation, outcomes of later lines."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def begin(work: Coroutine[Any, Any, T], name: str | None = None) -> asyncio.Task[T]:
    """A task that begins in a later round of the loop.

    `asyncio.create_task` begins it at once if the program has asked for eager tasks (Python 3.12):
    in the middle of what the caller is doing.
    """
    return asyncio.Task(work, loop=asyncio.get_running_loop(), name=name)


async def finish(work: Coroutine[Any, Any, T] | asyncio.Task[T]) -> T:
    """Await `work`; a cancellation is held back until the work is done, then delivered.

    The work must bound its own time: every command of a modem does.
    """
    task = work if isinstance(work, asyncio.Task) else begin(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # mark as retrieved: the caller is gone
        raise cancelled
    return task.result()


class Pending(Generic[K, V]):
    """Outcomes that an unsolicited line brings after the `OK` of a command, by key.

    In this order: `expect` before the command is sent, because the line may come before its
    `OK`; `resolve` when the line arrives; `fail_all` when no line can come any more.
    """

    def __init__(self) -> None:
        self._futures: dict[K, asyncio.Future[V]] = {}

    def expect(self, key: K) -> asyncio.Future[V]:
        """The next outcome of `key`. Callers that expect the same key share one future."""
        if key not in self._futures:
            self._futures[key] = asyncio.get_running_loop().create_future()
        return self._futures[key]

    def expected(self, key: K) -> bool:
        """Whether `key` is expected and neither resolved, failed nor dropped since."""
        return key in self._futures

    def drop(self, key: K) -> None:
        """Expect `key` no longer; its future stays pending."""
        self._futures.pop(key, None)

    def resolve(self, key: K, outcome: V) -> None:
        """Give the outcome to all that expect `key`; ignored if none does."""
        future = self._futures.pop(key, None)
        if future is not None and not future.done():
            future.set_result(outcome)

    def fail(self, key: K, error: Exception) -> None:
        """Raise `error` in all that wait for `key`."""
        _fail(self._futures.pop(key, None), error)

    def fail_all(self, error: Exception) -> None:
        """Raise `error` in all that wait for any key."""
        futures, self._futures = self._futures, {}
        for future in futures.values():
            _fail(future, error)

    @staticmethod
    async def wait(future: asyncio.Future[V], seconds: float) -> V | None:
        """The outcome, None if it does not come within `seconds`.

        The key stays expected then, and when the waiting task is cancelled. Raises the error
        given to `fail_all`.
        """
        done, _ = await asyncio.wait({future}, timeout=seconds)
        return future.result() if done else None


def _fail(future: asyncio.Future[V] | None, error: Exception) -> None:
    if future is not None and not future.done():
        future.set_exception(error)
        future.exception()  # mark as retrieved: possibly none waits
