"""Staying up: which event of the module or the clock begins what."""

from __future__ import annotations

import asyncio

import pytest

from m5310.classic.urc import Closed, Opened, Updated
from m5310.device.continuity import Continuity
from m5310.device.declarations import Declarations
from m5310.device.registration import Registration
from m5310.device.upkeep import RenewalFailed, Renewed, Reset, Restored, UpkeepEvent
from m5310.errors import ModemReset
from m5310.lwm2m import ObjectTree
from m5310.states import DeviceEvent, DeviceState
from tests.clock import elapse
from tests.driver.test_registration import CONFIG, Wire

S, E = DeviceState, DeviceEvent
LIFETIME = 300
TEXT = "REBOOT_CAUSE_UNKNOWN"
RESET = ModemReset("anew")


class Bench:
    """A device without requests and reports; the platform answers each thing after a second."""

    def __init__(self, *, recover: bool = True) -> None:
        self.wire = Wire()
        self.wire.then = self._sent
        self.updated = True
        self.events: list[UpkeepEvent] = []
        self.registration = Registration(self.wire, CONFIG, lambda event: self.it.moved(event))
        declarations = Declarations(
            ObjectTree(), self.wire, CONFIG, lambda: self.registration.expect(Closed)
        )
        self.it = Continuity(
            self.registration,
            declarations,
            LIFETIME,
            recover=recover,
            on_event=self.events.append,
            random=None,
        )

    def _sent(self, line: str) -> None:
        verdict: Opened | Closed | Updated
        if "OPEN" in line:
            verdict = Opened(0, True)
        elif "CLOSE" in line:
            verdict = Closed(0, True)
        elif "UPDATE" in line:
            verdict = Updated(0, self.updated)
        else:
            return
        asyncio.get_running_loop().call_later(1, self.registration.heard, verdict)

    async def log_in(self) -> None:
        self.registration.move(E.CREATE)
        await self.registration.connect(30)

    @property
    def state(self) -> DeviceState:
        return self.registration.state


async def test_renewed_for_ever() -> None:
    bench = Bench()
    await bench.log_in()
    await elapse(10 * LIFETIME)
    assert bench.it.in_service
    assert bench.events == [Renewed(LIFETIME)] * bench.it.counters.renewed
    assert bench.it.counters.renewed == 14
    await bench.registration.close(30)
    await bench.it.left()
    await elapse(10 * LIFETIME)
    assert bench.it.counters.renewed == 14


async def test_a_renewal_that_fails_logs_in_anew() -> None:
    bench = Bench()
    bench.updated = False
    await bench.log_in()
    await elapse(LIFETIME)
    failed, restored = bench.events
    assert isinstance(failed, RenewalFailed)
    assert restored == Restored(1)
    assert bench.state is S.REGISTERED
    assert bench.wire.lines[1:] == ["AT+MIPLUPDATE=0,300,0", "AT+MIPLCLOSE=0", "AT+MIPLOPEN=0,60"]
    await bench.it.stop()


async def test_told_not_to_a_failed_renewal_is_only_told() -> None:
    bench = Bench(recover=False)
    bench.updated = False
    await bench.log_in()
    await elapse(10 * LIFETIME)
    assert bench.it.counters.renewals_failed == len(bench.events) == 1
    assert bench.state is S.REG_UPDATE_NEEDED


async def test_a_restart_is_mended() -> None:
    bench = Bench()
    await bench.log_in()
    bench.it.restarted(TEXT, RESET)
    assert bench.state is S.RESTORING
    leaving = asyncio.create_task(bench.it.left())
    await elapse(60)
    assert bench.state is S.REGISTERED
    assert bench.events == [Reset(TEXT), Restored(1)]
    assert not leaving.done()
    await bench.it.stop()
    bench.registration.heard(Closed(0, True))  # the module logs out unasked
    await leaving


async def test_an_announced_restart_is_told_once() -> None:
    bench = Bench()
    await bench.log_in()
    for line in ("REBOOTING", TEXT, TEXT, "REBOOTING", "REBOOTING"):
        bench.it.restarted(line, RESET)
    assert bench.events == [Reset("REBOOTING"), Reset(TEXT), Reset("REBOOTING")]
    await bench.it.stop()


async def test_given_up_it_stays_so() -> None:
    bench = Bench(recover=False)
    await bench.log_in()
    bench.it.restarted(TEXT, RESET)
    assert bench.state is S.LOST
    bench.it.restarted(TEXT, RESET)
    assert bench.state is S.LOST
    await bench.it.left()


@pytest.mark.parametrize("recover", [True, False])
async def test_in_the_end_nothing_is_begun(recover: bool) -> None:
    bench = Bench(recover=recover)
    await bench.log_in()
    bench.it.end()
    bench.it.restarted(TEXT, RESET)
    assert not bench.it.in_service
    assert bench.state is S.RESTORING  # and DESTROYED next
    assert bench.it.counters.resets == 1


async def test_what_stays_registered_is_renewed_after_all() -> None:
    bench = Bench()
    await bench.log_in()
    await bench.it.stop()
    bench.it.resume()
    await elapse(20)
    assert bench.events == [Renewed(LIFETIME)]
    await bench.it.stop()
    await bench.registration.close(30)
    bench.it.resume()
    await elapse(10 * LIFETIME)
    assert bench.it.counters.renewed == 1
