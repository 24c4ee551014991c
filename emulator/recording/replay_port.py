"""Replay port: a serial line with a replay in place of a module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emulator.clock.clocks import Clock, Timer
from emulator.line.line import Line
from emulator.line.ports.port import Address
from emulator.recording.replay import Replay
from emulator.recording.trace import Trace


class ReplayPort:
    """Connects `replay` to a port. `on_end` is called when no host can open the port again and
    all output has been sent. `baud` None: no pacing, also if the recording has a speed. `trace`
    gets what is on the line.

    Needs a running event loop. Raises OSError if the port cannot be opened.
    """

    def __init__(
        self,
        replay: Replay,
        clock: Clock,
        *,
        on_end: Callable[[], None],
        address: Address,
        link: Path | None = None,
        baud: int | None = 9600,
        trace: Trace | None = None,
    ) -> None:
        self._replay = replay
        self._clock = clock
        self._on_end = on_end
        self._timer: Timer | None = None
        self._trace = trace
        self._ended = False
        self._baud = replay.baud  # as recorded; the line may start with another one
        self.line = Line(
            clock,
            self._on_data,
            on_sent=self._on_sent if trace else None,
            on_note=self._on_note,
            on_end=self._on_line_end,
            baud=baud,
            address=address,
            link=link,
        )
        self._step()

    def close(self) -> None:
        """Close the port. A second call has no effect."""
        self._stop_timer()
        if self._trace:
            self._trace.close(self._clock.now())
        self.line.close()

    def _on_sent(self, data: bytes) -> None:
        if self._trace:
            self._trace.to_host(data, self._clock.now())

    def _on_note(self, text: str) -> None:
        if self._trace:
            self._trace.note(text, self._clock.now())

    def _on_data(self, data: bytes) -> None:
        if self._trace:
            self._trace.to_module(data, self._clock.now())
        self._replay.receive(data, self._clock.now())
        self._step()

    def _step(self) -> None:
        self._stop_timer()
        deadline = self._replay.step(self._clock.now())
        self.line.send(self._replay.take_output())
        if self.line.baud is not None and self._replay.baud != self._baud:
            self._baud = self.line.baud = self._replay.baud
        if deadline is not None:
            self._timer = self._clock.call_at(deadline, self._step)
        elif self._ended and self.line.idle:
            self._on_end()

    def _on_line_end(self) -> None:
        self._ended = True
        if self._timer is None and self.line.idle:
            self._on_end()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
