"""Clocks of the emulator: real or scaled time, time moved by hand, time that skips waiting."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Protocol

from emulator.clock.timer_queue import TimerQueue

# Start of a virtual clock: 2026-11-23 06:36:00 UTC. Fixed, so that output with dates is
# reproducible.
VIRTUAL_START = 1_795_415_760.0


class Timer(Protocol):
    """A planned callback."""

    def cancel(self) -> None:
        """Do not run the callback; does nothing if it has run."""


class Clock(Protocol):
    """`now` never decreases. When a callback of `call_at(when)` runs, `now() >= when`."""

    def start(self) -> None:
        """Call in the event loop before the first `call_at`. A second call changes nothing."""

    def now(self) -> float:
        """POSIX seconds."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` once at `when` (POSIX seconds), soon if that has passed."""


class LoopClock:
    """The event loop's time, `speed` times as fast (60: one hour in one minute).

    It begins at the present time of the computer, and then follows the event loop only.
    """

    def __init__(self, *, speed: float = 1.0) -> None:
        """Stands still until `start`. Raises ValueError unless `speed` is finite and above 0."""
        if not 0 < speed < float("inf"):
            raise ValueError(f"speed {speed}: expected a factor above 0")
        self.speed = speed
        self._epoch = time.time()
        self._reached = self._epoch
        self._begin = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # between two loops it stands still
            self._epoch, self._begin, self._loop = self._reached, loop.time(), loop

    def now(self) -> float:
        if self._loop is not None:
            now = self._epoch + (self._loop.time() - self._begin) * self.speed
            if now > self._reached:  # noqa: PLR1730 - called for each byte: max() takes twice as long
                self._reached = now
        return self._reached

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        assert self._loop is not None, "the clock has not been started"

        def fire() -> None:
            # POSIX seconds hold fewer digits than loop time: rounding may fire the timer early.
            self._reached = max(self._reached, when)
            callback()

        return self._loop.call_at(self._begin + (when - self._epoch) / self.speed, fire)


class VirtualClock:
    """Time that moves only by `advance` and `advance_to_next`, which run the timers in order.

    It begins at `start` (POSIX seconds; by default a fixed date, so that traces can be compared).
    Ports are real even so: bytes of a host get the time that the clock shows when they are read.
    Read them before the time moves (see `watch`). Use the clock only in the thread of the
    emulator's event loop; for other threads `with Emulator(clock=...) as emulator` has
    `emulator.clock`.
    """

    def __init__(self, start: float = VIRTUAL_START) -> None:
        self._now = start
        self._planned = TimerQueue()
        self._watchers: list[Callable[[], None]] = []
        self._after_timers: list[Callable[[], None]] = []
        self._thread: int | None = None

    def start(self) -> None:
        """Needs no event loop. From now on only the calling thread may move the clock."""
        self._thread = threading.get_ident()

    def now(self) -> float:
        return self._now

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        return self._planned.add(when, callback)

    def watch(self, callback: Callable[[], None], *, timers: bool = False) -> None:
        """Call `callback` each time before the clock moves; with `timers` also after each timer,
        to read what a timer has sent to this process.
        """
        self._watchers.append(callback)
        if timers:
            self._after_timers.append(callback)

    def unwatch(self, callback: Callable[[], None]) -> None:
        for callbacks in (self._watchers, self._after_timers):
            if callback in callbacks:
                callbacks.remove(callback)

    @property
    def next(self) -> float | None:
        """Time of the next timer; None if there is no timer."""
        return self._planned.next

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass.

        Raises ValueError if `seconds` is negative or not finite, RuntimeError in another thread.
        """
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"advance {seconds}: expected a number of seconds, 0 or more")
        self._before_move()
        self._advance_to(self._now + seconds)

    def advance_to_next(self) -> bool:
        """Move to the next timer and run it. Returns False if there is no timer.

        Raises RuntimeError in another thread.
        """
        self._before_move()
        due = self.next
        if due is not None:
            self._advance_to(max(due, self._now))
        return due is not None

    def _before_move(self) -> None:
        if self._thread not in (None, threading.get_ident()):
            raise RuntimeError(
                "the clock was moved in another thread than the emulator's: use the `clock` of the"
                " emulator that `with Emulator(...) as emulator` returned"
            )
        for callback in tuple(self._watchers):
            callback()

    def _advance_to(self, end: float) -> None:
        while (due := self.next) is not None and due <= end:
            self._now = max(self._now, due)
            self._planned.pop()()
            for read in tuple(self._after_timers):
                read()
        self._now = end


class EagerClock(VirtualClock):
    """Moves to the next timer by itself while `work_pending()` is true; else it stands still.

    A host that blocks until an answer arrives needs no real waiting. Timers for which no host
    waits, such as the end of a registration, do not overtake the host.
    """

    def __init__(self, start: float = VIRTUAL_START) -> None:
        super().__init__(start)
        self.work_pending: Callable[[], bool] = lambda: False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scheduled = False

    def start(self) -> None:
        """The clock moves between other events of this loop, so that ports are read in between."""
        super().start()
        self._loop = asyncio.get_running_loop()

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        self.check()
        return super().call_at(when, callback)

    def check(self) -> None:
        """Call when work may have become pending: the clock moves soon, as long as it is."""
        if self._loop is not None and not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._step)

    def _step(self) -> None:
        self._scheduled = False
        if not self.work_pending():
            return
        moved = True  # also if a timer raises: the others still run
        try:
            moved = self.advance_to_next()
        finally:
            if moved:
                self.check()
