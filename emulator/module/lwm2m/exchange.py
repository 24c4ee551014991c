"""Confirmable messages of the module and their retransmission (RFC 7252 4.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from emulator.air.messages import Deregister, Notification, Register, Update

ACK_TIMEOUT = 2.0  # seconds (RFC 7252 4.8); without ACK_RANDOM_FACTOR, to stay predictable
MAX_RETRANSMIT = 4
# From the first transmission to giving up: 2 + 4 + 8 + 16 + 32.
MAX_TRANSMIT_WAIT = ACK_TIMEOUT * (2 ** (MAX_RETRANSMIT + 1) - 1)

Confirmable = Register | Update | Deregister | Notification


@dataclass(frozen=True, slots=True)
class _Pending:
    message: Confirmable
    expires: float
    repeat: float | None
    interval: float
    repeats: int = 0


class Exchanges:
    """What waits for an answer of the platform, by message id."""

    def __init__(self, first_mid: int) -> None:
        self._mid = first_mid
        self._pending: dict[int, _Pending] = {}

    def next_mid(self) -> int:
        """A message id that no pending exchange has."""
        while True:
            self._mid = (self._mid + 1) & 0xFFFF
            if self._mid not in self._pending:
                return self._mid

    def begin(self, message: Confirmable, now: float, *, within: float = MAX_TRANSMIT_WAIT) -> None:
        """Follow a message that the caller sends now, for `within` seconds."""
        self._pending[message.mid] = _Pending(message, now + within, now + ACK_TIMEOUT, ACK_TIMEOUT)

    def end(self, mid: int) -> Confirmable | None:
        """The exchange is answered, or given up; None when there is none with this id."""
        pending = self._pending.pop(mid, None)
        return None if pending is None else pending.message

    def clear(self) -> None:
        """Give up all of them, silently."""
        self._pending.clear()

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def deadline(self) -> float | None:
        if not self._pending:  # nearly always
            return None
        times = (
            p.expires if p.repeat is None else min(p.repeat, p.expires)
            for p in self._pending.values()
        )
        return min(times, default=None)

    def expired(self, now: float) -> list[Confirmable]:
        """End the exchanges whose time is over and return their messages."""
        over = [p.message for p in self._pending.values() if p.expires <= now]
        for message in over:
            del self._pending[message.mid]
        return over

    def repeated(self, now: float) -> list[Confirmable]:
        """The messages to send once more; ask for the expired ones first."""
        again: list[Confirmable] = []
        for mid, pending in self._pending.items():
            if pending.repeat is None or pending.repeat > now:
                continue
            again.append(pending.message)
            interval, repeats = pending.interval * 2, pending.repeats + 1
            self._pending[mid] = replace(
                pending,
                interval=interval,
                repeats=repeats,
                repeat=now + interval if repeats < MAX_RETRANSMIT else None,
            )
        return again
