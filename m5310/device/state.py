"""Where a device stands with the platform, what that allows, and waiting for a change of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from m5310.device.advice import illegal
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


class Standing:
    """Where the device stands, as the table `DEVICE` knows it.

    What we begin is checked against the table first (`StateError`); what the module says is
    followed as far as the table knows the way, it is not ours to forbid.
    """

    def __init__(self, moved: Callable[[DeviceEvent], None]) -> None:
        """`moved` is called after each event that the table knew the way for."""
        self._moved = moved
        self._states = States(DEVICE)
        self._expiry: asyncio.TimerHandle | None = None
        self._ending = False
        self._lost: M5310Error | None = None
        self._changed = asyncio.Event()

    @property
    def state(self) -> DeviceState:
        return self._states.state

    @property
    def reporting(self) -> bool:
        """Whether reports can go out."""
        return self.state.registered and self.state is not DeviceState.DEREG_PENDING

    # --- what may begin ----------------------------------------------------------------------

    def allows(self, event: DeviceEvent) -> bool:
        return self._states.allows(event) and (not self._ending or event is DeviceEvent.CLOSE)

    def check(self, event: DeviceEvent, what: str = "") -> None:
        """Raise what makes `event` illegal now, with the C kit's number for it.

        `what` says what was wanted, if that is not the event itself.
        """
        self._check_port()
        if not self._states.allows(event):
            code = _CODES.get(self.state, Code.NOT_REGISTER)
            raise StateError(illegal(event, self.state, what), code)
        if not self.allows(event):
            raise StateError("the device is being destroyed; make a new one")

    def check_registered(self) -> None:
        """Raise StateError (or what the device was lost by) unless reports can go out."""
        self._check_port()
        if not self.reporting:
            raise StateError(illegal(DeviceEvent.UPDATE, self.state, "reports need a login"))

    def _check_port(self) -> None:
        if self._lost is not None and self.state is DeviceState.LOST:
            raise self._lost

    def end(self) -> None:
        """From now on nothing may begin any more but a logout."""
        self._ending = True

    # --- what happens ------------------------------------------------------------------------

    def move(self, event: DeviceEvent) -> None:
        """What we begin. Raises as `check`."""
        self.check(event)
        self.follow(event)

    def follow(self, event: DeviceEvent) -> None:
        """What happened, whether or not it changes anything."""
        if self._states.allows(event):
            self._states.on(event)
            if self._expiry is not None:
                self._expiry.cancel()
            self._changed.set()
            self._changed = asyncio.Event()
            self._moved(event)

    def follow_at(self, due: float, event: DeviceEvent) -> None:
        """What will have happened at `due` (loop time) if nothing else has until then."""
        if self._states.allows(event):
            self._expiry = asyncio.get_running_loop().call_at(due, self.follow, event)

    def give_up(self, error: ModemReset | PortError) -> None:
        """Nobody mends it: every call raises `error` from now on."""
        self._lost = error
        self.follow(DeviceEvent.GIVE_UP)

    # --- waiting for it ----------------------------------------------------------------------

    async def left(self) -> None:
        """Wait until the device is registered no more."""
        while self.state.registered:
            await self._changed.wait()

    async def settled(self) -> None:
        """Wait for a login or logout that is pending, cancelled or not; each ends by itself."""
        while self.state in (DeviceState.REG_PENDING, DeviceState.DEREG_PENDING):
            await self._changed.wait()

    async def updated(self) -> bool:
        """Wait for an update that is pending. Whether the platform knows the device."""
        while self.state is DeviceState.REG_UPDATE_PENDING:
            await self._changed.wait()
        return self.state is DeviceState.REGISTERED
