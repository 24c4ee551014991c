"""The recovery policy: which event of the module or the clock begins what."""

from __future__ import annotations

import asyncio

import pytest

from m5310.at.modem import Modem
from m5310.commands.general import BootCause, Booted
from m5310.device import events
from m5310.device.events import (
    LoggedOut,
    RenewalFailed,
    Renewed,
    Reset,
    Restored,
    UpkeepEvent,
)
from m5310.device.provisioning import Provisioning
from m5310.device.recovery import RecoveryPolicy
from m5310.device.registration import Registration
from m5310.dialects.urcs import Closed, Opened, Updated
from m5310.errors import ModemReset, PortError
from m5310.lwm2m.resources import ObjectTree
from m5310.module.link import Link, LinkEvent, PortLost, Restarted, Session
from m5310.module.module import Module
from m5310.states import DeviceEvent, DeviceState
from tests.support.clock import elapse
from tests.support.dialects import CLASSIC
from tests.support.execute import RecordingModule
from tests.support.scripted import Scripted

S, E = DeviceState, DeviceEvent
LIFETIME = 300
TEXT = "REBOOT_CAUSE_UNKNOWN"
RESET = ModemReset("restarted")
GONE = PortError("gone")


class RecoveredDevice:
    """A device without requests and reports; the platform answers each thing after a second."""

    def __init__(self, *, recover: bool = True, lent: bool = False) -> None:
        """On a port that can be opened again, unless the modem is lent."""
        self.port = Scripted()
        self.opened = 0
        self.wire = RecordingModule()
        self.wire.then = self._sent
        self.updated = True
        self.events: list[UpkeepEvent] = []
        self.registration = Registration(self.wire.execute, CLASSIC)
        provisioning = Provisioning(
            ObjectTree(),
            self.wire,
            CLASSIC,
            Session(),
            self.registration.outcomes,
        )
        self.link = Link(self.port.modem if lent else self._open)
        self.link.listen(self._on_link_event)
        self.policy = RecoveryPolicy(
            Module(self.link),
            self.registration,
            provisioning,
            LIFETIME,
            self.events.append,
            recover=recover,
            random=None,
        )
        self.registration.listen(self.policy.state_changed)

    async def _open(self) -> Modem:
        self.opened += 1
        self.port = Scripted()
        return self.port.modem

    def _on_link_event(self, event: LinkEvent) -> None:
        if isinstance(event, PortLost):
            self.policy.port_lost(event.error)

    def restart(self, line: str = TEXT) -> None:
        booted = Booted(BootCause.UNKNOWN, line) if line == TEXT else None
        self.policy.restarted(Restarted(line, booted, RESET))

    def _sent(self, line: str) -> None:
        outcome: Opened | Closed | Updated
        if "OPEN" in line:
            outcome = Opened(0, True)
        elif "CLOSE" in line:
            outcome = Closed(0, True)
        elif "UPDATE" in line:
            outcome = Updated(0, self.updated)
        else:
            return
        asyncio.get_running_loop().call_later(1, self.registration.on_outcome, outcome)

    async def log_in(self) -> None:
        await self.link.open()
        self.registration.begin(E.CREATE)
        await self.registration.connect(30)

    @property
    def state(self) -> DeviceState:
        return self.registration.state


async def test_announced_restart_is_one_event() -> None:
    device = RecoveredDevice()
    await device.log_in()
    for line in ("REBOOTING", TEXT, TEXT, "REBOOTING", "REBOOTING"):
        device.restart(line)
    assert device.events == [Reset("REBOOTING"), Reset(TEXT), Reset("REBOOTING")]
    await device.policy.suspend()


async def test_restart_after_a_restoration_is_another_one() -> None:
    device = RecoveredDevice()
    await device.log_in()
    device.restart("REBOOTING")
    await elapse(60)
    device.restart()
    assert device.events == [Reset("REBOOTING"), Restored(1), Reset(TEXT)]
    await device.policy.suspend()


async def test_device_that_was_given_up_stays_lost() -> None:
    device = RecoveredDevice(recover=False)
    await device.log_in()
    device.restart()
    assert device.state is S.LOST
    device.restart()
    assert device.state is S.LOST
    await device.policy.wait_out_of_service()


@pytest.mark.parametrize("recover", [True, False])
async def test_nothing_begins_after_the_end(recover: bool) -> None:
    device = RecoveredDevice(recover=recover)
    await device.log_in()
    device.registration.closing_only = True
    device.restart()
    assert not device.policy.in_service
    assert device.state is S.RESTORING  # and DESTROYED next


async def test_resumed_registration_is_renewed() -> None:
    device = RecoveredDevice()
    await device.log_in()
    await device.policy.suspend()
    device.policy.resume()
    await elapse(20)
    assert device.events == [Renewed(LIFETIME)]
    await device.policy.suspend()
    await device.registration.close(30)
    device.policy.resume()
    await elapse(10 * LIFETIME)


