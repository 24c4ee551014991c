"""Registration: legal events in each state, and the outcomes of the exchanges."""

from __future__ import annotations

from itertools import product

import pytest

from emulator.coap.endpoint import Endpoint
from emulator.coap.tuning import Tuning, schedule
from emulator.lwm2m.model import Path
from emulator.module.lwm2m.host import ACCESS_MACHINE, Happening, NotAllowed, ServerAddress
from emulator.module.lwm2m.registration import REPETITIONS, Account, Registration
from emulator.module.lwm2m.states import REGISTERED, SERVING, TRANSITIONS, Event, State
from emulator.module.lwm2m.style import ONENET
from tests.support.lwm2m import OUTCOMES
from tests.support.lwm2m_messages import (
    Code,
    Deregister,
    Register,
    Response,
    ServerSide,
    Update,
    Uplink,
)

OBJECTS = (Path(3303, 0),)


class RegistrationBench:
    """A registration, what it sends, its outcomes, and how often it has ended."""

    def __init__(self) -> None:
        self.sent: list[Uplink] = []
        self.datagrams: list[bytes] = []
        self.outcomes: list[tuple[object, ...]] = []
        self.ends = 0
        self.now = 0.0
        self.server = ServerSide(lambda _: None)
        self.endpoint = Endpoint(self._send, tuning=Tuning(nstart=None, ack_random=1.0))
        self.registration = Registration(self.endpoint, ONENET, self._report, self._ended)

    def _send(self, destination: str, datagram: bytes, _now: float) -> None:
        assert destination == ACCESS_MACHINE
        self.datagrams.append(datagram)
        self.sent.append(self.server.message(datagram))

    def _report(self, what: Happening, _number: int) -> None:
        if what in OUTCOMES:
            self.outcomes.append(OUTCOMES[what])

    def _ended(self) -> None:
        self.ends += 1

    def answer(self, response: Response | None) -> None:
        """The server's answer, or none in the time that the exchange has."""
        if response is not None:
            self.endpoint.receive(ACCESS_MACHINE, self.server.datagram(response), self.now)
            return
        while self.registration.waiting:
            assert self.endpoint.due is not None
            self.now = self.endpoint.due
            self.endpoint.step(self.now)

    def open(self) -> Register:
        self.registration.transition(Event.CONFIGURE)
        self.registration.open(Account("1;2", 300, ServerAddress()), OBJECTS, 30.0, self.now)
        message = self.sent.pop()
        assert isinstance(message, Register)
        self.ends = 0
        return message

    def register(self) -> None:
        message = self.open()
        self.answer(Response(message.mid, Code.CREATED, location="rd/1"))
        (update,) = self.sent  # with the module's own objects
        self.answer(Response(update.mid, Code.CHANGED))
        assert self.outcomes == [("registered", True)]
        self.sent.clear()
        self.outcomes.clear()


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_unlisted_events_are_not_allowed(state: State, event: Event) -> None:
    bench = RegistrationBench()
    bench.registration.state = state
    if event in TRANSITIONS[state]:
        bench.registration.check(event)
    else:
        with pytest.raises(NotAllowed):
            bench.registration.check(event)
        with pytest.raises(NotAllowed):
            bench.registration.transition(event)
        assert bench.registration.state is state


def test_every_state_can_be_entered_and_left() -> None:
    entered = {state for targets in TRANSITIONS.values() for state in targets.values()}
    assert entered == set(State)
    assert all(TRANSITIONS.values())
    assert REGISTERED < SERVING


def test_open_registers() -> None:
    bench = RegistrationBench()
    register = bench.open()
    assert (register.endpoint, register.lifetime, register.objects) == ("1;2", 300, OBJECTS)
    assert bench.registration.state is State.REGISTERING
    bench.answer(Response(register.mid, Code.CREATED, location="rd/1"))
    assert bench.registration.state is State.REGISTERED
    assert (bench.outcomes, bench.ends) == ([("registered", True)], 0)


