"""What people read who called something at the wrong time."""

from __future__ import annotations

import pytest

from m5310.device.advice import illegal
from m5310.device.device import Device
from m5310.errors import StateError
from m5310.lwm2m.values import ValueType
from m5310.states import DeviceEvent, DeviceState

S, E = DeviceState, DeviceEvent

READ = {
    (E.CREATE, S.DEREGISTERED): "the device cannot be created: the device is DEREGISTERED; it is "
    "created once; to begin anew, destroy it and make a new one",
    (E.CREATE, S.DESTROYED): "the device cannot be created: the device is DESTROYED; it will not "
    "come back: make a new one",
    (E.CONNECT, S.NEW): "no login is possible: the device is NEW; open it first: "
    "`async with Device(...) as device`, or `await device.create()`",
    (E.CONNECT, S.REG_PENDING): "no login is possible: the device is REG_PENDING; a login is under "
    "way: wait for its end",
    (E.CONNECT, S.REGISTERED): "no login is possible: the device is REGISTERED; it is logged in "
    "already: close() it first",
    (E.UPDATE, S.REG_UPDATE_PENDING): "no registration can be renewed: the device is "
    "REG_UPDATE_PENDING; its registration is being renewed: wait for the end of that",
    (E.UPDATE, S.DEREGISTERED): "no registration can be renewed: the device is DEREGISTERED; log "
    "in first: connect()",
    (E.CLOSE, S.DEREGISTERED): "no logout is possible: the device is DEREGISTERED; it is logged "
    "out already",
    (E.CLOSE, S.DEREG_PENDING): "no logout is possible: the device is DEREG_PENDING; a logout is "
    "under way: wait for its end",
    (E.CLOSE, S.RESTORING): "no logout is possible: the device is RESTORING; its port is gone or "
    "the module has restarted, which is being mended: wait for the event Restored",
    (E.RESTORED, S.NEW): "RESTORED is not legal: the device is NEW; open it first: "
    "`async with Device(...) as device`, or `await device.create()`",
}


@pytest.mark.parametrize("pair", READ)
def test_it_says_what_stands_in_the_way_and_what_to_try(
    pair: tuple[DeviceEvent, DeviceState],
) -> None:
    assert illegal(*pair) == READ[pair]


@pytest.mark.parametrize("state", S)
def test_there_is_something_to_be_said_in_every_state(state: DeviceState) -> None:
    assert illegal(E.CONNECT, state, "reports need a login").startswith(
        f"reports need a login: the device is {state.name}; "
    )


async def test_a_device_that_was_not_opened_says_how_to() -> None:
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
