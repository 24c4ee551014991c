"""The login: which command is legal when, and what comes of the exchange with the platform."""

from __future__ import annotations

from itertools import product

import pytest

from emulator.air.messages import Code, Deregister, Path, Register, Response, Update, Uplink
from emulator.module.at.codec import Cme, Refusal
from emulator.module.lwm2m.exchange import Exchanges
from emulator.module.lwm2m.registration import LOGGED_IN, SERVING, TRANSITIONS, Event, Login, State

OBJECTS = (Path(3303, 0),)


class Station:
    def __init__(self) -> None:
        self.urcs: list[str] = []
        self.sent: list[Uplink] = []
        self.ends = 0
        self.exchanges = Exchanges(0)
        self.login = Login(self.urcs.append, self.sent.append, self.exchanges, self._ended)

    def _ended(self) -> None:
        self.ends += 1

    def registering(self) -> Register:
        self.login.turn(Event.CONF)
        self.login.open("1;2", 300, OBJECTS, 30.0, 0.0)
        message = self.sent.pop()
        assert isinstance(message, Register)
        self.ends = 0
        return message

    def registered(self) -> None:
        register = self.registering()
        self.login.answered(register, Response(register.mid, Code.CREATED, location="rd/1"))
        self.exchanges.end(register.mid)
        self.urcs.clear()


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_what_the_table_has_not_is_refused(state: State, event: Event) -> None:
    station = Station()
    station.login.state = state
    if event in TRANSITIONS[state]:
        station.login.check(event)
    else:
        with pytest.raises(Refusal) as caught:
            station.login.check(event)
        assert caught.value.number is Cme.NOT_ALLOWED


def test_every_state_can_be_reached_and_left() -> None:
    reached = {state for turns in TRANSITIONS.values() for state in turns.values()}
    assert reached == set(State)
    assert all(TRANSITIONS.values())
    assert LOGGED_IN < SERVING


def test_opening_registers() -> None:
    station = Station()
    register = station.registering()
    assert (register.endpoint, register.lifetime, register.objects) == ("1;2", 300, OBJECTS)
    assert station.login.state is State.REGISTERING
    station.login.answered(register, Response(register.mid, Code.CREATED, location="rd/1"))
    assert station.login.state is State.REGISTERED
    assert station.urcs == ["+MIPLOPEN:0,1"]
    assert station.ends == 0


@pytest.mark.parametrize("response", [Response(1, Code.FORBIDDEN), Response(1, Code.CREATED), None])
def test_a_login_that_fails(response: Response | None) -> None:
    station = Station()
    register = station.registering()
    if response is None:
        station.login.unanswered(register)
    else:
        station.login.answered(register, response)
    assert station.login.state is State.CONFIGURED
    assert station.urcs == ["+MIPLOPEN:0,0"]
    assert station.ends == 1


def test_an_update_goes_to_the_location_of_the_login() -> None:
    station = Station()
    station.registered()
    station.login.update(600, None, 0.0)
    (update,) = station.sent
    assert isinstance(update, Update)
    assert (update.location, update.lifetime, update.objects) == ("rd/1", 600, None)
    assert station.login.state is State.UPDATING
    station.login.answered(update, Response(update.mid, Code.CHANGED))
    assert station.login.state is State.REGISTERED
    assert station.urcs == ["+MIPLUPDATE:0,1"]


@pytest.mark.parametrize("response", [Response(1, Code.NOT_FOUND), None])
def test_an_update_that_fails_ends_the_login(response: Response | None) -> None:
    station = Station()
    station.registered()
    update = Update(9, "rd/1")
    station.login.update(600, OBJECTS, 0.0)
    if response is None:
        station.login.unanswered(update)
    else:
        station.login.answered(update, response)
    assert station.login.state is State.CONFIGURED
    assert station.urcs == ["+MIPLUPDATE:0,0"]
    assert station.ends == 1


@pytest.mark.parametrize("code", [Code.DELETED, Code.NOT_FOUND, None])
def test_closing_ends_the_login_whatever_the_platform_says(code: Code | None) -> None:
    station = Station()
    station.registered()
    station.login.update(600, None, 0.0)
    station.login.close(1.0)
    update, deregister = station.sent
    assert isinstance(deregister, Deregister)
    assert deregister.location == "rd/1"
    assert station.exchanges.end(update.mid) is None
    assert station.login.state is State.DEREGISTERING
    if code is None:
        station.login.unanswered(deregister)
    else:
        station.login.answered(deregister, Response(deregister.mid, code))
    assert station.login.state is State.CONFIGURED
    assert station.urcs == ["+MIPLCLOSE:0,1"]
    assert station.exchanges.deadline is None


def test_the_timeout_of_the_login_bounds_the_later_exchanges_too() -> None:
    station = Station()
    station.registered()
    station.login.close(100.0)
    station.exchanges.repeated(129.0)
    assert station.exchanges.deadline == 130.0
