"""Scheduler: runs a simulation by a clock, at its deadlines and at each input."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from emulator.clock.clocks import Clock, EagerClock, Timer
from emulator.simulation.simulation import Simulation

T = TypeVar("T")


class Scheduler:
    """Runs `simulation` by `clock`: steps it, flushes what the step produced, sets the next timer.

    Between `start` and `stop`, changes made outside of `input` (a test sets `radio.coverage`) are
    served soon, by a timer.
    """

    def __init__(self, simulation: Simulation, clock: Clock) -> None:
        self.started = False
        self._simulation = simulation
        self._clock = clock
        self._eager = clock if isinstance(clock, EagerClock) else None
        self._timer: Timer | None = None
        self._due: float | None = None  # when the timer fires
        simulation.on_change = self._on_change

    def start(self) -> None:
        self.started = True

    def stop(self) -> None:
        self.started = False
        self._set_timer(None)

    def input(self, call: Callable[[float], T], flush: Callable[[], None] | None = None) -> T:
        """Let the outside act on a part: do what is due first, then `call(now)`, then its effects.

        `flush` sends what the part answers. Returns or raises what `call` does.
        """
        now = self._clock.now()
        if self._due is not None and self._due <= now:
            self._run(now)
        if flush is not None:
            self._simulation.outputs[flush] = None
        self._simulation.busy = True  # the effects of `call` are served below
        try:
            return call(now)
        finally:
            self._run(now)

    def settle(self) -> None:
        """Do everything that is due by now; nothing unless started."""
        if self.started:
            self._run(self._clock.now())

    def _run(self, now: float) -> None:
        deadline = self._simulation.step(now)
        if deadline != self._due:
            self._set_timer(deadline)
        outputs, self._simulation.outputs = self._simulation.outputs, {}
        for flush in outputs:
            flush()
        if self._eager is not None:
            self._eager.check()

    def _on_change(self) -> None:
        if self.started:
            self._set_timer(self._clock.now())

    def _on_timer(self) -> None:
        self._timer = self._due = None
        self._run(self._clock.now())

    def _set_timer(self, due: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = None if due is None else self._clock.call_at(due, self._on_timer)
