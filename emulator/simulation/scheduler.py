"""When the parts of an emulator do what is due: at their deadlines by its clock, and when moved.

Pure but for the clock that it is given.
"""

from __future__ import annotations

from typing import Protocol

from emulator.clock.clocks import Clock, EagerClock, Timer
from emulator.simulation.simulation import Chain


class Sender(Protocol):
    """Something that may have to send what came of a turn."""

    def flush(self) -> None: ...


class Turns:
    """`chain` by `clock`, from `start` to `stop`."""

    def __init__(self, chain: Chain, clock: Clock) -> None:
        self._chain = chain
        self._clock = clock
        self._stirred: dict[Sender, None] = {}  # a set that keeps its order
        self.started = False
        self._timer: Timer | None = None
        self._due: float | None = None

    def start(self) -> None:
        self.started = True

    def stop(self) -> None:
        self.started = False
        self._stop_timer()

    def stir(self, sender: Sender) -> None:
        """It is flushed at the end of the turn."""
        self._stirred[sender] = None

    def turn(self) -> None:
        """Do what is due, send what came of it, and come back at the next deadline."""
        self.turn_at(self._clock.now())

    def turn_at(self, now: float) -> None:
        """The same, by somebody who has just asked what time it is."""
        deadline = self._chain.step(now)
        stirred, self._stirred = self._stirred, {}
        for sender in stirred:
            sender.flush()
        if deadline != self._due:
            self._stop_timer()
            if deadline is not None:
                self._due = deadline
                self._timer = self._clock.call_at(deadline, self._on_time)
        if isinstance(self._clock, EagerClock):
            self._clock.check()

    def catch_up(self, now: float) -> None:
        """A turn, if anything is due: before a part is moved which nobody else has moved."""
        if self._due is not None and self._due <= now:
            self.turn_at(now)

    def soon(self) -> None:
        """Somebody has moved a module by hand: turn, but not in the middle of it."""
        now = self._clock.now()
        if self.started and self._due != now:
            self._stop_timer()
            self._due = now
            self._timer = self._clock.call_at(now, self._on_time)

    def _on_time(self) -> None:
        self._timer = self._due = None
        self.turn()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._due = None
