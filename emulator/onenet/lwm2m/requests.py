"""What the platform asks of devices and has no answer to yet: message ids, repeats, outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from emulator.air.messages import (
    CancelObserve,
    Code,
    Discover,
    Downlink,
    Execute,
    Item,
    Observe,
    Path,
    Read,
    Response,
    Write,
)
from emulator.clock.deadlines import Deadlines

# Five digits: hosts exist that patch exactly five characters of a msgid.
FIRST_MID = 10_000
LAST_MID = 65_535


@dataclass(frozen=True, slots=True)
class Retry:
    """How long to wait after the first and after each repeated sending, in seconds."""

    waits: tuple[float, ...]


SEED_RETRY = Retry((10.0, 10.0, 10.0))  # OneNET guide 5.2.2: 10 s, two repeats, then failure
LATER_RETRY = Retry((5.0, 10.0, 10.0))  # OneNET FAQ of 2019: 5 s, doubled, 3 sendings in 25 s


class Failure(StrEnum):
    """Why a device did not do what it was asked, in the API's words (OneNET error table)."""

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
    """How a request ended, and when; `failure` None: done, with what the answer carried."""

    at: float
    failure: Failure | None = None
    items: tuple[Item, ...] = ()
    links: tuple[Path, ...] = ()


Question = Read | Write | Execute | Discover | Observe | CancelObserve
OnDone = Callable[[Outcome], None]


@dataclass(slots=True, eq=False)
class Request:
    """One question to one device, from its sending to its outcome; only `Requests` changes it."""

    endpoint: str
    question: Question
    on_done: OnDone
    sent: int = 0

    @property
    def mid(self) -> int:
        return self.question.mid


def outcome_of(response: Response, now: float) -> Outcome:
    match response.code:
        case Code.CREATED | Code.DELETED | Code.CHANGED | Code.CONTENT:
            return Outcome(now, None, response.items, response.links)
        case Code.BAD_REQUEST:
            return Outcome(now, Failure.BAD_REQUEST)
        case Code.UNAUTHORIZED:
            return Outcome(now, Failure.UNAUTHORIZED)
        case Code.FORBIDDEN:
            return Outcome(now, Failure.FORBIDDEN)
        case Code.NOT_FOUND:
            return Outcome(now, Failure.NOT_FOUND)
        case Code.METHOD_NOT_ALLOWED:
            return Outcome(now, Failure.METHOD_NOT_ALLOWED)
        case Code.NOT_ACCEPTABLE:
            return Outcome(now, Failure.NOT_ACCEPTABLE)
        case Code.INTERNAL_SERVER_ERROR:
            return Outcome(now, Failure.INTERNAL_SERVER_ERROR)
        case never:
            assert_never(never)


class Requests:
    """Every question that is open; each ends exactly once, in `on_done` or in `cancel`.

    `send` carries a message to the device of an endpoint, wherever it is by then. A repeat is the
    same message again. What comes after the end is ignored. `on_done` may ask anew.
    """

    def __init__(self, send: Callable[[str, Downlink], None], retry: Retry = SEED_RETRY) -> None:
        self._send = send
        self._retry = retry
        self._open: dict[str, dict[int, Request]] = {}  # by endpoint and message id
        self._deadlines: Deadlines[Request] = Deadlines()
        self._last_mid = LAST_MID
        self.ignored = 0

    def ask(self, endpoint: str, question: Question, on_done: OnDone, now: float) -> Request:
        """Send `question` under a message id of its own, which replaces the one it carries."""
        mid = self._next_mid(endpoint)
        request = Request(endpoint, replace(question, mid=mid), on_done)
        self._open.setdefault(endpoint, {})[mid] = request
        self._transmit(request, now)
        return request

    def count(self, endpoint: str) -> int:
        """How many questions to this device are open."""
        return len(self._open.get(endpoint, ()))

    def answer(self, endpoint: str, response: Response, now: float) -> None:
        request = self._open.get(endpoint, {}).get(response.mid)
        if request is None:
            self.ignored += 1
            return
        self._end(request, outcome_of(response, now))

    def cancel(self, request: Request) -> None:
        """Forget it without an outcome; a request that has ended is left as it is."""
        if not self._is_open(request):
            return
        self._deadlines.set(request, None)
        of_the_device = self._open[request.endpoint]
        del of_the_device[request.mid]
        if not of_the_device:
            del self._open[request.endpoint]

    def abandon(self, endpoint: str, now: float) -> None:
        """The device went offline: nothing that it was asked will be answered."""
        for request in list(self._open.get(endpoint, {}).values()):
            if self._is_open(request):  # the outcome of another may have cancelled it
                self._end(request, Outcome(now, Failure.OFFLINE))

    def step(self, now: float) -> float | None:
        """Repeat or give up what is due at `now`; returns the next deadline."""
        for request in self._deadlines.pop_due(now):
            if not self._is_open(request):  # the outcome of another may have cancelled it
                continue
            if request.sent < len(self._retry.waits):
                self._transmit(request, now)
            else:
                self._end(request, Outcome(now, Failure.TIME_OUT))
        return self._deadlines.next

    def _is_open(self, request: Request) -> bool:
        return self._open.get(request.endpoint, {}).get(request.mid) is request

    def _transmit(self, request: Request, now: float) -> None:
        self._deadlines.set(request, now + self._retry.waits[request.sent])
        request.sent += 1
        self._send(request.endpoint, request.question)

    def _end(self, request: Request, outcome: Outcome) -> None:
        self.cancel(request)
        request.on_done(outcome)

    def _next_mid(self, endpoint: str) -> int:
        # Counting on, instead of taking the lowest free one, keeps an id from naming a second
        # question while a late answer to the first may still be under way.
        mid = self._last_mid
        while True:
            mid = mid + 1 if mid < LAST_MID else FIRST_MID
            if mid not in self._open.get(endpoint, ()):
                self._last_mid = mid
                return mid
