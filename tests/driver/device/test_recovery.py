"""Staying up: which event of the module or the clock begins what."""

from __future__ import annotations

import asyncio

import pytest

from m5310.at.modem import Modem
from m5310.commands.general import BootCause, Booted
from m5310.device import events
from m5310.device.events import (
    LoggedOut,
    PortBack,
    RenewalFailed,
    Renewed,
    ReportDropped,
    Reset,
    Restored,
    UpkeepEvent,
)
from m5310.device.provisioning import Provisioning
from m5310.device.recovery import Continuity
from m5310.device.registration import Registration
from m5310.device.reports import Report
from m5310.dialects.urcs import Closed, Opened, Updated
from m5310.errors import ModemReset, PortError
from m5310.lwm2m.resources import ObjectTree
from m5310.module.link import Link, LinkEvent, PortLost, Restarted, Session
from m5310.states import DeviceEvent, DeviceState
from tests.support.clock import elapse
from tests.support.dialects import CLASSIC
from tests.support.execute import RecordingExecute
from tests.support.scripted import Scripted

S, E = DeviceState, DeviceEvent
LIFETIME = 300
TEXT = "REBOOT_CAUSE_UNKNOWN"
RESET = ModemReset("anew")
GONE = PortError("gone")


class Bench:
    """A device without requests and reports; the platform answers each thing after a second."""

    def __init__(self, *, recover: bool = True, given: bool = False) -> None:
        """On a port that can be opened again, unless the modem is `given`."""
        self.port = Scripted()
        self.opened = 0
        self.wire = RecordingExecute()
        self.wire.then = self._sent
        self.updated = True
        self.events: list[UpkeepEvent] = []
        self.registration = Registration(self.wire, CLASSIC, lambda event: self.it.moved(event))
        provisioning = Provisioning(
            ObjectTree(),
            self.wire,
            CLASSIC,
            Session(),
            lambda kind: self.registration.verdicts.expect(kind),
        )
        self.link = Link(self.port.modem if given else self._open)
        self.link.listen(self._on_link_event)
        self.it = Continuity(
            self.link,
            self.registration,
            provisioning,
            LIFETIME,
            recover=recover,
            on_event=self.events.append,
            random=None,
        )

    async def _open(self) -> Modem:
        self.opened += 1
        self.port = Scripted()
        return self.port.modem

    def _on_link_event(self, event: LinkEvent) -> None:
        if isinstance(event, PortLost):
            self.it.lost(event.error)

    def restart(self, line: str = TEXT) -> None:
        booted = Booted(BootCause.UNKNOWN, line) if line == TEXT else None
        self.it.restarted(Restarted(line, booted, RESET))

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
        await self.link.open()
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
    bench.restart()
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
        bench.restart(line)
    assert bench.events == [Reset("REBOOTING"), Reset(TEXT), Reset("REBOOTING")]
    await bench.it.stop()


async def test_an_announced_restart_whose_end_was_lost_is_over_once_it_is_mended() -> None:
    bench = Bench()
    await bench.log_in()
    bench.restart("REBOOTING")
    await elapse(60)
    bench.restart()
    assert bench.events == [Reset("REBOOTING"), Restored(1), Reset(TEXT)]
    await bench.it.stop()


async def test_given_up_it_stays_so() -> None:
    bench = Bench(recover=False)
    await bench.log_in()
    bench.restart()
    assert bench.state is S.LOST
    bench.restart()
    assert bench.state is S.LOST
    await bench.it.left()


@pytest.mark.parametrize("recover", [True, False])
async def test_in_the_end_nothing_is_begun(recover: bool) -> None:
    bench = Bench(recover=recover)
    await bench.log_in()
    bench.it.end()
    bench.restart()
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


@pytest.mark.parametrize("event", [RESET, GONE])
async def test_what_happens_while_it_is_left_is_mended_but_not_logged_in(
    event: ModemReset | PortError,
) -> None:
    bench = Bench()
    await bench.log_in()
    await bench.it.stop()
    if isinstance(event, ModemReset):
        bench.restart()
    else:
        bench.port.vanish()
    bench.it.logged_out()
    assert not bench.it.coming_back
    bench.it.resume()
    await elapse(600)
    assert bench.state is S.DEREGISTERED
    assert sum("OPEN" in line for line in bench.wire.lines) == 1


async def test_a_port_that_is_gone_is_opened_again_and_all_is_mended() -> None:
    bench = Bench()
    await bench.log_in()
    bench.port.vanish()
    assert bench.state is S.RESTORING
    assert bench.link.gone
    assert bench.it.mends
    assert bench.it.coming_back
    assert bench.it.in_service
    await elapse(60)
    lost, *rest = bench.events
    assert isinstance(lost, events.PortLost)
    assert rest == [PortBack("scripted"), Restored(1)]
    assert bench.state is S.REGISTERED
    assert bench.it.counters.ports_lost == 1
    assert not bench.it.coming_back
    await bench.it.stop()


