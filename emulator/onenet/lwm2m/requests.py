"""Open requests to endpoints: message ids, repeats, outcomes. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from emulator.air.messages import (
    CancelObserve,
    Discover,
    Downlink,
    Execute,
    Observe,
    Read,
    Response,
    Write,
)
from emulator.air.model import Item, Path
from emulator.clock.deadlines import Deadlines
from emulator.onenet.years import DEFAULT_YEAR, YEARS, Retry

# Five digits: hosts exist that patch exactly five characters of a msgid.
FIRST_MID = 10_000
LAST_MID = 65_535


class Failure(StrEnum):
    """Why a request failed, in the words of OneNET's error table."""

    BAD_REQUEST = "BAD_REQUEST"
    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
    TIME_OUT = "TIME_OUT"
    OFFLINE = "OFFLINE"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How and when a request ended. `failure` None: done, with the content of the answer."""

    at: float
    failure: Failure | None = None
    items: tuple[Item, ...] = ()
    links: tuple[Path, ...] = ()


Operation = Read | Write | Execute | Discover | Observe | CancelObserve
OnDone = Callable[[Outcome], None]


@dataclass(slots=True, eq=False)
class Request:
    """One operation on one endpoint until its outcome; only `Requests` changes it.

    `sent` counts the sendings, `open` ends with the outcome or with `cancel`.
    """

    endpoint: str
    operation: Operation
    on_done: OnDone
    sent: int = 0
    open: bool = True

    @property
    def mid(self) -> int:
        return self.operation.mid


def outcome_of(response: Response, now: float) -> Outcome:
    """The outcome that an answer means; a failure is named as its code."""
    if response.code.success:
        return Outcome(now, None, response.items, response.links)
    return Outcome(now, Failure[response.code.name])


class Requests:
    """All open requests. Each ends exactly once, by `on_done` or by `cancel`.

    `send` sends a message to an endpoint at its present address. A repeat is the same message.
    `on_done` may begin another request.
    """

    def __init__(
        self, send: Callable[[str, Downlink, float], None], retry: Retry = YEARS[DEFAULT_YEAR].retry
    ) -> None:
        self._send = send
        self._retry = retry
        self._open: dict[str, dict[int, Request]] = {}  # by endpoint and message id
        self._deadlines: Deadlines[Request] = Deadlines()
        self._last_mid = LAST_MID

    def begin(self, endpoint: str, operation: Operation, on_done: OnDone, now: float) -> Request:
        """Send `operation` under a free message id, which replaces the one that it carries."""
        mid = self._next_mid(endpoint)
        request = Request(endpoint, replace(operation, mid=mid), on_done)
        self._open.setdefault(endpoint, {})[mid] = request
        self._transmit(request, now)
        return request

    def count(self, endpoint: str) -> int:
        """How many requests to `endpoint` are open."""
        return len(self._open.get(endpoint, ()))

    def answer(self, endpoint: str, response: Response, now: float) -> None:
        """`endpoint` has sent `response`; ignored if no request with its message id is open."""
        request = self._open.get(endpoint, {}).get(response.mid)
        if request is not None:
            self._end(request, outcome_of(response, now))

    def cancel(self, request: Request) -> None:
        """End `request` without an outcome; does nothing if it has ended."""
        if not request.open:
            return
        request.open = False
        self._deadlines.set(request, None)
        of_endpoint = self._open[request.endpoint]
        del of_endpoint[request.mid]
        if not of_endpoint:
            del self._open[request.endpoint]

    def abandon(self, endpoint: str, now: float) -> None:
        """`endpoint` went offline: its open requests end as OFFLINE."""
        for request in list(self._open.get(endpoint, {}).values()):
            if request.open:  # the outcome of another may have cancelled it
                self._end(request, Outcome(now, Failure.OFFLINE))

    def step(self, now: float) -> float | None:
        """Repeat or give up what is due at `now`; returns the next deadline."""
        for request in self._deadlines.pop_due(now):
            if not request.open:  # the outcome of another may have cancelled it
                continue
            if request.sent < len(self._retry):
                self._transmit(request, now)
            else:
                self._end(request, Outcome(now, Failure.TIME_OUT))
        return self._deadlines.next

    def _transmit(self, request: Request, now: float) -> None:
        self._deadlines.set(request, now + self._retry[request.sent])
        request.sent += 1
        self._send(request.endpoint, request.operation, now)

    def _end(self, request: Request, outcome: Outcome) -> None:
        self.cancel(request)
        request.on_done(outcome)

    def _next_mid(self, endpoint: str) -> int:
        # Counting on, instead of taking the lowest free one, keeps an id from naming a second
        # request while a late answer to the first may still be in flight.
        in_use = self._open.get(endpoint, ())
        while True:
            self._last_mid = self._last_mid + 1 if self._last_mid < LAST_MID else FIRST_MID
            if self._last_mid not in in_use:
                return self._last_mid
