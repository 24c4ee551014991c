"""Staying up: what is done about restarts and the end of the lifetime, without the program."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from m5310.device.events import (
    Listener,
    LoggedOut,
    PortLost,
    RenewalFailed,
    Renewed,
    ReportDropped,
    Reset,
    Upkeep,
    UpkeepCounters,
)
from m5310.device.provisioning import Provisioning
from m5310.device.registration import Registration
from m5310.device.renewal import Renewal
from m5310.device.reports import Report
from m5310.device.restore import Restoration
from m5310.errors import M5310Error, ModemReset, PortError
from m5310.module.link import Link, Restarted
from m5310.states import DeviceEvent, DeviceState

if TYPE_CHECKING:
    from random import Random


class Continuity:
    """Keeps `registration` and `provisioning` true, unless `recover` is False: then it renews
    only, and what fails or restarts is the program's matter.

    Tell it of each `moved` event, each `restarted` module and each lost port; `stop` it in the end.
    """

    def __init__(
        self,
        link: Link,
        registration: Registration,
        provisioning: Provisioning,
        lifetime: int,
        *,
        recover: bool,
        on_event: Listener | None,
        random: Random | None,
    ) -> None:
        self._link = link
        self._registration = registration
        self._recover = recover
        self._upkeep = Upkeep(on_event)
        self._restoration = Restoration(link, registration, provisioning, self._upkeep.tell, random)
        renewed = partial(self._upkeep.tell, Renewed(lifetime))
        self._renewal = Renewal(registration, lifetime, renewed, self._renewal_failed)
        self._announced = False  # the module said that it goes down, and not yet that it came up
        self._leaving = False  # from `stop` to `resume`
        self._over = False

    @property
    def counters(self) -> UpkeepCounters:
        return self._upkeep.counters

    @property
    def mends(self) -> bool:
        """Whether a restart or the loss of the port is mended from here."""
        return self._recover and (self._link.reopens or not self._link.gone)

    @property
    def coming_back(self) -> bool:
        """Whether the device is to be logged in again, without the program's doing."""
        return self._restoration.login_wanted

    @property
    def in_service(self) -> bool:
        """Whether reports can go out, or will again without the program's doing."""
        return self._registration.reporting or self._restoration.running

    async def left(self) -> None:
        """Wait until the device is out of service."""
        while self.in_service:
            await self._registration.left()
            await self._restoration.ended()

    def moved(self, event: DeviceEvent) -> None:
        if event in (DeviceEvent.ACCEPTED, DeviceEvent.UPDATED):
            self._renewal.restart()
        elif event is DeviceEvent.RESTORED:
            self._announced = False  # it is up, whether it said so or the line was lost
        elif not self._registration.state.registered:
            self._renewal.pause()

    def restarted(self, event: Restarted) -> None:
        # a restart on command is announced first: both lines are one restart
        announced, self._announced = self._announced, event.booted is None
        if not announced:
            self._upkeep.tell(Reset(event.text))
        self._interrupted(DeviceEvent.RESET, event.error)

    def lost(self, error: PortError) -> None:
        """The port is gone."""
        self._announced = False
        self._upkeep.tell(PortLost(error))
        self._interrupted(DeviceEvent.PORT_LOST, error)

    def _interrupted(self, event: DeviceEvent, error: ModemReset | PortError) -> None:
        login = self._registration.interrupted(event, error)
        if self._over or self._registration.state is not DeviceState.RESTORING:
            return  # a creation begins again by itself; what was given up stays so
        if self.mends:
            self._restoration.begin(login=login and not self._leaving, configured=False)
        else:
            self._registration.give_up(error)

    def logged_out(self) -> None:
        """The module says so, and nobody here had asked for it."""
        self._upkeep.tell(LoggedOut())
        if self.coming_back:
            return  # what brings it back will find out, and wait longer
        if self._recover and not self._leaving and not self._over:
            self._restoration.begin(login=True, configured=True)

    def dropped(self, report: Report) -> None:
        self._upkeep.tell(ReportDropped(report))

    async def verify(self) -> bool:
        """Whether the platform still knows the device, asked now. If not, that is being mended."""
        registration = self._registration
        mending = registration.state is DeviceState.REG_UPDATE_NEEDED and self.coming_back
        if self._over or mending or not registration.reporting:
            return False
        return await self._renewal.verify()

    def redeclare(self) -> bool:
        """The module seems to hold something else than it was told. Whether that is mended now."""
        if self._over or self._leaving:
            return False
        self._restoration.begin(login=True, configured=False)
        return True

    def end(self) -> None:
        """From now on nothing is begun any more."""
        self._over = True

    async def stop(self) -> None:
        """Leave the device as it is, or as it comes to be, until `resume`."""
        self._leaving = True
        await self._renewal.stop()
        await self._restoration.stop()

    def resume(self) -> None:
        """After `stop`: what is registered nevertheless is kept so, and a module that forgot
        everything is told it, but not logged in."""
        self._leaving = False
        if self._over:
            return
        if self._registration.reporting:
            self._renewal.soon()
        elif self._registration.state is DeviceState.RESTORING:
            self._restoration.begin(login=False, configured=False)

    def _renewal_failed(self, error: M5310Error) -> None:
        self._upkeep.tell(RenewalFailed(error))
        if self._recover and self._registration.state is DeviceState.REG_UPDATE_NEEDED:
            self._restoration.begin(login=True, configured=True)
