"""LwM2M server: registration interface, reports, requests to endpoints. Knows no product. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol, assert_never

from emulator.air.messages import (
    Ack,
    Deregister,
    Downlink,
    Notification,
    Register,
    Reset,
    Response,
    Update,
    Uplink,
)
from emulator.air.model import ACCESS_MACHINE, BOOTSTRAP_SERVERS, Code, Item, ServerAddress
from emulator.clock.deadlines import earliest
from emulator.onenet.lwm2m.observer import Observer
from emulator.onenet.lwm2m.registrations import EXCHANGE_LIFETIME, Registration, Registrations
from emulator.onenet.lwm2m.requests import OnDone, Operation, Request, Requests
from emulator.onenet.years import Year

ADDRESSES = frozenset(
    {
        ServerAddress(ACCESS_MACHINE),
        *(ServerAddress(address, bootstrap=True) for address in BOOTSTRAP_SERVERS),
    }
)


class Product(Protocol):
    """What the server asks of its product, and what it reports to it."""

    def admits(self, endpoint: str) -> bool:
        """Whether `endpoint` may be registered."""

    def observes(self, endpoint: str) -> bool:
        """Whether the server discovers and observes the objects of `endpoint` by itself."""

    def report(self, endpoint: str, items: tuple[Item, ...], now: float) -> None:
        """`endpoint` has sent these values, in a notification or as the first answer to one."""


class Server:
    """Serves the endpoints that `product` admits.

    Messages go to the sink `send` (address, message, time). Stepped: see
    `emulator.simulation.simulation.Part`. `registrations` and `requests` may be read.
    `addresses`: what a register request may be sent to; any other gets no answer.
    """

    def __init__(
        self, product: Product, year: Year, addresses: Collection[ServerAddress] = ADDRESSES
    ) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self.send: Callable[[str, Downlink, float], None] = lambda _to, _message, _now: None
        self.registrations = Registrations()
        self.requests = Requests(self._send_to_endpoint, year.retry)
        self._product = product
        self._addresses = addresses
        self._observer = Observer(self.registrations, self.requests, product.report, year)

    def request(self, endpoint: str, operation: Operation, on_done: OnDone, now: float) -> Request:
        """Send `operation` to `endpoint`, which has a registration; see `Requests.begin`."""
        self.on_change()
        return self.requests.begin(endpoint, operation, on_done, now)

    def receive(self, address: str, message: Uplink, now: float) -> None:
        """A message from the endpoint at `address`."""
        self.on_change()
        match message:
            case Notification():
                self._on_notification(address, message, now)
            case Response():
                registration = self.registrations.at_address(address)
                if registration is not None:
                    self.requests.answer(registration.endpoint, message, now)
            case _ if response := self._earlier_response(address, message, now):
                self.send(address, response, now)
            case Register():
                self._register(address, message, now)
            case Update():
                self._update(address, message, now)
            case Deregister():
                self._deregister(address, message, now)
            case _:
                assert_never(message)

    def close(self, now: float) -> None:
        """Take all endpoints offline, which ends their requests."""
        for registration in self.registrations.online():
            self._end(registration, now)

    def step(self, now: float) -> float | None:
        """Do what is due at `now`; returns the next deadline, None if nothing is planned."""
        for registration in self.registrations.expiry.pop_due(now):
            self._end(registration, now)
        return earliest(self.requests.step(now), self.registrations.expiry.next)

    # Registration ------------------------------------------------------------------------

    def _earlier_response(self, address: str, request: Uplink, now: float) -> Response | None:
        """The response to the last request from `address`, if `request` repeats that one."""
        known = self.registrations.at_address(address)
        if known and known.answered:
            answered, response, at = known.answered
            if answered == request and now - at < EXCHANGE_LIFETIME:
                return response
        return None

    def _register(self, address: str, message: Register, now: float) -> None:
        if message.server not in self._addresses:
            return  # there is no server
        if message.lifetime <= 0:
            self.send(address, Response(message.mid, Code.BAD_REQUEST), now)
            return
        if not self._product.admits(message.endpoint):
            self.send(address, Response(message.mid, Code.FORBIDDEN), now)
            return
        self._observer.stop(message.endpoint)
        new = self.registrations.register(
            message.endpoint, address, message.lifetime, message.objects, now
        )
        response = Response(message.mid, Code.CREATED, location=new.location)
        new.answered = message, response, now
        self.send(address, response, now)
        if self._product.observes(message.endpoint):
            self._observer.start(new, now)

    def _update(self, address: str, message: Update, now: float) -> None:
        registration = self.registrations.at_location(message.location)
        if registration and not self._product.admits(registration.endpoint):
            self._end(registration, now)  # its device was deleted meanwhile
            registration = None
        if registration is None:
            self.send(address, Response(message.mid, Code.NOT_FOUND), now)
            return
        if message.lifetime is not None and message.lifetime <= 0:
            self.send(address, Response(message.mid, Code.BAD_REQUEST), now)
            return
        self.registrations.update(registration, address, message.lifetime, now)
        response = Response(message.mid, Code.CHANGED)
        registration.answered = message, response, now
        self.send(address, response, now)
        if message.objects is not None:
            observe = self._product.observes(registration.endpoint)
            self._observer.change(registration, message.objects, observe=observe, now=now)
        self._observer.observe_again(registration, now)

    def _deregister(self, address: str, message: Deregister, now: float) -> None:
        registration = self.registrations.at_location(message.location)
        code = Code.NOT_FOUND if registration is None else Code.DELETED
        self.send(address, Response(message.mid, code), now)
        if registration is not None:
            self._end(registration, now)

    def _end(self, registration: Registration, now: float) -> None:
        self._observer.stop(registration.endpoint)
        self.registrations.end(registration)
        self.requests.abandon(registration.endpoint, now)
        if not self._product.admits(registration.endpoint):
            self.registrations.forget(registration.endpoint)

    # Reports and requests ------------------------------------------------------------------

    def _on_notification(self, address: str, message: Notification, now: float) -> None:
        observed = self.registrations.observed(message.token)
        if observed is None:
            self.send(address, Reset(message.mid), now)
            return
        registration, observation = observed
        if message.confirmable:
            self.send(address, Ack(message.mid), now)
        self._observer.reported(registration, observation.path, now)
        if not observation.repeated(message.mid, now):
            self._product.report(registration.endpoint, message.items, now)

    def _send_to_endpoint(self, endpoint: str, message: Downlink, now: float) -> None:
        registration = self.registrations.get(endpoint)
        assert registration is not None, "a request to an endpoint that never registered"
        self.send(registration.address, message, now)
