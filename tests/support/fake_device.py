"""A device as the cloud sees it, which answers requests and records them; a cloud with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from emulator.air.memory import Air, Link
from emulator.air.messages import (
    CancelObserve,
    Deregister,
    Discover,
    Downlink,
    Execute,
    Notification,
    Observe,
    Read,
    Register,
    Response,
    Update,
    Uplink,
    Write,
)
from emulator.air.model import Code, Item, Path, Value
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.requests import Operation, Outcome, Request
from emulator.onenet.platform import Platform
from emulator.onenet.years import YEARS
from emulator.simulation.simulation import Simulation

M = TypeVar("M", bound=Uplink)

IMEI, IMSI = "867726030000001", "460040000000001"
TEMPERATURE = Path(3303, 0, 5700)

REQUESTS = (Read, Write, Execute, Discover, Observe, CancelObserve)


class FakeDevice:
    """Answers each request with the result of `answer`; None: no answer.

    `received` are all messages of the server, `requests` the requests among them. `deadlines` are
    the times at which it wants to be stepped, `steps` those at which it was stepped.
    """

    def __init__(self, endpoint: str = f"{IMEI};{IMSI}") -> None:
        self.endpoint = endpoint
        self.answer: Callable[[Operation], Response | None] = success
        self.received: list[Downlink] = []
        self.times: list[float] = []
        self.deadlines: list[float] = []
        self.steps: list[float] = []
        self.link = Link()
        self.on_change: Callable[[], None] = lambda: None
        self.send_up: Callable[[Uplink, float], None] = lambda message, now: None
        self._unsent: list[Uplink] = []
        self._mid = 100

    @property
    def requests(self) -> list[Operation]:
        return [message for message in self.received if isinstance(message, REQUESTS)]

    def operations(self) -> list[str]:
        """The requests in short, such as `Observe /3303/0`."""
        return [f"{type(request).__name__} {request.path}" for request in self.requests]

    def token(self, path: Path) -> int:
        return next(
            r.token for r in reversed(self.requests) if isinstance(r, Observe) and r.path == path
        )

    def response(self) -> Response:
        """The newest response to a request of this device."""
        return next(m for m in reversed(self.received) if isinstance(m, Response))

    def register(self, *objects: Path, lifetime: int = 300) -> Register:
        return self.send(Register(self.mid(), self.endpoint, lifetime, objects))

    def update(self, *objects: Path, lifetime: int | None = None) -> Update:
        location = f"rd/{self.endpoint.partition(';')[0]}"
        return self.send(Update(self.mid(), location, lifetime, objects or None))

    def deregister(self) -> Deregister:
        return self.send(Deregister(self.mid(), f"rd/{self.endpoint.partition(';')[0]}"))

    def notify(
        self, path: Path, value: Value, *, token: int | None = None, confirmable: bool = False
    ) -> Notification:
        known = self.token(path.instance_path) if token is None else token
        return self.send(Notification(self.mid(), known, 1, (Item(path, value),), confirmable))

    def mid(self) -> int:
        self._mid += 1
        return self._mid

    def send(self, message: M) -> M:
        self._unsent.append(message)
        self.on_change()
        return message

    # For the simulation

    def deliver(self, message: Downlink, now: float) -> None:
        self.received.append(message)
        self.times.append(now)
        if isinstance(message, REQUESTS):
            response = self.answer(message)
            if response is not None:
                self.send_up(response, now)

    def step(self, now: float) -> float | None:
        self.steps.append(now)
        unsent, self._unsent = self._unsent, []
        for message in unsent:
            self.send_up(message, now)
        self.deadlines = [at for at in self.deadlines if at > now]
        return min(self.deadlines, default=None)


def success(request: Operation) -> Response:
    """The success response to any request."""
    match request:
        case Read(mid, path):
            resource = Path(path.object, path.instance or 0, path.resource or 5700)
            return Response(mid, Code.CONTENT, items=(Item(resource, 20.123),))
        case Discover(mid, path):
            return Response(mid, Code.CONTENT, links=(path, Path(path.object, 0, 5700)))
        case Observe(mid) | CancelObserve(mid):
            return Response(mid, Code.CONTENT)
        case Write(mid) | Execute(mid):
            return Response(mid, Code.CHANGED)


def silent(_: Operation) -> None:
    """No response, as from a sleeping device."""


def refusing(code: Code) -> Callable[[Operation], Response]:
    return lambda request: Response(request.mid, code)


class CloudWithDevice:
    """A platform with one device, behind an air without latency, at times that the test sets.

    `outcomes` are those of `request`.
    """

    def __init__(
        self,
        *,
        observed: bool = True,
        final_read: bool = False,
        year: int = 2019,
        now: float = 0.0,
    ) -> None:
        self.now = now
        self.platform = Platform(replace(YEARS[year], final_read=final_read))
        self.simulation = Simulation(self.platform.server, Air(latency=0))
        self.module = FakeDevice()
        self.simulation.add(self.module)
        description = Description("a device", IMEI, IMSI, observed=observed)
        self.device = self.platform.create_device(description, now)
        self.outcomes: list[Outcome] = []

    def step(self, seconds: float = 0) -> None:
        self.now += seconds
        self.simulation.step(self.now)

    def log_in(self, *objects: Path, lifetime: int = 300) -> None:
        self.module.register(*(objects or (Path(3303, 0),)), lifetime=lifetime)
        self.step()
        assert self.module.response().code is Code.CREATED

    def request(self, operation: Operation = Read(0, TEMPERATURE)) -> Request:  # noqa: B008 - frozen
        request = self.platform.request(self.device, operation, self.outcomes.append, self.now)
        self.step()
        return request

    @property
    def online(self) -> bool:
        return self.platform.online(self.device)

    def values(self) -> list[Value]:
        """The values of all data points, stream by stream."""
        return [
            point.value for stream in self.device.points.streams(6000) for point in stream.points
        ]
