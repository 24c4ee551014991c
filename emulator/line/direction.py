"""One direction of the line: bytes in, bytes out with faults, pacing and wrong speeds. Pure."""

from __future__ import annotations

from collections.abc import Callable

from emulator.line.faults import DirectionFaults
from emulator.line.pacing import PacedQueue
from emulator.line.uart_frames import Frame, sample

BITS_PER_BYTE = 10  # start bit, eight data bits, stop bit (8N1)


class LineDirection(PacedQueue):
    """A paced queue with `faults`, between two UARTs that may have different settings."""

    __slots__ = ("_faults", "_on_note")

    def __init__(self, faults: DirectionFaults, on_note: Callable[[str], None]) -> None:
        super().__init__()
        self._faults = faults
        self._on_note = on_note

    def send(
        self,
        data: bytes,
        now: float,
        baud: int | None,
        *,
        frames: tuple[Frame | None, Frame | None] = (None, None),
    ) -> int:
        """Send `data` at `baud` (None: no pacing). Returns how many bytes the queue dropped.

        `frames`: UART settings of sender and receiver; None if unknown or irrelevant.
        """
        sender, receiver = frames
        if sender is not None and receiver is not None and sender != receiver:
            return self._send_garbled(data, now, sender, receiver)
        byte_time = BITS_PER_BYTE / baud if baud else 0.0
        chunks = self._faults.apply(data)
        return sum(self.put(chunk.data, now, byte_time, delay=chunk.delay) for chunk in chunks)

    def passes_at_once(self) -> bool:
        """Whether unpaced bytes arrive unchanged at once: need no `send`."""
        return not (self.waiting or self._faults.active)

    def _send_garbled(self, data: bytes, now: float, sender: Frame, receiver: Frame) -> int:
        received = sample(data, sender, receiver)
        if bytes(value for _, value in received) != data:
            self._on_note(f"{len(data)} bytes sent at {sender} were read at {receiver}: garbage")
        lost, before = 0, 0.0
        for at, value in received:
            for chunk in self._faults.apply(bytes([value])):
                lost += self.put(chunk.data, now, at - before, delay=chunk.delay)
            before = at
        return lost
