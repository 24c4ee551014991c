"""The server's role: requests of peers, duplicates, and the answers. Pure."""

from __future__ import annotations

from collections.abc import Callable

from aiocoap import Message
from aiocoap.numbers import Code, Type

from emulator.coap.bodies import Bodies
from emulator.coap.messages import empty, encode
from emulator.coap.recent import Recent
from emulator.coap.transmission import Delivery, OnEnd, Transmissions
from emulator.coap.tuning import Blocks, Tuning

MAX_REQUESTS = 16_384  # guess: what 1,000 devices send within 247 s
"""Requests that are remembered, so that repeated ones are known."""


class _Known:
    """What is kept of a request to know it again. `incoming` is only there to be served again."""

    __slots__ = ("incoming", "reply")

    def __init__(self) -> None:
        self.reply = b""
        self.incoming: Incoming | None = None


class Incoming:
    """A request of a peer.

    Attributes:
        message: with the whole body.
        repeated: the peer sent it again (only if `Tuning.deduplicate` is off).
        answered: `respond` was called since the request came.
    """

    __slots__ = ("_server", "acknowledged", "answered", "known", "message", "peer", "repeated")

    def __init__(self, server: Server, peer: str, message: Message, known: _Known) -> None:
        self.peer, self.message = peer, message
        self.repeated = False
        self.answered = False
        self.acknowledged = False
        self.known = known
        self._server = server

    @property
    def mid(self) -> int:
        mid: int = self.message.mid
        return mid

    @property
    def token(self) -> bytes:
        token: bytes = self.message.token
        return token

    def acknowledge(self, now: float) -> None:
        """Acknowledge a confirmable request; the answer follows as a message of its own."""
        if self.message.mtype is Type.CON and not self.answered and not self.acknowledged:
            self.acknowledged = True
            self._server.reply(self, empty(Type.ACK, self.mid), now)

    def respond(self, response: Message, now: float) -> None:
        """Answer. Sets type, MID and token of `response`.

        Raises:
            RuntimeError: the request was answered already.
            ValueError: the answer does not fit into a datagram.
        """
        if self.answered:
            raise RuntimeError("the request is answered: expected one answer to each request")
        self.answered = True
        self._server.respond(self, response, now)


class Server:
    """All requests that an endpoint gets."""

    def __init__(
        self,
        transmissions: Transmissions,
        tuning: Tuning,
        blocks: Blocks,
        on_change: Callable[[], None],
    ) -> None:
        self._on_change = on_change
        self.serve: Callable[[Incoming, float], None] = not_found
        self.by_blocks: Callable[[Message], bool] = lambda _message: False
        self._transmissions, self._tuning = transmissions, tuning
        self._requests: Recent[tuple[str, int, bytes], _Known] = Recent(MAX_REQUESTS)
        self._bodies = Bodies(tuning, blocks)

    def receive(self, peer: str, message: Message, now: float) -> None:
        key = (peer, message.mid, message.token)
        known = self._requests.get(key, now)
        if known is None:
            tuning, known = self._tuning, _Known()
            confirmable = message.mtype is Type.CON
            lifetime = tuning.exchange_lifetime if confirmable else tuning.non_lifetime
            self._requests.put(key, known, now, lifetime)
            incoming = Incoming(self, peer, message, known)
            single = self.by_blocks(message)
            answer = None if single else self._bodies.receive(peer, message, now)
            if answer is not None:
                self._send(incoming, answer, now)
                return
            if not tuning.deduplicate:
                known.incoming = incoming
            self.serve(incoming, now)
        elif known.incoming is not None and not known.incoming.acknowledged:
            known.incoming.repeated = True
            known.incoming.answered = False
            self.serve(known.incoming, now)
        elif known.reply:
            self._transmissions.send(peer, known.reply, now)

    def reply(self, incoming: Incoming, reply: bytes, now: float) -> None:
        """Send the reply to a confirmable request, and again whenever it is repeated."""
        incoming.known.reply = reply
        self._transmissions.send(incoming.peer, reply, now)

    def respond(self, incoming: Incoming, response: Message, now: float) -> None:
        self._send(
            incoming, self._bodies.answer(incoming.peer, incoming.message, response, now), now
        )

    def _send(self, incoming: Incoming, response: Message, now: float) -> None:
        response.token = incoming.token
        if incoming.message.mtype is not Type.CON:
            response.mtype = Type.NON
            self._transmissions.once(incoming.peer, response, None, now)
        elif incoming.acknowledged:
            self._transmissions.confirmable(incoming.peer, response, _ignore, now)
            self._on_change()
        else:
            response.mtype, response.mid = Type.ACK, incoming.mid
            self.reply(incoming, encode(response), now)

    def notify(self, peer: str, message: Message, on_end: OnEnd | None, now: float) -> int:
        """Send a notification whose type and token are set."""
        message = self._bodies.notification(peer, message, now)
        if message.mtype is Type.CON:
            self._transmissions.confirmable(peer, message, on_end or _ignore, now)
        else:
            self._transmissions.once(peer, message, on_end, now)
        mid: int = message.mid
        return mid

    def forget(self, peer: str) -> None:
        self._bodies.forget(peer)


def not_found(incoming: Incoming, now: float) -> None:
    """What serves a request if nothing else does."""
    incoming.respond(Message(code=Code.NOT_FOUND), now)


def _ignore(_delivery: Delivery, _now: float) -> None:
    pass
