"""Renewal of the registration: in time, not more often, and failures."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.device.events import RenewalFailed, Renewed, UpkeepEvent
from m5310.device.registration import Registration
from m5310.device.renewal import CHECK_AFTER, MARGIN, Renewal, renewal_interval
from m5310.dialects.urcs import Updated
from m5310.errors import CommandError, M5310Error, ModemReset, PortError
from m5310.states import DeviceState
from tests.support.clock import elapse
from tests.support.dialects import CLASSIC
from tests.support.execute import RecordingModule

S = DeviceState
LIFETIME = 300
DUE = LIFETIME - MARGIN


class RenewedRegistration:
    """A registration that is REGISTERED; the platform answers an update after 2 s."""

    def __init__(self, state: DeviceState = S.REGISTERED) -> None:
        self.wire = RecordingModule()
        self.wire.then = self._sent
        self.error: M5310Error | None = None
        self.platform: bool | None = True
        self.events: list[UpkeepEvent] = []
        self.failures = 0
        self.registration = Registration(self.wire.execute, CLASSIC)
        self.registration._states.state = state
        self.renewal = Renewal(self.registration, LIFETIME, self.events.append, self._failed)

    def _failed(self) -> None:
        self.failures += 1

    def _sent(self, _: str) -> M5310Error | None:
        if self.error is None and self.platform is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(2, self.registration.on_outcome, Updated(0, self.platform))
        return self.error


@given(st.integers(10, 86400))
def test_interval_ends_one_margin_before_the_lifetime(lifetime: int) -> None:
    assert lifetime / 2 <= renewal_interval(lifetime) < lifetime
    if lifetime >= 2 * MARGIN:
        assert lifetime - renewal_interval(lifetime) == MARGIN


async def test_each_beginning_of_the_lifetime_sets_the_timer() -> None:
    renewed = RenewedRegistration()
    renewed.renewal.lifetime_began()
    await elapse(DUE - 1)
    renewed.renewal.lifetime_began()
    await elapse(DUE - 1)
    assert renewed.wire.lines == []
    await elapse(1000)
    assert renewed.wire.lines == ["AT+MIPLUPDATE=0,300,0"]
    assert renewed.events == [Renewed(LIFETIME)]
    await renewed.renewal.stop()


@pytest.mark.parametrize(
    ("platform", "error"), [(False, None), (None, None), (True, CommandError("AT", "ERROR", None))]
)
async def test_failure_is_reported_by_the_end_of_the_lifetime(
    platform: bool | None, error: M5310Error | None
) -> None:
    renewed = RenewedRegistration()
    renewed.platform, renewed.error = platform, error
    renewed.renewal.lifetime_began()
    await elapse(LIFETIME + 2)  # what the command itself took
    assert isinstance(*renewed.events, RenewalFailed)
    assert renewed.failures == 1
    assert renewed.registration.state is S.REG_UPDATE_NEEDED


@pytest.mark.parametrize("error", [PortError("gone"), ModemReset("restarted")])
async def test_interruption_is_not_reported(error: M5310Error) -> None:
    renewed = RenewedRegistration()
    renewed.error = error
    renewed.renewal.lifetime_began()
    await elapse(1000)
    assert renewed.events == []


async def test_update_of_the_program_is_checked_soon_after() -> None:
    renewed = RenewedRegistration(S.REG_UPDATE_PENDING)
    renewed.renewal.lifetime_began()
    await elapse(DUE + 5)
    renewed.registration.on_outcome(Updated(0, False))  # it failed
    await elapse(CHECK_AFTER + 5)
    assert renewed.events == [Renewed(LIFETIME)]


@pytest.mark.parametrize("when", [10, DUE + 0.5, DUE + 2])
async def test_stopped_renewal_sends_nothing(when: float) -> None:
    renewed = RenewedRegistration()
    renewed.renewal.lifetime_began()
    await elapse(when)
    await renewed.renewal.stop()
    await elapse(1000)
    assert renewed.events == []
    await renewed.renewal.stop()


async def test_check_soon_waits() -> None:
    renewed = RenewedRegistration()
    renewed.renewal.check_soon()
    await elapse(CHECK_AFTER - 1)
    assert renewed.wire.lines == []
    await elapse(CHECK_AFTER)
    assert renewed.events == [Renewed(LIFETIME)]
