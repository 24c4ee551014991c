"""A device as the platform sees it: answers requests, and records them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from emulator.air.memory import Link
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
from emulator.onenet.lwm2m.requests import Operation

M = TypeVar("M", bound=Uplink)

QUESTIONS = (Read, Write, Execute, Discover, Observe, CancelObserve)


class FakeDevice:
    """Answers each question with the result of `answer`; None: not at all.

    `received` are all downlink messages, `asked` the questions among them.
    """

    def __init__(self, endpoint: str = "867726030000001;460040000000001") -> None:
        self.endpoint = endpoint
        self.answer: Callable[[Operation], Response | None] = well
        self.received: list[Downlink] = []
        self.times: list[float] = []
        self.alarms: list[float] = []
        self.steps: list[float] = []
        self.link = Link()
        self.on_change: Callable[[], None] = lambda: None
        self.send_up: Callable[[Uplink, float], None] = lambda message, now: None
        self._unsent: list[Uplink] = []
        self._mid = 100

    @property
    def asked(self) -> list[Operation]:
        return [message for message in self.received if isinstance(message, QUESTIONS)]

    def asked_for(self) -> list[str]:
        """The operations in short, such as `Observe /3303/0`."""
        return [f"{type(question).__name__} {question.path}" for question in self.asked]

    def token(self, path: Path) -> int:
        return next(
            q.token for q in reversed(self.asked) if isinstance(q, Observe) and q.path == path
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
        instance = Path(path.object, path.instance)
        known = self.token(instance) if token is None else token
        return self.send(Notification(self.mid(), known, 1, (Item(path, value),), confirmable))

    def mid(self) -> int:
        self._mid += 1
        return self._mid

    def send(self, message: M) -> M:
        self._unsent.append(message)
        self.on_change()
        return message

    # What the simulation asks of it

    def deliver(self, message: Downlink, now: float) -> None:
        self.received.append(message)
        self.times.append(now)
        if isinstance(message, QUESTIONS):
            response = self.answer(message)
            if response is not None:
                self.send_up(response, now)

    def step(self, now: float) -> float | None:
        self.steps.append(now)
        unsent, self._unsent = self._unsent, []
        for message in unsent:
            self.send_up(message, now)
        self.alarms = [at for at in self.alarms if at > now]
        return min(self.alarms, default=None)


def well(question: Operation) -> Response:
    """The success response to any question."""
    match question:
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
    return lambda question: Response(question.mid, code)
