"""Confirmable messages of the module and their retransmission (RFC 7252 4.2)."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.air.messages import Deregister, Notification, Register, Update

ACK_TIMEOUT = 2.0  # seconds (RFC 7252 4.8); without ACK_RANDOM_FACTOR, to stay predictable
MAX_RETRANSMIT = 4
# From the first transmission until the sender gives up: 2 + 4 + 8 + 16 + 32.
MAX_TRANSMIT_WAIT = ACK_TIMEOUT * (2 ** (MAX_RETRANSMIT + 1) - 1)

Confirmable = Register | Update | Deregister | Notification


@dataclass(slots=True)
class _Pending:
    message: Confirmable
    expires: float
    repeat: float | None
    interval: float
    repeats: int = 0

    @property
    def due(self) -> float:
        return self.expires if self.repeat is None else min(self.repeat, self.expires)


class Exchanges:
    """Messages that wait for an answer of the platform, by message id."""

    __slots__ = ("_mid", "_pending", "due")

    def __init__(self, first_mid: int) -> None:
        self._mid = first_mid
        self._pending: dict[int, _Pending] = {}
        self.due: float | None = None  # when a message expires or must be repeated

    def next_mid(self) -> int:
        """A message id that no pending exchange has."""
        while True:
            self._mid = (self._mid + 1) & 0xFFFF
            if self._mid not in self._pending:
                return self._mid

    def begin(self, message: Confirmable, now: float, *, within: float = MAX_TRANSMIT_WAIT) -> None:
        """Follow a message that the caller sends now; it expires after `within` seconds."""
        self._pending[message.mid] = _Pending(message, now + within, now + ACK_TIMEOUT, ACK_TIMEOUT)
        self._plan()

    def end(self, mid: int) -> Confirmable | None:
        """Remove the exchange with this id and return its message; None: there is none."""
        pending = self._pending.pop(mid, None)
        self._plan()
        return None if pending is None else pending.message

    def clear(self) -> None:
        """Remove all exchanges."""
        self._pending.clear()
        self._plan()

    def __len__(self) -> int:
        return len(self._pending)

    def _plan(self) -> None:
        self.due = min((pending.due for pending in self._pending.values()), default=None)

    def expired(self, now: float) -> list[Confirmable]:
        """Remove the exchanges that have expired and return their messages."""
        over = [p.message for p in self._pending.values() if p.expires <= now]
        for message in over:
            del self._pending[message.mid]
        self._plan()
        return over

    def repeated(self, now: float) -> list[Confirmable]:
        """The messages to send again now; call `expired` first."""
        again = [p for p in self._pending.values() if p.repeat is not None and p.repeat <= now]
        for pending in again:
            pending.interval *= 2
            pending.repeats += 1
            pending.repeat = now + pending.interval if pending.repeats < MAX_RETRANSMIT else None
        self._plan()
        return [pending.message for pending in again]
