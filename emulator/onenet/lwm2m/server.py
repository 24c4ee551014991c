"""LwM2M server: registration, bootstrap, reports, requests to endpoints. Knows no product. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import IntFlag
from random import Random
from typing import Protocol

from aiocoap import Message
from aiocoap.numbers import Code

from emulator.clock.deadlines import earliest
from emulator.coap.endpoint import Endpoint
from emulator.coap.messages import AUTHENTICATION
from emulator.coap.server import Incoming
from emulator.coap.tuning import Tuning
from emulator.lwm2m.model import Item
from emulator.onenet.lwm2m.bootstrap import Bootstrap
from emulator.onenet.lwm2m.observer import Observer
from emulator.onenet.lwm2m.operations import Operation
from emulator.onenet.lwm2m.registration_request import (
    DEFAULT_LIFETIME,
    Parameters,
    Refusal,
    objects,
    parameters,
)
from emulator.onenet.lwm2m.registrations import Registration, Registrations
from emulator.onenet.lwm2m.requests import MIDS, NotKept, OnDone, Request, Requests
from emulator.onenet.years import Year

# OneNET guide 5.1.1.
ACCESS_URI = "coap://183.230.40.40:5683"


_SECURE = "coaps://"  # the beginning of a peer that is reached by DTLS


class Sign(IntFlag):
    """Signs of life, with the bits of `trigger_msg` (OneNET's documents of 2019)."""

    REGISTER = 1
    UPDATE = 2
    NOTIFY = 4


class Product(Protocol):
    """What the server asks of its product, and what it reports to it."""

    def knows(self, endpoint: str) -> bool:
        """Whether it has a device of that name."""

    def admits(self, endpoint: str, auth: str | None) -> bool:
        """Whether `endpoint`, which sends this authentication code, may be served."""

    def observes(self, endpoint: str) -> bool:
        """Whether the server discovers and observes the objects of `endpoint` by itself."""

    def registered(self, registration: Registration, now: float) -> None:
        """It is new, or was updated, and its response has not been sent. Raises NotKept."""

    def changed(self, registration: Registration) -> None:
        """Its objects, resources or observations are others now."""

    def ended(self, registration: Registration, now: float) -> None:
        """It went offline: by its own request, or because its lifetime is over."""

    def report(self, endpoint: str, items: tuple[Item, ...], now: float) -> None:
        """`endpoint` has sent these values, in a notification or as the first answer to one.

        A notification has not been acknowledged. Raises NotKept.
        """

    def reachable(self, endpoint: str, sign: Sign) -> None:
        """`endpoint` has sent something, so it receives for a while."""


class Server:
    """Serves the endpoints that `product` admits, on one CoAP endpoint.

    Datagrams go to the sink `send` (address, datagram, time). Stepped: see
    `emulator.simulation.simulation.Part`. `registrations` and `requests` may be read.
    `access_uri`: where endpoints that bootstrap are led; `bootstrap.access_uri` may be changed.
    `refusing`: each register and update is answered with 4.03. `observer.discovers` may be changed,
    too. `on_registered` is called with each new registration. `identity_of` a secure peer: whose
    key it has shown; None: that is not checked. `seed`: of tokens and message ids.
    """

    def __init__(
        self, product: Product, year: Year, access_uri: str = ACCESS_URI, seed: int = 0
    ) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self.send: Callable[[str, bytes, float], None] = lambda _to, _datagram, _now: None
        self.on_registered: Callable[[Registration], None] = lambda _registration: None
        self.identity_of: Callable[[str], str | None] | None = None
        self.refusing = False
        self._coap = Endpoint(
            lambda address, datagram, now: self.send(address, datagram, now),
            seed=~seed,  # other tokens than those of the modules with the same seed
            mids=MIDS,
            first_mid=MIDS[seed * 40_503 % len(MIDS)],
            tuning=Tuning(nstart=None),  # as seen: requests do not wait for each other
            known_options=frozenset((AUTHENTICATION,)),
        )
        self._coap.serve = self._serve
        self.registrations = Registrations()
        random = Random(seed)  # noqa: S311  (no secret)
        self.requests = Requests(self._coap, self._report, year.retry, random)
        self.requests.moved = self.registrations.moved
        self.requests.changed = product.changed
        self._coap.on_unknown_notification(self._on_unknown_notification)
        self._product = product
        self.observer = Observer(self.requests, year)
        self.bootstrap = Bootstrap(self._coap, access_uri, year.retry, random)

    def request(
        self,
        endpoint: str,
        operation: Operation,
        on_done: OnDone,
        now: float,
        timeout: float | None = None,
    ) -> Request:
        """Send `operation` to `endpoint`, which has a registration; see `Requests.begin`."""
        registration = self.registrations.get(endpoint)
        assert registration is not None, "a request to an endpoint that never registered"
        self.on_change()
        return self.requests.begin(registration, operation, on_done, now, timeout)

    def receive(self, address: str, datagram: bytes, now: float) -> None:
        """A datagram from `address`. Never raises."""
        self.on_change()
        with suppress(NotKept):  # a notification, which its sender repeats
            self._coap.receive(address, datagram, now)

    def restore(self, registrations: Iterable[Registration]) -> None:
        """Go on with those of an earlier process, in the order of their beginning."""
        for registration in registrations:
            self.registrations.restore(registration)
            if registration.online:
                self.requests.restore(registration)
                if self._product.observes(registration.endpoint):
                    self.observer.restore(registration)

    def close(self, now: float) -> None:
        """Take all endpoints offline, which ends their requests."""
        for registration in self.registrations.online():
            self._end(registration, now)

    def step(self, now: float) -> float | None:
        """Do what is due at `now`; returns the next deadline, None if nothing is planned."""
        for registration in self.registrations.expiry.pop_due(now):
            self._end(registration, now)
        self._coap.step(now)
        self.requests.step(now)
        return earliest(self._coap.due, self.requests.due, self.registrations.expiry.next)

    # Requests of endpoints ------------------------------------------------------------------

    def _serve(self, incoming: Incoming, now: float) -> None:
        message: Message = incoming.message
        path: tuple[str, ...] = message.opt.uri_path
        try:
            match message.code, path:
                case Code.POST, ("rd", *_) if self.refusing:
                    raise Refusal(Code.FORBIDDEN)
                case Code.POST, ("rd",):
                    self._register(incoming, now)
                case Code.POST, ("rd", *_):
                    self._update(incoming, now)
                case Code.DELETE, ("rd", _, *_):
                    self._deregister(incoming, now)
                case Code.POST, ("bs",):
                    self._start_bootstrap(incoming, now)
                case _, ("rd" | "bs", *_):
                    raise Refusal(Code.METHOD_NOT_ALLOWED)
                case _:
                    raise Refusal(Code.NOT_FOUND)
        except Refusal as refusal:
            incoming.respond(Message(code=refusal.code), now)
        except NotKept:
            incoming.respond(Message(code=Code.INTERNAL_SERVER_ERROR), now)

    def _register(self, incoming: Incoming, now: float) -> None:
        given, listed = parameters(incoming.message), objects(incoming.message)
        if not given.endpoint or listed is None:
            raise Refusal(Code.BAD_REQUEST)
        if not self._admits(given.endpoint, given.auth, incoming.peer):
            raise Refusal(Code.FORBIDDEN)
        old = self.registrations.get(given.endpoint)
        continued = old is not None and old.online
        if old is not None:  # its open requests stay, and are repeated to the new address
            self.observer.stop(given.endpoint)
            self.requests.unobserve_all(old)
            self.registrations.end(old)
        lifetime = given.lifetime or DEFAULT_LIFETIME
        new = self.registrations.register(
            given.endpoint, incoming.peer, lifetime, listed.paths, now
        )
        new.root = listed.root
        new.accept_tlv = given.version != "1.0"
        new.queue, new.last_seen, new.continued = bool(given.queue), now, continued
        self._product.registered(new, now)
        incoming.respond(Message(code=Code.CREATED, location_path=new.location), now)
        if old is not None:
            self.requests.seen(old, incoming.peer, now)
        self.on_registered(new)
        if self._product.observes(given.endpoint):
            self.observer.start(new, now)
        self._product.reachable(given.endpoint, Sign.REGISTER)

    def _update(self, incoming: Incoming, now: float) -> None:
        given, listed = parameters(incoming.message), objects(incoming.message)
        registration = self._registered(incoming, given, now)
        before = registration.objects
        self.registrations.update(registration, given.lifetime, now)
        if given.queue is not None:
            registration.queue = given.queue
        if listed is not None:
            registration.objects = listed.paths
        registration.continued = True
        self._product.registered(registration, now)
        incoming.respond(Message(code=Code.CHANGED), now)
        self.requests.seen(registration, incoming.peer, now)
        if listed is not None:
            observe = self._product.observes(registration.endpoint)
            self.observer.change(registration, before, observe=observe, now=now)
            self._product.changed(registration)
        self.observer.observe_again(registration, now)
        self._product.reachable(registration.endpoint, Sign.UPDATE)

    def _deregister(self, incoming: Incoming, now: float) -> None:
        registration = self._registered(incoming, parameters(incoming.message), now)
        self._end(registration, now)
        incoming.respond(Message(code=Code.DELETED), now)

    def _start_bootstrap(self, incoming: Incoming, now: float) -> None:
        given = parameters(incoming.message)
        # LwM2M 1.0.2 section 8.2.5: 4.00 also for an endpoint that is not known.
        if not given.endpoint or not self._product.admits(given.endpoint, given.auth):
            raise Refusal(Code.BAD_REQUEST)
        incoming.respond(Message(code=Code.CHANGED), now)
        self.bootstrap.start(given.endpoint, incoming.peer, now)

    def _registered(self, incoming: Incoming, given: Parameters, now: float) -> Registration:
        """The registration at the location of the request. Raises Refusal."""
        registration = self.registrations.at_location(tuple(incoming.message.opt.uri_path))
        if registration is not None and not self._product.knows(registration.endpoint):
            self._end(registration, now)  # its device was deleted meanwhile
            registration = None
        if registration is None:
            raise Refusal(Code.NOT_FOUND)
        if not self._admits(registration.endpoint, given.auth, incoming.peer):
            raise Refusal(Code.FORBIDDEN)
        return registration

    def _admits(self, endpoint: str, auth: str | None, peer: str) -> bool:
        # guess: the identity of a device is its endpoint name
        identity_of = self.identity_of if peer.startswith(_SECURE) else None
        own = identity_of is None or identity_of(peer) == endpoint
        return own and self._product.admits(endpoint, auth)

    def _on_unknown_notification(self, peer: str, _now: float) -> None:
        registration = self.registrations.at_address(peer)
        if registration is not None:
            registration.doubtful = True

    def _end(self, registration: Registration, now: float) -> None:
        self.observer.stop(registration.endpoint)
        self.requests.unobserve_all(registration)
        self.registrations.end(registration)
        self._product.ended(registration, now)
        self.requests.abandon(registration.endpoint, now)
        if not self._product.knows(registration.endpoint):
            self.registrations.forget(registration.endpoint)

    def _report(self, registration: Registration, items: tuple[Item, ...], now: float) -> None:
        self._product.report(registration.endpoint, items, now)
        self._product.reachable(registration.endpoint, Sign.NOTIFY)
