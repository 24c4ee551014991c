"""The client's role: requests, their answers, and what is observed. Pure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

from aiocoap import Message
from aiocoap.numbers import OptionNumber, Type

from emulator.clock.deadlines import Deadlines
from emulator.coap.messages import empty, without_options
from emulator.coap.observation import Observation, Observer, OnNotification
from emulator.coap.recent import Recent
from emulator.coap.transfers import Download, Progress, Upload
from emulator.coap.transmission import Delivery, Outgoing, Transmissions
from emulator.coap.tuning import Blocks, Tuning

TOKEN_LENGTH = 4  # guess: as China Mobile's suite; RFC 7252 section 5.3.1 asks for 32 random bits
MAX_ANSWERED = 16_384  # guess: what 1,000 devices send within 247 s
"""Separate responses that are remembered, so that repeated ones are known."""

OnResponse = Callable[[Message | None, float], None]


class Exchange:
    """A request that waits for its answer. What is not named here belongs to `Client`.

    Attributes:
        mid: message id of the request, or of its newest block.
        token: the token that the request began with.
        message: the request.
        reset: the peer rejected it by a reset.
    """

    def __init__(
        self,
        client: Client,
        peer: str,
        token: bytes,
        message: Message,
        on_response: OnResponse,
        schedule: tuple[float, ...] | None = None,
        on_notification: OnNotification | None = None,
    ) -> None:
        self.token, self.message = token, message
        self.mid = 0
        self.reset = False
        self.key = (peer, token)  # of the newest part
        self.on_response, self.on_notification = on_response, on_notification
        self.schedule = schedule
        self.ends = 0.0  # for an answer after an empty acknowledgement, if there is a schedule
        self.outgoing: Outgoing | None = None
        self.upload: Upload | None = None
        self.download: Download | None = None
        self._client = client

    @property
    def peer(self) -> str:
        """May be set when the peer's address changed: repetitions go there."""
        return self.key[0]

    @peer.setter
    def peer(self, peer: str) -> None:
        self._client.move(self, peer)
        self._client.on_change()

    def cancel(self) -> None:
        """No more repetitions, and no call. Does nothing after the answer."""
        self._client.drop(self)
        self._client.on_change()


