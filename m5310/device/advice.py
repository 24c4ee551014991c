"""What to try when a call is not legal: for people, who do not think in tables."""

from __future__ import annotations

from typing import Final, assert_never

from m5310.states import DeviceEvent, DeviceState

_REFUSED: Final = {
    DeviceEvent.CREATE: "the device cannot be created",
    DeviceEvent.CONNECT: "no login is possible",
    DeviceEvent.UPDATE: "no registration can be renewed",
    DeviceEvent.CLOSE: "no logout is possible",
}
"""What a call is for, of those a program makes."""


def illegal(event: DeviceEvent, state: DeviceState, what: str = "") -> str:
    """Why `event` is not legal while the device is in `state`, and what to try.

    `what` says what was wanted, if that is not the event itself.
    """
    refused = what or _REFUSED.get(event, f"{event.name} is not legal")
    return f"{refused}: the device is {state.name}; {_advice(event, state)}"


def _advice(event: DeviceEvent, state: DeviceState) -> str:
    s = DeviceState
    if event is DeviceEvent.CREATE and state is not s.DESTROYED:
        return "it is created once; to begin anew, destroy it and make a new one"
    if event is DeviceEvent.CLOSE and state is s.DEREGISTERED:
        return "it is logged out already"
    match state:
        case s.NEW:
            return "open it first: `async with Device(...) as device`, or `await device.create()`"
        case s.DEREGISTERED | s.REG_FAILED:
            return "log in first: connect()"
        case s.REG_PENDING:
            return "a login is under way: wait for its end"
        case s.REGISTERED | s.REG_UPDATE_NEEDED:
            return "it is logged in already: close() it first"
        case s.REG_UPDATE_PENDING:
            return "its registration is being renewed: wait for the end of that"
        case s.DEREG_PENDING:
            return "a logout is under way: wait for its end"
        case s.RESTORING:
            return (
                "its port is gone or the module has restarted, which is being mended: wait for "
                "the event Restored"
            )
        case s.LOST | s.DESTROYED:
            return "it will not come back: make a new one"
        case _:
            assert_never(state)
