"""The state of a device: what it allows, why a call is not legal, and waiting for a change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, assert_never

from m5310.errors import Code, M5310Error, ModemReset, PortError, StateError
from m5310.states import DEVICE, DeviceEvent, DeviceState, States

_CODES: Final = {
    DeviceState.REG_PENDING: Code.PENDING,
    DeviceState.REG_UPDATE_PENDING: Code.PENDING,
    DeviceState.DEREG_PENDING: Code.PENDING,
    DeviceState.RESTORING: Code.PENDING,
    DeviceState.REGISTERED: Code.REGISTERED,
    DeviceState.REG_UPDATE_NEEDED: Code.REGISTERED,
}


class DeviceStatus:
    """The state of one device, by the table `DEVICE`.

    What the program or this driver begins must be legal by the table (`StateError`). What the
    module reports has happened already: it is applied if the table has a row for it, and ignored
    otherwise.
    """

    def __init__(self) -> None:
        self._states = States(DEVICE)
        self._listener: Callable[[DeviceEvent], None] = lambda _: None
        self._expiry: asyncio.TimerHandle | None = None
        self.closing_only = False
        """The device is being destroyed: nothing may begin but a logout."""
        self._lost: M5310Error | None = None
        self._changed = asyncio.Event()

    def listen(self, listener: Callable[[DeviceEvent], None]) -> None:
        """Call `listener` after each event that the table has a row for."""
        self._listener = listener

    @property
    def state(self) -> DeviceState:
        return self._states.state

    @property
    def can_report(self) -> bool:
        """Whether reports can be sent: the device is registered and not being logged out."""
        return self.state.registered and self.state is not DeviceState.DEREG_PENDING

    # --- what may begin ----------------------------------------------------------------------

    def allows(self, event: DeviceEvent) -> bool:
        """Whether `event` is legal now."""
        may_begin = not self.closing_only or event is DeviceEvent.CLOSE
        return may_begin and self._states.allows(event)

    def check(self, event: DeviceEvent, what: str = "") -> None:
        """Raise StateError, with the C kit's number for it, unless `event` is legal now.

        `what` names what was wanted, if that is not the event itself. A device that is LOST
        raises the error by which it was lost.
        """
        self._check_lost()
        if not self._states.allows(event):
            code = _CODES.get(self.state, Code.NOT_REGISTER)
            raise StateError(describe_illegal(event, self.state, what), code)
        if not self.allows(event):
            raise StateError("the device is being destroyed; make a new one")

    def check_registered(self) -> None:
        """Raise StateError (or the error of a LOST device) unless reports can be sent."""
        self._check_lost()
        if not self.can_report:
            raise StateError(
                describe_illegal(DeviceEvent.UPDATE, self.state, "reports need a login")
            )

    def _check_lost(self) -> None:
        if self._lost is not None and self.state is DeviceState.LOST:
            raise self._lost

    # --- what happens ------------------------------------------------------------------------

    def begin(self, event: DeviceEvent) -> None:
        """Begin something. Raises as `check`."""
        self.check(event)
        self.apply(event)

    def apply(self, event: DeviceEvent) -> None:
        """Apply what happened; ignored if the table has no row for it."""
        if self._states.allows(event):
            self._states.on(event)
            if self._expiry is not None:
                self._expiry.cancel()
            self._changed.set()
            self._changed = asyncio.Event()
            self._listener(event)

    def apply_at(self, due: float, event: DeviceEvent) -> None:
        """Apply `event` at `due` (the loop's clock), unless another one is applied before."""
        if self._states.allows(event):
            self._expiry = asyncio.get_running_loop().call_at(due, self.apply, event)

    def give_up(self, error: ModemReset | PortError) -> None:
        """The device is LOST and not restored: every call raises `error` from now on."""
        self._lost = error
        self.apply(DeviceEvent.GIVE_UP)

    # --- waiting -----------------------------------------------------------------------------

    async def wait_unregistered(self) -> None:
        """Wait until the device is not registered."""
        while self.state.registered:
            await self._changed.wait()

    async def wait_stable(self) -> None:
        """Wait for the end of a pending login or logout; each ends, even if it was cancelled."""
        while self.state in (DeviceState.REG_PENDING, DeviceState.DEREG_PENDING):
            await self._changed.wait()

    async def wait_updated(self) -> bool:
        """Wait for the end of a pending update. Returns whether the platform knows the device."""
        while self.state is DeviceState.REG_UPDATE_PENDING:
            await self._changed.wait()
        return self.state is DeviceState.REGISTERED


# --- why a call is not legal -----------------------------------------------------------------

_REFUSED: Final = {
    DeviceEvent.CREATE: "the device cannot be created",
    DeviceEvent.CONNECT: "no login is possible",
    DeviceEvent.UPDATE: "no registration can be renewed",
    DeviceEvent.CLOSE: "no logout is possible",
}
"""What a program's call wants."""


def describe_illegal(event: DeviceEvent, state: DeviceState, what: str = "") -> str:
    """Why `event` is not legal while the device is in `state`, and what to try.

    `what` names what was wanted, if that is not the event itself.
    """
    refused = what or _REFUSED.get(event, f"{event.name} is not legal")
    return f"{refused}: the device is {state.name}; {_advice(event, state)}"


def _advice(event: DeviceEvent, state: DeviceState) -> str:
    s = DeviceState
    if event is DeviceEvent.CREATE and state is not s.DESTROYED:
        return "it is created once; destroy it and make a new one"
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
                "its port is gone or the module has restarted, and it is being restored: wait for "
                "the event Restored"
            )
        case s.LOST | s.DESTROYED:
            return "it cannot be used again: make a new one"
        case _:
            assert_never(state)
