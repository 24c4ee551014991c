"""One direction of the line: what is sent into it, and what comes out and when. Pure."""

from __future__ import annotations

from collections.abc import Callable

from emulator.line.faults import DirectionFaults
from emulator.line.pacing import PacedQueue
from emulator.line.uart_frames import Frame, read

BITS_A_BYTE = 10  # start, eight data, stop (8N1)


class LineDirection(PacedQueue):
    """A wire with `noise` on it, between two UARTs that may be set differently."""

    def __init__(self, noise: DirectionFaults, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._noise = noise
        self._tell = tell

    def send(
        self,
        data: bytes,
        now: float,
        baud: int | None,
        *,
        frames: tuple[Frame | None, Frame | None] = (None, None),
    ) -> int:
        """Send at `baud`, None for no pace at all; returns how many bytes found no room.

        `frames`: how sender and receiver are set, where that matters and is known.
        """
        sent, reader = frames
        if sent is not None and reader is not None and sent != reader:
            return self._send_garbled(data, now, sent, reader)
        byte_time = BITS_A_BYTE / baud if baud else 0.0
        pieces = self._noise.apply(data)
        return sum(self.put(piece.data, now, byte_time, delay=piece.delay) for piece in pieces)

    def through(self, data: bytes) -> bool:
        """Whether `data`, sent without pace, is at the other end at once. If so, it was sent."""
        return not self.waiting and self._noise.passes_unchanged(data)

    def _send_garbled(self, data: bytes, now: float, sent: Frame, reader: Frame) -> int:
        heard = read(data, sent, reader)
        if bytes(value for _, value in heard) != data:
            self._tell(f"{len(data)} bytes sent at {sent} were read at {reader}: garbage")
        lost, before = 0, 0.0
        for at, value in heard:
            for piece in self._noise.apply(bytes([value])):
                lost += self.put(piece.data, now, at - before, delay=piece.delay)
            before = at
        return lost
