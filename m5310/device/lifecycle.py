"""Creating, logging in, closing and destroying a device. The module is left without any of it."""

from __future__ import annotations

import asyncio
import logging

from m5310.at.tasks import begin, finish
from m5310.device.parts import Parts
from m5310.device.registration import CLOSE, FindNetwork
from m5310.errors import (
    Code,
    CommandError,
    CommandTimeout,
    LanguageRefused,
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

    def __init__(self, module: Module, parts: Parts) -> None:
        self._link = module.link
        self._module = module
        self._parts = parts
        self._registration = parts.registration
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
            await self._parts.provisioning.create()
            self._link.check()  # it may be lost just after the last answer
            self._registration.begin(DeviceEvent.CREATE)
        except BaseException as error:
            await self._undo(error)
            raise
        self._parts.requests.start()

    async def _undo(self, error: BaseException) -> None:
        # a module that is gone or silent would only make the caller wait again
        answers = not isinstance(error, PortError | CommandTimeout | ModemReset | LanguageRefused)
        try:
            if answers:
                await finish(self._parts.provisioning.delete_all())
        finally:
            await self._release_port()

    # --- log in ------------------------------------------------------------------------------

    async def connect(self, timeout: float, find_network: FindNetwork) -> None:  # noqa: ASYNC109
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            await self._registration.connect(timeout, find_network)
        except CommandError as error:
            # of some modules no boot text is known, or it was lost
            if not self._parts.provisioning.may_be_gone(error):
                raise
            await self._parts.provisioning.restore()
            left = max(1.0, begun + timeout - clock())
            await self._registration.connect(left, find_network)

    # --- close and destroy -------------------------------------------------------------------

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109
        registration, recovery = self._registration, self._parts.recovery
        if not (recovery.login_pending or registration.state is DeviceState.REG_PENDING):
            registration.check(DeviceEvent.CLOSE)
        try:
            await recovery.suspend()
            if not await registration.end_pending_login():
                await registration.wait_login()
            await registration.wait_stable()
            if registration.allows(DeviceEvent.CLOSE):
                await registration.close(timeout)
            else:
                self._parts.outbox.stop(StateError("not reported: the device was logged out"))
        finally:
            recovery.resume()

    async def destroy(self) -> None:
        self._parts.callbacks.allow_close_from_callback()
        if self._destroying is None:
            self._registration.closing_only = True
            self._destroying = begin(self._clean_module())
        try:
            await finish(self._destroying)
        finally:  # also when the program ends its loop: a second Ctrl-C
            await self._release()

    async def _release(self) -> None:
        try:
            await self._release_port()
        finally:  # in any state, since the module holds nothing any more
            for event in (DeviceEvent.REFUSED, DeviceEvent.CLOSED, DeviceEvent.DESTROY):
                self._registration.apply(event)

    async def _clean_module(self) -> None:
        async with self._creating:
            pass  # wait until a creation under way is undone
        await self._parts.recovery.suspend()
        try:
            await self._end_pending_login()
            await self._registration.wait_stable()
            if self._registration.allows(DeviceEvent.CLOSE):
                await self.close(CLOSE)
            else:
                await self._registration.end_unknown_login()
        except M5310Error as error:
            _log.warning("the logout did not succeed: %s", error)
        await self._parts.requests.close()
        await self._parts.callbacks.close()
        async with self._parts.provisioning.lock:  # wait for the end of a declaration
            if not self._link.gone:
                await self._parts.provisioning.delete_all()

    async def _end_pending_login(self) -> None:
        registration = self._registration
        if await registration.end_pending_login():
            return
        if await self._parts.provisioning.delete_configuration():
            registration.login_ended()
        else:
            await registration.wait_login()

    async def _release_port(self) -> None:
        gone = PortError("the device was destroyed")
        self._registration.outcomes.fail_all(gone)
        try:
            await self._parts.outbox.close(gone)
            await self._module.close()
        finally:
            await self._link.close()
