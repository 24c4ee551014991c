"""Log in, renew, log out: what is asked, what the module says, and what is known afterwards."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.device.registration import CLOSE, VERDICT_MARGIN, Registration
from m5310.dialects.urcs import Closed, Opened, Updated
from m5310.errors import (
    Code,
    CommandError,
    CommandTimeout,
    M5310Error,
    ModemReset,
    ParameterError,
    PortError,
    RegistrationError,
    StateError,
)
from m5310.states import DEVICE, DeviceEvent, DeviceState
from tests.support.clock import elapse, run
from tests.support.dialects import CLASSIC
from tests.support.execute import RecordingExecute

S, E = DeviceState, DeviceEvent


def soon(registration: Registration, verdict: Opened | Closed | Updated, after: float) -> None:
    asyncio.get_running_loop().call_later(after, registration.heard, verdict)


def at(state: DeviceState) -> tuple[Registration, RecordingExecute]:
    wire = RecordingExecute()
    registration = Registration(wire, CLASSIC)
    registration._states.state = state
    return registration, wire


async def test_a_login() -> None:
    registration, wire = at(S.DEREGISTERED)
    soon(registration, Opened(0, True), 20)
    await registration.connect(30)
    assert wire.lines == ["AT+MIPLOPEN=0,30"]
    assert registration.state is S.REGISTERED


async def test_the_verdict_may_come_before_the_ok() -> None:
    registration, wire = at(S.REG_FAILED)
    soon(registration, Opened(0, True), 0.5)
    await registration.connect(0.4)
    assert wire.lines == ["AT+MIPLOPEN=0,1"]  # whole seconds, rounded up
    assert registration.state is S.REGISTERED


async def test_a_refused_login() -> None:
    registration, _ = at(S.DEREGISTERED)
    soon(registration, Opened(0, False), 3)
    with pytest.raises(RegistrationError, match="refused the login of 1234;5678") as refused:
        await registration.connect(30)
    assert not refused.value.timed_out
    assert refused.value.code is Code.REG_FAILED
    assert registration.state is S.REG_FAILED


async def test_a_login_the_module_gave_up() -> None:
    registration, _ = at(S.DEREGISTERED)
    soon(registration, Opened(0, False), 30)
    with pytest.raises(RegistrationError, match="no answer from the platform within 30") as late:
        await registration.connect(30)
    assert late.value.timed_out
    assert late.value.code is Code.TIMEOUT


async def test_a_module_that_never_says_how_it_went() -> None:
    registration, _ = at(S.DEREGISTERED)
    with pytest.raises(RegistrationError) as late:
        await registration.connect(30)
    assert late.value.timed_out
    assert asyncio.get_running_loop().time() == pytest.approx(30 + VERDICT_MARGIN)
    assert registration.state is S.REG_FAILED
    registration.heard(Opened(0, True))  # late, but true
    assert registration.state is S.REGISTERED


@pytest.mark.parametrize("holds", [True, False])
@pytest.mark.parametrize("lost", ["the word", "the result too", "the caller"])
async def test_a_login_of_which_nothing_is_heard_is_undone_before_the_next(
    lost: str, holds: bool
) -> None:
    """A module that is logged in refuses another login; one that is not, a logout."""
    registration, wire = at(S.DEREGISTERED)
    if lost == "the result too":
        wire.then = lambda line: CommandTimeout(line, 5)
    with pytest.raises((RegistrationError, CommandTimeout, TimeoutError)):
        async with asyncio.timeout(10 if lost == "the caller" else None):
            await registration.connect(30)
    await registration.settled()

    def then(line: str) -> M5310Error | None:
        if line == "AT+MIPLCLOSE=0":
            if not holds:
                return CommandError(line, "+CME ERROR:3", 3)
            soon(registration, Closed(0, True), 2)
        else:
            soon(registration, Opened(0, True), 29)
        return None

    wire.then = then
    await registration.connect(30)
    assert wire.lines == ["AT+MIPLOPEN=0,30", "AT+MIPLCLOSE=0", "AT+MIPLOPEN=0,30"]
    assert registration.state is S.REGISTERED


@pytest.mark.parametrize("holds", [True, False])
async def test_closed_after_a_login_of_which_nothing_was_heard_it_is_logged_out(
    holds: bool,
) -> None:
    registration, wire = at(S.DEREGISTERED)
    with pytest.raises(RegistrationError):
        await registration.connect(30)

    def then(line: str) -> M5310Error | None:
        if not holds:
            return CommandError(line, "+CME ERROR:3", 3)
        soon(registration, Opened(0, True), 0.5)  # crosses the logout
        soon(registration, Closed(0, True), 3)
        return None

    wire.then = then
    await registration.close(30)
    assert wire.lines == ["AT+MIPLOPEN=0,30", "AT+MIPLCLOSE=0"]
    assert registration.state is S.DEREGISTERED


async def test_a_verdict_that_comes_after_the_close_changes_nothing_and_is_undone() -> None:
    registration, wire = at(S.DEREGISTERED)
    with pytest.raises(RegistrationError):
        await registration.connect(30)
    wire.then = lambda line: CommandError(line, "+CME ERROR:3", 3)  # it is still at it
    await registration.close(30)
    registration.heard(Opened(0, True))
    assert registration.state is S.DEREGISTERED
    wire.then = lambda _: soon(registration, Closed(0, True), 0.5)
    await registration.undo()
    assert wire.lines == ["AT+MIPLOPEN=0,30", "AT+MIPLCLOSE=0", "AT+MIPLCLOSE=0"]
    await registration.undo()
    assert len(wire.lines) == 3


async def test_closed_after_a_refused_login_there_is_nothing_to_undo() -> None:
    registration, wire = at(S.DEREGISTERED)
    soon(registration, Opened(0, False), 3)
    with pytest.raises(RegistrationError):
        await registration.connect(30)
    await registration.close(30)
    assert wire.lines == ["AT+MIPLOPEN=0,30"]
    assert registration.state is S.DEREGISTERED


async def test_a_close_that_is_cancelled_after_a_failed_login_closes_all_the_same() -> None:
    registration, wire = at(S.DEREGISTERED)
    with pytest.raises(RegistrationError):
        await registration.connect(30)
    closing = asyncio.create_task(registration.close(30))
    await elapse(0.5)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert wire.lines == ["AT+MIPLOPEN=0,30", "AT+MIPLCLOSE=0"]
    assert registration.state is S.DEREGISTERED


async def test_a_verdict_that_comes_while_its_login_is_undone_is_not_the_next_ones() -> None:
    registration, wire = at(S.DEREGISTERED)
    with pytest.raises(RegistrationError):
        await registration.connect(30)

    def then(line: str) -> None:
        if line == "AT+MIPLCLOSE=0":
            soon(registration, Opened(0, True), 0.5)  # of the one before
            soon(registration, Closed(0, True), 3)
        else:
            soon(registration, Opened(0, False), 5)

    wire.then = then
    with pytest.raises(RegistrationError, match="refused"):
        await registration.connect(30)
    assert registration.state is S.REG_FAILED
    wire.then = lambda _: soon(registration, Opened(0, True), 5)
    await registration.connect(30)
    assert registration.state is S.REGISTERED
    names = ["OPEN=0,30", "CLOSE=0", "OPEN=0,30", "OPEN=0,30"]
    assert wire.lines == [f"AT+MIPL{name}" for name in names]


async def test_a_logout_whose_result_got_lost_is_said_again_before_the_next_login() -> None:
    registration, wire = at(S.REGISTERED)
    wire.then = lambda line: CommandTimeout(line, 5)
    with pytest.raises(CommandTimeout):
        await registration.close(30)
    assert registration.state is S.DEREGISTERED
    wire.then = lambda _: None
    soon(registration, Closed(0, True), 2)
    soon(registration, Opened(0, True), 5)
    await registration.connect(30)
    assert wire.lines == ["AT+MIPLCLOSE=0", "AT+MIPLCLOSE=0", "AT+MIPLOPEN=0,30"]
    assert registration.state is S.REGISTERED


async def test_what_is_known_of_a_login_is_not_undone() -> None:
    registration, wire = at(S.DEREGISTERED)
    for verdict in (Opened(0, False), None):
        if verdict is None:
            wire.then = lambda line: CommandError(line, "+CME ERROR:30", 30)
        else:
            soon(registration, verdict, 3)
        with pytest.raises((RegistrationError, CommandError)):
            await registration.connect(30)
    with pytest.raises(CommandError):
        await registration.connect(30)
    assert wire.lines == ["AT+MIPLOPEN=0,30"] * 3


async def test_a_login_the_module_does_not_even_begin() -> None:
    registration, wire = at(S.DEREGISTERED)
    wire.then = lambda line: CommandError(line, "+CME ERROR:30", 30)
    with pytest.raises(CommandError, match="30"):
        await registration.connect(30)
    assert registration.state is S.REG_FAILED


@pytest.mark.parametrize("when", [0.5, 5])
async def test_a_cancelled_login_goes_on_in_the_module(when: float) -> None:
    registration, wire = at(S.DEREGISTERED)
    task = asyncio.create_task(registration.connect(30))
    await elapse(when)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert wire.lines == ["AT+MIPLOPEN=0,30"]
    assert registration.state is S.REG_PENDING
    soon(registration, Opened(0, True), 5)
    await registration.settled()
    assert registration.state is S.REGISTERED


async def test_what_is_left_of_a_cancelled_login_is_awaited_no_longer_than_it_may_take() -> None:
    registration, _ = at(S.DEREGISTERED)
    task = asyncio.create_task(registration.connect(30))
    await elapse(20)
    task.cancel()
    await asyncio.wait({task})
    await registration.settled()
    assert asyncio.get_running_loop().time() == pytest.approx(35)
    assert registration.state is S.REG_FAILED


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
async def test_timeouts_that_are_none(seconds: float) -> None:
    registration, wire = at(S.DEREGISTERED)
    with pytest.raises(ParameterError, match="timeout"):
        await registration.connect(seconds)
    assert wire.lines == []


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
async def test_a_login_that_is_not_legal_now(state: DeviceState, code: Code) -> None:
    registration, wire = at(state)
    with pytest.raises(StateError, match=state.name) as illegal:
        await registration.connect(30)
    assert illegal.value.code is code
    assert wire.lines == []


async def test_a_renewal() -> None:
    registration, wire = at(S.REGISTERED)
    soon(registration, Updated(0, True), 4)
    await registration.update(with_objects=True, timeout=10)
    assert wire.lines == ["AT+MIPLUPDATE=0,300,1"]
    assert registration.state is S.REGISTERED


@pytest.mark.parametrize("said", [True, False])
async def test_a_renewal_that_fails(said: bool) -> None:
    registration, _ = at(S.REG_UPDATE_NEEDED)
    if said:
        soon(registration, Updated(0, False), 4)
    with pytest.raises(RegistrationError, match="update") as failed:
        await registration.update(with_objects=False, timeout=10)
    assert failed.value.timed_out is not said
    assert registration.state is S.REG_UPDATE_NEEDED
    registration.heard(Updated(0, True))
    assert registration.state is S.REGISTERED


async def test_a_renewal_refused_or_cancelled_is_still_needed() -> None:
    registration, wire = at(S.REGISTERED)
    wire.then = lambda line: CommandTimeout(line, 5)
    with pytest.raises(CommandTimeout):
        await registration.update(with_objects=False, timeout=10)
    assert registration.state is S.REG_UPDATE_NEEDED
    wire.then = lambda _: None
    task = asyncio.create_task(registration.update(with_objects=False, timeout=10))
    await elapse(3)
    task.cancel()
    await asyncio.wait({task})
    assert registration.state is S.REG_UPDATE_NEEDED


async def test_a_logout() -> None:
    registration, wire = at(S.REGISTERED)
    soon(registration, Closed(0, True), 4)
    await registration.close(10)
    assert wire.lines == ["AT+MIPLCLOSE=0"]
    assert registration.state is S.DEREGISTERED


async def test_a_logout_nobody_confirms() -> None:
    registration, _ = at(S.REGISTERED)
    with pytest.raises(RegistrationError, match="not confirmed within 10 s") as late:
        await registration.close(10)
    assert late.value.timed_out
    assert registration.state is S.DEREGISTERED


async def test_a_logout_the_module_refuses() -> None:
    registration, wire = at(S.REGISTERED)
    wire.then = lambda line: CommandError(line, "+CME ERROR:3", 3)
    with pytest.raises(CommandError):
        await registration.close(10)
    assert registration.state is S.DEREGISTERED


@pytest.mark.parametrize("confirmed", [True, False])
async def test_a_cancelled_logout_is_waited_for(confirmed: bool) -> None:
    registration, _ = at(S.REGISTERED)
    task = asyncio.create_task(registration.close(10))
    await elapse(2)
    task.cancel()
    await asyncio.wait({task})
    assert registration.state is S.DEREG_PENDING
    if confirmed:
        soon(registration, Closed(0, True), 1)
    await registration.settled()
    assert registration.state is S.DEREGISTERED
    assert asyncio.get_running_loop().time() == pytest.approx(3 if confirmed else 2 + CLOSE)


async def test_settled_is_what_is_not_pending() -> None:
    registration, _ = at(S.REGISTERED)
    await registration.settled()
    assert registration.state is S.REGISTERED


async def test_a_lost_port_releases_who_waits_and_refuses_who_comes() -> None:
    registration, _ = at(S.DEREGISTERED)
    task = asyncio.create_task(registration.connect(30))
    await elapse(2)
    error = PortError("unplugged")
    assert registration.interrupted(E.PORT_LOST, error)
    with pytest.raises(PortError, match="unplugged"):
        await task
    assert registration.state is S.RESTORING
    registration.give_up(error)
    assert registration.state is S.LOST
    for ask in (
        lambda: registration.check(E.CONNECT),
        registration.check_registered,
        lambda: registration.move(E.CREATE),
    ):
        with pytest.raises(PortError, match="unplugged"):
            ask()


@pytest.mark.parametrize("success", [True, False])
async def test_an_update_under_way_says_whether_the_platform_knows_the_device(
    success: bool,
) -> None:
    registration, _ = at(S.REG_UPDATE_PENDING)
    soon(registration, Updated(0, success), 5)
    assert await registration.updated() == success
    assert asyncio.get_running_loop().time() == pytest.approx(5)
    assert await registration.updated() == success  # known already


async def test_leaving_the_registration_is_noticed_at_once() -> None:
    registration, _ = at(S.REGISTERED)
    soon(registration, Updated(0, True), 2)
    soon(registration, Closed(0, True), 5)
    await registration.left()
    assert asyncio.get_running_loop().time() == pytest.approx(5)
    await registration.left()  # gone already
    assert asyncio.get_running_loop().time() == pytest.approx(5)


@given(
    st.lists(
        st.sampled_from([Opened, Closed, Updated]).flatmap(
            lambda kind: st.builds(kind, st.just(0), st.booleans())
        ),
        max_size=8,
    ),
    st.sampled_from(S),
)
def test_whatever_the_module_says_leads_to_a_state_of_the_table(
    said: list[Opened | Closed | Updated], start: DeviceState
) -> None:
    async def listen() -> None:
        registration, _ = at(start)
        for verdict in said:
            before = registration.state
            registration.heard(verdict)
            after = registration.state
            assert before is after or any(
                row[0] is before and row[2] is after for row in DEVICE.rows
            )

    run(listen())


@pytest.mark.parametrize("when", [0.5, 3])
async def test_a_renewal_cancelled_at_any_time_can_be_asked_for_again(when: float) -> None:
    registration, _ = at(S.REGISTERED)
    task = asyncio.create_task(registration.update(with_objects=False, timeout=10))
    await elapse(when)
    task.cancel()
    await asyncio.wait({task})
    assert registration.state is S.REG_UPDATE_NEEDED
    soon(registration, Updated(0, True), 2)
    await registration.update(with_objects=False, timeout=10)
    assert registration.state is S.REGISTERED


async def test_a_cancelled_login_of_which_nothing_is_heard_may_be_begun_again() -> None:
    registration, wire = at(S.DEREGISTERED)
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
    assert wire.lines == ["AT+MIPLOPEN=0,30", "AT+MIPLCLOSE=0", "AT+MIPLOPEN=0,30"]


async def test_what_became_of_a_cancelled_login_does_not_touch_the_next() -> None:
    registration, _ = at(S.DEREGISTERED)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(registration.connect(30), 10)
    registration.heard(Opened(0, False))
    soon(registration, Opened(0, True), 50)  # after the first one's time
    await registration.connect(60)
    assert registration.state is S.REGISTERED


async def test_a_cancelled_logout_of_which_nothing_is_heard_is_one_in_the_end() -> None:
    registration, _ = at(S.REGISTERED)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(registration.close(10), 5)
    assert registration.state is S.DEREG_PENDING
    await elapse(CLOSE)
    assert registration.state is S.DEREGISTERED


@pytest.mark.parametrize("seconds", ["30", None, True, float("nan"), -1, float("inf")])
@pytest.mark.parametrize("name", ["connect", "update", "close"])
async def test_what_is_no_time_is_refused_before_a_byte(name: str, seconds: float) -> None:
    registration, wire = at(S.DEREGISTERED if name == "connect" else S.REGISTERED)
    before = registration.state
    more = {"with_objects": False} if name == "update" else {}
    with pytest.raises(ParameterError, match="timeout"):
        await getattr(registration, name)(timeout=seconds, **more)
    assert wire.lines == []
    assert registration.state is before


async def test_at_the_end_nothing_begins_but_a_logout() -> None:
    registration, wire = at(S.REGISTERED)
    registration.end()
    assert not registration.allows(E.UPDATE)
    with pytest.raises(StateError, match="being destroyed"):
        await registration.update(with_objects=False, timeout=10)
    soon(registration, Closed(0, True), 4)
    await registration.close(10)
    with pytest.raises(StateError, match="being destroyed"):
        await registration.connect(10)
    assert wire.lines == ["AT+MIPLCLOSE=0"]


@pytest.mark.parametrize("event", [E.RESET, E.PORT_LOST])
@pytest.mark.parametrize("state", S)
async def test_an_interruption_leads_to_the_restoration_from_wherever_the_module_knew_something(
    state: DeviceState, event: DeviceEvent
) -> None:
    registration, _ = at(state)
    verdict = registration.verdicts.expect(Opened)
    login = registration.interrupted(event, ModemReset("anew"))
    nothing = state in (S.NEW, S.LOST, S.DESTROYED)
    assert registration.state is (state if nothing else S.RESTORING)
    pending = (S.REG_PENDING, S.REG_UPDATE_PENDING, S.REG_UPDATE_NEEDED)
    assert login == (state is S.REGISTERED or state in pending)
    with pytest.raises(ModemReset):
        await verdict


async def test_given_up_every_call_says_why() -> None:
    registration, _ = at(S.RESTORING)
    assert not registration.reporting
    with pytest.raises(StateError) as pending:
        await registration.connect(30)
    assert pending.value.code is Code.PENDING
    registration.give_up(ModemReset("anew"))
    assert registration.state is S.LOST
    for call in (registration.connect(30), registration.close(30)):
        with pytest.raises(ModemReset):
            await call
    with pytest.raises(ModemReset):
        registration.check_registered()


async def test_each_event_that_moves_is_told() -> None:
    told: list[DeviceEvent] = []
    registration = Registration(RecordingExecute(), CLASSIC, told.append)
    registration.move(E.CREATE)
    registration.heard(Opened(0, True))  # nobody asked: the table knows no way
    registration.interrupted(E.PORT_LOST, PortError("gone"))
    registration.give_up(PortError("gone"))
    registration.interrupted(E.PORT_LOST, PortError("gone"))
    assert told == [E.CREATE, E.PORT_LOST, E.GIVE_UP]
