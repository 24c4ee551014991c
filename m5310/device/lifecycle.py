"""Creating, closing and destroying a device; the module is left as it was found."""

from __future__ import annotations

import asyncio
import logging

from m5310.at.tasks import finish
from m5310.device.callbacks import Callbacks
from m5310.device.outbox import Outbox
from m5310.device.provisioning import Provisioning
from m5310.device.recovery import RecoveryPolicy
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
from m5310.module.module import Module
from m5310.states import DeviceEvent, DeviceState

_log = logging.getLogger("m5310.device")


class Lifecycle:
    """Each method as `Device` describes it."""

    def __init__(
        self,
        module: Module,
        registration: Registration,
        provisioning: Provisioning,
        recovery: RecoveryPolicy,
        outbox: Outbox,
        requests: Requests,
        callbacks: Callbacks,
    ) -> None:
        self._link = module.link
        self._module = module
        self._registration = registration
        self._provisioning = provisioning
        self._recovery = recovery
        self._outbox = outbox
        self._requests = requests
        self._callbacks = callbacks
        self._creating = asyncio.Lock()
        self._destroying: asyncio.Task[None] | None = None

    # --- create ------------------------------------------------------------------------------

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
            self._link.check()  # it may be lost just after the last answer
            self._registration.begin(DeviceEvent.CREATE)
        except BaseException as error:
            await finish(self._undo(error))
            raise
        self._requests.start()

    async def _undo(self, error: BaseException) -> None:
        # a module that is gone or mute would only make the caller wait again
        if not isinstance(error, PortError | CommandTimeout | ModemReset):
            await self._provisioning.delete_all()
        await self._release_port()

    # --- close and destroy -------------------------------------------------------------------

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109
        registration = self._registration
        if not (self._recovery.login_pending or registration.state is DeviceState.REG_PENDING):
            registration.check(DeviceEvent.CLOSE)
        try:
            await self._recovery.suspend()
            await self._registration.wait_stable()
            if self._registration.allows(DeviceEvent.CLOSE):
                await self._registration.close(timeout)
            else:
                self._outbox.stop(StateError("not reported: the device was logged out"))
        finally:
            self._recovery.resume()

    async def destroy(self) -> None:
        self._callbacks.allow_close_from_callback()
        if self._destroying is None:
            self._registration.closing_only = True
            self._destroying = asyncio.create_task(self._destroy())
        await finish(self._destroying)

    async def _destroy(self) -> None:
        async with self._creating:
            pass  # a creation under way is undone first
        await self._recovery.suspend()
        try:
            await self._registration.wait_stable()
            if self._registration.allows(DeviceEvent.CLOSE):
                await self.close(CLOSE)
            else:
                await self._registration.end_unknown_login()
        except M5310Error as error:
            _log.warning("the logout did not succeed: %s", error)
        await self._requests.close()
        await self._callbacks.close()
        async with self._provisioning.lock:  # wait for the end of a declaration
            if not self._link.gone:
                await self._provisioning.delete_all()
        await self._release_port()
        # in any state: the module holds nothing any more
        self._registration.apply(DeviceEvent.CLOSED)
        self._registration.apply(DeviceEvent.DESTROY)

    async def _release_port(self) -> None:
        gone = PortError("the device was destroyed")
        self._registration.outcomes.fail_all(gone)
        await self._outbox.close(gone)
        await self._module.close()
        await self._link.close()