@pytest.mark.parametrize("event", [RESET, GONE])
async def test_interruption_while_suspended_is_restored_without_login(
    event: ModemReset | PortError,
) -> None:
    device = RecoveredDevice()
    await device.log_in()
    await device.policy.suspend()
    if isinstance(event, ModemReset):
        device.restart()
    else:
        device.port.vanish()
    device.policy.logged_out()
    assert not device.policy.login_pending
    device.policy.resume()
    await elapse(600)
    assert device.state is S.DEREGISTERED
    assert sum("OPEN" in line for line in device.wire.lines) == 1


@pytest.mark.parametrize(("recover", "lent"), [(False, False), (False, True), (True, True)])
async def test_port_that_cannot_be_opened_again_loses_the_device(recover: bool, lent: bool) -> None:
    device = RecoveredDevice(recover=recover, lent=lent)
    await device.log_in()
    assert device.policy.can_recover == recover
    device.port.vanish()
    assert not device.policy.can_recover
    assert device.state is S.LOST
    await device.policy.wait_out_of_service()
    with pytest.raises(PortError, match="unplugged"):
        await device.registration.connect(30)
    assert device.opened == (not lent)


async def test_restart_after_a_lost_port_is_another_one() -> None:
    device = RecoveredDevice()
    await device.log_in()
    device.restart("REBOOTING")
    device.policy.port_lost(GONE)
    device.restart()
    assert device.events == [Reset("REBOOTING"), events.PortLost(GONE), Reset(TEXT)]
    await device.policy.suspend()


async def test_interrupted_creation_is_not_restored() -> None:
    device = RecoveredDevice()
    device.restart()
    device.policy.port_lost(GONE)
    assert device.state is S.NEW
    assert not device.policy.in_service


@pytest.mark.parametrize("recover", [True, False])
async def test_unexpected_logout_is_reported_and_undone(recover: bool) -> None:
    device = RecoveredDevice(recover=recover)
    await device.log_in()
    device.policy.logged_out()
    device.registration.on_outcome(Closed(0, True))
    assert device.state is S.DEREGISTERED
    assert device.policy.in_service == recover
    await elapse(60)
    assert device.events == [LoggedOut()] + [Restored(1)] * recover
    assert device.state is (S.REGISTERED if recover else S.DEREGISTERED)
    await device.policy.suspend()


async def test_logout_after_the_end_is_not_undone() -> None:
    device = RecoveredDevice()
    await device.log_in()
    device.registration.closing_only = True
    device.policy.logged_out()
    assert not device.policy.login_pending
    await device.policy.suspend()
    device.policy.resume()
    await elapse(10 * LIFETIME)
    assert device.wire.lines == ["AT+MIPLOPEN=0,30"]


async def test_logout_during_the_restoration_does_not_restart_it() -> None:
    device = RecoveredDevice()
    await device.log_in()
    device.restart()
    await elapse(1)
    device.policy.logged_out()
    await elapse(60)
    assert device.events == [Reset(TEXT), LoggedOut(), Restored(1)]
    assert sum("MIPLCONF" in line for line in device.wire.lines) == 1
    await device.policy.suspend()


async def test_verify_sends_an_update() -> None:
    device = RecoveredDevice()
    await device.log_in()
    assert await device.policy.verify_registration()
    assert device.wire.lines[1:] == ["AT+MIPLUPDATE=0,300,0"]
    assert device.events == [Renewed(LIFETIME)]
    await device.policy.suspend()


async def test_device_unknown_to_the_platform_is_restored() -> None:
    device = RecoveredDevice()
    await device.log_in()
    device.updated = False
    assert not await device.policy.verify_registration()
    assert device.policy.login_pending
    sent = len(device.wire.lines)
    assert not await device.policy.verify_registration()  # it is being mended already
    assert len(device.wire.lines) == sent
    device.updated = True
    await elapse(60)
    assert isinstance(device.events[0], RenewalFailed)
    assert device.events[1] == Restored(1)
    assert await device.policy.verify_registration()
    await device.policy.suspend()


async def test_verify_sends_nothing_without_a_login() -> None:
    device = RecoveredDevice()
    assert not await device.policy.verify_registration()
    await device.log_in()
    device.registration.closing_only = True
    assert not await device.policy.verify_registration()
    assert device.wire.lines == ["AT+MIPLOPEN=0,30"]
    await device.policy.suspend()


async def test_restore_configuration_configures_and_logs_in() -> None:
    device = RecoveredDevice()
    await device.log_in()
    assert device.policy.restore_configuration()
    assert device.policy.login_pending
    await elapse(60)
    names = [line.partition("=")[0] for line in device.wire.lines]
    assert names == ["AT+MIPLOPEN", "AT+CMEE", "AT+MIPLCONF", "AT+MIPLOPEN"]
    assert device.state is S.REGISTERED
    await device.policy.suspend()
    assert not device.policy.restore_configuration()
    device.policy.resume()
    device.registration.closing_only = True
    assert not device.policy.restore_configuration()
    await device.policy.suspend()
