"""The recovery policy: what is done about restarts, a lost port, a logout and the lifetime."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from m5310.device import parameters
from m5310.device.events import LoggedOut, PortLost, Reset, UpkeepEvent
from m5310.device.provisioning import Provisioning
from m5310.device.registration import Registration
from m5310.device.renewal import Renewal
from m5310.device.restore import Restoration
from m5310.dialects.urcs import Closed, Ended
from m5310.errors import ModemReset, PortError
from m5310.module.link import Restarted
from m5310.module.module import Module
from m5310.states import DeviceEvent, DeviceState


class RecoveryPolicy:
    """Decides when a device is restored and when its registration is renewed.

    With `recover=False` it only renews: a failed renewal is an event, a restart or a lost port
    makes the device LOST. `emit` gets each event of `m5310.device.events`, after the state has
    changed: a listener may start a task that calls the device at once.
    """

    def __init__(
        self,
        module: Module,
        registration: Registration,
        provisioning: Provisioning,
        lifetime: int,
        emit: Callable[[UpkeepEvent], None],
        *,
        recover: bool,
        random: Random | None,
    ) -> None:
        self._link = module.link
        self._registration = registration
        self._emit = emit
        self._recover = parameters.flag("recover", recover)
        self._restoration = Restoration(module, registration, provisioning, emit, random)
        self._renewal = Renewal(registration, lifetime, emit, self._renewal_failed)
        self._announced = False  # the module goes down, and has not reported yet that it is up
        self._suspended = False  # from `suspend` to `resume`

    @property
    def can_recover(self) -> bool:
        """Whether a restart or a lost port is recovered from."""
        return self._recover and (self._link.reopens or not self._link.gone)

    @property
    def login_pending(self) -> bool:
        """Whether the device is about to be logged in again."""
        return self._restoration.login_pending

    @property
    def in_service(self) -> bool:
        """Whether reports can be sent, or will be without an action of the program."""
        return self._registration.can_report or self._restoration.running

    async def wait_out_of_service(self) -> None:
        while self.in_service:
            await self._registration.wait_unregistered()
            await self._restoration.wait_done()

    # --- what happens ------------------------------------------------------------------------

    def state_changed(self, event: DeviceEvent) -> None:
        if event in (DeviceEvent.ACCEPTED, DeviceEvent.UPDATED):
            self._renewal.lifetime_began()
        elif event is DeviceEvent.RESTORED:
            self._announced = False  # the module is up, even if the line that says so was lost
        elif not self._registration.state.registered:
            self._renewal.pause()

    def restarted(self, event: Restarted) -> None:
        # a restart on command is reported as it begins and as it ends: one event
        announced, self._announced = self._announced, event.booted is None
        self._interrupted(DeviceEvent.RESET, event.error)
        if not announced:
            self._emit(Reset(event.text))

    def port_lost(self, error: PortError) -> None:
        self._announced = False
        self._interrupted(DeviceEvent.PORT_LOST, error)
        self._emit(PortLost(error))

    def _interrupted(self, event: DeviceEvent, error: ModemReset | PortError) -> None:
        login = self._registration.interrupted(event, error)
        ending = self._registration.closing_only
        if ending or self._registration.state is not DeviceState.RESTORING:
            return  # `create` repeats by itself; a device that is LOST stays so
        if self.can_recover:
            self._restoration.start(login=login and not self._suspended, configured=False)
        else:
            self._restoration.cancel()
            self._registration.give_up(error)

    def logged_out(self, outcome: Closed | Ended) -> None:
        """The module logged out although that was not asked for."""
        # A restoration under way will notice, and wait longer. A new one starts before the state
        # changes, so that reports are kept.
        able = self._recover and not self._suspended and not self._registration.closing_only
        if able and not self.login_pending:
            self._restoration.start(login=True, configured=True)
        self._registration.on_outcome(outcome)
        self._emit(LoggedOut())

    def _renewal_failed(self) -> None:
        # PENDING: the listener has begun an update of its own, which the restoration waits for
        failed = (DeviceState.REG_UPDATE_NEEDED, DeviceState.REG_UPDATE_PENDING)
        if self._recover and self._registration.state in failed:
            self._restoration.start(login=True, configured=True)

    def update_needed(self, seconds: int | None) -> None:
        """The module asks for an update, `seconds` before the lifetime ends, None: soon."""
        if not self._suspended and self._registration.allows(DeviceEvent.UPDATE):
            self._renewal.update_needed(seconds)

    # --- what the outbox asks for ------------------------------------------------------------

    async def verify_registration(self) -> bool:
        """Ask the platform whether it still knows the device. If not, the device is restored."""
        registration = self._registration
        restoring = registration.state is DeviceState.REG_UPDATE_NEEDED and self.login_pending
        if registration.closing_only or restoring or not registration.can_report:
            return False
        return await self._renewal.renew_now()

    def restore_configuration(self) -> bool:
        """Configure the module again and log in, since it seems to hold another configuration.

        Returns whether that begins.
        """
        if self._suspended or self._registration.closing_only:
            return False
        self._restoration.start(login=True, configured=False)
        return True

    # --- what the lifecycle asks for ---------------------------------------------------------

    async def suspend(self) -> None:
        """Neither renew nor log in until `resume`."""
        self._suspended = True
        await self._renewal.stop()
        await self._restoration.stop()

    def resume(self) -> None:
        """Renew again if the device is registered after all; configure a module that restarted
        meanwhile, without a login."""
        self._suspended = False
        registration = self._registration
        if registration.closing_only:
            return
        if registration.can_report:
            self._renewal.check_soon()
        elif registration.state is DeviceState.RESTORING:
            self._restoration.start(login=False, configured=False)
