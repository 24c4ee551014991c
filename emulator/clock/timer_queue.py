"""Timers in the order of their times, for clocks that run them themselves. Pure."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count

# Cancelled timers that are kept beside as many others. Most timers are cancelled long before their
# time: a part sets its next deadline again with each thing that happens to it.
_MAX_CANCELLED = 100


class PlannedTimer:
    """A callback that is planned; None once it has run or is cancelled."""

    __slots__ = ("_queue", "callback")

    def __init__(self, queue: TimerQueue, callback: Callable[[], None]) -> None:
        self._queue = queue
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        if self.callback is not None:
            self.callback = None
            self._queue.on_cancel()


class TimerQueue:
    """Callbacks by time; those of equal times in the order of their adding."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, PlannedTimer]] = []
        self._order = count()
        self._cancelled = 0  # of those in the heap

    def __len__(self) -> int:
        return len(self._heap) - self._cancelled

    def add(self, when: float, callback: Callable[[], None]) -> PlannedTimer:
        timer = PlannedTimer(self, callback)
        heappush(self._heap, (when, next(self._order), timer))
        return timer

    @property
    def next(self) -> float | None:
        """Time of the first timer; None if there is no timer."""
        heap = self._heap
        while heap and heap[0][2].callback is None:
            heappop(heap)
            self._cancelled -= 1
        return heap[0][0] if heap else None

    def pop(self) -> Callable[[], None]:
        """Remove the first timer, whose time `next` has shown."""
        timer = heappop(self._heap)[2]
        callback, timer.callback = timer.callback, None
        assert callback is not None, "`next` skips cancelled timers"
        return callback

    def on_cancel(self) -> None:
        """One of its timers has been cancelled."""
        self._cancelled += 1
        if self._cancelled > _MAX_CANCELLED + len(self._heap) // 2:
            self._heap = [entry for entry in self._heap if entry[2].callback is not None]
            heapify(self._heap)
            self._cancelled = 0
