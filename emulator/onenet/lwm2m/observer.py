"""Observer: discovers the objects and observes the instances of each new registration. Pure.

One request after the other, as a CoAP server has one open exchange with an endpoint (NSTART 1,
RFC 7252 4.7). A failure does not stop the following requests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from emulator.air.messages import Discover, Observe, Read
from emulator.air.model import Item, Path
from emulator.onenet.lwm2m.registrations import Registration, Registrations
from emulator.onenet.lwm2m.requests import Operation, Outcome, Request, Requests

# Security, Server and Access Control: not for applications.
_MANAGEMENT_OBJECTS = frozenset({0, 1, 2})
# Read after all subscriptions, as a signal to devices that have this object (OneNET FAQ of 2019).
_DEVICE_OBJECT = Path(3, 0)


@dataclass(slots=True, eq=False)
class _Subscription:
    """The operations still to be sent for one registration, and the open request."""

    registration: Registration
    pending: deque[Operation] = field(default_factory=deque)
    request: Request | None = None


class Observer:
    """`report` receives the values that an observed instance sends with its first answer."""

    def __init__(
        self,
        registrations: Registrations,
        requests: Requests,
        report: Callable[[str, tuple[Item, ...], float], None],
        *,
        final_read: bool,
    ) -> None:
        self._registrations = registrations
        self._requests = requests
        self._report = report
        self._final_read = final_read
        self._subscriptions: dict[str, _Subscription] = {}

    def start(self, registration: Registration, now: float) -> None:
        """Discover and observe all objects of a new registration. Call `stop` for the old first."""
        subscription = self._subscriptions[registration.endpoint] = _Subscription(registration)
        subscription.pending.extend(_operations(registration.objects))
        if self._final_read:
            subscription.pending.append(Read(0, _DEVICE_OBJECT))
        self._send_next(subscription, now)

    def change(
        self, registration: Registration, objects: tuple[Path, ...], *, observe: bool, now: float
    ) -> None:
        """An update has listed `objects`: drop those that are gone, subscribe to the new ones."""
        gone = set(registration.objects) - set(objects)
        new = tuple(path for path in objects if path not in registration.objects)
        registration.objects = objects
        for path in gone:
            self._registrations.unobserve(registration, path)
        for object_id in registration.resources.keys() - {path.object for path in objects}:
            del registration.resources[object_id]
        if not observe:
            return
        subscription = self._subscriptions.setdefault(
            registration.endpoint, _Subscription(registration)
        )
        subscription.pending = deque(one for one in subscription.pending if one.path not in gone)
        subscription.pending.extend(_operations(new))
        self._send_next(subscription, now)

    def stop(self, endpoint: str) -> None:
        """Send no more operations and cancel the open request."""
        subscription = self._subscriptions.pop(endpoint, None)
        if subscription is not None and subscription.request is not None:
            self._requests.cancel(subscription.request)

    def reported(self, registration: Registration, path: Path, now: float) -> None:
        """A notification of `path` also answers the observe request, whose own answer may be lost
        (RFC 7641 3.2).
        """
        subscription = self._subscriptions.get(registration.endpoint)
        if subscription is None or subscription.request is None:
            return
        operation = subscription.request.operation
        if isinstance(operation, Observe) and operation.path == path:
            self._requests.cancel(subscription.request)
            subscription.request = None
            self._send_next(subscription, now)

    def _send_next(self, subscription: _Subscription, now: float) -> None:
        if subscription.request is not None:
            return
        registration = subscription.registration
        if not subscription.pending:
            del self._subscriptions[registration.endpoint]
            return
        operation = subscription.pending.popleft()
        if isinstance(operation, Observe):
            # Valid from now on: the first notification may overtake the answer.
            observation = self._registrations.observe(registration, operation.path)
            operation = Observe(0, observation.token, operation.path)
        elif isinstance(operation, Discover):
            # The platform's list is empty until the answer comes (OneNET FAQ of 2019).
            registration.resources.pop(operation.path.object, None)

        def on_done(outcome: Outcome) -> None:
            subscription.request = None
            self._apply(registration, operation, outcome)
            self._send_next(subscription, outcome.at)

        subscription.request = self._requests.begin(registration.endpoint, operation, on_done, now)

    def _apply(self, registration: Registration, operation: Operation, outcome: Outcome) -> None:
        if isinstance(operation, Observe):
            if outcome.failure is None:
                self._report(registration.endpoint, outcome.items, outcome.at)
            else:
                self._registrations.unobserve(registration, operation.path)
        elif isinstance(operation, Discover) and outcome.failure is None:
            registration.resources[operation.path.object] = outcome.links


def _operations(objects: tuple[Path, ...]) -> list[Operation]:
    """Discover per object first, then observe per instance (OneNET suite test 6.1 and 7.1)."""
    paths = [path for path in objects if path.object not in _MANAGEMENT_OBJECTS]
    ids = dict.fromkeys(path.object for path in paths)
    operations: list[Operation] = [Discover(0, Path(object_id)) for object_id in ids]
    operations += [Observe(0, 0, path) for path in paths if path.instance is not None]
    return operations
