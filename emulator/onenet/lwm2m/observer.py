"""Observer: observes the instances and discovers the objects of each new registration. Pure.

One request after the other, as a CoAP server has one open exchange with an endpoint (NSTART 1,
RFC 7252 4.7). A failure does not stop the following requests.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from emulator.lwm2m.model import Path
from emulator.onenet.lwm2m.operations import Discover, Observe, Operation, Read
from emulator.onenet.lwm2m.outcomes import Failure, Outcome
from emulator.onenet.lwm2m.registrations import Registration
from emulator.onenet.lwm2m.requests import Request, Requests
from emulator.onenet.years import Year

# Security, Server and Access Control: not for applications.
_MANAGEMENT_OBJECTS = frozenset({0, 1, 2})
# Read after all subscriptions, which tells the host that they are complete (OneNET FAQ of 2019;
# seen in logs of M5310 boards of 2018).
_DEVICE_OBJECT = Path(3, 0)


@dataclass(slots=True, eq=False)
class _Subscription:
    """The operations still to be sent for one registration, and the open request."""

    registration: Registration
    pending: deque[Operation] = field(default_factory=deque)
    request: Request | None = None


class Observer:
    """Sends its requests by `requests`, in the order of `year`. `discovers` False: no discovers."""

    def __init__(self, requests: Requests, year: Year) -> None:
        self.discovers = True
        self._requests = requests
        self._year = year
        self._subscriptions: dict[str, _Subscription] = {}
        self._missed: dict[str, list[Path]] = {}  # observes without an answer, by endpoint

    def start(self, registration: Registration, now: float) -> None:
        """Observe and discover all objects of a new registration. Call `stop` for the old first."""
        subscription = self._subscriptions[registration.endpoint] = _Subscription(registration)
        subscription.pending.extend(self._operations(registration.objects))
        if self._year.final_read:
            subscription.pending.append(Read(_DEVICE_OBJECT))
        self._send_next(subscription, now)

    def change(
        self, registration: Registration, before: tuple[Path, ...], *, observe: bool, now: float
    ) -> None:
        """An update has listed objects, in place of those `before`: drop those that are gone,
        subscribe to the new ones.
        """
        objects = registration.objects
        gone = set(before) - set(objects)
        new = tuple(path for path in objects if path not in before)
        for path in gone:
            self._requests.unobserve(registration, path)
        for object_id in registration.resources.keys() - {path.object for path in objects}:
            del registration.resources[object_id]
        if not observe:
            return
        subscription = self._subscription_of(registration)
        if subscription.request is not None and subscription.request.operation.path in gone:
            self._requests.cancel(subscription.request)
            subscription.request = None
        subscription.pending = deque(one for one in subscription.pending if one.path not in gone)
        subscription.pending.extend(self._operations(new))
        self._send_next(subscription, now)

    def observe_again(self, registration: Registration, now: float) -> None:
        """After a sign of life, repeat the observes that were not answered.

        All of them for a device that has sent a notification of no observation: a late observe from
        before has replaced a newer one there, and the reset has ended both.
        """
        # guess: without this a device that lost the observe could never report until its next login
        missed = [
            path
            for path in self._missed.pop(registration.endpoint, ())
            if path in registration.objects and path not in registration.observations
        ]
        if registration.doubtful:
            registration.doubtful = False
            missed += registration.observations
        if missed:
            subscription = self._subscription_of(registration)
            subscription.pending.extend(Observe(path) for path in missed)
            self._send_next(subscription, now)

    def restore(self, registration: Registration) -> None:
        """Observe at its next update what an earlier process has not observed."""
        self._missed[registration.endpoint] = [
            operation.path
            for operation in self._operations(registration.objects)
            if isinstance(operation, Observe)
        ]

    def _subscription_of(self, registration: Registration) -> _Subscription:
        return self._subscriptions.setdefault(registration.endpoint, _Subscription(registration))

    def stop(self, endpoint: str) -> None:
        """Send no more operations and cancel the open request."""
        self._missed.pop(endpoint, None)
        subscription = self._subscriptions.pop(endpoint, None)
        if subscription is not None and subscription.request is not None:
            self._requests.cancel(subscription.request)

    def _send_next(self, subscription: _Subscription, now: float) -> None:
        if subscription.request is not None:
            return
        registration = subscription.registration
        if not subscription.pending:
            del self._subscriptions[registration.endpoint]
            return
        operation = subscription.pending.popleft()

        def on_done(outcome: Outcome) -> None:
            subscription.request = None
            if isinstance(operation, Observe) and outcome.failure is Failure.TIME_OUT:
                self._missed.setdefault(registration.endpoint, []).append(operation.path)
            self._send_next(subscription, outcome.at)

        subscription.request = self._requests.begin(registration, operation, on_done, now)

    def _operations(self, objects: tuple[Path, ...]) -> list[Operation]:
        """An observe for each instance and a discover for each object, in ascending order of the
        ids (seen in sessions of sister modules), in the order of the year.
        """
        paths = sorted(
            (path for path in objects if path.object not in _MANAGEMENT_OBJECTS),
            key=lambda path: (path.object, -1 if path.instance is None else path.instance),
        )
        ids = dict.fromkeys(path.object for path in paths)
        discovers: list[Operation] = [
            Discover(Path(object_id)) for object_id in ids if self.discovers
        ]
        observes: list[Operation] = [Observe(path) for path in paths if path.instance is not None]
        return discovers + observes if self._year.discovers_first else observes + discovers
