"""A resource that is observed, as its client sees it (RFC 7641). Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from aiocoap import Message

HALF = 1 << 23
"""Half of the range of Observe values."""

FRESH_AFTER = 128.0
"""Seconds after which any value counts as newer."""

OnNotification = Callable[[str, Message, float], bool | None]


class Transfer(Protocol):
    """The transfer of the rest of a notification."""

    def cancel(self) -> None: ...


class Observation:
    """`peer` is where the newest notification came from; `message` the request that began it."""

    __slots__ = ("_at", "_value", "fetch", "message", "on_notification", "peer", "token")

    def __init__(
        self, peer: str, token: bytes, message: Message, on_notification: OnNotification
    ) -> None:
        self.peer, self.token, self.message = peer, token, message
        self.on_notification = on_notification
        self.fetch: Transfer | None = None
        self._value = 0
        self._at = 0.0

    def is_news(self, value: int, now: float) -> bool:
        """Whether a notification is newer than the newest so far (section 3.4)."""
        last = self._value
        return (
            (last < value and value - last < HALF)
            or (last > value and last - value > HALF)
            or now > self._at + FRESH_AFTER
        )

    def accept(self, peer: str, value: int, now: float) -> None:
        """The newest notification so far, or the answer to the request."""
        self.peer, self._value, self._at = peer, value, now
