"""The lifetime: renewed when it must be, and what becomes of it when it cannot."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.device.registration import Registration
from m5310.device.renewal import AGAIN, MARGIN, Renewal, interval
from m5310.dialects.urcs import Updated
from m5310.errors import CommandError, M5310Error, ModemReset, PortError
from m5310.states import DeviceState
from tests.support.clock import elapse
from tests.support.dialects import CLASSIC
from tests.support.execute import RecordingExecute

S = DeviceState
LIFETIME = 300
DUE = LIFETIME - MARGIN


class Bench:
    """A registration that is REGISTERED; the platform answers an update after 2 s."""

    def __init__(self, state: DeviceState = S.REGISTERED) -> None:
        self.wire = RecordingExecute()
        self.wire.then = self._sent
        self.error: M5310Error | None = None
        self.platform: bool | None = True
        self.done = 0
        self.failures: list[M5310Error] = []
        self.registration = Registration(self.wire, CLASSIC)
        self.registration._states.state = state
        self.renewal = Renewal(self.registration, LIFETIME, self._renewed, self.failures.append)

    def _renewed(self) -> None:
        self.done += 1

    def _sent(self, _: str) -> M5310Error | None:
        if self.error is None and self.platform is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(2, self.registration.heard, Updated(0, self.platform))
        return self.error


@given(st.integers(10, 86400))
def test_renewed_in_time_but_not_without_need(lifetime: int) -> None:
    assert lifetime / 2 <= interval(lifetime) < lifetime
    if lifetime >= 2 * MARGIN:
        assert lifetime - interval(lifetime) == MARGIN


async def test_once_each_restart() -> None:
    bench = Bench()
    bench.renewal.restart()
    await elapse(DUE - 1)
    bench.renewal.restart()
    await elapse(DUE - 1)
    assert bench.wire.lines == []
    await elapse(1000)
    assert bench.wire.lines == ["AT+MIPLUPDATE=0,300,0"]
    assert (bench.done, bench.failures) == (1, [])
    await bench.renewal.stop()


async def test_paused_it_is_silent() -> None:
    bench = Bench()
    bench.renewal.pause()
    bench.renewal.restart()
    bench.renewal.pause()
    await elapse(1000)
    assert bench.wire.lines == []


@pytest.mark.parametrize(
    ("platform", "error"), [(False, None), (None, None), (True, CommandError("AT", "ERROR", None))]
)
async def test_a_failure_is_told_by_the_end_of_the_lifetime(
    platform: bool | None, error: M5310Error | None
) -> None:
    bench = Bench()
    bench.platform, bench.error = platform, error
    bench.renewal.restart()
    await elapse(LIFETIME + 2)  # what the command itself took
    assert (bench.done, len(bench.failures)) == (0, 1)
    assert bench.registration.state is S.REG_UPDATE_NEEDED


@pytest.mark.parametrize("error", [PortError("gone"), ModemReset("anew")])
async def test_what_others_act_on_is_not_told(error: M5310Error) -> None:
    bench = Bench()
    bench.error = error
    bench.renewal.restart()
    await elapse(1000)
    assert (bench.done, bench.failures) == (0, [])


async def test_the_programs_own_update_goes_first_and_is_looked_after() -> None:
    bench = Bench(S.REG_UPDATE_PENDING)
    bench.renewal.restart()
    await elapse(DUE + 5)
    bench.registration.heard(Updated(0, False))  # it failed
    await elapse(AGAIN + 5)
    assert bench.done == 1


@pytest.mark.parametrize("when", [10, DUE + 0.5, DUE + 2])
async def test_stopped_nothing_goes_on(when: float) -> None:
    bench = Bench()
    bench.renewal.restart()
    await elapse(when)
    await bench.renewal.stop()
    await elapse(1000)
    assert (bench.done, bench.failures) == (0, [])
    await bench.renewal.stop()


async def test_soon_is_not_at_once() -> None:
    bench = Bench()
    bench.renewal.soon()
    await elapse(AGAIN - 1)
    assert bench.wire.lines == []
    await elapse(AGAIN)
    assert bench.done == 1
