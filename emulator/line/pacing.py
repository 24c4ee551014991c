"""Bytes on a wire, each complete at its time. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

# Bytes that may be on their way at once; what comes beyond is lost. Four minutes at 9600 baud, and
# more than any burst of an unpaced line.
BACKLOG = 262_144
# A byte counts as complete so much before its time: what is left of POSIX seconds in a double.
_ROUNDING = 1e-6


@dataclass(slots=True)
class _Burst:
    """Bytes sent at once: the n-th is complete at `begin + n * byte_time`, `taken` of them went."""

    data: bytes
    begin: float
    byte_time: float
    taken: int = 0

    def complete(self, now: float) -> int:
        elapsed = now - self.begin + _ROUNDING
        if not self.byte_time:
            return len(self.data) if elapsed >= 0 else 0
        return min(max(int(elapsed / self.byte_time), 0), len(self.data))

    @property
    def next(self) -> float:
        return self.begin + (self.taken + 1) * self.byte_time

    @property
    def end(self) -> float:
        return self.begin + len(self.data) * self.byte_time


class PacedQueue:
    """One direction. `due` tells what has arrived, `advance` takes it off."""

    def __init__(self) -> None:
        self.waiting = 0  # bytes that have not been taken off
        self._bursts: deque[_Burst] = deque()

    def put(self, data: bytes, now: float, byte_time: float, *, delay: float = 0.0) -> int:
        """Send it behind what is on its way, each byte taking `byte_time`, 0 for none at all.

        `delay` passes before its first bit. Returns how many bytes found no room and are lost.
        """
        kept = data[: BACKLOG - self.waiting]
        if kept:
            begin = max(now, self._bursts[-1].end if self._bursts else now) + delay
            self._bursts.append(_Burst(kept, begin, byte_time))
            self.waiting += len(kept)
        return len(data) - len(kept)

    def due(self, now: float) -> bytes:
        """What is complete by `now` of what was sent at once; the rest after `advance`."""
        if not self._bursts:
            return b""
        burst = self._bursts[0]
        return burst.data[burst.taken : burst.complete(now)]

    @property
    def paced(self) -> bool:
        """Whether what `due` tells of came at a UART's pace: it does not wait for its reader."""
        return bool(self._bursts) and self._bursts[0].byte_time > 0

    @property
    def next(self) -> float | None:
        """When the next byte is complete; None when nothing is on its way."""
        return self._bursts[0].next if self._bursts else None

    def advance(self, count: int) -> None:
        """Take the first `count` bytes off, of those that `due` told of."""
        if not count:
            return
        burst = self._bursts[0]
        burst.taken += count
        self.waiting -= count
        if burst.taken == len(burst.data):
            self._bursts.popleft()

    def clear(self) -> int:
        """Take everything off; returns how many bytes that were."""
        lost, self.waiting = self.waiting, 0
        self._bursts.clear()
        return lost