def test_update_after_the_login_lists_the_own_objects() -> None:
    bench = RegistrationBench()
    bench.answer(Response(bench.open().mid, Code.CREATED, location="rd/1"))
    (update,) = bench.sent
    assert isinstance(update, Update)
    assert (update.location, update.lifetime) == ("rd/1", 300)
    links = b'</>;rt="oma.lwm2m",</0/0>,</3/0>,</4/0>,</5/0>,</3303/0>'
    assert bench.datagrams[-1].endswith(b"\xff" + links)
    bench.answer(Response(update.mid, Code.NOT_FOUND))
    assert (bench.outcomes, bench.ends) == ([("registered", True)], 0)


@pytest.mark.parametrize("code", [Code.FORBIDDEN, Code.CREATED, None])
def test_register_fails_without_success_code_and_location(code: Code | None) -> None:
    bench = RegistrationBench()
    register = bench.open()
    bench.answer(None if code is None else Response(register.mid, code))
    assert bench.registration.state is State.CONFIGURED
    assert (bench.outcomes, bench.ends) == ([("registered", False)], 1)


def test_register_is_repeated_until_its_timeout() -> None:
    bench = RegistrationBench()
    register = bench.open()
    bench.answer(None)
    assert bench.sent == [register] * 3  # after 2, 6 and 14 s
    assert bench.now == 30.0


@pytest.mark.parametrize(
    ("timeout", "waits"),
    [
        (1.0, (1.0,)),
        (2.0, (2.0,)),
        (5.0, (2.0, 3.0)),
        (30.0, (2.0, 4.0, 8.0, 16.0)),
        (62.0, (2.0, 4.0, 8.0, 16.0, 32.0)),
        (3600.0, (2.0, 4.0, 8.0, 16.0, 3570.0)),
    ],
)
def test_schedule_fills_the_timeout(timeout: float, waits: tuple[float, ...]) -> None:
    assert schedule(REPETITIONS, timeout) == waits


def test_update_goes_to_the_location_of_the_registration() -> None:
    bench = RegistrationBench()
    bench.register()
    bench.registration.update(600, None, 0.0)
    (update,) = bench.sent
    assert isinstance(update, Update)
    assert (update.location, update.lifetime, update.objects) == ("rd/1", 600, None)
    assert bench.registration.state is State.UPDATING
    bench.answer(Response(update.mid, Code.CHANGED))
    assert bench.registration.state is State.REGISTERED
    assert bench.outcomes == [("updated", True)]


@pytest.mark.parametrize("code", [Code.NOT_FOUND, None])
def test_failed_update_ends_the_registration(code: Code | None) -> None:
    bench = RegistrationBench()
    bench.register()
    bench.registration.update(600, OBJECTS, 0.0)
    bench.answer(None if code is None else Response(bench.sent[0].mid, code))
    assert bench.registration.state is State.CONFIGURED
    assert (bench.outcomes, bench.ends) == ([("updated", False)], 1)


@pytest.mark.parametrize("code", [Code.DELETED, Code.NOT_FOUND, None])
def test_close_ends_the_registration_with_any_answer(code: Code | None) -> None:
    bench = RegistrationBench()
    bench.register()
    bench.registration.update(600, None, 0.0)
    bench.registration.close(0.0)
    update, deregister = bench.sent
    assert isinstance(deregister, Deregister)
    assert deregister.location == "rd/1"
    bench.answer(Response(update.mid, Code.CHANGED))  # no longer waited for
    assert bench.registration.state is State.DEREGISTERING
    bench.answer(None if code is None else Response(deregister.mid, code))
    assert bench.registration.state is State.CONFIGURED
    assert bench.outcomes == [("deregistered",)]
    assert bench.endpoint.due is None


def test_timeout_of_open_bounds_later_exchanges() -> None:
    bench = RegistrationBench()
    bench.register()
    bench.now = 100.0
    bench.registration.close(bench.now)
    bench.answer(None)
    assert bench.now == 130.0