class Client:
    """All requests of an endpoint. `observer` has what peers agreed to let it observe."""

    def __init__(
        self,
        transmissions: Transmissions,
        random: Random,
        tuning: Tuning,
        blocks: Blocks,
        on_change: Callable[[], None],
    ) -> None:
        self.on_change = on_change
        self._blocks = blocks
        self.deadlines: Deadlines[Exchange] = Deadlines()
        self._transmissions, self._random, self._tuning = transmissions, random, tuning
        self._exchanges: dict[tuple[str, bytes], Exchange] = {}
        self._replies: Recent[tuple[str, bytes, int], bytes] = Recent(MAX_ANSWERED)
        self.observer = Observer(transmissions.send, self._fetch, tuning.exchange_lifetime)

    # --- requests ---------------------------------------------------------------------------------

    def request(self, exchange: Exchange, now: float) -> None:
        """Begin an exchange. An empty token means: choose one.

        Raises:
            ValueError: the token is in use; the request does not fit into a datagram.
            OverflowError: too many exchanges with this peer are open.
        """
        peer, token = exchange.key
        observed = self.observer.observations.get(token)
        if exchange.key in self._exchanges or (
            exchange.on_notification is not None and observed is not None and observed.peer != peer
        ):
            raise ValueError(f"token {token.hex()} is in use: expected another one")
        size = self._blocks.requests
        if len(exchange.message.payload) > size:
            exchange.upload = Upload(exchange.message.payload, size)
        self._send(exchange, now)

    def new_token(self, peer: str) -> bytes:
        while True:
            token = self._random.randbytes(TOKEN_LENGTH)
            if (peer, token) not in self._exchanges and token not in self.observer.observations:
                return token

    def drop(self, exchange: Exchange) -> None:
        """Forget an exchange, without a call."""
        if self._exchanges.get(exchange.key) is exchange:
            del self._exchanges[exchange.key]
            self._pause(exchange)

    def move(self, exchange: Exchange, peer: str) -> None:
        key = (peer, exchange.key[1])
        if self._exchanges.get(exchange.key) is exchange and key not in self._exchanges:
            del self._exchanges[exchange.key]
            self._exchanges[key] = exchange
            if exchange.outgoing is not None:
                self._transmissions.move(exchange.outgoing, peer)
            exchange.key = key

    def forget(self, peer: str) -> None:
        for exchange in [each for each in self._exchanges.values() if each.peer == peer]:
            self.drop(exchange)

    def step(self, now: float) -> None:
        for exchange in self.deadlines.pop_due(now):
            if self._exchanges.get(exchange.key) is exchange:
                self._fail(exchange, now)

    def _send(self, exchange: Exchange, now: float) -> None:
        """Send a request, or the next part of it."""
        peer, token = exchange.key
        part = exchange.message
        if exchange.upload is not None:
            part = without_options(part)
            exchange.upload.write(part)
        elif exchange.download is not None:
            part = without_options(part, OptionNumber.OBSERVE)
            exchange.download.write(part)
        part.token = token
        part.mtype = exchange.message.mtype
        waits = exchange.schedule
        if part.mtype is Type.NON:
            self._transmissions.once(peer, part, partial(self._ended, exchange), now)
            self.deadlines.set(
                exchange, now + (sum(waits) if waits else self._tuning.separate_wait)
            )
        else:
            ended = partial(self._ended, exchange)
            exchange.outgoing = self._transmissions.confirmable(peer, part, ended, now, waits)
            exchange.ends = now + sum(waits) if waits else 0.0
        exchange.mid = part.mid
        self._exchanges[exchange.key] = exchange

    def _ended(self, exchange: Exchange, delivery: Delivery, now: float) -> None:
        """An acknowledgement without answer, a reset or no answer at all."""
        exchange.outgoing = None
        if delivery is Delivery.ACKNOWLEDGED:
            self.deadlines.set(exchange, exchange.ends or now + self._tuning.separate_wait)
        elif self._exchanges.get(exchange.key) is exchange:
            exchange.reset = delivery is Delivery.RESET
            self._fail(exchange, now)

    def _pause(self, exchange: Exchange) -> None:
        if exchange.outgoing is not None:
            self._transmissions.stop(exchange.outgoing)
            exchange.outgoing = None
        self.deadlines.set(exchange, None)

    def _fail(self, exchange: Exchange, now: float) -> None:
        """No answer came. The peer may observe all the same: its answer was lost or is late."""
        if exchange.on_notification is not None and not exchange.reset:
            new = Observation(
                exchange.peer, exchange.token, exchange.message, exchange.on_notification
            )
            self.observer.observations.setdefault(exchange.token, new)
        self._finish(exchange, None, now)

    def _finish(self, exchange: Exchange, response: Message | None, now: float) -> None:
        self.drop(exchange)
        exchange.on_response(response, now)

    # --- answers ----------------------------------------------------------------------------------

    def piggybacked(self, peer: str, message: Message, now: float) -> None:
        """An acknowledgement that carries a response."""
        exchange = self._exchanges.get((peer, message.token))
        if exchange is not None and exchange.mid == message.mid:
            if exchange.outgoing is None or exchange.outgoing.sendings:
                self._answer(exchange, message, now)
        elif message.opt.observe:  # China Mobile's suite sends notifications as acknowledgements
            self.separate(peer, message, now)
        else:  # the message id alone acknowledges a notification (RFC 7252 section 4.2)
            self._transmissions.end(peer, message.mid, Delivery.ACKNOWLEDGED, now, of_request=False)

    def separate(self, peer: str, message: Message, now: float) -> None:
        """A response that is a message of its own, such as a notification."""
        exchange = self._exchanges.get((peer, message.token))
        reply = self._replies.get((peer, message.token, message.mid), now)
        if reply is not None:
            if reply:
                self._transmissions.send(peer, reply, now)
        elif exchange is not None and self._is_answer(exchange, message):
            reply = empty(Type.ACK, message.mid) if message.mtype is Type.CON else b""
            lifetime = self._tuning.exchange_lifetime
            self._replies.put((peer, message.token, message.mid), reply, now, lifetime)
            if reply:
                self._transmissions.send(peer, reply, now)
            self._answer(exchange, message, now)
        else:
            self.observer.notification(peer, message, now)

    def _is_answer(self, exchange: Exchange, message: Message) -> bool:
        """A notification with the same token may come while a request is open."""
        if message.opt.observe is None or message.token not in self.observer.observations:
            return True
        return exchange.on_notification is not None and exchange.outgoing is None

    def _answer(self, exchange: Exchange, response: Message, now: float) -> None:
        upload = exchange.upload
        if upload is not None:
            if upload.is_old(response):
                return
            self._pause(exchange)
            if upload.goes_on(response):
                self._send_part(exchange, now)
                return
            exchange.upload = None
        self._pause(exchange)
        if exchange.on_notification is not None:
            peer, message = exchange.peer, exchange.message
            new = Observation(peer, exchange.token, message, exchange.on_notification)
            exchange.on_notification = None
            self.observer.begin(new, response, now)
        block = response.opt.block2
        if exchange.download is None:
            if block is None or not block.more or block.block_number:
                self._finish(exchange, response, now)
                return
            exchange.download = self._new_download()
        match exchange.download.add(response):
            case Progress.MORE:
                self._send_part(exchange, now)
            case Progress.WHOLE:
                self._finish(exchange, exchange.download.message, now)
            case Progress.BROKEN:
                self._finish(exchange, None, now)

    def _new_download(self) -> Download:
        return Download(self._tuning.max_body, self._blocks.answers)

    def _send_part(self, exchange: Exchange, now: float) -> None:
        """Each part has a token of its own, so that late answers to earlier ones do not count."""
        self.drop(exchange)
        peer = exchange.peer
        exchange.key = (peer, self.new_token(peer))
        try:
            self._send(exchange, now)
        except (ValueError, OverflowError):  # it became too long; too many are open
            self._finish(exchange, None, now)

    def _fetch(
        self, peer: str, message: Message, first: Message, on_response: OnResponse, now: float
    ) -> Exchange | None:
        """Get the rest of a body whose first block is there. None: it cannot be had."""
        exchange = Exchange(self, peer, self.new_token(peer), message, on_response)
        exchange.download = self._new_download()
        if exchange.download.add(first) is not Progress.MORE:
            return None
        self._send(exchange, now)
        return exchange
