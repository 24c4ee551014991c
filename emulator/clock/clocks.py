"""The one clock of an emulator: real, scaled, or moved by hand.

Module, air, platform and line ask this clock and no other, so the same inputs at the same times
give the same bytes whichever it is.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Protocol

# Where a clock that is moved by hand begins unless told otherwise: 2026-11-23 06:36:00 UTC. Always
# the same, so that what depends on the date repeats itself.
VIRTUAL_START = 1_795_415_760.0


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    """`now` never goes back, and has reached `when` once the callback of `call_at` is called."""

    def start(self) -> None:
        """Called in the event loop, before the first `call_at`; again, it changes nothing."""

    def now(self) -> float:
        """POSIX seconds."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer: ...


class LoopClock:
    """The event loop's time, `speed` times as fast: at 60 an hour passes in a minute."""

    def __init__(self, *, speed: float = 1.0) -> None:
        """Stands still until `start`. Raises ValueError: a speed that is not above 0."""
        if not 0 < speed < float("inf"):
            raise ValueError(f"speed {speed}: expected how many times as fast, a number above 0")
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
            if now > self._reached:  # noqa: PLR1730 - asked for each byte: max() takes twice as long
                self._reached = now
        return self._reached

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        assert self._loop is not None, "the clock has not been started"

        def fire() -> None:
            # POSIX seconds hold fewer digits than the loop's: rounding may fire it too early.
            self._reached = max(self._reached, when)
            callback()

        return self._loop.call_at(self._begin + (when - self._epoch) / self.speed, fire)


class _VirtualTimer:
    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class VirtualClock:
    """Moves only when it is told to; what is due happens inside `advance`, in its order.

    Ports are real all the same: what a host has written counts as sent at the time that the clock
    shows when it is read, so let it be read (see `watch`) before time moves on. To be used in the
    thread of the emulator's event loop; what `with Emulator(clock=...)` gives has a `clock` for
    the others.
    """

    def __init__(self, start: float = VIRTUAL_START) -> None:
        self._now = start
        self._planned: list[tuple[float, int, _VirtualTimer]] = []
        self._order = itertools.count()
        self._watchers: list[Callable[[], None]] = []
        self._thread: int | None = None

    def start(self) -> None:
        """It needs no event loop. From now on it is this thread that moves it."""
        self._thread = threading.get_ident()

    def now(self) -> float:
        return self._now

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        made = _VirtualTimer(callback)
        heapq.heappush(self._planned, (when, next(self._order), made))
        return made

    def watch(self, callback: Callable[[], None]) -> None:
        """Have it called each time before the clock moves."""
        self._watchers.append(callback)

    def unwatch(self, callback: Callable[[], None]) -> None:
        self._watchers.remove(callback)

    @property
    def next(self) -> float | None:
        """When something is due; None when nothing is planned."""
        while self._planned and self._planned[0][2].callback is None:
            heapq.heappop(self._planned)
        return self._planned[0][0] if self._planned else None

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises ValueError: it does not go back; RuntimeError: another thread."""
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"advance {seconds}: expected a number of seconds, 0 or more")
        self._before_move()
        self._advance_to(self._now + seconds)

    def advance_to_next(self) -> bool:
        """Go to what is due next and let it happen; False: nothing is planned."""
        self._before_move()
        due = self.next
        if due is not None:
            self._advance_to(max(due, self._now))
        return due is not None

    def _before_move(self) -> None:
        if self._thread not in (None, threading.get_ident()):
            raise RuntimeError(
                "this clock belongs to the emulator's thread: move `emulator.clock`, with the"
                " emulator that `with Emulator(...) as emulator` gave"
            )
        for callback in tuple(self._watchers):
            callback()

    def _advance_to(self, end: float) -> None:
        while (due := self.next) is not None and due <= end:
            *_, made = heapq.heappop(self._planned)
            self._now = max(self._now, due)
            callback, made.callback = made.callback, None
            assert callback is not None, "`next` has passed over what was cancelled"
            callback()
        self._now = end


class EagerClock(VirtualClock):
    """Moves by itself as long as somebody waits for what is planned, and stands still otherwise,
    until it is told to move: for a host that blocks no time passes in vain, and what nobody waits
    for, such as the end of a registration, does not overtake it.
    """

    def __init__(self, start: float = VIRTUAL_START) -> None:
        super().__init__(start)
        self.work_pending: Callable[[], bool] = lambda: (
            False
        )  # whether somebody waits for something
        self._loop: asyncio.AbstractEventLoop | None = None
        self._going = False

    def start(self) -> None:
        """It moves between the other events of this loop, so that hosts are heard in between."""
        super().start()
        self._loop = asyncio.get_running_loop()

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        self.check()
        return super().call_at(when, callback)

    def check(self) -> None:
        """Something may be owed now: soon go to what is planned next, and on while that is so."""
        if self._loop is not None and not self._going:
            self._going = True
            self._loop.call_soon(self._go)

    def _go(self) -> None:
        self._going = False
        if self.work_pending() and self.advance_to_next():
            self.check()
