"""A device under calls, faults and lines in any order: what must hold at any time and in the end.

Every call ends in time. Each command is legal for the module at that moment. Reports keep their
order, and their states agree with what the module accepted. Each loss of the port is one event.
Once the faults end, device and module agree, and a device that was logged in is logged in again.
After destroy the module holds nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from m5310.device.acknowledgements import OVERDUE
from m5310.device.device import Device
from m5310.device.observations import OBSERVE_WITHIN
from m5310.device.outbox import ATTEMPTS
from m5310.device.provisioning import LOGIN, LOGOUT, RESTARTS
from m5310.device.registration import CLOSE, CONNECT, OUTCOME_MARGIN, UPDATE
from m5310.device.reports import Report, ReportState
from m5310.device.restore import LONGEST_WAIT
from m5310.dialects.classic.commands import PROMPT
from m5310.errors import M5310Error
from m5310.lwm2m.resources import Access
from m5310.lwm2m.values import ValueType
from m5310.states import DeviceState
from tests.support.clock import elapse
from tests.support.effort import scaled
from tests.support.orders import BRIEF, WHICH, Orders
from tests.support.unreliable_module import Mood, Platform, UnreliableModule

S = DeviceState

PATHS: Final = st.sampled_from(["3303/0/5700", "3303/0/5701", "3303/1/5700", "3311/0/5850"])
LINES: Final = st.sampled_from(
    [
        "ERROR",  # no unexpected OK: it would end an outstanding report
        "REBOOTING",
        "REBOOT_CAUSE_UNKNOWN",
        "+MIPLOPEN:0,1",
        "+MIPLOPEN:0,0",
        "+MIPLCLOSE:0,1",
        "+MIPLUPDATE:0,1",
        "+MIPLUPDATE:0,0",
        "+MIPLNOTIFY:0,3",
        "+MIPLOBSERVE:0,10000,1,3303,1,-1",
        "+MIPLOBSERVE:0,10000,0,3303,0,-1",
        "+MIPLDISCOVER:0,10000,3303",
        "+MIPLREAD:0,10001,3303,0,5700",
        "+MIPLREAD:0,10002,3303,-1,-1",
        "+MIPLREAD:0,10003,9,9,9",
        "+MIPLWRITE:0,10004,3303,0,5700,7",
        "+MIPLWRITE:0,10005,3303,0,5700,3,1,7,1,1",
        "+MIPLEXECUTE:0,10006,3303,0,5700,reset",
        "+MIPLREAD:0,what",
        "+MIPLREAD:0,10007",  # answered at once
        "+MIPLREAD:0,10008,3,0,-1,0",  # the module's business
        "+MIPLWRITE:0,10009,3303,0,5700,1,2,on,1",
        "+MIPLWRITE:0,10010,3303,0,5700,2,4,00000007,0,0",
        "+MIPLWRITE: 0, 10011, 3303, 0, 5700, 3, 4, 7, 0, 0",
        "+MIPLWRITE:0,10012,3303,0,5700,\x01",
        "+MIPLWRITE:0,10013,3303,0,5700,7,8",
    ]
)

CALLERS: Final = 4
"""Calls of the program's at once."""

TURN: Final = 2 * PROMPT * (CALLERS + 3)
"""Time of a command and of those before it: besides the calls, requests are answered, reports are
sent and the device is recovered."""

LIFETIME: Final = 300
RESOURCES: Final = 4
CONFIGURED: Final = 9 * TURN + 2 * LOGOUT + LOGIN
VERIFIED: Final = TURN + UPDATE
REPORTED: Final = OBSERVE_WITHIN + ATTEMPTS * (2 * TURN + VERIFIED)
CLEANED: Final = (RESOURCES + 1) * TURN

