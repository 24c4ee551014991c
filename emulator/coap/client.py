"""The client's role: requests, their answers, and what is observed. Pure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

from aiocoap import Message
from aiocoap.numbers import OptionNumber, Type

from emulator.clock.deadlines import Deadlines
from emulator.coap.blocks import Download, Progress, Upload, without_options
from emulator.coap.messages import empty
from emulator.coap.observation import Observation, OnNotification
from emulator.coap.recent import Recent
from emulator.coap.transmission import Delivery, Outgoing, Transmissions
from emulator.coap.tuning import Tuning

TOKEN_LENGTH = 4  # guess: as China Mobile's suite; RFC 7252 section 5.3.1 asks for 32 random bits
MAX_ANSWERED = 16_384  # guess: what 1,000 devices send within 247 s
"""Separate responses and notifications that are remembered, so that repeated ones are known."""

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
    """All requests of an endpoint. `observations` are those that peers agreed to, by token."""

    def __init__(
        self,
        transmissions: Transmissions,
        random: Random,
        tuning: Tuning,
        on_change: Callable[[], None],
    ) -> None:
        self.on_change = on_change
        self.observations: dict[bytes, Observation] = {}
        self.deadlines: Deadlines[Exchange] = Deadlines()
        self._transmissions, self._random, self._tuning = transmissions, random, tuning
        self._exchanges: dict[tuple[str, bytes], Exchange] = {}
        self._replies: Recent[tuple[str, bytes, int], bytes] = Recent(MAX_ANSWERED)

    # --- requests ---------------------------------------------------------------------------------

    def request(self, exchange: Exchange, now: float) -> None:
        """Begin an exchange. An empty token means: choose one.

        Raises:
            ValueError: the token is in use; the request does not fit into a datagram.
            OverflowError: too many exchanges with this peer are open.
        """
        peer, token = exchange.key
        observed = self.observations.get(token)
        if exchange.key in self._exchanges or (
            exchange.on_notification is not None and observed is not None and observed.peer != peer
        ):
            raise ValueError(f"token {token.hex()} is in use: expected another one")
        size = self._tuning.block_size
        if len(exchange.message.payload) > size:
            exchange.upload = Upload(exchange.message.payload, size)
        self._send(exchange, now)

    def new_token(self, peer: str) -> bytes:
        while True:
            token = self._random.randbytes(TOKEN_LENGTH)
            if (peer, token) not in self._exchanges and token not in self.observations:
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
                self._finish(exchange, None, now)

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
            self._finish(exchange, None, now)

    def _pause(self, exchange: Exchange) -> None:
        if exchange.outgoing is not None:
            self._transmissions.stop(exchange.outgoing)
            exchange.outgoing = None
        self.deadlines.set(exchange, None)

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
            self._notification(peer, message, now)

    def separate(self, peer: str, message: Message, now: float) -> None:
        """A response that is a message of its own, such as a notification."""
        exchange = self._exchanges.get((peer, message.token))
        reply = self._replies.get((peer, message.token, message.mid), now)
        if reply is not None:
            self._reply(peer, reply, now)
        elif exchange is not None and self._is_answer(exchange, message):
            reply = empty(Type.ACK, message.mid) if message.mtype is Type.CON else b""
            self._remember((peer, message.token, message.mid), reply, now)
            self._reply(peer, reply, now)
            self._answer(exchange, message, now)
        else:
            self._notification(peer, message, now)

    def _is_answer(self, exchange: Exchange, message: Message) -> bool:
        """A notification with the same token may come while a request is open."""
        if message.opt.observe is None or message.token not in self.observations:
            return True
        return exchange.on_notification is not None and exchange.outgoing is None

    def _remember(self, key: tuple[str, bytes, int], reply: bytes, now: float) -> None:
        self._replies.put(key, reply, now, self._tuning.exchange_lifetime)

    def _reply(self, peer: str, reply: bytes, now: float) -> None:
        if reply:
            self._transmissions.send(peer, reply, now)

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
            self._observe(exchange, exchange.on_notification, response, now)
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
        return Download(self._tuning.max_body, self._tuning.block_size)

    def _send_part(self, exchange: Exchange, now: float) -> None:
        """Each part has a token of its own, so that late answers to earlier ones do not count."""
        self.drop(exchange)
        peer = exchange.peer
        exchange.key = (peer, self.new_token(peer))
        self._send(exchange, now)

    # --- observations -----------------------------------------------------------------------------

    def forget_observation(self, token: bytes) -> None:
        observation = self.observations.pop(token, None)
        if observation is not None and observation.fetch is not None:
            observation.fetch.cancel()

    def _observe(
        self, exchange: Exchange, on_notification: OnNotification, response: Message, now: float
    ) -> None:
        """The first answer to a request with Observe 0."""
        value = response.opt.observe
        self.forget_observation(exchange.token)
        if value is not None and response.code.is_successful():
            new = Observation(exchange.peer, exchange.token, exchange.message, on_notification)
            new.accept(exchange.peer, value, now)
            self.observations[exchange.token] = new
        exchange.on_notification = None

    def _notification(self, peer: str, message: Message, now: float) -> None:
        """A response with a token that no open request has with this peer."""
        key = ("", message.token, message.mid)
        reply = self._replies.get(key, now)
        if reply is None:
            observation = self.observations.get(message.token)
            if observation is None:
                self._reply(peer, empty(Type.RST, message.mid), now)
                return
            if not self._accepts(observation, peer, message, now):
                reply = empty(Type.RST, message.mid)
            else:
                reply = empty(Type.ACK, message.mid) if message.mtype is Type.CON else b""
            self._remember(key, reply, now)
        self._reply(peer, reply, now)

    def _accepts(self, observation: Observation, peer: str, message: Message, now: float) -> bool:
        value = message.opt.observe
        block = message.opt.block2
        if value is None or not message.code.is_successful():  # the server ends the observation
            accepted = observation.on_notification(peer, message, now) is not False
            if accepted and self.observations.get(observation.token) is observation:
                del self.observations[observation.token]
            return accepted
        if not observation.is_news(value, now):
            return True
        if block is not None and block.more:
            observation.accept(peer, value, now)
            self._fetch(observation, message, now)
            return True
        if observation.on_notification(peer, message, now) is False:
            return False
        observation.accept(peer, value, now)
        return True

    def _fetch(self, observation: Observation, first: Message, now: float) -> None:
        """Get the rest of a notification; a newer notification ends that."""

        def on_response(whole: Message | None, now: float) -> None:
            observation.fetch = None
            known = self.observations.get(observation.token) is observation
            if whole is not None and known and whole.code.is_successful():
                observation.on_notification(observation.peer, whole, now)

        if observation.fetch is not None:
            observation.fetch.cancel()
        peer = observation.peer
        token = self.new_token(peer)
        exchange = Exchange(self, peer, token, observation.message, on_response)
        exchange.download = self._new_download()
        if exchange.download.add(first) is Progress.MORE:
            observation.fetch = exchange
            self._send(exchange, now)
