"""Bringing a device back to where it stood, as often and as patiently as it takes."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from m5310.device.events import PortBack, RadioRestarted, Reconnecting, Restored, UpkeepEvent
from m5310.device.provisioning import Provisioning
from m5310.device.radio import ATTACHING, PATIENCE, restart_idle
from m5310.device.registration import CLOSE, CONNECT, Registration
from m5310.errors import CommandError, M5310Error, ModemReset, PortError, RegistrationError
from m5310.module.link import Link
from m5310.states import DeviceEvent, DeviceState

if TYPE_CHECKING:
    from random import Random

FIRST_WAIT: Final = 1.0
"""Seconds, about, after the first failed attempt. A module boots in 3.5 s and attaches some
seconds later: what fails just after a restart mostly succeeds at the second or third attempt."""

LONGEST_WAIT: Final = 300.0
"""Seconds no wait exceeds. A guess: short against the hours that coverage may be gone, and long
against what one attempt costs a battery."""

LONGEST_PORT_WAIT: Final = 10.0
"""The same for a port that is gone: to look for it costs nothing, and who plugs it in looks on."""

HELD: Final = 60.0
"""Seconds after which a device that was brought back stays so. One that falls sooner waits before
the next attempt, longer each time: a platform that ends each login at once, or a board whose supply
breaks down as its radio sends, is else tried again for ever without a pause. A guess."""

NO_NETWORK: Final = 30
"""TS 27.007 9.2: no network service. The module is still attaching, or out of coverage."""


_log = logging.getLogger("m5310.device")


class Restoration:
    """Tells the module everything again and logs in, until both have succeeded.

    Waits grow twofold, each drawn from the upper half of its range: when a platform comes back,
    not all its devices do at the same instant.
    """

    def __init__(
        self,
        link: Link,
        registration: Registration,
        provisioning: Provisioning,
        tell: Callable[[UpkeepEvent], None],
        random: Random | None = None,
    ) -> None:
        from random import Random  # noqa: PLC0415 - not before there is a device

        self._link = link
        self._registration = registration
        self._provisioning = provisioning
        self._tell = tell
        self._random = random or Random()  # noqa: S311  # spreads waits, keeps no secret
        self._task: asyncio.Task[None] | None = None
        self._login_wanted = False
        self._restored_at = -math.inf
        self._falls = 0  # in a row, each within `HELD` of the last restoration

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    @property
    def login_wanted(self) -> bool:
        """Whether the device is on its way to being logged in again."""
        return self.running and self._login_wanted

    def begin(self, *, login: bool, configured: bool) -> None:
        """Start, or start over; with `login` if any start since the last end asked for it.

        `configured`: the module still holds what it was told, as far as anybody knows.
        """
        before = self._task if self.running else None
        self._login_wanted = login or (before is not None and self._login_wanted)
        if before is not None:
            before.cancel()
        else:
            held = asyncio.get_running_loop().time() - self._restored_at
            self._falls = self._falls + 1 if held < HELD else 0
        self._task = asyncio.create_task(
            self._run(before, configured=configured), name="m5310-restoration"
        )

    async def ended(self) -> None:
        """Wait until nothing is being restored, one way or another."""
        while self._task is not None and not self._task.done():
            await asyncio.wait({self._task})

    async def stop(self) -> None:
        """Leave the device as it is."""
        while self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self, before: asyncio.Task[None] | None, *, configured: bool) -> None:
        if before is not None:
            await asyncio.wait({before})
        if self._falls and not self._link.gone:  # a port that is gone is looked for at once
            error = RegistrationError(
                f"the device was out of service again within {HELD:g} s", timed_out=False
            )
            await self._pause(self._falls, error)
        attempt = 1
        clock = asyncio.get_running_loop().time
        begun = clock()
        while True:
            try:
                if self._link.gone:
                    await self._link.open()
                    begun = clock()
                    self._tell(PortBack(self._link.modem.name))
                    attempt = 1
                if not configured:
                    await self._restore()
                    configured = True
                if self._login_wanted:
                    await self._login(patient=clock() - begun < PATIENCE)
            except M5310Error as error:
                configured = configured and _stands(error)
                await self._pause(attempt, error)
                attempt += 1
            else:
                self._restored_at = clock()
                self._tell(Restored(attempt))
                return

    async def _restore(self) -> None:
        await self._registration.settled()  # a login of the program's own
        self._registration.follow(DeviceEvent.RESET)
        await self._provisioning.restore()
        self._registration.follow(DeviceEvent.RESTORED)

    async def _login(self, *, patient: bool) -> None:
        """`patient`: the network is left to the module."""
        registration = self._registration
        await registration.settled()
        await registration.updated()  # the program's own, which may settle it
        if registration.state is DeviceState.REG_UPDATE_NEEDED:
            # After an update that failed the module is still logged in, or it is not: nobody
            # public says which. A logout makes both the same.
            try:
                await registration.close(CLOSE)
            except (PortError, ModemReset):
                raise
            except M5310Error as error:
                _log.debug("before logging in anew: %s", error)
        if not registration.state.registered:
            try:
                await registration.connect(CONNECT)
            except CommandError as error:
                if patient or not _no_network(error) or not await self._restart_radio():
                    raise
                await asyncio.sleep(ATTACHING)
                await self._login(patient=True)
            if not registration.state.registered:
                raise RegistrationError("the login was ended at once", timed_out=False)

    async def _restart_radio(self) -> bool:
        stat = await restart_idle(self._link.execute)
        if stat is not None:
            self._tell(RadioRestarted(stat))
        return stat is not None

    async def _pause(self, attempt: int, error: M5310Error) -> None:
        wait = self._wait(attempt, error)
        self._tell(Reconnecting(attempt, wait, error))
        await asyncio.sleep(wait)

    def _wait(self, attempt: int, error: M5310Error) -> float:
        bound = LONGEST_PORT_WAIT if isinstance(error, PortError) else LONGEST_WAIT
        # the exponent is bounded: a year of attempts would be a number too large for a float
        longest = min(bound, FIRST_WAIT * 2.0 ** min(attempt, 32))
        return longest * self._random.uniform(0.5, 1.0)


def _stands(error: M5310Error) -> bool:
    """Whether the module refused or failed the login only, and still holds its configuration."""
    return _no_network(error) or isinstance(error, RegistrationError)


def _no_network(error: M5310Error) -> bool:
    return isinstance(error, CommandError) and error.number == NO_NETWORK
