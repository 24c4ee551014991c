"""One CoAP endpoint in both roles. Pure: time is an argument, datagrams go out by a callable."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from random import Random

from aiocoap import Message
from aiocoap.numbers import Code, Type

from emulator.clock.deadlines import earliest
from emulator.coap.client import Client, Exchange, OnResponse
from emulator.coap.messages import (
    PROXY_OPTIONS,
    RECOGNIZED_OPTIONS,
    BadOption,
    MalformedMessage,
    decode,
    empty,
    encode,
)
from emulator.coap.observation import Observation, OnNotification
from emulator.coap.server import Incoming, Server, not_found
from emulator.coap.transmission import Delivery, OnEnd, Send, Transmissions, check_mids
from emulator.coap.tuning import Blocks, Tuning


class Endpoint:
    """One CoAP endpoint (RFC 7252, 7641, 7959). Set `serve`; call `step` when it is `due`.

    Peers are texts, such as `192.0.2.1:5683`. Times are POSIX seconds. Each message that is given
    to a method belongs to the endpoint from then on; it sets type, MID and token.

    Args:
        send: sends a datagram: peer, bytes, time.
        seed: of tokens, message ids and waits.
        mids: the message ids that it uses.
        first_mid: the first one towards each peer; None: by chance.
        tuning: times and bounds.
        known_options: critical options that are accepted besides the usual ones.
    """

    def __init__(
        self,
        send: Send,
        *,
        seed: int = 0,
        mids: range = range(0x10000),
        first_mid: int | None = None,
        tuning: Tuning = Tuning(),  # noqa: B008  (frozen)
        known_options: frozenset[int] = frozenset(),
    ) -> None:
        check_mids(mids, first_mid)
        self.serve: Callable[[Incoming, float], None] = not_found
        """Called with each request of a peer. At first, each gets 4.04."""
        self.by_blocks: Callable[[Message], bool] = lambda _message: False
        """Whether a request in blocks is served block by block; at first, none is."""
        self.due: float | None = None
        """The time of the next `step`."""
        self.on_change: Callable[[], None] = _nothing
        """Called when `due` has another value, but not by `step`."""
        self.blocks = Blocks(tuning.block_size, tuning.block_size)
        """Of long bodies."""
        self._send = send
        self._known = RECOGNIZED_OPTIONS | known_options
        self._seed, self._mids, self._first_mid, self._tuning = seed, mids, first_mid, tuning

    # Made when the first message comes or goes: a module that never logs in needs none of them.

    @cached_property
    def _random(self) -> Random:
        return Random(self._seed)  # noqa: S311  (no secret)

    @cached_property
    def _transmissions(self) -> Transmissions:
        return Transmissions(self._send, self._random, self._mids, self._first_mid, self._tuning)

    @cached_property
    def _client(self) -> Client:
        return Client(self._transmissions, self._random, self._tuning, self.blocks, self._update)

    @cached_property
    def _server(self) -> Server:
        server = Server(self._transmissions, self._tuning, self.blocks, self._update)
        server.serve = lambda incoming, now: self.serve(incoming, now)
        server.by_blocks = lambda message: self.by_blocks(message)
        return server

    def on_unknown_notification(self, call: Callable[[str, float], None]) -> None:
        """Call it with peer and time when a notification of no observation gets a reset."""
        self._client.observer.on_unknown = call

    @property
    def observations(self) -> dict[bytes, Observation]:
        """What this endpoint observes at peers, by token."""
        return self._client.observer.observations

    def receive(self, peer: str, datagram: bytes, now: float) -> None:
        """A datagram came. Raises nothing, whatever is in it."""
        try:
            message = decode(datagram, self._known)
        except MalformedMessage as error:
            self._refuse(peer, error, now)
            return
        kind, code = message.mtype, message.code
        if kind is Type.RST or (kind is Type.ACK and code == Code.EMPTY):
            delivery = Delivery.RESET if kind is Type.RST else Delivery.ACKNOWLEDGED
            if code == Code.EMPTY:
                self._transmissions.end(peer, message.mid, delivery, now)
        elif kind is Type.ACK:
            if code.is_response():
                self._client.piggybacked(peer, message, now)
        elif code.is_request():
            self._server.receive(peer, message, now)
        elif code.is_response():
            self._client.separate(peer, message, now)
        elif kind is Type.CON:  # a ping, or a code of a reserved class
            self._send(peer, empty(Type.RST, message.mid), now)
        self._update()

    def _refuse(self, peer: str, error: MalformedMessage, now: float) -> None:
        """RFC 7252 sections 4.2, 4.3 and 5.4.1."""
        if error.type is not Type.CON or error.mid is None:
            return
        if isinstance(error, BadOption) and error.code is not None and error.code.is_request():
            proxy = error.number in PROXY_OPTIONS
            code = Code.PROXYING_NOT_SUPPORTED if proxy else Code.BAD_OPTION
            response = Message(code=code, payload=str(error).encode())
            response.mtype, response.mid, response.token = Type.ACK, error.mid, error.token
            self._send(peer, encode(response), now)
        else:
            self._send(peer, empty(Type.RST, error.mid), now)

    def step(self, now: float) -> None:
        """Do what is due: repeat messages, give up waiting."""
        self._transmissions.step(now)
        self._client.step(now)
        self.due = earliest(self._transmissions.deadlines.next, self._client.deadlines.next)

    def request(
        self,
        peer: str,
        message: Message,
        on_response: OnResponse,
        now: float,
        *,
        schedule: tuple[float, ...] | None = None,
        token: bytes | None = None,
        on_notification: OnNotification | None = None,
    ) -> Exchange:
        """Send a request: confirmable, unless its type is set to NON.

        Args:
            message: with the whole body; a long one is sent in blocks.
            on_response: called once with the answer and its whole body. None: no answer came, a
                reset came (then `Exchange.reset` is true), or a long body could not be had.
            schedule: seconds to wait after each sending. None: as RFC 7252 section 4.2.
            token: None: one by chance.
            on_notification: given with Observe 0; called with peer, notification and time until
                `forget_observation`, or until the server ends the observation by a notification
                without Observe or with an error. False refuses: the peer gets a reset. A
                notification that comes before the answer is the answer. Without an answer, the
                peer may observe all the same, so notifications are taken from then on, too.

        Raises:
            ValueError: the token is in use, or the message does not fit into a datagram.
            OverflowError: all message ids are in use with this peer.
        """
        if token is None:
            token = self._client.new_token(peer)
        exchange = Exchange(
            self._client, peer, token, message, on_response, schedule, on_notification
        )
        self._client.request(exchange, now)
        self._update()
        return exchange

    def restore_observation(
        self, peer: str, token: bytes, message: Message, on_notification: OnNotification
    ) -> None:
        """Go on with an observation that `message` began in an earlier process."""
        observations = self._client.observer.observations
        observations[token] = Observation(peer, token, message, on_notification)

    def forget_observation(self, token: bytes) -> None:
        """Further notifications get a reset. Unknown tokens do nothing."""
        self._client.observer.forget(token)
        self._update()

    def notify(
        self,
        peer: str,
        token: bytes,
        message: Message,
        now: float,
        *,
        type: Type,  # noqa: A002  (the name in CoAP)
        on_end: OnEnd | None = None,
    ) -> int:
        """Send a notification; returns its message id.

        Args:
            type: CON, NON, or ACK: then it goes out as an acknowledgement with a message id of its
                own, as China Mobile's suite sends it.
            on_end: called at most once: ACKNOWLEDGED, RESET or TIMED_OUT of a CON; of others,
                only RESET.

        Raises:
            ValueError: the message does not fit into a datagram.
            OverflowError: all message ids are in use with this peer.
        """
        message.mtype, message.token = type, token
        mid = self._server.notify(peer, message, on_end, now)
        self._update()
        return mid

    def ping(self, peer: str, on_answer: Callable[[bool, float], None], now: float) -> None:
        """Ask whether a peer lives: `on_answer` is called with whether it answered, and the time.

        Raises:
            OverflowError: all message ids are in use with this peer.
        """

        def on_end(delivery: Delivery, now: float) -> None:
            on_answer(delivery is not Delivery.TIMED_OUT, now)

        self._transmissions.ping(peer, on_end, now)
        self._update()

    def forget(self, peer: str) -> None:
        """Drop all exchanges with a peer, without calls. What is observed there stays."""
        self._client.forget(peer)
        self._server.forget(peer)
        self._transmissions.forget(peer)
        self._update()

    def _update(self) -> None:
        due = earliest(self._transmissions.deadlines.next, self._client.deadlines.next)
        if due != self.due:
            self.due = due
            self.on_change()


def _nothing() -> None:
    pass
