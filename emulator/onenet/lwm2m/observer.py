"""How the platform makes itself at home on a device: discover its objects, observe its instances.

One question after the other, as a CoAP server has one open exchange with a device; whatever the
answer to one, the next is asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from emulator.air.messages import Discover, Item, Observe, Path, Read
from emulator.onenet.lwm2m.registrations import Registration, Registrations
from emulator.onenet.lwm2m.requests import Outcome, Question, Request, Requests

# Security, Server and Access Control are no application's business.
_MANAGEMENT_OBJECTS = frozenset({0, 1, 2})
# Read when all is subscribed, which tells a device so that has this object (OneNET FAQ of 2019).
_DEVICE_OBJECT = Path(3, 0)


@dataclass(slots=True, eq=False)
class _Course:
    """The questions still to be asked after one login, and the one under way."""

    registration: Registration
    agenda: deque[Question] = field(default_factory=deque)
    asking: Request | None = None


class Subscriptions:
    """`record` is given what an observed instance sends with its first answer."""

    def __init__(
        self,
        registrations: Registrations,
        requests: Requests,
        record: Callable[[Registration, tuple[Item, ...], float], None],
        *,
        final_read: bool,
    ) -> None:
        self._registrations = registrations
        self._requests = requests
        self._record = record
        self._final_read = final_read
        self._courses: dict[str, _Course] = {}

    def start(self, registration: Registration, now: float) -> None:
        """Subscribe to all that a new login brought; `stop` must have ended the login before it."""
        course = self._courses[registration.endpoint] = _Course(registration)
        course.agenda.extend(_questions(registration.objects))
        if self._final_read:
            course.agenda.append(Read(0, _DEVICE_OBJECT))
        self._next(course, now)

    def change(
        self, registration: Registration, objects: tuple[Path, ...], *, observe: bool, now: float
    ) -> None:
        """An update named other objects: forget those that are gone, subscribe to the new ones."""
        gone = set(registration.objects) - set(objects)
        new = tuple(path for path in objects if path not in registration.objects)
        registration.objects = objects
        for path in gone:
            self._registrations.unobserve(registration, path)
        for object_id in registration.resources.keys() - {path.object for path in objects}:
            del registration.resources[object_id]
        if not observe:
            return
        course = self._courses.setdefault(registration.endpoint, _Course(registration))
        course.agenda = deque(question for question in course.agenda if question.path not in gone)
        course.agenda.extend(_questions(new))
        self._next(course, now)

    def stop(self, endpoint: str) -> None:
        """Ask no more, and wait for no answer."""
        course = self._courses.pop(endpoint, None)
        if course is not None and course.asking is not None:
            self._requests.cancel(course.asking)

    def reported(self, registration: Registration, path: Path, now: float) -> None:
        """A report on `path` has come: it answers the observe request, too, whose own answer may
        have been lost (RFC 7641 3.2).
        """
        course = self._courses.get(registration.endpoint)
        asking = None if course is None else course.asking
        if course is None or asking is None:
            return
        if isinstance(asking.question, Observe) and asking.question.path == path:
            self._requests.cancel(asking)
            course.asking = None
            self._next(course, now)

    def _next(self, course: _Course, now: float) -> None:
        if course.asking is not None:
            return
        registration = course.registration
        if not course.agenda:
            del self._courses[registration.endpoint]
            return
        question = course.agenda.popleft()
        if isinstance(question, Observe):
            # Known from now on, since a first report may overtake the answer.
            observation = self._registrations.observe(registration, question.path)
            question = Observe(0, observation.token, question.path)
        elif isinstance(question, Discover):
            # The platform's list is empty until the answer comes (OneNET FAQ of 2019).
            registration.resources.pop(question.path.object, None)

        def done(outcome: Outcome) -> None:
            course.asking = None
            self._answered(registration, question, outcome)
            self._next(course, outcome.at)

        course.asking = self._requests.ask(registration.endpoint, question, done, now)

    def _answered(self, registration: Registration, question: Question, outcome: Outcome) -> None:
        if isinstance(question, Observe):
            if outcome.failure is None:
                self._record(registration, outcome.items, outcome.at)
            else:
                self._registrations.unobserve(registration, question.path)
        elif isinstance(question, Discover) and outcome.failure is None:
            registration.resources[question.path.object] = outcome.links


def _questions(objects: tuple[Path, ...]) -> list[Question]:
    """Discover per object first, then observe per instance (OneNET suite test 6.1 and 7.1)."""
    paths = [path for path in objects if path.object not in _MANAGEMENT_OBJECTS]
    ids = dict.fromkeys(path.object for path in paths)
    questions: list[Question] = [Discover(0, Path(object_id)) for object_id in ids]
    questions += [Observe(0, 0, path) for path in paths if path.instance is not None]
    return questions
