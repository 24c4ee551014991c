"""Registration: legal events in each state, and the outcomes of the exchanges."""

from __future__ import annotations

from itertools import product

import pytest

from emulator.air.messages import Deregister, Register, Response, Update, Uplink
from emulator.air.model import DEFAULT_SERVER, Code, Path
from emulator.module.lwm2m.exchange import Exchanges
from emulator.module.lwm2m.host import NotAllowed
from emulator.module.lwm2m.registration import (
    REGISTERED,
    SERVING,
    TRANSITIONS,
    Event,
    Registration,
    State,
)

OBJECTS = (Path(3303, 0),)


class RegistrationBench:
    """A registration, what it sends, and how often it has ended."""

    def __init__(self) -> None:
        self.sent: list[Uplink] = []
        self.ends = 0
        self.exchanges = Exchanges(0)
        self.registration = Registration(self.sent.append, self.exchanges, self._ended)

    def _ended(self) -> None:
        self.ends += 1

    def open(self) -> Register:
        self.registration.transition(Event.CONFIGURE)
        self.registration.open("1;2", 300, OBJECTS, DEFAULT_SERVER, 30.0, 0.0)
        message = self.sent.pop()
        assert isinstance(message, Register)
        self.ends = 0
        return message

    def register(self) -> None:
        message = self.open()
        accepted = Response(message.mid, Code.CREATED, location="rd/1")
        assert self.registration.conclude(message, accepted)
        self.exchanges.end(message.mid)


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
    accepted = Response(register.mid, Code.CREATED, location="rd/1")
    assert bench.registration.conclude(register, accepted)
    assert bench.registration.state is State.REGISTERED
    assert bench.ends == 0


@pytest.mark.parametrize("response", [Response(1, Code.FORBIDDEN), Response(1, Code.CREATED), None])
def test_register_fails_without_success_code_and_location(response: Response | None) -> None:
    bench = RegistrationBench()
    register = bench.open()
    assert not bench.registration.conclude(register, response)
    assert bench.registration.state is State.CONFIGURED
    assert bench.ends == 1


def test_update_goes_to_the_location_of_the_registration() -> None:
    bench = RegistrationBench()
    bench.register()
    bench.registration.update(600, None, 0.0)
    (update,) = bench.sent
    assert isinstance(update, Update)
    assert (update.location, update.lifetime, update.objects) == ("rd/1", 600, None)
    assert bench.registration.state is State.UPDATING
    assert bench.registration.conclude(update, Response(update.mid, Code.CHANGED))
    assert bench.registration.state is State.REGISTERED


@pytest.mark.parametrize("response", [Response(1, Code.NOT_FOUND), None])
def test_failed_update_ends_the_registration(response: Response | None) -> None:
    bench = RegistrationBench()
    bench.register()
    bench.registration.update(600, OBJECTS, 0.0)
    assert not bench.registration.conclude(Update(9, "rd/1"), response)
    assert bench.registration.state is State.CONFIGURED
    assert bench.ends == 1


@pytest.mark.parametrize("code", [Code.DELETED, Code.NOT_FOUND, None])
def test_close_ends_the_registration_with_any_answer(code: Code | None) -> None:
    bench = RegistrationBench()
    bench.register()
    bench.registration.update(600, None, 0.0)
    bench.registration.close(1.0)
    update, deregister = bench.sent
    assert isinstance(deregister, Deregister)
    assert deregister.location == "rd/1"
    assert bench.exchanges.end(update.mid) is None
    assert bench.registration.state is State.DEREGISTERING
    response = None if code is None else Response(deregister.mid, code)
    assert bench.registration.conclude(deregister, response)
    assert bench.registration.state is State.CONFIGURED
    assert bench.exchanges.due is None


def test_timeout_of_open_bounds_later_exchanges() -> None:
    bench = RegistrationBench()
    bench.register()
    bench.registration.close(100.0)
    bench.exchanges.repeated(129.0)
    assert bench.exchanges.due == 130.0
