"""Signals that end the command: SIGINT, SIGTERM, and SIGHUP unless it is ignored (nohup)."""

# Imports little: it is used before the slow imports (`emulator/__main__.py`).
from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


class Shutdown:
    """Handles the signals from creation on; the exit status is always 0.

    Before `attach` a signal exits at once, since nothing is open. Then it sets the event, and the
    loop closes everything. After `finish` signals have no effect: the program is about to exit.
    """

    def __init__(self) -> None:
        self._requested = False
        self._target: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._signals = {signal.SIGINT, signal.SIGTERM}
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            self._signals.add(signal.SIGHUP)  # its terminal has been closed
        for number in self._signals:
            signal.signal(number, self._on_signal)

    def attach(self, loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
        """From now on a signal sets `event`."""
        self._target = loop, event
        if self._requested:  # the SystemExit was swallowed, for example by a destructor
            event.set()

    def finish(self) -> None:
        # Blocked, because Python restores the default handlers before the process ends.
        signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)

    def _on_signal(self, *_: object) -> None:
        if self._requested:  # ignore repeated signals, which could interrupt the shutdown
            return
        self._requested = True
        if self._target is None:
            raise SystemExit(0)
        loop, event = self._target
        loop.call_soon_threadsafe(event.set)