@pytest.mark.parametrize(("recover", "given"), [(False, False), (False, True), (True, True)])
async def test_a_port_that_nobody_here_may_open_again_is_the_end(
    recover: bool, given: bool
) -> None:
    bench = Bench(recover=recover, given=given)
    await bench.log_in()
    assert bench.it.mends == recover
    bench.port.vanish()
    assert not bench.it.mends
    assert bench.state is S.LOST
    await bench.it.left()
    with pytest.raises(PortError, match="unplugged"):
        await bench.registration.connect(30)
    assert bench.opened == (not given)
    assert bench.it.counters.ports_lost == 1


async def test_a_restart_announced_before_the_port_went_is_another_one() -> None:
    bench = Bench()
    await bench.log_in()
    bench.restart("REBOOTING")
    bench.it.lost(GONE)
    bench.restart()
    assert bench.events == [Reset("REBOOTING"), events.PortLost(GONE), Reset(TEXT)]
    await bench.it.stop()


async def test_a_creation_that_is_interrupted_is_nobodys_to_mend() -> None:
    bench = Bench()
    bench.restart()
    bench.it.lost(GONE)
    assert bench.state is S.NEW
    assert not bench.it.in_service


@pytest.mark.parametrize("recover", [True, False])
async def test_a_logout_unasked_is_told_and_logged_in_again(recover: bool) -> None:
    bench = Bench(recover=recover)
    await bench.log_in()
    bench.it.logged_out()
    bench.registration.heard(Closed(0, True))
    assert bench.state is S.DEREGISTERED
    assert bench.it.in_service == recover
    await elapse(60)
    assert bench.events == [LoggedOut()] + [Restored(1)] * recover
    assert bench.state is (S.REGISTERED if recover else S.DEREGISTERED)
    assert bench.it.counters.logouts == 1
    await bench.it.stop()


async def test_a_logout_in_the_end_is_not_undone() -> None:
    bench = Bench()
    await bench.log_in()
    bench.it.end()
    bench.it.logged_out()
    assert not bench.it.coming_back
    await bench.it.stop()
    bench.it.resume()
    await elapse(10 * LIFETIME)
    assert bench.wire.lines == ["AT+MIPLOPEN=0,30"]


async def test_a_logout_while_it_is_brought_back_begins_nothing_anew() -> None:
    bench = Bench()
    await bench.log_in()
    bench.restart()
    await elapse(1)
    bench.it.logged_out()
    await elapse(60)
    assert bench.events == [Reset(TEXT), LoggedOut(), Restored(1)]
    assert sum("MIPLCONF" in line for line in bench.wire.lines) == 1
    await bench.it.stop()


async def test_a_report_that_had_to_make_room_is_told() -> None:
    bench = Bench()
    report = Report((), 1, acknowledge=False)
    bench.it.dropped(report)
    assert bench.events == [ReportDropped(report)]
    assert bench.it.counters.reports_dropped == 1


async def test_asked_whether_the_platform_knows_the_device_it_updates() -> None:
    bench = Bench()
    await bench.log_in()
    assert await bench.it.verify()
    assert bench.wire.lines[1:] == ["AT+MIPLUPDATE=0,300,0"]
    assert bench.events == [Renewed(LIFETIME)]
    await bench.it.stop()


async def test_a_device_that_the_platform_knows_no_more_is_mended() -> None:
    bench = Bench()
    await bench.log_in()
    bench.updated = False
    assert not await bench.it.verify()
    assert bench.it.coming_back
    sent = len(bench.wire.lines)
    assert not await bench.it.verify()  # it is being mended already
    assert len(bench.wire.lines) == sent
    bench.updated = True
    await elapse(60)
    assert isinstance(bench.events[0], RenewalFailed)
    assert bench.events[1] == Restored(1)
    assert await bench.it.verify()
    await bench.it.stop()


async def test_nothing_is_asked_about_a_device_that_is_not_logged_in() -> None:
    bench = Bench()
    assert not await bench.it.verify()
    await bench.log_in()
    bench.it.end()
    assert not await bench.it.verify()
    assert bench.wire.lines == ["AT+MIPLOPEN=0,30"]
    await bench.it.stop()


async def test_a_module_that_holds_something_else_is_told_everything_anew() -> None:
    bench = Bench()
    await bench.log_in()
    assert bench.it.redeclare()
    assert bench.it.coming_back
    await elapse(60)
    names = [line.partition("=")[0] for line in bench.wire.lines]
    assert names == ["AT+MIPLOPEN", "AT+CMEE", "AT+MIPLCONF", "AT+MIPLOPEN"]
    assert bench.state is S.REGISTERED
    await bench.it.stop()
    assert not bench.it.redeclare()
    bench.it.resume()
    bench.it.end()
    assert not bench.it.redeclare()
    await bench.it.stop()
