"""The serial line: a pseudo terminal that any serial program can open, at a UART's pace."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emulator.link import Link
from emulator.terminal import Terminal

BITS_A_BYTE = 10  # start, eight data, stop (8N1)
# Bytes that wait to be sent; what comes beyond is lost. Four minutes at 9600 baud, and more than
# any burst of an unpaced line.
BACKLOG = 262_144
# A paced line with more than so many bytes waiting reads nothing: a module whose UART is busy
# sending does not get round to the next command. Room for the longest answers.
BUSY = 4096


@dataclass(slots=True)
class _Burst:
    """Bytes sent at once: the n-th is complete at `begin + n * byte_time`, `sent` of them are."""

    data: bytes
    begin: float
    byte_time: float
    sent: int = 0

    def complete(self, now: float) -> int:
        """How many bytes have left the UART by `now`."""
        if not self.byte_time:
            return len(self.data)
        # A little more, so that a timer which fires a rounding error early finds its byte.
        elapsed = now - self.begin + self.byte_time * 1e-3
        return min(int(elapsed / self.byte_time), len(self.data))

    @property
    def next(self) -> float:
        """When the next byte is complete."""
        return self.begin + (self.sent + 1) * self.byte_time

    @property
    def end(self) -> float:
        return self.begin + len(self.data) * self.byte_time


class Line:
    """`on_data` is called with what a host writes to `port`, `on_sent` with what has left for it.

    A paced line is a UART: what nobody reads is lost once the pty is full. An unpaced one (`baud`
    None) waits for its reader, and loses only what exceeds BACKLOG. While no program has the port
    open, either loses all it sends. `lost` counts the bytes.
    """

    def __init__(
        self,
        on_data: Callable[[bytes], None],
        *,
        on_sent: Callable[[bytes], None] | None = None,
        baud: int | None = 9600,
        link: Path | None = None,
    ) -> None:
        """Needs a running event loop. `link` is made a symbolic link to the port, in place of an
        older symbolic link.

        Raises FileExistsError when `link` is something else, OSError when it cannot be made or
        there is no pty to be had, ValueError for a speed that is none.
        """
        self.lost = 0
        self.baud = baud
        self._on_sent = on_sent
        self._loop = asyncio.get_running_loop()
        self._bursts: deque[_Burst] = deque()
        self._waiting = 0  # bytes in the bursts
        self._timer: asyncio.TimerHandle | None = None
        self._writing = False  # the pty is full and we wait for its reader
        self._busy = False
        self._terminal = Terminal(on_data)
        try:
            self._link = None if link is None else Link(link, self._terminal.path)
        except BaseException:
            self._terminal.close()
            raise
        self._closed = False

    @property
    def path(self) -> str:
        """The pty itself."""
        return self._terminal.path

    @property
    def port(self) -> str:
        """What a host opens: the link if there is one, else the pty itself."""
        return self.path if self._link is None else str(self._link.path)

    @property
    def baud(self) -> int | None:
        """Bits a second, for what is sent from now on; None: as fast as the host reads."""
        return self._baud

    @baud.setter
    def baud(self, baud: int | None) -> None:
        if baud is not None and baud <= 0:
            raise ValueError(f"baud {baud}: expected a speed above 0, or None for no pacing")
        self._baud = baud

    def send(self, data: bytes) -> None:
        """Send to the host, behind what is still on its way; returns at once."""
        if self._closed:
            return
        room = BACKLOG - self._waiting
        self.lost += max(len(data) - room, 0)
        data = data[:room]
        if not data:
            return
        now = self._loop.time()
        begin = max(now, self._bursts[-1].end) if self._bursts else now
        byte_time = BITS_A_BYTE / self._baud if self._baud else 0.0
        self._bursts.append(_Burst(data, begin, byte_time))
        self._waiting += len(data)
        if byte_time and self._waiting > BUSY and not self._busy:
            self._busy = True
            self._terminal.pause()
        if len(self._bursts) == 1:
            self._pump()

    def close(self) -> None:
        """Close the pty and remove the link if it is still ours; a second time does nothing."""
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._bursts.clear()
        if self._link is not None:
            self._link.remove()
        self._terminal.close()

    def _pump(self) -> None:
        """Send what is due by now, and come back when the next byte is."""
        self._timer = None
        now = self._loop.time()
        while self._bursts:
            burst = self._bursts[0]
            due = burst.data[burst.sent : burst.complete(now)]
            written = self._write(due)
            if written < len(due):
                if not burst.byte_time:
                    self._advance(burst, written)
                    self._wait_for_reader()
                    return
                self.lost += len(due) - written
            self._advance(burst, len(due))
            if burst.sent < len(burst.data):
                self._stop_writing()
                self._timer = self._loop.call_at(burst.next, self._pump)
                return
            self._bursts.popleft()
        self._stop_writing()

    def _advance(self, burst: _Burst, count: int) -> None:
        sent = burst.data[burst.sent : burst.sent + count]
        burst.sent += count
        self._waiting -= count
        if self._busy and self._waiting <= BUSY:
            self._busy = False
            self._terminal.resume()
        if sent and self._on_sent is not None:
            self._on_sent(sent)

    def _write(self, data: bytes) -> int:
        """How much of it has left the line: the pty took it, or nobody was there to."""
        if data and not self._terminal.opened:
            self.lost += len(data)
            return len(data)
        return self._terminal.write(data) if data else 0

    def _wait_for_reader(self) -> None:
        if not self._writing:
            self._writing = True
            self._terminal.when_writable(self._pump)

    def _stop_writing(self) -> None:
        if self._writing:
            self._writing = False
            self._terminal.stop_waiting()
