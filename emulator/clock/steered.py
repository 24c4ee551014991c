"""A clock for people: the event loop's time at a speed that changes, paused, and advanced."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from math import inf, nextafter

from emulator.clock.clocks import Timer
from emulator.clock.timer_queue import TimerQueue

# Seconds of the loop's time for which timers run before other events of the loop do.
TURN = 0.001
# How far the clock may pass a timer that has not run yet: seconds of the loop's time, and seconds.
# What a part does late it does at once, so this bounds how long it holds the loop.
_AHEAD, _MOST_AHEAD = 0.01, 1.0
# Seconds of the loop's time that are caught up. What is lost beyond is not: with more to do than
# the computer can, time passes slower.
LAG = 1.0


class _Move:
    """One `advance`, up to the time `target`. `unread`: watchers may have more to read."""

    __slots__ = ("target", "unread")

    def __init__(self, target: float) -> None:
        self.target, self.unread = target, False


class SteeredClock:
    """As `LoopClock`, with a speed that may change, `pause`, `resume` and `advance`.

    Paused, it stands still: what takes time does not happen, such as a byte on a paced line, or a
    datagram in the air. What takes none still does: a timer that is due at `now` runs soon, and
    what a host writes arrives at `now`, at an unpaced line at once.

    At a speed for which the computer is too slow, time passes slower, and other events of the loop
    still have their turns.

    Call it in the thread of the event loop only. It begins at the present time of the computer.
    """

    def __init__(self, *, speed: float = 1.0) -> None:
        """Stands still until `start`. Raises ValueError unless `speed` is finite and above 0."""
        self._speed = _checked(speed)
        self._paused = False
        self._move: _Move | None = None
        self._planned = TimerQueue()
        self._watchers: list[Callable[[], object]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reached = time.time()
        # While it runs by itself: the time was `_epoch` at `_begin` of the loop's time.
        self._runs = False
        self._epoch, self._begin = self._reached, 0.0
        self._loop_time: Callable[[], float] = time.monotonic
        # The one timer of the loop. It is set again for a timer that is planned before `_wake`.
        self._handle: asyncio.Handle | None = None
        self._wake = -inf
        self._limit = inf  # the time does not pass it before the timers have run

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._runs = False  # between two loops it stands still
            self._hold()
            self._loop, self._loop_time = loop, loop.time
            self._go_on()

    def now(self) -> float:
        if self._runs:
            now = self._epoch + (self._loop_time() - self._begin) * self._speed
            # Called for each byte: min() and max() take twice as long.
            if now > self._limit:  # noqa: PLR1730
                now = self._limit
            if now > self._reached:  # noqa: PLR1730
                self._reached = now
        return self._reached

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        timer = self._planned.add(when, callback)
        if when < self._wake:
            self._set_wake()
        return timer

    @property
    def speed(self) -> float:
        """Seconds that pass in one second of the loop's time while it is not paused."""
        return self._speed

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def advancing(self) -> bool:
        """Whether an `advance` has not ended yet."""
        return self._move is not None

    def set_speed(self, speed: float) -> None:
        """From now on, or from the end of a present `advance` on. Raises ValueError as `__init__`
        does.
        """
        speed = _checked(speed)
        self._hold()
        self._speed = speed
        self._go_on()

    def pause(self) -> None:
        """Stand still until `resume`; a present `advance` ends where it is."""
        self._hold()
        self._paused, self._move = True, None
        self._go_on()

    def resume(self) -> None:
        """Run, at once or from the end of a present `advance` on."""
        self._hold()
        self._paused = False
        self._go_on()

    async def advance(self, seconds: float) -> bool:
        """Let `seconds` pass at once: all that is due until then happens in its order.

        Each timer runs at its own time, in turns of `TURN` with other events of the loop, which
        happen at the time that the clock shows then. What hosts have written before arrives before.
        Other programs get no faster: a host does not do what it would do within `seconds`.
        Afterwards the clock runs, or is paused, as before.

        Returns False if `pause` has ended it before. If it is cancelled, the clock goes on from
        the time reached. The loop's exception handler gets what a timer raises.

        Raises ValueError if `seconds` is negative or not finite, RuntimeError before `start` and
        during another `advance`.
        """
        if not 0 <= seconds < inf:
            raise ValueError(f"advance {seconds}: expected a number of seconds, 0 or more")
        if self._loop is None:
            raise RuntimeError("advance: the clock has not been started")
        if self._move is not None:
            raise RuntimeError(
                "advance: another one has not ended: wait for it, or pause the clock"
            )
        self._hold()
        move = self._move = _Move(self._reached + seconds)
        try:
            # In this round the loop finds what can be read, and then calls its readers.
            await asyncio.sleep(0)
            while True:
                await asyncio.sleep(0)
                if self._move is not move or self._turn(self._loop, move):
                    return self._move is move
        finally:
            if self._move is move:
                self._move = None
                self._go_on()

    def watch(self, callback: Callable[[], object]) -> None:
        """Call `callback` after each timer of an `advance`, to read what it has sent to this
        process. Before time goes on, it is called again until what it returns is false.
        """
        self._watchers.append(callback)

    def unwatch(self, callback: Callable[[], object]) -> None:
        if callback in self._watchers:
            self._watchers.remove(callback)

    # Moves ---------------------------------------------------------------------------------------

    def _hold(self) -> None:
        """Stand still until `_go_on`. Timers that are planned meanwhile set none of the loop."""
        self.now()
        self._runs = False
        self._wake = -inf
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _go_on(self) -> None:
        if self._loop is not None and self._move is None:
            self._runs = not self._paused
            self._epoch, self._begin = self._reached, self._loop_time()
            self._set_wake()

    def _set_wake(self) -> None:
        """Set the timer of the loop for the first of the planned timers."""
        assert self._loop is not None, "it has been started"
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        due, now = self._planned.next, self.now()
        ahead = min(_AHEAD * self._speed, _MOST_AHEAD)
        self._limit = inf if due is None else max(due, now) + ahead
        if due is not None and due <= now:
            self._wake, self._handle = -inf, self._loop.call_soon(self._on_wake)
        elif self._paused:
            self._wake = nextafter(now, inf)
        elif due is not None:
            at = self._begin + (due - self._epoch) / self._speed
            self._wake, self._handle = due, self._loop.call_at(at, self._on_wake)
        else:
            self._wake = inf

    def _on_wake(self) -> None:
        """Run what is due, for one turn."""
        # POSIX seconds hold fewer digits than loop time: rounding may fire the timer early.
        self._reached = max(self._reached, self._wake)
        self._handle, self._wake = None, -inf
        now, begin = self.now(), self._loop_time()
        end, behind = begin + TURN, begin - self._begin - (now - self._epoch) / self._speed
        if behind > LAG and self._runs:
            self._begin += behind - LAG
        try:
            while (due := self._planned.next) is not None and due <= now:
                self._planned.pop()()
                if self._loop_time() >= end or self._move is not None:
                    break
        finally:  # also if a timer raises: the others still run
            if self._move is None:
                self._set_wake()

    def _turn(self, loop: asyncio.AbstractEventLoop, move: _Move) -> bool:
        """Advance for one turn. Returns whether the time is reached, or the move has ended."""
        end = loop.time() + TURN
        while True:
            try:
                if move.unread:
                    move.unread = False  # also if one raises
                    for read in tuple(self._watchers):
                        move.unread |= bool(read())
                elif (due := self._planned.next) is not None and due <= move.target:
                    self._reached = max(self._reached, due)
                    move.unread = True
                    self._planned.pop()()
                else:
                    self._reached = move.target
                    return True
            except Exception as error:
                message = "a timer failed while the clock was advanced"
                loop.call_exception_handler({"message": message, "exception": error})
            if self._move is not move:  # the timer has paused the clock
                return True
            if loop.time() >= end:
                return False


def _checked(speed: float) -> float:
    """Raises ValueError."""
    if not 0 < speed < inf:
        raise ValueError(f"speed {speed}: expected a factor above 0")
    return speed
