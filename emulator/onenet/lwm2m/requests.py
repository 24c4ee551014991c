"""Open requests to endpoints, and the observations that they begin. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from aiocoap import Message

from emulator.coap.client import Exchange
from emulator.coap.endpoint import Endpoint
from emulator.lwm2m.model import ContentError, Item, Path
from emulator.onenet.lwm2m.operations import CancelObserve, Observe, Operation, request_for
from emulator.onenet.lwm2m.outcomes import Failure, Outcome, items_of, outcome_of
from emulator.onenet.lwm2m.registrations import Registration
from emulator.onenet.years import Retry

# Five digits: hosts exist that patch exactly five characters of a msgid.
MIDS = range(10_000, 65_536)

# Outcomes of a cancel after which the device sends no more: done, or it observes nothing there.
_CANCELLED = (None, Failure.NOT_FOUND)

OnDone = Callable[[Outcome], None]


@dataclass(slots=True, eq=False)
class Request:
    """One operation on one endpoint until its outcome; only `Requests` changes it.

    `open` ends with the outcome or with `cancel`.
    """

    registration: Registration
    operation: Operation
    on_done: OnDone
    exchange: Exchange = field(init=False)
    open: bool = True

    @property
    def endpoint(self) -> str:
        return self.registration.endpoint

    @property
    def mid(self) -> int:
        """The message id of the CoAP request."""
        return self.exchange.mid


class Requests:
    """All open requests. Each ends exactly once, by `on_done` or by `cancel`.

    They go out by `coap`, repeated as `retry` says. `on_done` may begin another request. `report`
    gets the values of each notification and of the answer to an observe.
    """

    def __init__(
        self,
        coap: Endpoint,
        report: Callable[[Registration, tuple[Item, ...], float], None],
        retry: Retry,
    ) -> None:
        self._coap = coap
        self._report = report
        self._retry = retry
        self._open: dict[str, dict[Request, None]] = {}  # by endpoint, in the order of beginning

    def begin(
        self, registration: Registration, operation: Operation, on_done: OnDone, now: float
    ) -> Request:
        """Send `operation`. Raises ContentError for a value that its resource cannot have."""
        message = request_for(operation, registration.root, accept_tlv=registration.accept_tlv)
        request = Request(registration, operation, on_done)
        token, notified = None, None
        if isinstance(operation, Observe):
            notified = partial(self._notified, registration, operation.path)
        elif isinstance(operation, CancelObserve):
            token = self._free_token(registration, operation.path)
        request.exchange = self._coap.request(
            registration.address,
            message,
            partial(self._answered, request),
            now,
            schedule=self._retry,
            token=token,
            on_notification=notified,
        )
        self._open.setdefault(request.endpoint, {})[request] = None
        return request

    def count(self, endpoint: str) -> int:
        """How many requests to `endpoint` are open."""
        return len(self._open.get(endpoint, ()))

    def cancel(self, request: Request) -> None:
        """End `request` without an outcome; does nothing if it has ended."""
        if request.open:
            self._close(request)
            request.exchange.cancel()
            if isinstance(request.operation, Observe):  # a part of its answer may be there
                self._coap.forget_observation(request.exchange.token)

    def abandon(self, endpoint: str, now: float) -> None:
        """`endpoint` went offline: its open requests end as OFFLINE."""
        for request in list(self._open.get(endpoint, ())):
            if request.open:  # the outcome of another may have cancelled it
                self.cancel(request)
                request.on_done(Outcome(now, Failure.OFFLINE))

    def move(self, registration: Registration, address: str) -> None:
        """The endpoint is at `address` now: its open requests are repeated to there."""
        if registration.address != address:
            registration.address = address
            for request in self._open.get(registration.endpoint, ()):
                request.exchange.peer = address

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
        return None if any(one.exchange.token == token for one in of_endpoint) else token

    def _close(self, request: Request) -> None:
        request.open = False
        of_endpoint = self._open[request.endpoint]
        del of_endpoint[request]
        if not of_endpoint:
            del self._open[request.endpoint]

    def _answered(self, request: Request, answer: Message | None, now: float) -> None:
        self._close(request)
        operation, registration = request.operation, request.registration
        if answer is None:
            reset = request.exchange.reset  # guess: the real platform may name it otherwise
            outcome = Outcome(now, Failure.RESP_ERROR if reset else Failure.TIME_OUT)
        else:
            outcome = outcome_of(operation, answer, now)
        if isinstance(operation, Observe):
            self._observe(request, answer)
            if outcome.items:
                self._report(registration, outcome.items, now)
        elif isinstance(operation, CancelObserve) and outcome.failure in _CANCELLED:
            self.unobserve(registration, operation.path, request.exchange.token)
        request.on_done(outcome)

    def _observe(self, request: Request, answer: Message | None) -> None:
        """Keep the observation that `answer` agrees to; without agreement, an older one stays."""
        registration, token = request.registration, request.exchange.token
        agreed = (
            answer is not None and answer.code.is_successful() and answer.opt.observe is not None
        )
        path = request.operation.path
        if agreed and registration.online:
            self._replace(registration.observations, path, token)
        elif answer is None and not request.exchange.reset and registration.online:
            self._replace(registration.unanswered, path, token)
        else:
            self._coap.forget_observation(token)

    def _replace(self, tokens: dict[Path, bytes], path: Path, token: bytes) -> None:
        before = tokens.get(path)
        if before is not None:
            self._coap.forget_observation(before)
        tokens[path] = token

    def _notified(
        self, registration: Registration, path: Path, peer: str, message: Message, now: float
    ) -> None:
        self.move(registration, peer)
        if registration.unanswered.get(path) == message.token:
            # The observe came late, or its answer never. A late one has replaced a newer one.
            del registration.unanswered[path]
            self._replace(registration.observations, path, message.token)
        success = message.code.is_successful()
        if message.opt.observe is None or not success:  # the last one (RFC 7641 section 4.2)
            self.unobserve(registration, path, message.token)
        if not success:
            return
        try:
            items = items_of(message, path)
        except ContentError:
            return  # guess: what the real platform does with content it cannot read
        self._report(registration, items, now)
