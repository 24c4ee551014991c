"""What is observed at peers (RFC 7641, the client's role). Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from aiocoap import Message
from aiocoap.numbers import Type

from emulator.coap.messages import empty
from emulator.coap.recent import Recent

HALF = 1 << 23
"""Half of the range of Observe values."""

FRESH_AFTER = 128.0
"""Seconds after which any value counts as newer."""

MAX_NOTIFICATIONS = 16_384  # guess: what 1,000 devices send within 247 s
"""Notifications that are remembered, so that repeated ones are known."""

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

    def stop_fetch(self) -> None:
        if self.fetch is not None:
            self.fetch.cancel()
            self.fetch = None


Fetch = Callable[
    [str, Message, Message, Callable[[Message | None, float], None], float], Transfer | None
]
"""Peer, request, first block of the answer, what gets the whole answer, time."""


class Observer:
    """All observations of an endpoint, by token."""

    def __init__(
        self, send: Callable[[str, bytes, float], None], fetch: Fetch, lifetime: float
    ) -> None:
        self.observations: dict[bytes, Observation] = {}
        self.on_unknown: Callable[[str, float], None] = lambda _peer, _now: None
        self._send, self._fetch, self._lifetime = send, fetch, lifetime
        self._replies: Recent[tuple[bytes, int], bytes] = Recent(MAX_NOTIFICATIONS)

    def begin(self, new: Observation, response: Message, now: float) -> None:
        """The answer to a request with Observe 0 came."""
        self.forget(new.token)
        value = response.opt.observe
        if value is not None and response.code.is_successful():
            new.accept(new.peer, value, now)
            self.observations[new.token] = new

    def forget(self, token: bytes) -> None:
        observation = self.observations.pop(token, None)
        if observation is not None:
            observation.stop_fetch()

    def notification(self, peer: str, message: Message, now: float) -> None:
        """A response that answers no open request."""
        key = (message.token, message.mid)
        reply = self._replies.get(key, now)
        if reply is None:
            reply = b""
            observation = self.observations.get(message.token)
            if observation is None or not self._accepts(observation, peer, message, now):
                reply = empty(Type.RST, message.mid)
            elif message.mtype is Type.CON:
                reply = empty(Type.ACK, message.mid)
            if observation is not None:
                self._replies.put(key, reply, now, self._lifetime)
            else:
                self.on_unknown(peer, now)
        if reply:
            self._send(peer, reply, now)

    def _accepts(self, observation: Observation, peer: str, message: Message, now: float) -> bool:
        value = message.opt.observe
        block = message.opt.block2
        if value is None or not message.code.is_successful():  # the server ends the observation
            accepted = observation.on_notification(peer, message, now) is not False
            if accepted and self.observations.get(observation.token) is observation:
                self.forget(observation.token)
            return accepted
        if not observation.is_news(value, now):
            return True
        if block is not None and block.more:
            observation.accept(peer, value, now)
            self._get_rest(observation, message, now)
            return True
        if observation.on_notification(peer, message, now) is False:
            return False
        observation.accept(peer, value, now)
        observation.stop_fetch()
        return True

    def _get_rest(self, observation: Observation, first: Message, now: float) -> None:
        """Get the rest of a notification; a newer notification ends that."""

        def on_response(whole: Message | None, now: float) -> None:
            observation.fetch = None
            known = self.observations.get(observation.token) is observation
            if whole is not None and known and whole.code.is_successful():
                observation.on_notification(observation.peer, whole, now)

        observation.stop_fetch()
        observation.fetch = self._fetch(
            observation.peer, observation.message, first, on_response, now
        )
