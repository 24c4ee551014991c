"""The receive buffer of a module's UART while the module is sending. Pure."""

from __future__ import annotations

from collections.abc import Callable


class ReceiveBuffer:
    """`size` in bytes, for a module that does not read while it sends; None: it always reads.

    `lost` counts bytes dropped because the buffer was full; each drop is reported to `on_note`.
    """

    __slots__ = ("_held", "_on_note", "lost", "size")

    def __init__(self, size: int | None, on_note: Callable[[str], None]) -> None:
        self.size = size
        self.lost = 0
        self._on_note = on_note
        self._held = bytearray()

    @property
    def empty(self) -> bool:
        return not self._held

    def put(self, data: bytes, *, sending: bool) -> bytes:
        """`data` has arrived. Returns what the module reads now; `release` returns the rest."""
        if self.size is None or not (sending or self._held):
            return data
        room = max(self.size - len(self._held), 0)
        self._held += data[:room]
        if len(data) > room:
            self.lost += len(data) - room
            self._on_note(f"overrun: {len(data) - room} bytes came while the module was sending")
        return b""

    def release(self) -> bytes:
        """The module has stopped sending. Returns what it reads now."""
        held = bytes(self._held)
        self._held.clear()
        return held
