"""The outbox: reports in order and never mixed, kept, repeated, acknowledged or failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from m5310.at.codec import Answer, Command
from m5310.device import outbox as outbox_module
from m5310.device.acknowledgements import OVERDUE
from m5310.device.events import ReportDropped, Reported, UpkeepEvent
from m5310.device.outbox import (
    ATTEMPTS,
    Outbox,
    WhenFull,
)
from m5310.device.reports import Report, ReportState
from m5310.errors import (
    AcknowledgementRefused,
    AcknowledgementTimeout,
    CommandError,
    CommandTimeout,
    M5310Error,
    ModemReset,
    NotFound,
    OutboxFull,
    ParameterError,
    PortError,
    StateError,
)
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import ValueType
from m5310.module.queries import Queries
from tests.support.clock import elapse
from tests.support.dialects import CLASSIC

T = TypeVar("T")


class ReportingModule(Queries):
    """Executes each command in 1 s; `fault` returns the error for a line, or None."""

    def __init__(self, fault: Callable[[str], M5310Error | None] = lambda _: None) -> None:
        self.lines: list[str] = []
        self.fault = fault

    async def execute(self, command: Command[T]) -> T:
        await elapse(1)
        self.lines.append(command.line.removeprefix("AT+MIPLNOTIFY=0,"))
        if error := self.fault(self.lines[-1]):
            raise error
        return command.parse(Answer(command))


def resource(path: str, kind: ValueType = ValueType.STRING, value: object = "") -> Resource:
    return Resource(path, kind, value, Access.READABLE)  # type: ignore[arg-type]


def plain_outbox(module: ReportingModule) -> Outbox:
    """One that keeps and repeats nothing."""

    async def verify() -> bool:
        raise AssertionError("no verification expected")

    return Outbox(module, CLASSIC, verify, lambda: False, lambda _: None, recover=False)


class OutboxSetup:
    """One that keeps and repeats. The platform knows the device if `known`; to ask it takes 1 s."""

    def __init__(
        self,
        fault: Callable[[str], M5310Error | None] = lambda _: None,
        *,
        limit: int = 1000,
        when_full: WhenFull = WhenFull.DROP_OLDEST,
    ) -> None:
        self.module = ReportingModule(fault)
        self.known = True
        self.verified = 0
        self.restores = False
        self.restored = 0
        self.dropped: list[Report] = []
        self.reported: list[Report] = []
        self.outbox = Outbox(
            self.module,
            CLASSIC,
            self._verify,
            self._restore,
            self._emit,
            limit=limit,
            when_full=when_full,
        )
        self.a = resource(A)

    def _emit(self, event: UpkeepEvent) -> None:
        assert isinstance(event, ReportDropped | Reported)
        if isinstance(event, ReportDropped):
            self.dropped.append(event.report)
        else:
            self.reported.append(event.report)

    def _restore(self) -> bool:
        self.restored += 1
        return self.restores

    async def _verify(self) -> bool:
        self.verified += 1
        await elapse(1)
        return self.known

    async def send(self, text: str, *, acknowledge: bool = False) -> Report:
        return await self.outbox.send({self.a: text}, acknowledge=acknowledge)

    @property
    def sent(self) -> list[str]:
        """The values, in the order they were sent."""
        return [line.split('"')[1] for line in self.module.lines]


A, B, C = "3303/0/5700", "3303/0/5701", "3303/0/5702"


def refuse(part: str) -> Callable[[str], M5310Error | None]:
    def fault(line: str) -> M5310Error | None:
        return CommandError(line, "ERROR", None) if part in line else None

    return fault


async def test_one_value_is_one_line_and_is_stored() -> None:
    module, a = ReportingModule(), resource(A)
    report = await plain_outbox(module).send({a: "x"}, acknowledge=False)
    assert module.lines == ['3303,0,5700,1,"x",1']
    assert report.resources == (a,)
    assert report.ackids == ()
    assert not report.acknowledged
    assert a.value == "x"
    with pytest.raises(ParameterError, match="without asking"):
        await report.acknowledgement()


async def test_last_line_ends_the_report() -> None:
    module = ReportingModule()
    values = {resource(A): "x", resource(B): "y", resource(C): "z"}
    await plain_outbox(module).send(values, acknowledge=True)
    assert module.lines == [
        '3303,0,5700,1,"x",0',
        '3303,0,5701,1,"y",0',
        '3303,0,5702,1,"z",1,2',
    ]


async def test_one_report_for_each_object_instance() -> None:
    module = ReportingModule()
    values = {resource(A): "x", resource("3303/1/5700"): "y", resource(B): "z"}
    report = await plain_outbox(module).send(values, acknowledge=True)
    assert module.lines == [
        '3303,0,5700,1,"x",0',
        '3303,0,5701,1,"z",1,2',
        '3303,1,5700,1,"y",1,3',
    ]
    assert report.ackids == (2, 3)


async def test_lines_of_two_reports_do_not_mix() -> None:
    module = ReportingModule()
    outbox = plain_outbox(module)
    await asyncio.gather(
        outbox.send({resource(A): "1", resource(B): "2"}, acknowledge=False),
        outbox.send({resource(A): "3", resource(B): "4"}, acknowledge=False),
    )
    assert [line.split('"')[1] for line in module.lines] == ["1", "2", "3", "4"]


async def test_report_is_finished_although_caller_is_cancelled() -> None:
    module = ReportingModule()
    task = asyncio.create_task(
        plain_outbox(module).send({resource(A): "1", resource(B): "2"}, acknowledge=False)
    )
    await elapse(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await elapse(5)
    assert [line[-1] for line in module.lines] == ["0", "1"]


async def test_report_cancelled_before_first_line_is_not_sent() -> None:
    module = ReportingModule()
    outbox = plain_outbox(module)
    first = asyncio.create_task(outbox.send({resource(A): "1"}, acknowledge=False))
    second = asyncio.create_task(outbox.send({resource(A): "2"}, acknowledge=False))
    await elapse(0.5)
    second.cancel()
    await asyncio.wait({first, second})
    await elapse(5)
    assert len(module.lines) == 1


async def test_failed_report_awaits_no_acknowledgement(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    module = ReportingModule(lambda line: CommandTimeout(line, 5))
    outbox = plain_outbox(module)
    with pytest.raises(CommandTimeout):
        await outbox.send({resource(A): "x"}, acknowledge=True)
    outbox.acknowledged(2)
    assert "unknown ackid 2" in caplog.text


async def test_acknowledgement_before_ok() -> None:
    outbox = plain_outbox(ReportingModule(lambda _: outbox.acknowledged(2)))  # type: ignore[func-returns-value]
    report = await outbox.send({resource(A): "x"}, acknowledge=True)
    assert report.acknowledged
    await report.acknowledgement(0)


async def test_late_acknowledgement_counts() -> None:
    outbox = plain_outbox(ReportingModule())
    report = await outbox.send({resource(A): "x", resource("1/0/1"): "y"}, acknowledge=True)
    outbox.acknowledged(3)
    with pytest.raises(AcknowledgementTimeout, match="within 10 s"):
        await report.acknowledgement(10)
    assert not report.acknowledged
    outbox.acknowledged(2)
    await report.acknowledgement(10)
    assert report.acknowledged


async def test_ackids_are_unique() -> None:
    outbox = plain_outbox(
        ReportingModule(lambda line: CommandTimeout(line, 5) if "fail" in line else None)
    )
    ackids = []
    for text in ("a", "fail", "b"):
        try:
            ackids += (await outbox.send({resource(A): text}, acknowledge=True)).ackids
        except CommandTimeout:
            continue
    assert ackids == [2, 4]


async def test_lost_port_fails_waiting_reports() -> None:
    outbox = plain_outbox(ReportingModule())
    report = await outbox.send({resource(A): "x"}, acknowledge=True)
    waiting = asyncio.create_task(report.acknowledgement())
    await asyncio.sleep(0)
    outbox.fail(PortError("gone"))
    with pytest.raises(PortError, match="gone"):
        await waiting
    assert not report.acknowledged


async def test_window_of_missing_acknowledgements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "WINDOW", 2)
    outbox = plain_outbox(ReportingModule())
    for _ in range(2):
        await outbox.send({resource(A): "x"}, acknowledge=True)
    third = asyncio.create_task(outbox.send({resource(A): "x"}, acknowledge=True))
    await elapse(10)
    assert not third.done()
    outbox.acknowledged(3)
    await elapse(2)
    assert third.result().state is ReportState.ACCEPTED


async def test_failed_reports_are_not_sent_after_restart() -> None:
    a, b, c = resource(A), resource(B), resource(C)
    module = ReportingModule()
    outbox = plain_outbox(module)
    begun = asyncio.create_task(outbox.send({a: "1", b: "2"}, acknowledge=True))
    waiting = asyncio.create_task(outbox.send({c: "3"}, acknowledge=False))
    await elapse(0.5)
    outbox.fail(ModemReset("restarted"))
    await outbox.send({c: "4"}, acknowledge=False)
    assert module.lines == ['3303,0,5700,1,"1",0', '3303,0,5702,1,"4",1']
    for task in (begun, waiting):
        with pytest.raises(ModemReset):
            await task
    assert (b.value, c.value) == ("", "4")


# --- reports are kept ------------------------------------------------------------------------

QUEUED, ACCEPTED, FAILED = ReportState.QUEUED, ReportState.ACCEPTED, ReportState.FAILED


async def test_reports_made_during_recovery_are_sent_in_order() -> None:
    setup = OutboxSetup()
    setup.outbox.hold()
    kept = [await setup.send(text) for text in "123"]
    await elapse(3600)
    assert setup.module.lines == []
    assert {report.state for report in kept} == {QUEUED}
    setup.outbox.release()
    await kept[-1].accepted()
    assert setup.sent == ["1", "2", "3"]
    assert {report.state for report in kept} == {ACCEPTED}


async def test_report_interrupted_by_loss_is_sent_again() -> None:
    setup = OutboxSetup()

    def vanish(line: str) -> M5310Error | None:
        if len(setup.module.lines) > 1:
            return None
        setup.outbox.hold()
        return PortError("gone")

    setup.module.fault = vanish
    first = asyncio.create_task(setup.send("1"))
    second = asyncio.create_task(setup.send("2"))
    await elapse(2)
    assert first.result().state is second.result().state is QUEUED
    setup.outbox.release()
    await second.result().accepted()
    assert setup.sent == ["1", "1", "2"]


async def test_report_cut_in_two_is_sent_again_whole() -> None:
    setup = OutboxSetup()
    task = asyncio.create_task(
        setup.outbox.send({setup.a: "1", resource(B): "2"}, acknowledge=False)
    )
    await elapse(0.5)
    setup.outbox.hold()
    report = await task
    await elapse(5)
    assert setup.sent == ["1"]
    setup.outbox.release()
    await report.accepted()
    assert setup.sent == ["1", "1", "2"]


async def test_unacknowledged_report_is_sent_first_with_new_ackid() -> None:
    setup = OutboxSetup()
    reports = [await setup.send(text, acknowledge=True) for text in "123"]
    setup.outbox.acknowledged(3)
    setup.outbox.hold(forget=True)
    reports.append(await setup.send("4", acknowledge=True))
    setup.outbox.acknowledged(2)  # of the previous session
    assert reports[0].state is ACCEPTED
    setup.outbox.release()
    await reports[-1].accepted()
    assert setup.sent == ["1", "2", "3", "1", "3", "4"]
    assert [report.ackids for report in reports] == [(5,), (3,), (6,), (7,)]
    for ackid in (5, 6, 7):
        setup.outbox.acknowledged(ackid)
    assert all(report.acknowledged for report in reports)
    await setup.outbox.close(PortError("closed"))
    assert len(setup.module.lines) == 6


async def test_ok_together_with_restart_does_not_count() -> None:
    setup = OutboxSetup()
    task = asyncio.create_task(setup.send("1", acknowledge=True))
    await elapse(0.5)
    setup.outbox.hold()
    setup.outbox.release()
    await elapse(5)
    assert task.result().ackids == (3,)
    assert setup.sent == ["1", "1"]
    await setup.outbox.close(PortError("closed"))


async def test_report_without_acknowledgement_is_not_sent_again() -> None:
    setup = OutboxSetup()
    task = asyncio.create_task(setup.send("1"))
    await elapse(0.5)
    setup.outbox.hold()
    setup.outbox.release()
    await elapse(5)
    assert task.result().state is ACCEPTED
    assert setup.sent == ["1"]


# --- the platform observes again -------------------------------------------------------------


async def test_reports_wait_until_platform_observes_again() -> None:
    setup = OutboxSetup()
    setup.outbox.observations.observed((3303, 0, -1), added=True)
    setup.outbox.observations.observed((3304, 0, -1), added=True)
    setup.outbox.observations.observed((3304, 0, -1), added=False)
    setup.outbox.hold()
    report = await setup.send("1")
    setup.outbox.release()
    asyncio.get_running_loop().call_later(
        4, lambda: setup.outbox.observations.observed((3303, 0, -1), added=True)
    )
    await report.accepted()
    assert asyncio.get_running_loop().time() == pytest.approx(5)


# --- the outbox is full ----------------------------------------------------------------------


async def test_report_larger_than_limit_drops_nothing() -> None:
    setup = OutboxSetup(limit=1)
    setup.outbox.hold()
    await setup.send("1")
    with pytest.raises(OutboxFull):
        await setup.outbox.send({setup.a: "2", resource("3304/0/1"): "3"}, acknowledge=False)
    assert setup.dropped == []


async def test_limit_counts_interrupted_reports() -> None:
    setup = OutboxSetup(limit=1)
    first = await setup.send("1", acknowledge=True)
    await setup.send("2", acknowledge=True)
    setup.outbox.hold()
    assert setup.dropped == [first]


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, None])
def test_limit_must_be_positive_integer(limit: object) -> None:
    with pytest.raises(ParameterError, match="number of reports"):
        OutboxSetup(limit=limit)  # type: ignore[arg-type]


# --- reports are repeated --------------------------------------------------------------------


async def test_unacknowledged_report_is_sent_again_after_verify() -> None:
    setup = OutboxSetup()
    report = await setup.send("1", acknowledge=True)
    await elapse(OVERDUE - 1)
    assert (setup.verified, len(setup.module.lines)) == (0, 1)
    await elapse(4)
    assert (setup.verified, len(setup.module.lines)) == (1, 2)
    setup.outbox.acknowledged(2)  # of the first attempt, late
    assert report.acknowledged
    await elapse(10 * OVERDUE)
    assert len(setup.module.lines) == 2


async def test_report_fails_after_last_unacknowledged_attempt() -> None:
    setup = OutboxSetup()
    report = await setup.send("1", acknowledge=True)
    with pytest.raises(AcknowledgementTimeout, match="3 attempts"):
        await report.acknowledgement(None)
    assert report.state is FAILED
    assert setup.sent == ["1"] * ATTEMPTS


async def test_late_acknowledgement_cancels_repetition() -> None:
    setup = OutboxSetup()
    report = await setup.send("1", acknowledge=True)
    await elapse(OVERDUE + 0.5)
    setup.outbox.acknowledged(2)  # during the verification
    await elapse(OVERDUE)
    assert report.acknowledged
    assert setup.sent == ["1"]


@pytest.mark.parametrize("acknowledge", [False, True])
async def test_report_on_the_wire_while_another_falls_overdue_is_sent_once(
    acknowledge: bool,
) -> None:
    setup = OutboxSetup()
    first = await setup.send("1", acknowledge=True)
    await elapse(OVERDUE - 0.5)  # the next command ends after the other report is overdue
    second = await setup.send("2", acknowledge=acknowledge)
    await elapse(5)
    assert setup.sent == ["1", "2", "1"]
    assert second.state is ReportState.ACCEPTED
    for ackid in (*first.ackids, *second.ackids):
        setup.outbox.acknowledged(ackid)
    assert first.acknowledged
    assert second.acknowledged is acknowledge


async def test_report_kept_while_another_is_on_the_wire_is_sent_once() -> None:
    setup = OutboxSetup()
    await setup.send("1", acknowledge=True)
    second = asyncio.create_task(setup.send("2"))
    await elapse(0.5)
    setup.outbox.hold()  # a logout by the module; the command goes on
    await elapse(1)
    setup.outbox.release()
    await elapse(5)
    assert setup.sent == ["1", "2", "1"]
    assert (await second).state is ReportState.ACCEPTED
    setup.outbox.stop(StateError("over"))


async def test_failed_verify_holds_reports() -> None:
    setup = OutboxSetup()
    report = await setup.send("1", acknowledge=True)
    setup.known = False
    await elapse(OVERDUE + 60)
    assert setup.sent == ["1"]
    setup.outbox.release()
    await elapse(5)
    assert setup.sent == ["1", "1"]
    assert report.ackids == (3,)
    await setup.outbox.close(PortError("closed"))


async def test_overdue_report_fails_without_recovery() -> None:
    outbox = plain_outbox(ReportingModule())
    report = await outbox.send({resource(A): "1"}, acknowledge=True)
    with pytest.raises(AcknowledgementTimeout, match="1 attempt"):
        await report.acknowledgement(None)
    assert asyncio.get_running_loop().time() == pytest.approx(1 + OVERDUE)


# --- what ends the wait for an acknowledgement -----------------------------------------------


@pytest.mark.parametrize("within", [None, 93])
async def test_logout_ends_the_wait_for_an_acknowledgement(within: float | None) -> None:
    setup = OutboxSetup()
    report = await setup.send("1", acknowledge=True)
    waiting = asyncio.create_task(report.acknowledgement(within))
    await elapse(1)
    setup.outbox.stop(StateError("not reported: the device is DEREG_PENDING"))
    with pytest.raises(AcknowledgementTimeout, match=r"before the logout.*may or may not"):
        await waiting
    assert asyncio.get_running_loop().time() == 2
    await elapse(10 * OVERDUE)
    assert setup.sent == ["1"]


async def test_report_on_the_wire_at_the_logout_expects_no_acknowledgement() -> None:
    setup = OutboxSetup()
    sending = asyncio.create_task(setup.send("1", acknowledge=True))
    await elapse(0.5)
    setup.outbox.stop(StateError("not reported: the device is DEREG_PENDING"))
    with pytest.raises(AcknowledgementTimeout, match="may or may not"):
        await sending
    await elapse(10 * OVERDUE)
    assert setup.sent == ["1"]
    setup.outbox.release()
    assert (await setup.send("2", acknowledge=True)).state is ReportState.ACCEPTED
    setup.outbox.stop(StateError("over"))


async def test_reports_of_a_removed_resource_fail() -> None:
    setup, b, gone = OutboxSetup(), resource(B), NotFound("removed")
    unacknowledged = await setup.send("1", acknowledge=True)
    on_the_wire = asyncio.create_task(setup.outbox.send({setup.a: "2", b: "3"}, acknowledge=False))
    waiting = asyncio.create_task(setup.send("4"))
    other = asyncio.create_task(setup.outbox.send({b: "5"}, acknowledge=False))
    await elapse(0.5)
    await setup.outbox.remove(setup.a, gone)
    assert setup.sent == ["1", "2", "3"], "no line of it follows"
    assert isinstance(unacknowledged.error, AcknowledgementTimeout)
    for task in (on_the_wire, waiting):
        with pytest.raises(NotFound, match="removed"):
            await task
    await other
    await elapse(10 * OVERDUE)
    assert setup.sent == ["1", "2", "3", "5"]


# --- the module refuses a report -------------------------------------------------------------


async def test_refused_report_fails_if_verify_succeeds() -> None:
    setup = OutboxSetup(refuse('"1"'))
    with pytest.raises(CommandError):
        await setup.send("1")
    assert setup.verified == ATTEMPTS
    await setup.send("2")
    assert setup.sent == ["1"] * ATTEMPTS + ["2"]


async def test_never_accepted_resource_is_redeclared_once() -> None:
    setup = OutboxSetup(refuse('"1"'))
    setup.restores = True
    report = await setup.send("1")
    assert report.state is ReportState.QUEUED
    assert (setup.restored, setup.sent) == (1, ["1"] * ATTEMPTS)
    setup.outbox.hold()  # as when the registration ends
    setup.outbox.release()
    with pytest.raises(CommandError):
        await report.accepted()
    assert report.state is ReportState.FAILED
    assert (setup.restored, setup.sent) == (1, ["1"] * ATTEMPTS * 2)
    assert (await setup.send("2")).state is ReportState.ACCEPTED
    with pytest.raises(CommandError):
        await setup.send("1")  # the value is the reason
    assert setup.restored == 1
    setup.outbox.hold()
    setup.outbox.release()
    await setup.send("1")  # declared again since the last one was accepted
    assert setup.restored == 2


async def test_refusal_after_logout_keeps_report() -> None:
    setup = OutboxSetup(refuse('"1"'))
    setup.known = False
    report = await setup.send("1")
    assert report.state is QUEUED
    setup.module.fault = lambda _: None
    setup.outbox.release()
    await report.accepted()
    assert setup.sent == ["1", "1"]


@pytest.mark.parametrize("error", [CommandTimeout("AT", 5), CommandError("AT", "ERROR", None)])
@pytest.mark.parametrize("times", [ATTEMPTS - 1, ATTEMPTS])
async def test_report_lost_or_damaged_on_line_is_sent_again(times: int, error: M5310Error) -> None:
    left = [error] * times
    setup = OutboxSetup(lambda _: left.pop() if left else None)
    if times < ATTEMPTS:
        assert (await setup.send("1")).state is ACCEPTED
    else:
        with pytest.raises(type(error)):
            await setup.send("1")
    assert setup.sent == ["1"] * ATTEMPTS
    assert setup.verified == times


async def test_report_dropped_during_verify_fails_once() -> None:
    setup = OutboxSetup(refuse('"1"'))
    task = asyncio.create_task(setup.send("1"))
    await elapse(1.5)
    setup.outbox.fail(PortError("gone"))
    with pytest.raises(PortError, match="gone"):
        await task
    await elapse(5)
    assert setup.sent == ["1"]


# --- the end ---------------------------------------------------------------------------------


async def test_stop_fails_reports_that_have_not_started() -> None:
    setup = OutboxSetup()
    first = asyncio.create_task(setup.send("1"))
    second = asyncio.create_task(setup.send("2"))
    await elapse(0.5)
    setup.outbox.stop(StateError("not reported"))
    with pytest.raises(StateError, match="not reported"):
        await second
    assert (await first).state is ACCEPTED
    assert setup.sent == ["1"]


async def test_close_fails_all_reports_and_ends_task() -> None:
    setup = OutboxSetup()
    unacknowledged = await setup.send("1", acknowledge=True)
    task = asyncio.create_task(setup.send("2"))
    await elapse(0.5)
    await setup.outbox.close(PortError("closed"))
    for waiting in (unacknowledged.acknowledgement(), task):
        with pytest.raises(PortError, match="closed"):
            await waiting
    await elapse(10 * OVERDUE)
    assert setup.sent == ["1"]


@pytest.mark.parametrize("faults", [1, 3])
async def test_report_fails_after_second_unsupported_ack(
    faults: int,
) -> None:
    left = [faults]

    def fault(line: str) -> M5310Error | None:
        if line.startswith("AT") or not left[0]:
            return None
        left[0] -= 1
        return AcknowledgementRefused(line, "ERROR", None, "V1.1 acknowledges no reports")

    setup = OutboxSetup(fault)
    if faults == 1:
        await setup.send("1", acknowledge=True)
    else:
        with pytest.raises(AcknowledgementRefused, match="acknowledges no reports"):
            await setup.send("1", acknowledge=True)
    assert sum(line.startswith("3303,0,5700") for line in setup.module.lines) == 2
    assert setup.verified == 1
    await setup.outbox.close(PortError("over"))
