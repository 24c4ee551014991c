"""Open requests to endpoints, and the observations that they begin. Pure."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random

from aiocoap import Message
from aiocoap.numbers import Code

from emulator.clock.deadlines import Deadlines
from emulator.coap.client import Exchange
from emulator.coap.endpoint import Endpoint
from emulator.lwm2m.model import ContentError, Item, Path
from emulator.onenet.lwm2m.operations import (
    CancelObserve,
    Discover,
    Observe,
    Operation,
    WriteAttributes,
    request_for,
)
from emulator.onenet.lwm2m.outcomes import Failure, Outcome, items_of, outcome_of
from emulator.onenet.lwm2m.registrations import Registration
from emulator.onenet.years import Retry

# Five digits: hosts exist that patch exactly five characters of a msgid.
MIDS = range(10_000, 65_536)

# Outcomes of a cancel after which the device sends no more: done, or it observes nothing there.
_CANCELLED = (None, Failure.NOT_FOUND)

OnDone = Callable[[Outcome], None]


class NotKept(Exception):
    """What an endpoint has sent cannot be kept now, so it is not acknowledged."""


@dataclass(slots=True, eq=False)
class Request:
    """One operation on one endpoint until its outcome; only `Requests` changes it.

    `open` ends with the outcome or with `cancel`. `exchange` None: `message` waits, until `ends` at
    the latest, for the endpoint to wake up.
    """

    registration: Registration
    operation: Operation
    on_done: OnDone
    message: Message
    timeout: float
    ends: float
    exchange: Exchange | None = None
    open: bool = True

    @property
    def endpoint(self) -> str:
        return self.registration.endpoint

    @property
    def mid(self) -> int:
        """The message id of the CoAP request; 0 while it waits."""
        return 0 if self.exchange is None else self.exchange.mid

    @property
    def token(self) -> bytes | None:
        return None if self.exchange is None else self.exchange.token


class Requests:
    """All open requests. Each ends exactly once, by `on_done` or by `cancel`.

    They go out by `coap`, repeated as `retry` says; those to an endpoint in queue mode wait until
    it is awake. `on_done` may begin another request. `report` gets the values of each notification
    and of the answer to an observe. Call `step` when it is `due`. `moved` is called with a
    registration and its new address, `changed` with one that has other observations.
    """

    def __init__(
        self,
        coap: Endpoint,
        report: Callable[[Registration, tuple[Item, ...], float], None],
        retry: Retry,
        random: Random,
    ) -> None:
        self.moved: Callable[[Registration, str], None] = _set_address
        self.changed: Callable[[Registration], None] = lambda _registration: None
        self._coap = coap
        self._report = report
        self._retry, self._random = retry, random
        self._waiting: Deadlines[Request] = Deadlines()
        self._open: dict[str, dict[Request, None]] = {}  # by endpoint, in the order of beginning

    def begin(
        self,
        registration: Registration,
        operation: Operation,
        on_done: OnDone,
        now: float,
        timeout: float | None = None,
    ) -> Request:
        """Send `operation`, or let it wait until the endpoint is awake.

        It ends after `timeout` seconds at the latest; None: after those of the year.

        Raises ContentError for a value that its resource cannot have.
        """
        message = request_for(operation, registration.root, accept_tlv=registration.accept_tlv)
        timeout = timeout or self._retry.timeout
        request = Request(registration, operation, on_done, message, timeout, now + timeout)
        if isinstance(operation, Discover):
            # The list of resources is empty until the answer comes (OneNET FAQ of 2019).
            registration.resources.pop(operation.path.object, None)
        self._open.setdefault(request.endpoint, {})[request] = None
        if registration.asleep(now):
            self._waiting.set(request, request.ends)
        else:
            self._send(request, timeout, now)
        return request

    def _send(self, request: Request, timeout: float, now: float) -> None:
        registration, operation = request.registration, request.operation
        token, notified = None, None
        if isinstance(operation, Observe):
            notified = partial(self._notified, registration, operation.path)
        elif isinstance(operation, CancelObserve):
            token = self._free_token(registration, operation.path)
        request.exchange = self._coap.request(
            registration.address,
            request.message,
            partial(self._answered, request),
            now,
            schedule=self._retry.waits(self._random, timeout),
            token=token,
            on_notification=notified,
        )

    @property
    def due(self) -> float | None:
        """When to call `step`; None: nothing is planned."""
        return self._waiting.next

    def step(self, now: float) -> None:
        """End the requests that have waited in vain."""
        for request in self._waiting.pop_due(now):
            if request.open:  # the outcome of another may have cancelled it
                self._close(request)
                request.on_done(Outcome(now, Failure.TIME_OUT))

    def count(self, endpoint: str) -> int:
        """How many requests to `endpoint` are open."""
        return len(self._open.get(endpoint, ()))

    def cancel(self, request: Request) -> None:
        """End `request` without an outcome; does nothing if it has ended."""
        if request.open:
            self._close(request)
            if request.exchange is not None:
                request.exchange.cancel()
                if isinstance(request.operation, Observe):  # a part of its answer may be there
                    self._coap.forget_observation(request.exchange.token)

    def abandon(self, endpoint: str, now: float) -> None:
        """`endpoint` went offline: its open requests end as OFFLINE."""
        for request in list(self._open.get(endpoint, ())):
            if request.open:  # the outcome of another may have cancelled it
                self.cancel(request)
                request.on_done(Outcome(now, Failure.OFFLINE))

    def seen(self, registration: Registration, address: str, now: float) -> None:
        """The endpoint has sent something from `address`: requests that wait are sent to there, and
        open ones repeated.
        """
        registration.last_seen = now
        moved = registration.address != address
        registration.address = address
        for request in self._open.get(registration.endpoint, ()):
            if request.exchange is None:
                self._waiting.set(request, None)
                self._send(request, request.ends - now, now)
            elif moved:
                request.exchange.peer = address

    def restore(self, registration: Registration) -> None:
        """Go on with the observations of an earlier process."""
        for path, token in registration.observations.items():
            message = request_for(
                Observe(path), registration.root, accept_tlv=registration.accept_tlv
            )
            notified = partial(self._notified, registration, path)
            self._coap.restore_observation(registration.address, token, message, notified)

    def unobserve(self, registration: Registration, path: Path, token: bytes | None = None) -> None:
        """Forget the observation of `path`, if there is one: its notifications are reset.

        `token`: only if it has this one.
        """
        for tokens in (registration.observations, registration.unanswered):
            known = tokens.get(path)
            if known is not None and token in (None, known):
                del tokens[path]
                self._coap.forget_observation(known)

    def unobserve_all(self, registration: Registration) -> None:
        for path in {*registration.observations, *registration.unanswered}:
            self.unobserve(registration, path)

    def _free_token(self, registration: Registration, path: Path) -> bytes | None:
        """The token of the observation of `path`, unless an open request has it."""
        token = registration.observations.get(path)
        of_endpoint = self._open.get(registration.endpoint, ())
        return None if any(one.token == token for one in of_endpoint) else token

    def _close(self, request: Request) -> None:
        request.open = False
        self._waiting.set(request, None)
        of_endpoint = self._open[request.endpoint]
        del of_endpoint[request]
        if not of_endpoint:
            del self._open[request.endpoint]

    def _answered(self, request: Request, answer: Message | None, now: float) -> None:
        operation, registration, exchange = (
            request.operation,
            request.registration,
            request.exchange,
        )
        assert exchange is not None, "an answer to a request that was not sent"
        if self._sent_in_other_form(request, answer, now):
            return
        self._close(request)
        if answer is None:
            reset = exchange.reset  # guess: the real platform may name it otherwise
            outcome = Outcome(now, Failure.RESP_ERROR if reset else Failure.TIME_OUT)
        else:
            registration.last_seen = now
            outcome = outcome_of(operation, answer, now)
        if isinstance(operation, Discover) and outcome.failure is None:
            registration.resources[operation.path.object] = outcome.links
            self.changed(registration)
        elif isinstance(operation, Observe):
            self._observe(request, exchange, answer)
            with suppress(NotKept):  # the device cannot be asked to repeat an answer
                if outcome.items:
                    self._report(registration, outcome.items, now)
        elif isinstance(operation, CancelObserve) and outcome.failure in _CANCELLED:
            self.unobserve(registration, operation.path, exchange.token)
            self.changed(registration)
        request.on_done(outcome)

    def _sent_in_other_form(self, request: Request, answer: Message | None, now: float) -> bool:
        """Whether the request was refused, and is sent again in a form that may be taken."""
        operation = request.operation
        if not isinstance(operation, WriteAttributes) or answer is None:
            return False
        other = operation.with_stp() if answer.code == Code.BAD_REQUEST else None
        if other is None:
            return False
        root, accept_tlv = request.registration.root, request.registration.accept_tlv
        request.operation = other
        request.message = request_for(other, root, accept_tlv=accept_tlv)
        self._send(request, request.timeout, now)
        return True

    def _observe(self, request: Request, exchange: Exchange, answer: Message | None) -> None:
        """Keep the observation that `answer` agrees to; without agreement, an older one stays."""
        registration, token = request.registration, exchange.token
        agreed = (
            answer is not None and answer.code.is_successful() and answer.opt.observe is not None
        )
        path = request.operation.path
        if agreed and registration.online:
            self._replace(registration.observations, path, token)
        elif answer is None and not exchange.reset and registration.online:
            self._replace(registration.unanswered, path, token)
        else:
            self._coap.forget_observation(token)
            return
        self.changed(registration)

    def _replace(self, tokens: dict[Path, bytes], path: Path, token: bytes) -> None:
        before = tokens.get(path)
        if before is not None:
            self._coap.forget_observation(before)
        tokens[path] = token

    def _notified(
        self, registration: Registration, path: Path, peer: str, message: Message, now: float
    ) -> None:
        self.seen(registration, peer, now)
        if registration.unanswered.get(path) == message.token:
            # The observe came late, or its answer never. A late one has replaced a newer one.
            del registration.unanswered[path]
            self._replace(registration.observations, path, message.token)
            self.changed(registration)
        success = message.code.is_successful()
        if success:
            # guess: the real platform drops content that it cannot read
            with suppress(ContentError):
                self._report(registration, items_of(message, path), now)
        if message.opt.observe is None or not success:  # the last one (RFC 7641 section 4.2)
            self.unobserve(registration, path, message.token)
            self.changed(registration)


def _set_address(registration: Registration, address: str) -> None:
    registration.address = address
