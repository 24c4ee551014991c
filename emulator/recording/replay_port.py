"""A replay on a serial line: what a host opens instead of a module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emulator.clock.clocks import Clock, Timer
from emulator.line.line import Line
from emulator.line.ports.port import Address
from emulator.recording.replay import Replay


class ReplayPort:
    """`replay` for whoever opens the port, by `clock`; `over` is called when no host
    will ever come again and all is said. `baud` None: without pace, whatever was recorded.

    Needs a running event loop. Raises OSError: the port cannot be had.
    """

    def __init__(
        self,
        replay: Replay,
        clock: Clock,
        *,
        over: Callable[[], None],
        address: Address,
        link: Path | None = None,
        baud: int | None = 9600,
    ) -> None:
        self._replay = replay
        self._clock = clock
        self._over = over
        self._timer: Timer | None = None
        self._ended = False
        self._baud = replay.baud  # as recorded; at first the line may have another one
        self.line = Line(
            clock,
            self._received,
            on_end=self._no_more,
            baud=baud,
            address=address,
            link=link,
        )
        self._turn()

    def close(self) -> None:
        """Close the port; a second time does nothing."""
        self._stop_timer()
        self.line.close()

    def _received(self, data: bytes) -> None:
        self._replay.receive(data, self._clock.now())
        self._turn()

    def _turn(self) -> None:
        self._stop_timer()
        deadline = self._replay.step(self._clock.now())
        self.line.send(self._replay.take_output())
        if self.line.baud is not None and self._replay.baud != self._baud:
            self._baud = self.line.baud = self._replay.baud
        if deadline is not None:
            self._timer = self._clock.call_at(deadline, self._turn)
        elif self._ended and self.line.idle:
            self._over()

    def _no_more(self) -> None:
        self._ended = True
        if self._timer is None and self.line.idle:
            self._over()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
