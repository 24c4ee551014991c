"""The state of a device: what it allows, errors that say what to try, waiting for a change."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.device.device import Device
from m5310.device.state import DeviceStatus, describe_illegal
from m5310.errors import Code, StateError
from m5310.lwm2m.values import ValueType
from m5310.states import DEVICE, DeviceEvent, DeviceState
from tests.support.clock import elapse, run

S, E = DeviceState, DeviceEvent


def at(state: DeviceState) -> DeviceStatus:
    status = DeviceStatus()
    status._states.state = state
    return status


@pytest.mark.parametrize("state", S)
async def test_states_in_which_reports_can_be_sent(state: DeviceState) -> None:
    status = at(state)
    if state in (S.REGISTERED, S.REG_UPDATE_NEEDED, S.REG_UPDATE_PENDING):
        status.check_registered()
    else:
        with pytest.raises(StateError, match=state.name) as illegal:
            status.check_registered()
        assert illegal.value.code is Code.NOT_REGISTER


@pytest.mark.parametrize("state", S)
def test_error_names_the_state_and_what_to_try(state: DeviceState) -> None:
    text = describe_illegal(E.CONNECT, state, "reports need a login")
    assert text.startswith(f"reports need a login: the device is {state.name}; ")
    assert len(text.partition("; ")[2]) > 10


@pytest.mark.parametrize(
    ("event", "state", "advice"),
    [
        (E.CREATE, S.DEREGISTERED, "cannot be created: .* make a new one"),
        (E.CONNECT, S.REGISTERED, r"no login is possible: .* close\(\) it first"),
        (E.UPDATE, S.DEREGISTERED, r"no registration can be renewed: .* connect\(\)"),
        (E.CLOSE, S.DEREGISTERED, "no logout is possible: .* logged out already"),
        (E.CLOSE, S.RESTORING, "wait for the event Restored"),
        (E.RESTORED, S.NEW, "RESTORED is not legal"),
    ],
)
def test_advice_fits_the_call(event: DeviceEvent, state: DeviceState, advice: str) -> None:
    assert re.search(advice, describe_illegal(event, state))


async def test_device_that_is_not_open_says_how_to_open_it() -> None:
    device = Device("/dev/ttyUSB0", "1234;5678")
    for call in (
        device.connect(),
        device.close(),
        device.update(),
        device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5),
    ):
        with pytest.raises(StateError, match=r"open it first: `async with Device"):
            await call
    with pytest.raises(StateError, match="open it first"):
        device.check_registered()
    with pytest.raises(StateError, match="open it first"):
        _ = device.modem


@given(st.sampled_from(S), st.sampled_from(E))
def test_any_event_in_any_state_is_legal_or_a_typed_error(
    state: DeviceState, event: DeviceEvent
) -> None:
    async def try_it() -> None:
        status = at(state)
        assert status.allows(event) == any(row[:2] == (state, event) for row in DEVICE.rows)
        if status.allows(event):
            status.begin(event)
            assert (state, event, status.state) in DEVICE.rows
        else:
            with pytest.raises(StateError):
                status.begin(event)
            status.apply(event)
            assert status.state is state

    run(try_it())


def test_every_state_is_reached_and_all_but_the_last_are_left() -> None:
    assert {row[2] for row in DEVICE.rows} | {S.NEW} == set(S)
    assert {row[0] for row in DEVICE.rows} == set(S) - {S.DESTROYED}


# --- waiting -----------------------------------------------------------------------------------


async def test_waiting_ends_with_the_change() -> None:
    loop = asyncio.get_running_loop()
    status = at(S.REG_PENDING)
    for after, event in enumerate((E.ACCEPTED, E.UPDATE, E.UPDATE_FAILED, E.CLOSE, E.CLOSED), 1):
        loop.call_later(after, status.apply, event)
    await status.wait_stable()
    assert (loop.time(), status.state) == (pytest.approx(1), S.REGISTERED)
    assert await status.wait_updated()
    await elapse(1.5)
    assert not await status.wait_updated()
    assert loop.time() == pytest.approx(3)
    await status.wait_unregistered()
    assert (loop.time(), status.state) == (pytest.approx(5), S.DEREGISTERED)
    await status.wait_unregistered()  # gone already
    await status.wait_stable()
    assert loop.time() == pytest.approx(5)
