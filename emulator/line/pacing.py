"""Pacing: bytes on the way, each complete at its own time. Pure."""

from __future__ import annotations

from dataclasses import dataclass

# Limit of bytes on the way; further bytes are dropped. Four minutes at 9600 baud, and more than
# any burst on an unpaced line.
BACKLOG = 262_144
# Seconds by which a byte may be early: precision of POSIX seconds in a double.
_ROUNDING = 1e-6


@dataclass(slots=True)
class _Burst:
    """Bytes sent together: the n-th is complete at `begin + n * byte_time`; `taken` are removed."""

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
    """A queue of bytes with times. `due` returns complete bytes, `advance` removes them."""

    __slots__ = ("_bursts", "waiting")

    def __init__(self) -> None:
        self.waiting = 0  # bytes in the queue
        self._bursts: list[_Burst] = []

    def put(self, data: bytes, now: float, byte_time: float, *, delay: float = 0.0) -> int:
        """Append `data`. Each byte takes `byte_time` seconds (0: none), the first one also `delay`.

        Returns how many bytes were dropped because the queue was full.
        """
        kept = data[: BACKLOG - self.waiting]
        if kept:
            begin = max(now, self._bursts[-1].end if self._bursts else now) + delay
            self._bursts.append(_Burst(kept, begin, byte_time))
            self.waiting += len(kept)
        return len(data) - len(kept)

    def due(self, now: float) -> bytes:
        """Complete bytes of the oldest burst; call again after `advance` for the next burst."""
        if not self._bursts:
            return b""
        burst = self._bursts[0]
        return burst.data[burst.taken : burst.complete(now)]

    @property
    def paced(self) -> bool:
        """Whether the bytes of `due` are paced: a UART does not wait for its reader."""
        return bool(self._bursts) and self._bursts[0].byte_time > 0

    @property
    def next(self) -> float | None:
        """When the next byte is complete; None if the queue is empty."""
        return self._bursts[0].next if self._bursts else None

    def advance(self, count: int) -> None:
        """Remove the first `count` bytes of those that `due` returned."""
        if not count:
            return
        burst = self._bursts[0]
        burst.taken += count
        self.waiting -= count
        if burst.taken == len(burst.data):
            del self._bursts[0]

    def clear(self) -> int:
        """Remove everything. Returns how many bytes were removed."""
        lost, self.waiting = self.waiting, 0
        self._bursts.clear()
        return lost
