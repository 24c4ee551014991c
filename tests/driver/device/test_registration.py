"""Registration: commands sent, outcomes received, and the state afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from m5310.device.events import UpkeepEvent
from m5310.device.registration import CLOSE, LATE_UPDATE, OUTCOME_MARGIN, UPDATE, Registration
from m5310.dialects.dialect import ATTEMPTS
from m5310.dialects.urcs import Closed, Opened, Updated
from m5310.errors import (
    Code,
    CommandError,
    CommandTimeout,
    M5310Error,
    ModemReset,
    ParameterError,
    RegistrationError,
    StateError,
)
from m5310.states import DeviceEvent, DeviceState
from tests.support.clock import elapse
from tests.support.dialects import CLASSIC
from tests.support.execute import RecordingModule

S, E = DeviceState, DeviceEvent


def soon(registration: Registration, outcome: Opened | Closed | Updated, after: float) -> None:
    asyncio.get_running_loop().call_later(after, registration.on_outcome, outcome)


def at(state: DeviceState) -> tuple[Registration, RecordingModule]:
    module = RecordingModule()
    registration = Registration(module.execute, CLASSIC)
    registration._states.state = state
    return registration, module


async def test_outcome_may_come_before_the_ok() -> None:
    registration, module = at(S.REG_FAILED)
    soon(registration, Opened(0, True), 0.5)
    await registration.connect(0.4)
    assert module.lines == ["AT+MIPLOPEN=0,1"]  # whole seconds, rounded up
    assert registration.state is S.REGISTERED


async def test_login_without_outcome_times_out() -> None:
    registration, _ = at(S.DEREGISTERED)
    with pytest.raises(RegistrationError) as late:
        await registration.connect(30)
    assert late.value.timed_out
    assert asyncio.get_running_loop().time() == pytest.approx(30 + OUTCOME_MARGIN)
    assert registration.state is S.REG_FAILED
    registration.on_outcome(Opened(0, True))
    assert registration.state is S.REGISTERED


@pytest.mark.parametrize("holds", [True, False])
@pytest.mark.parametrize("lost", ["the outcome", "the result too", "the caller"])
async def test_login_without_outcome_is_ended_before_the_next(lost: str, holds: bool) -> None:
    """A module that is logged in refuses another login; one that is not, a logout."""
    registration, module = at(S.DEREGISTERED)
    if lost == "the result too":
        module.then = lambda line: CommandTimeout(line, 5)
    with pytest.raises((RegistrationError, CommandTimeout, TimeoutError)):
        async with asyncio.timeout(10 if lost == "the caller" else None):
            await registration.connect(30)
    await registration.wait_stable()

    def then(line: str) -> M5310Error | None:
        if line == "AT+MIPLCLOSE=0":
            if not holds:
                return CommandError(line, "+CME ERROR:3", 3)
            soon(registration, Closed(0, True), 2)
        else:
            soon(registration, Opened(0, True), 29)
        return None

    module.then = then
    await registration.connect(30)
    assert module.lines == ["AT+MIPLOPEN=0,30", "AT+MIPLCLOSE=0", "AT+MIPLOPEN=0,30"]
    assert registration.state is S.REGISTERED


@pytest.mark.parametrize("holds", [True, False])
async def test_close_after_a_login_without_outcome_logs_out(
    holds: bool,
) -> None:
    registration, module = at(S.DEREGISTERED)
    with pytest.raises(RegistrationError):
        await registration.connect(30)

    def then(line: str) -> M5310Error | None:
        if not holds:
            return CommandError(line, "+CME ERROR:3", 3)
        soon(registration, Opened(0, True), 0.5)  # crosses the logout
        soon(registration, Closed(0, True), 3)
        return None

    module.then = then
    await registration.close(30)
    assert module.lines == ["AT+MIPLOPEN=0,30", "AT+MIPLCLOSE=0"]
    assert registration.state is S.DEREGISTERED


async def test_outcome_after_the_close_changes_nothing_and_is_ended() -> None:
    registration, module = at(S.DEREGISTERED)
    with pytest.raises(RegistrationError):
        await registration.connect(30)
    module.then = lambda line: CommandError(line, "+CME ERROR:3", 3)  # it is still logging in
    await registration.close(30)
    registration.on_outcome(Opened(0, True))
    assert registration.state is S.DEREGISTERED
    module.then = lambda _: soon(registration, Closed(0, True), 0.5)
    await registration.end_unknown_login()
    assert module.lines == ["AT+MIPLOPEN=0,30", "AT+MIPLCLOSE=0", "AT+MIPLCLOSE=0"]
    await registration.end_unknown_login()
    assert len(module.lines) == 3


async def test_close_after_a_failed_login_ends_although_cancelled() -> None:
    registration, module = at(S.DEREGISTERED)
    with pytest.raises(RegistrationError):
        await registration.connect(30)
    closing = asyncio.create_task(registration.close(30))
    await elapse(0.5)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert module.lines == ["AT+MIPLOPEN=0,30", "AT+MIPLCLOSE=0"]
    assert registration.state is S.DEREGISTERED


async def test_late_outcome_is_not_taken_for_the_next_login() -> None:
    registration, module = at(S.DEREGISTERED)
    with pytest.raises(RegistrationError):
        await registration.connect(30)

    def then(line: str) -> None:
        if line == "AT+MIPLCLOSE=0":
            soon(registration, Opened(0, True), 0.5)  # of the one before
            soon(registration, Closed(0, True), 3)
        else:
            soon(registration, Opened(0, False), 5)

    module.then = then
    with pytest.raises(RegistrationError, match="refused"):
        await registration.connect(30)
    assert registration.state is S.REG_FAILED
    module.then = lambda _: soon(registration, Opened(0, True), 5)
    await registration.connect(30)
    assert registration.state is S.REGISTERED
    names = ["OPEN=0,30", "CLOSE=0", "OPEN=0,30", "OPEN=0,30"]
    assert module.lines == [f"AT+MIPL{name}" for name in names]


async def test_logout_without_result_is_repeated_before_the_next_login() -> None:
    registration, module = at(S.REGISTERED)
    module.then = lambda line: CommandTimeout(line, 5)
    with pytest.raises(CommandTimeout):
        await registration.close(30)
    assert registration.state is S.DEREGISTERED
    module.then = lambda _: None
    soon(registration, Closed(0, True), 2)
    soon(registration, Opened(0, True), 5)
    await registration.connect(30)
    assert module.lines == ["AT+MIPLCLOSE=0"] * (ATTEMPTS + 1) + ["AT+MIPLOPEN=0,30"]
    assert registration.state is S.REGISTERED


@pytest.mark.parametrize("when", [0.5, 5])
async def test_cancelled_login_goes_on_in_the_module(when: float) -> None:
    registration, module = at(S.DEREGISTERED)
    task = asyncio.create_task(registration.connect(30))
    await elapse(when)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert module.lines == ["AT+MIPLOPEN=0,30"]
    assert registration.state is S.REG_PENDING
    soon(registration, Opened(0, True), 5)
    await registration.wait_stable()
    assert registration.state is S.REGISTERED


async def test_cancelled_login_fails_when_its_time_is_over() -> None:
    registration, _ = at(S.DEREGISTERED)
    task = asyncio.create_task(registration.connect(30))
    await elapse(20)
    task.cancel()
    await asyncio.wait({task})
    await registration.wait_stable()
    assert asyncio.get_running_loop().time() == pytest.approx(35)
    assert registration.state is S.REG_FAILED


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (S.NEW, Code.NOT_REGISTER),
        (S.REG_PENDING, Code.PENDING),
        (S.REGISTERED, Code.REGISTERED),
        (S.REG_UPDATE_NEEDED, Code.REGISTERED),
        (S.REG_UPDATE_PENDING, Code.PENDING),
        (S.DEREG_PENDING, Code.PENDING),
        (S.DESTROYED, Code.NOT_REGISTER),
    ],
)
async def test_login_that_is_not_legal(state: DeviceState, code: Code) -> None:
    registration, module = at(state)
    with pytest.raises(StateError, match=state.name) as illegal:
        await registration.connect(30)
    assert illegal.value.code is code
    assert module.lines == []


@pytest.mark.parametrize("reported", [True, False])
async def test_update_that_fails(reported: bool) -> None:
    registration, _ = at(S.REG_UPDATE_NEEDED)
    if reported:
        soon(registration, Updated(0, False), 4)
    with pytest.raises(RegistrationError, match="update") as failed:
        await registration.update(with_objects=False, timeout=10)
    assert failed.value.timed_out is not reported
    assert registration.state is S.REG_UPDATE_NEEDED
    registration.on_outcome(Updated(0, True))
    assert registration.state is S.REGISTERED


async def test_logout_without_confirmation() -> None:
    registration, _ = at(S.REGISTERED)
    with pytest.raises(RegistrationError, match="not confirmed within 10 s") as late:
        await registration.close(10)
    assert late.value.timed_out
    assert registration.state is S.DEREGISTERED


@pytest.mark.parametrize("confirmed", [True, False])
async def test_cancelled_logout_ends(confirmed: bool) -> None:
    registration, _ = at(S.REGISTERED)
    task = asyncio.create_task(registration.close(10))
    await elapse(2)
    task.cancel()
    await asyncio.wait({task})
    assert registration.state is S.DEREG_PENDING
    if confirmed:
        soon(registration, Closed(0, True), 1)
    await registration.wait_stable()
    assert registration.state is S.DEREGISTERED
    assert asyncio.get_running_loop().time() == pytest.approx(3 if confirmed else 2 + CLOSE)


@pytest.mark.parametrize("when", [0.5, 3])
async def test_cancelled_update_can_be_repeated(when: float) -> None:
    registration, _ = at(S.REGISTERED)
    task = asyncio.create_task(registration.update(with_objects=False, timeout=10))
    await elapse(when)
    task.cancel()
    await asyncio.wait({task})
    assert registration.state is S.REG_UPDATE_NEEDED
    soon(registration, Updated(0, True), 2)
    await registration.update(with_objects=False, timeout=10)
    assert registration.state is S.REGISTERED


async def test_login_after_a_cancelled_one_ends_that_first() -> None:
    registration, module = at(S.DEREGISTERED)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(registration.connect(30), 10)
    with pytest.raises(StateError) as pending:
        await registration.connect(30)
    assert pending.value.code is Code.PENDING
    await elapse(25)
    assert registration.state is S.REG_FAILED
    soon(registration, Opened(0, True), 20)
    await registration.connect(30)
    assert registration.state is S.REGISTERED
    assert module.lines == ["AT+MIPLOPEN=0,30", "AT+MIPLCLOSE=0", "AT+MIPLOPEN=0,30"]


async def test_expiry_of_a_cancelled_login_does_not_touch_the_next() -> None:
    registration, _ = at(S.DEREGISTERED)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(registration.connect(30), 10)
    registration.on_outcome(Opened(0, False))
    soon(registration, Opened(0, True), 50)  # after the first one's time
    await registration.connect(60)
    assert registration.state is S.REGISTERED


@pytest.mark.parametrize("seconds", ["30", None, True, float("nan"), -1, float("inf")])
@pytest.mark.parametrize("name", ["connect", "update", "close"])
async def test_invalid_timeout_is_refused_before_sending(name: str, seconds: float) -> None:
    registration, module = at(S.DEREGISTERED if name == "connect" else S.REGISTERED)
    before = registration.state
    more = {"with_objects": False} if name == "update" else {}
    with pytest.raises(ParameterError, match="timeout"):
        await getattr(registration, name)(timeout=seconds, **more)
    assert module.lines == []
    assert registration.state is before


@pytest.mark.parametrize("event", [E.RESET, E.PORT_LOST])
@pytest.mark.parametrize("state", S)
async def test_interruption_leads_to_restoring(state: DeviceState, event: DeviceEvent) -> None:
    registration, _ = at(state)
    outcome = registration.outcomes.expect(Opened)
    login = registration.interrupted(event, ModemReset("restarted"))
    nothing = state in (S.NEW, S.LOST, S.DESTROYED)
    assert registration.state is (state if nothing else S.RESTORING)
    pending = (S.REG_PENDING, S.REG_UPDATE_PENDING, S.REG_UPDATE_NEEDED)
    assert login == (state is S.REGISTERED or state in pending)
    with pytest.raises(ModemReset):
        await outcome


# --- without a network -----------------------------------------------------------------------


class Network:
    """Found after `takes` s, or fails with `error`; `asked` are the seconds it was given."""

    def __init__(self, takes: float, error: M5310Error | None = None) -> None:
        self.takes = takes
        self.error = error
        self.asked: list[float] = []
        self.ended = False

    async def find(self, seconds: float) -> None:
        self.asked.append(seconds)
        try:
            await elapse(self.takes)
        finally:
            self.ended = True
        if self.error is not None:
            raise self.error


def without_network(times: int = 1) -> tuple[Registration, RecordingModule]:
    """It refuses so many logins because it has no network."""
    registration, module = at(S.DEREGISTERED)
    refusals = [CommandError("AT+MIPLOPEN", "+CME ERROR:30", 30) for _ in range(times)]
    module.then = lambda _: refusals.pop() if refusals else None
    return registration, module


async def test_login_waits_for_the_network_within_its_time() -> None:
    registration, module = without_network()
    network = Network(takes=20)
    soon(registration, Opened(0, True), 25)
    await registration.connect(60, network.find)
    assert network.asked == [59]
    assert module.lines == ["AT+MIPLOPEN=0,60", "AT+MIPLOPEN=0,39"]
    assert registration.state is S.REGISTERED


async def test_login_that_finds_no_network_fails_with_the_reason() -> None:
    registration, _ = without_network()
    no_sim = M5310Error("no SIM")
    with pytest.raises(M5310Error, match="no SIM") as failed:
        await registration.connect(60, Network(8, no_sim).find)
    assert failed.value is no_sim
    assert registration.state is S.REG_FAILED
    soon(registration, Opened(0, True), 1.5)
    await registration.connect(60, Network(8, no_sim).find)  # it may be tried again


async def test_network_lost_again_at_once_is_a_refusal() -> None:
    registration, _ = without_network(times=2)
    with pytest.raises(CommandError, match="CME ERROR:30"):
        await registration.connect(60, Network(takes=1).find)
    assert registration.state is S.REG_FAILED


async def test_no_time_is_left_for_the_network() -> None:
    registration, _ = without_network()
    network = Network(takes=1)
    with pytest.raises(CommandError):
        await registration.connect(1, network.find)
    assert network.asked == []


async def test_other_refusal_does_not_ask_the_network() -> None:
    registration, module = at(S.DEREGISTERED)
    module.then = lambda line: CommandError(line, "+CME ERROR:3", 3)
    network = Network(takes=1)
    with pytest.raises(CommandError):
        await registration.connect(60, network.find)
    assert network.asked == []


@pytest.mark.parametrize("event", [E.RESET, E.PORT_LOST])
async def test_interruption_ends_the_search(event: DeviceEvent) -> None:
    registration, _ = without_network()
    network = Network(takes=50)
    connecting = asyncio.create_task(registration.connect(60, network.find))
    await elapse(10)
    assert registration.state is S.REG_PENDING
    assert registration.interrupted(event, ModemReset("restarted"))
    with pytest.raises(ModemReset):
        await connecting
    assert network.ended
    assert registration.state is S.RESTORING


@pytest.mark.parametrize("how", ["cancelled", "logged out"])
async def test_search_is_given_up_at_once(how: str) -> None:
    registration, module = without_network()
    network = Network(takes=50)
    connecting = asyncio.create_task(registration.connect(60, network.find))
    await elapse(10)
    if how == "cancelled":
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
    else:
        assert await registration.end_pending_login()
        with pytest.raises(RegistrationError, match="ended by close"):
            await connecting
    assert network.ended
    assert registration.state is S.REG_FAILED
    await registration.close(CLOSE)
    assert module.lines == ["AT+MIPLOPEN=0,60"]  # nothing to log out of
    assert registration.state is S.DEREGISTERED


@pytest.mark.parametrize(
    ("state", "outcome", "call"),
    [
        (S.DEREGISTERED, Opened(0, True), lambda it: it.connect(30)),
        (S.REGISTERED, Updated(0, True), lambda it: it.update(with_objects=False, timeout=10)),
        (S.REGISTERED, Closed(0, True), lambda it: it.close(10)),
    ],
)
async def test_outcome_proves_the_lost_ok(
    state: DeviceState,
    outcome: Opened | Closed | Updated,
    call: Callable[[Registration], Awaitable[None]],
) -> None:
    registration, module = at(state)
    module.then = lambda line: CommandTimeout(line, 5)
    soon(registration, outcome, 0.5)
    await call(registration)
    assert len(module.lines) == 1
    assert registration.state is (
        S.DEREGISTERED if state is S.REGISTERED and isinstance(outcome, Closed) else S.REGISTERED
    )


@pytest.mark.parametrize("begins", [1, 4, 9.5, 30])
async def test_update_waits_no_longer_than_the_lifetime(begins: float) -> None:
    module = RecordingModule()
    registration = Registration(module.execute, CLASSIC, lifetime=10)
    registration._states.state = S.REG_PENDING
    registration.on_outcome(Opened(0, True))
    await elapse(begins - 1)  # the command takes 1 s
    with pytest.raises(RegistrationError, match="update") as late:
        await registration.update(with_objects=False, timeout=UPDATE)
    assert late.value.timed_out
    ended = asyncio.get_running_loop().time()
    assert ended == pytest.approx(max(10, begins + LATE_UPDATE))


async def test_long_waits_are_events() -> None:
    events: list[UpkeepEvent] = []
    module = RecordingModule()
    registration = Registration(module.execute, CLASSIC, emit=events.append)
    registration._states.state = S.DEREGISTERED
    soon(registration, Opened(0, True), 1.5)
    await registration.connect(30)
    assert events == []
    soon(registration, Updated(0, True), 4)
    await registration.update(with_objects=False, timeout=20)
    with pytest.raises(RegistrationError):
        await registration.close(10)
    assert [str(event) for event in events] == [
        "waiting up to 18 s: the platform has not confirmed the update",
        "waiting up to 8 s: the platform has not confirmed the logout",
    ]
