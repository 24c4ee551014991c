"""What the module's UART has room for while the module is sending. Pure."""

from __future__ import annotations

from collections.abc import Callable


class ReceiveBuffer:
    """`room` in bytes, for what comes while the module sends and reads nothing; None: it reads all
    the time. `lost` counts what found no room; `tell` is told of it in words.
    """

    def __init__(self, room: int | None, tell: Callable[[str], None]) -> None:
        self.room = room
        self.lost = 0
        self._tell = tell
        self._held = bytearray()

    @property
    def empty(self) -> bool:
        return not self._held

    def admit(self, data: bytes, *, sending: bool) -> bytes:
        """`data` has arrived; returns what the module reads at once. `release` gives the rest."""
        if self.room is None or not (sending or self._held):
            return data
        room = max(self.room - len(self._held), 0)
        self._held += data[:room]
        if len(data) > room:
            self.lost += len(data) - room
            self._tell(f"overrun: {len(data) - room} bytes came while the module was sending")
        return b""

    def release(self) -> bytes:
        """The module has sent what it had to: what it reads now."""
        held = bytes(self._held)
        self._held.clear()
        return held