WITHIN: Final = {
    "create": (RESTARTS + 1) * CONFIGURED + CLEANED,
    "add_resource": CALLERS * 2 * TURN + CONFIGURED + RESOURCES * TURN,
    "remove_resource": CALLERS * 2 * TURN + CONFIGURED + RESOURCES * TURN + VERIFIED,
    "connect": TURN + 20 + OUTCOME_MARGIN,
    "update": TURN + 20,
    "close": 3 * TURN + 20,
    "report": CALLERS * REPORTED,
    "notify": CALLERS * REPORTED + 20,
    "destroy": (RESTARTS + 1) * CONFIGURED
    + 2 * CLEANED
    + 2 * TURN
    + CONNECT
    + OUTCOME_MARGIN
    + CLOSE,
}
"""Seconds until each call must have ended: its commands, and what it is documented to wait for."""

AT_REST: Final = (S.NEW, S.DEREGISTERED, S.REG_FAILED, S.REGISTERED, S.LOST, S.DESTROYED)


class DeviceOrders(Orders):
    """Calls, cancellations, requests, moods of module and platform, restarts and lost ports."""

    @initialize(
        recover=st.sampled_from([True, True, False]),
        answering=st.sampled_from([0.0, 1.0, 10.0]),
        steps=st.sampled_from([0, 1, 2, 2, 2, 2]),
        lenient=st.booleans(),
    )
    def make(self, recover: bool, answering: float, steps: int, lenient: bool) -> None:
        self.recover = recover
        self.false_lines = False
        self.reports: dict[str, Report] = {}
        self.number = 0
        self.run(self._make(recover, answering, steps, lenient))

    async def _make(self, recover: bool, answering: float, steps: int, lenient: bool) -> None:
        self.module = UnreliableModule(lenient=lenient)

        async def answer(*_: object) -> None:
            await elapse(answering)

        self.device = Device(
            self.module.open,
            "123456789012345;460001234567890",
            lifetime=LIFETIME,
            on_read=answer,
            on_write=answer,
            on_execute=answer,
            recover=recover,
            random=Random(0),  # the same waits for the same orders
        )
        if steps > 0:
            await self.device.create()
            for path in ("3303/0/5700", "3303/1/5700"):
                await self.device.add_resource(path, ValueType.INTEGER, 0, Access(7))
        if steps > 1:
            await self.device.connect(20)

    @rule(seconds=st.one_of(BRIEF, st.sampled_from([30.0, 120.0, 400.0])))
    def wait(self, seconds: float) -> None:
        self.pass_time(seconds)

    # --- the program -------------------------------------------------------------------------

    def call(self, name: str, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        if len(self.pending()) < CALLERS:
            self.begin(name, work, self.loop.time() + WITHIN[name])

    @rule(name=st.sampled_from(["create", "connect", "connect", "update", "close"]))
    def change(self, name: str) -> None:
        device = self.device
        calls: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
            "create": device.create,
            "connect": lambda: device.connect(20),
            "update": lambda: device.update(timeout=20),
            "close": lambda: device.close(20),
        }
        self.call(name, calls[name])

    @rule(path=PATHS)
    def add(self, path: str) -> None:
        work = lambda: self.device.add_resource(path, ValueType.INTEGER, 0, Access(7))  # noqa: E731
        self.call("add_resource", work)

    @rule(which=WHICH)
    def remove(self, which: int) -> None:
        if resources := self.device.resources:
            resource = resources[which % len(resources)]
            self.call("remove_resource", lambda: self.device.remove_resource(resource))

    @rule(acknowledge=st.booleans(), wait=st.booleans(), which=WHICH, several=st.booleans())
    def report(self, acknowledge: bool, wait: bool, which: int, several: bool) -> None:
        resources = self.device.resources
        if resources and not several:
            resources = (resources[which % len(resources)],)
        self.number += 1
        values = {each: 100 * self.number + at for at, each in enumerate(resources)}

        async def report() -> None:
            report = await self.device.report(values, acknowledge=acknowledge)
            self.reports.update({str(value): report for value in values.values()})
            if acknowledge and wait:
                await report.acknowledgement(20)

        self.call("notify" if acknowledge and wait else "report", report)

    @rule(sure=st.sampled_from([False] * 9 + [True]))
    def destroy(self, sure: bool) -> None:
        if sure:
            self.call("destroy", self.device.destroy)

    # --- the module and its platform ---------------------------------------------------------

    @rule(mood=st.sampled_from([Mood.ANSWERING, *Mood]), platform=st.sampled_from(Platform))
    def change_of_mood(self, mood: Mood, platform: Platform) -> None:
        self.module.mood = mood
        self.module.platform = platform

    @rule(announced=st.booleans())
    def restart(self, announced: bool) -> None:
        self.during(lambda: self.module.restart(announced=announced))

    @rule(reported=st.booleans())
    def log_out(self, reported: bool) -> None:
        self.during(lambda: self.module.log_out(reported=reported))

    @rule(plugged=st.booleans())
    def plug(self, plugged: bool) -> None:
        if plugged:
            self.module.plugged = True
        else:
            self.during(self.module.unplug)

    @rule(lines=st.lists(LINES, max_size=3))
    def send(self, lines: list[str]) -> None:
        self.false_lines = self.false_lines or "+MIPLCLOSE:0,1" in lines
        self.during(lambda: self.module.send(*lines))

    @rule(data=st.binary(max_size=8))
    def noise(self, data: bytes) -> None:
        self.during(lambda: self.module.noise(data))

    def during(self, what: Callable[[], None]) -> None:
        async def happening() -> None:
            what()
            await asyncio.sleep(0)

        self.run(happening())

    # --- what must hold ----------------------------------------------------------------------

    @invariant()
    def each_loss_of_the_port_is_an_event(self) -> None:
        if hasattr(self, "device"):
            assert self.device.counters.ports_lost == self.module.losses

    @invariant()
    def reports_are_sent_in_order(self) -> None:
        if hasattr(self, "module"):
            first = list(dict.fromkeys(int(value) // 100 for value in self.module.took))
            reported = [number for number in first if number]
            assert reported == sorted(reported)

    @invariant()
    def states_of_reports_agree_with_the_module(self) -> None:
        if not hasattr(self, "module"):
            return
        assert not self.module.twice, "sent again after its acknowledgement"
        self.module.order.check()
        took = set(self.module.took)
        for value, report in self.reports.items():
            match report.state:
                case ReportState.ACCEPTED:
                    assert value in took
                case ReportState.ACKNOWLEDGED:
                    assert value in took
                case ReportState.FAILED:
                    assert isinstance(report.error, M5310Error)
                case ReportState.QUEUED:
                    pass

    @invariant()
    def a_device_that_is_out_of_service_keeps_nothing(self) -> None:
        if hasattr(self, "device") and self.device.state in (S.DESTROYED, S.LOST):
            states = {report.state for report in self.reports.values()}
            assert ReportState.QUEUED not in states

    def teardown(self) -> None:
        if hasattr(self, "device"):
            self.heal()
            cleans = self.device.state not in (S.LOST, S.DESTROYED)
            self.call("destroy", self.device.destroy)
            self.pass_time(WITHIN["destroy"])
            assert not self.pending()
            assert self.device.state is S.DESTROYED
            assert not (cleans and (self.module.registered or self.module.configured))
            self.pass_time(OVERDUE)
        self.leave()

    def heal(self) -> None:
        """End all faults and wait: then device and module agree, and no report waits any more."""
        device = self.device
        logged_in = device._registration.can_report or device._recovery.login_pending
        leaving = any(call.name in ("close", "destroy") for call in self.pending())
        self.module.mood, self.module.platform = Mood.ANSWERING, Platform.ACCEPTING
        self.module.plugged = True
        self.pass_time(max(WITHIN.values()) + 2 * (LONGEST_WAIT + CONNECT) + LIFETIME)
        assert not self.pending()
        self.pass_time(ATTEMPTS * (OVERDUE + 10))
        if self.device.state is S.REG_UPDATE_PENDING:
            self.pass_time(1)  # a renewal was just being sent
        state = self.device.state
        assert state in (*AT_REST, S.REG_UPDATE_NEEDED)
        assert ReportState.QUEUED not in {report.state for report in self.reports.values()}
        # without recovery a device stays logged out after a false line
        agree = self.recover or not self.false_lines
        if agree and state in AT_REST and state not in (S.LOST, S.DESTROYED):
            assert state.registered is self.module.registered
        if self.recover and logged_in and not leaving:
            assert state is S.REGISTERED


DeviceOrders.TestCase.settings = settings(max_examples=scaled(80), stateful_step_count=40)
TestDevice = DeviceOrders.TestCase


# --- orders that failed once ---------------------------------------------------------------------

Step = Callable[[DeviceOrders], None]
WRITTEN: Final = "+MIPLWRITE:0,10012,3303,0,5700,\x01"


def reported(it: DeviceOrders) -> None:
    it.report(acknowledge=True, wait=False, which=0, several=False)


def passed(seconds: float) -> Step:
    return lambda it: it.wait(seconds)


def sent(line: str) -> Step:
    return lambda it: it.send([line])


def updating(it: DeviceOrders) -> None:
    it.change("update")


def silent(it: DeviceOrders) -> None:
    it.change_of_mood(Mood.SILENT, Platform.ACCEPTING)


def answering_again(it: DeviceOrders) -> None:
    it.change_of_mood(Mood.ANSWERING, Platform.ACCEPTING)


def restarted(it: DeviceOrders) -> None:
    it.restart(announced=True)


def closing(it: DeviceOrders) -> None:
    it.change("close")


def unplugged(it: DeviceOrders) -> None:
    it.plug(plugged=False)


def logged_out(it: DeviceOrders) -> None:
    it.log_out(reported=True)


@pytest.mark.parametrize(
    "steps",
    [
        # a request that is repeated while its answer is sent has one answer
        [sent(WRITTEN), passed(0.005), sent(WRITTEN)],
        [sent(WRITTEN), passed(0.005), sent(WRITTEN), passed(0.3), sent(WRITTEN)],
        # a renewal that waits for the line when the module logs out by itself is not written
        [silent, updating, passed(6.0), updating, passed(0.3), answering_again, logged_out],
        # a logout while one restart after the other ends the restoration that it waits for
        [restarted, closing, unplugged, *[passed(100.0)] * 3],
        # an acknowledgement on its way at the logout counts
        [reported, passed(0.3), logged_out],
    ],
)
@pytest.mark.parametrize("answering", [0.0, 1.0])
def test_order_that_failed_once(steps: list[Step], answering: float) -> None:
    machine = DeviceOrders()
    machine.make(recover=True, answering=answering, steps=2, lenient=False)
    for step in (*steps, passed(0.3), passed(1.0), passed(30.0)):
        step(machine)
        machine.states_of_reports_agree_with_the_module()
        machine.reports_are_sent_in_order()
    machine.teardown()


@pytest.mark.parametrize("acknowledge", [True, False])
def test_report_that_was_not_written_at_the_logout_is_sent_after_the_login(
    acknowledge: bool,
) -> None:
    machine = DeviceOrders()
    machine.make(recover=True, answering=0.0, steps=2, lenient=False)
    silent(machine)
    updating(machine)
    machine.wait(6.0)
    machine.report(acknowledge=acknowledge, wait=False, which=1, several=False)
    machine.wait(0.3)  # the report is held: the module does not answer
    answering_again(machine)
    logged_out(machine)
    machine.pass_time(60)
    machine.states_of_reports_agree_with_the_module()
    lines = machine.module.sockets[-1].sent
    login = max(at for at, line in enumerate(lines) if line.startswith("AT+MIPLOPEN"))
    assert [at > login for at, line in enumerate(lines) if '"100",1' in line] == [True]
    machine.teardown()
