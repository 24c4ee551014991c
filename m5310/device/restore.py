"""Restoring a device: one attempt after the other, until the device is as it was."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from random import Random
from typing import Final

from m5310.at.tasks import begin
from m5310.device.events import PortBack, RadioRestarted, Reconnecting, Restored, UpkeepEvent
from m5310.device.provisioning import Provisioning
from m5310.device.registration import CLOSE, CONNECT, Registration
from m5310.errors import CommandError, CommandTimeout, M5310Error, PortError, RegistrationError
from m5310.module.module import Module
from m5310.module.radio import restart_idle_radio
from m5310.states import DeviceEvent, DeviceState

FIRST_WAIT: Final = 1.0
"""Seconds, at most twice as long, after the first failed attempt. A module boots in 3.5 s and
attaches some seconds later: an attempt just after a restart mostly succeeds the second or third
time."""

LONGEST_WAIT: Final = 300.0
"""Seconds between two attempts, at most."""
# guess: short against the hours that coverage may be gone, long against the battery that one
# attempt costs.

LONGEST_PORT_WAIT: Final = 10.0
"""The same for a port that is gone: polling it is cheap, and the user is waiting for it."""

STABLE_AFTER: Final = 60.0
"""Seconds after which a restored device counts as stable. One that fails sooner waits before the
next attempt, longer each time: a platform that ends each login at once, or a supply that breaks
down whenever the radio sends, would otherwise be tried for ever without a pause."""
# guess: much longer than a login takes.

ATTACH_GRACE: Final = 30.0
"""Seconds without a network that are left to the module: it boots in 3.5 s, attaches some seconds
later, and after a refusal by one network tries the next by itself."""
# guess: several times that.

ATTACH_TIME: Final = 15.0
"""Seconds from turning the radio on to the next login."""
# guess: an attach takes 2 to 120 s (seen), mostly few, and the next attempt comes minutes later.

_RANDOM: Final = Random()  # noqa: S311  # spreads waits, keeps no secret

_log = logging.getLogger("m5310.device")


class Restoration:
    """Opens the port, configures the module and logs in, until all of it has succeeded.

    Waits double from attempt to attempt; each is drawn from the upper half of its range, so that
    not all devices log in at the same instant when a platform comes back.
    """

    def __init__(
        self,
        module: Module,
        registration: Registration,
        provisioning: Provisioning,
        emit: Callable[[UpkeepEvent], None],
        random: Random | None,
    ) -> None:
        self._link = module.link
        self._module = module
        self._registration = registration
        self._provisioning = provisioning
        self._emit = emit
        self._random = random or _RANDOM
        self._task: asyncio.Task[None] | None = None
        self._with_login = False
        self._restored_at = -math.inf
        self._failures_in_a_row = 0  # each within STABLE_AFTER of the last restoration

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    @property
    def login_pending(self) -> bool:
        """Whether the device is about to be logged in again."""
        return self.running and self._with_login

    def start(self, *, login: bool, configured: bool) -> None:
        """Start, or start over. Logs in if this or an earlier start since the last end asked for
        it. `configured`: as far as is known, the module still holds its configuration."""
        before = self._task if self.running else None
        self._with_login = login or (before is not None and self._with_login)
        if before is not None:
            before.cancel()
        else:
            stable = asyncio.get_running_loop().time() - self._restored_at >= STABLE_AFTER
            self._failures_in_a_row = 0 if stable else self._failures_in_a_row + 1
        self._task = begin(self._run(before, configured=configured), "m5310-restoration")

    async def wait_done(self) -> None:
        """Wait until nothing is being restored: it succeeded or was stopped."""
        while self._task is not None and not self._task.done():
            await asyncio.wait({self._task})

    def cancel(self) -> None:
        """Leave the device as it is, at the next step of the loop."""
        self._with_login = False
        if self._task is not None:
            self._task.cancel()

    async def stop(self) -> None:
        """Leave the device as it is now; what starts meanwhile is ended, too."""
        while self._task is not None and not self._task.done():
            self.cancel()
            await asyncio.wait({self._task})

    async def _run(self, before: asyncio.Task[None] | None, *, configured: bool) -> None:
        if before is not None:
            await asyncio.wait({before})
        if self._failures_in_a_row and not self._link.gone:  # a port that is gone: try at once
            error = RegistrationError(
                f"the device was out of service again within {STABLE_AFTER:g} s", timed_out=False
            )
            await self._pause(self._failures_in_a_row, error)
        attempt = 1
        clock = asyncio.get_running_loop().time
        begun = clock()
        while True:
            try:
                if self._link.gone:
                    await self._link.open()
                    begun = clock()
                    self._emit(PortBack(self._link.modem.name))
                    attempt = 1
                if not configured:
                    await self._configure()
                    configured = True
                if self._with_login:
                    await self._log_in(may_restart_radio=clock() - begun >= ATTACH_GRACE)
            except M5310Error as error:
                configured = configured and _keeps_configuration(error)
                if isinstance(error, CommandTimeout):
                    await self._link.turn_speed()
                await self._pause(attempt, error)
                attempt += 1
            else:
                self._restored_at = clock()
                self._emit(Restored(attempt))
                return

    async def _configure(self) -> None:
        await self._registration.wait_stable()  # a login that the program began
        self._registration.apply(DeviceEvent.RESET)
        await self._provisioning.restore()
        self._registration.apply(DeviceEvent.RESTORED)

    async def _log_in(self, *, may_restart_radio: bool) -> None:
        registration = self._registration
        await registration.wait_stable()
        await registration.wait_updated()  # the program's own, which may be enough
        if registration.state is DeviceState.REG_UPDATE_NEEDED:
            # Whether the module is still logged in after an update that failed is not documented:
            # a logout makes it certain.
            try:
                await registration.close(CLOSE)
            except M5310Error as error:
                _log.debug("before the new login: %s", error)
        if not registration.state.registered:
            try:
                await registration.connect(CONNECT)
            except CommandError as error:
                if not may_restart_radio or not error.maybe_no_network:
                    raise
                stat = await restart_idle_radio(self._module)
                if stat is None:
                    raise
                self._emit(RadioRestarted(stat))
                await asyncio.sleep(ATTACH_TIME)
                await self._log_in(may_restart_radio=False)
            if not registration.state.registered:
                raise RegistrationError("the login was ended at once", timed_out=False)

    async def _pause(self, attempt: int, error: M5310Error) -> None:
        wait = self._wait(attempt, error)
        self._emit(Reconnecting(attempt, wait, error))
        await asyncio.sleep(wait)

    def _wait(self, attempt: int, error: M5310Error) -> float:
        bound = LONGEST_PORT_WAIT if isinstance(error, PortError) else LONGEST_WAIT
        # the exponent is bounded: a year of attempts would be a number too large for a float
        longest = min(bound, FIRST_WAIT * 2.0 ** min(attempt, 32))
        return longest * self._random.uniform(0.5, 1.0)


def _keeps_configuration(error: M5310Error) -> bool:
    """Whether only the login failed, so that the module still holds its configuration."""
    no_network = isinstance(error, CommandError) and error.no_network
    return no_network or isinstance(error, RegistrationError)
