"""From nothing to a module that is configured, and back to one that is as it was."""

from __future__ import annotations

import asyncio
import logging

from m5310.at.tasks import finish
from m5310.device.outbox import Outbox
from m5310.device.provisioning import Provisioning
from m5310.device.recovery import Continuity
from m5310.device.registration import CLOSE, Registration
from m5310.device.requests import Requests
from m5310.errors import (
    Code,
    CommandTimeout,
    M5310Error,
    ModemReset,
    PortError,
    StateError,
)
from m5310.module.link import Link
from m5310.module.module import Module
from m5310.states import DeviceEvent, DeviceState

_log = logging.getLogger("m5310.device")


class Life:
    """The beginning and the end of a device; each method as `Device` describes it."""

    def __init__(
        self,
        link: Link,
        module: Module,
        registration: Registration,
        provisioning: Provisioning,
        continuity: Continuity,
        outbox: Outbox,
        requests: Requests,
    ) -> None:
        self._link = link
        self._module = module
        self._registration = registration
        self._provisioning = provisioning
        self._continuity = continuity
        self._outbox = outbox
        self._requests = requests
        self._creating = asyncio.Lock()
        self._destroying: asyncio.Task[None] | None = None

    # --- the beginning -----------------------------------------------------------------------

    async def create(self) -> None:
        self._registration.check(DeviceEvent.CREATE)
        if self._creating.locked():
            raise StateError("the device is being created", Code.PENDING)
        async with self._creating:
            await self._create()

    async def _create(self) -> None:
        try:
            await self._link.open()
            await self._provisioning.create()
            self._link.check()  # lost just after the last answer
            self._registration.move(DeviceEvent.CREATE)
        except BaseException as error:
            await finish(self._undo(error))
            raise
        self._requests.start()

    async def _undo(self, error: BaseException) -> None:
        # A module that is gone or mute would only make the caller wait once more.
        if not isinstance(error, PortError | CommandTimeout | ModemReset):
            await self._provisioning.delete_all()
        await self._leave_port()

    # --- the end -----------------------------------------------------------------------------

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109
        registration = self._registration
        if not (self._continuity.coming_back or registration.state is DeviceState.REG_PENDING):
            registration.check(DeviceEvent.CLOSE)
        try:
            await self._continuity.stop()  # it would log in again
            await self._registration.settled()
            if self._registration.allows(DeviceEvent.CLOSE):
                await self._registration.close(timeout)
            else:
                self._outbox.stop(StateError("not reported: the device was logged out"))
        finally:
            self._continuity.resume()

    async def destroy(self) -> None:
        self._requests.allow_close_from_callback()
        if self._destroying is None:
            self._registration.end()
            self._continuity.end()
            self._destroying = asyncio.create_task(self._destroy())
        await finish(self._destroying)

    async def _destroy(self) -> None:
        async with self._creating:
            pass  # a creation under way undoes itself first
        await self._continuity.stop()
        try:
            await self._registration.settled()
            if self._registration.allows(DeviceEvent.CLOSE):
                await self.close(CLOSE)
            else:
                await self._registration.undo()  # a login that was told of after its logout
        except M5310Error as error:
            _log.warning("the logout did not succeed: %s", error)
        await self._requests.close()
        async with self._provisioning.lock:  # a declaration under way is done to its end
            if not self._link.gone:
                await self._provisioning.delete_all()
        await self._leave_port()
        # whatever the module said last: it is forgotten there
        self._registration.follow(DeviceEvent.CLOSED)
        self._registration.follow(DeviceEvent.DESTROY)

    async def _leave_port(self) -> None:
        gone = PortError("the device was destroyed")
        self._registration.verdicts.fail(gone)
        await self._outbox.close(gone)
        await self._module.close()
        await self._link.close()
