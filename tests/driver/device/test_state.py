"""Where a device stands: what that allows, what it is called, and who waits for a change."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.device.state import Standing
from m5310.errors import Code, ModemReset, PortError, StateError
from m5310.states import DEVICE, DeviceEvent, DeviceState
from tests.support.clock import elapse, run

S, E = DeviceState, DeviceEvent


def at(state: DeviceState, told: list[DeviceEvent] | None = None) -> Standing:
    standing = Standing((told if told is not None else []).append)
    standing._states.state = state
    return standing


@pytest.mark.parametrize("state", S)
async def test_when_reports_may_go_out(state: DeviceState) -> None:
    standing = at(state)
    if state in (S.REGISTERED, S.REG_UPDATE_NEEDED, S.REG_UPDATE_PENDING):
        standing.check_registered()
    else:
        with pytest.raises(StateError, match=state.name) as illegal:
            standing.check_registered()
        assert illegal.value.code is Code.NOT_REGISTER


async def test_a_reason_stands_before_what_the_table_says() -> None:
    standing = at(S.REGISTERED)
    with pytest.raises(
        StateError, match=r"declared before login: the device is REGISTERED; .*close\(\) it first"
    ):
        standing.check(E.CONNECT, "declared before login")


@given(st.sampled_from(S), st.sampled_from(E))
def test_any_event_in_any_state_is_legal_or_a_typed_error(
    state: DeviceState, event: DeviceEvent
) -> None:
    async def try_it() -> None:
        standing = at(state)
        assert standing.allows(event) == any(row[:2] == (state, event) for row in DEVICE.rows)
        if standing.allows(event):
            standing.move(event)
            assert (state, event, standing.state) in DEVICE.rows
        else:
            with pytest.raises(StateError):
                standing.move(event)
            standing.follow(event)
            assert standing.state is state

    run(try_it())


def test_every_state_is_reached_and_all_but_the_last_are_left() -> None:
    assert {row[2] for row in DEVICE.rows} | {S.NEW} == set(S)
    assert {row[0] for row in DEVICE.rows} == set(S) - {S.DESTROYED}


async def test_each_event_that_moves_is_told() -> None:
    told: list[DeviceEvent] = []
    standing = at(S.NEW, told)
    standing.move(E.CREATE)
    standing.follow(E.ACCEPTED)  # nobody asked: the table knows no way
    standing.follow(E.PORT_LOST)
    standing.give_up(PortError("gone"))
    standing.follow(E.PORT_LOST)
    assert told == [E.CREATE, E.PORT_LOST, E.GIVE_UP]


async def test_given_up_every_question_brings_the_reason() -> None:
    standing = at(S.RESTORING)
    assert not standing.reporting
    with pytest.raises(StateError) as pending:
        standing.check(E.CONNECT)
    assert pending.value.code is Code.PENDING
    standing.give_up(ModemReset("anew"))
    assert standing.state is S.LOST
    for ask in (lambda: standing.check(E.CONNECT), standing.check_registered):
        with pytest.raises(ModemReset):
            ask()


async def test_at_the_end_nothing_begins_but_a_logout() -> None:
    standing = at(S.REGISTERED)
    standing.end()
    assert not standing.allows(E.UPDATE)
    with pytest.raises(StateError, match="being destroyed"):
        standing.move(E.UPDATE)
    standing.move(E.CLOSE)
    standing.follow(E.CLOSED)
    with pytest.raises(StateError, match="being destroyed"):
        standing.move(E.CONNECT)


# --- what time brings ------------------------------------------------------------------------


async def test_what_is_due_happens_unless_something_else_did() -> None:
    standing = at(S.REG_PENDING)
    standing.follow_at(10, E.REFUSED)
    await elapse(9)
    assert standing.state is S.REG_PENDING
    await elapse(2)
    assert standing.state is S.REG_FAILED
    standing.move(E.CONNECT)
    standing.follow_at(20, E.REFUSED)
    standing.follow(E.ACCEPTED)
    standing.follow(E.CLOSED)
    standing.move(E.CONNECT)
    await elapse(30)
    assert standing.state is S.REG_PENDING


async def test_what_cannot_happen_is_not_awaited() -> None:
    standing = at(S.NEW)
    standing.follow_at(10, E.REFUSED)
    standing.move(E.CREATE)
    standing.move(E.CONNECT)
    await elapse(20)
    assert standing.state is S.REG_PENDING


async def test_who_waits_for_a_change_is_told_of_it_at_once() -> None:
    loop = asyncio.get_running_loop()
    standing = at(S.REG_PENDING)
    for after, event in enumerate((E.ACCEPTED, E.UPDATE, E.UPDATE_FAILED, E.CLOSE, E.CLOSED), 1):
        loop.call_later(after, standing.follow, event)
    await standing.settled()
    assert (loop.time(), standing.state) == (pytest.approx(1), S.REGISTERED)
    assert await standing.updated()
    await elapse(1.5)
    assert not await standing.updated()
    assert loop.time() == pytest.approx(3)
    await standing.left()
    assert (loop.time(), standing.state) == (pytest.approx(5), S.DEREGISTERED)
    await standing.left()  # gone already
    await standing.settled()
    assert loop.time() == pytest.approx(5)
