"""Reports: sent whole and in order, never mixed, kept, acknowledged or honestly not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from m5310.at.codec import Answer, Command
from m5310.device import outbox as room
from m5310.device.acknowledgements import OVERDUE
from m5310.device.events import ReportDropped, UpkeepEvent
from m5310.device.observations import AGAIN
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


class Wire(Queries):
    """Takes command lines one at a time, each in a second; `fault` may raise for one."""

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


def sending(wire: Wire) -> Outbox:
    """One that keeps and repeats nothing."""

    async def verify() -> bool:
        raise AssertionError("nobody is to be asked")

    return Outbox(wire, CLASSIC, verify, lambda: False, lambda _: None, recover=False)


class Bench:
    """One that keeps and repeats; the platform knows the device if `known`, and is asked in 1 s."""

    def __init__(
        self,
        fault: Callable[[str], M5310Error | None] = lambda _: None,
        *,
        limit: int = 1000,
        when_full: WhenFull = WhenFull.DROP_OLDEST,
    ) -> None:
        self.wire = Wire(fault)
        self.known = True
        self.asked = 0
        self.mends = False
        self.redeclared = 0
        self.dropped: list[Report] = []
        self.it = Outbox(
            self.wire,
            CLASSIC,
            self._verify,
            self._redeclare,
            self._emit,
            limit=limit,
            when_full=when_full,
        )
        self.a = resource(A)

    def _emit(self, event: UpkeepEvent) -> None:
        assert isinstance(event, ReportDropped)
        self.dropped.append(event.report)

    def _redeclare(self) -> bool:
        self.redeclared += 1
        return self.mends

    async def _verify(self) -> bool:
        self.asked += 1
        await elapse(1)
        return self.known

    async def send(self, text: str, *, acknowledge: bool = False) -> Report:
        return await self.it.send({self.a: text}, acknowledge=acknowledge)

    @property
    def said(self) -> list[str]:
        """The values, in the order they went out."""
        return [line.split('"')[1] for line in self.wire.lines]


A, B, C = "3303/0/5700", "3303/0/5701", "3303/0/5702"


def refuse(part: str) -> Callable[[str], M5310Error | None]:
    def fault(line: str) -> M5310Error | None:
        return CommandError(line, "ERROR", None) if part in line else None

    return fault


async def test_one_value_is_one_line_and_is_stored() -> None:
    wire, a = Wire(), resource(A)
    report = await sending(wire).send({a: "x"}, acknowledge=False)
    assert wire.lines == ['3303,0,5700,1,"x",1']
    assert report.resources == (a,)
    assert report.ackids == ()
    assert not report.acknowledged
    assert a.value == "x"
    with pytest.raises(ParameterError, match="without asking"):
        await report.acknowledgement()


async def test_last_line_ends_the_report() -> None:
    wire = Wire()
    values = {resource(A): "x", resource(B): "y", resource(C): "z"}
    await sending(wire).send(values, acknowledge=True)
    assert wire.lines == [
        '3303,0,5700,1,"x",0',
        '3303,0,5701,1,"y",0',
        '3303,0,5702,1,"z",1,2',
    ]


async def test_one_report_for_each_object_instance() -> None:
    wire = Wire()
    values = {resource(A): "x", resource("3303/1/5700"): "y", resource(B): "z"}
    report = await sending(wire).send(values, acknowledge=True)
    assert wire.lines == [
        '3303,0,5700,1,"x",0',
        '3303,0,5701,1,"z",1,2',
        '3303,1,5700,1,"y",1,3',
    ]
    assert report.ackids == (2, 3)


async def test_lines_of_two_reports_do_not_mix() -> None:
    wire = Wire()
    sender = sending(wire)
    await asyncio.gather(
        sender.send({resource(A): "1", resource(B): "2"}, acknowledge=False),
        sender.send({resource(A): "3", resource(B): "4"}, acknowledge=False),
    )
    assert [line.split('"')[1] for line in wire.lines] == ["1", "2", "3", "4"]


async def test_report_is_finished_although_caller_is_cancelled() -> None:
    wire = Wire()
    task = asyncio.create_task(
        sending(wire).send({resource(A): "1", resource(B): "2"}, acknowledge=False)
    )
    await elapse(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await elapse(5)
    assert [line[-1] for line in wire.lines] == ["0", "1"]


async def test_report_cancelled_before_first_line_is_not_sent() -> None:
    wire = Wire()
    sender = sending(wire)
    first = asyncio.create_task(sender.send({resource(A): "1"}, acknowledge=False))
    second = asyncio.create_task(sender.send({resource(A): "2"}, acknowledge=False))
    await elapse(0.5)
    second.cancel()
    await asyncio.wait({first, second})
    await elapse(5)
    assert len(wire.lines) == 1


async def test_refused_first_line_needs_no_closing_line() -> None:
    wire, a = Wire(refuse("5700")), resource(A, value="old")
    with pytest.raises(CommandError):
        await sending(wire).send({a: "x", resource(B): "y"}, acknowledge=False)
    assert len(wire.lines) == 1
    assert a.value == "old"


async def test_report_refused_half_way_is_closed() -> None:
    wire, a, b = Wire(refuse("5701")), resource(A, value="old"), resource(B, value="old")
    with pytest.raises(CommandError, match="5701"):
        await sending(wire).send({a: "x", b: "y", resource(C): "z"}, acknowledge=True)
    assert wire.lines == ['3303,0,5700,1,"x",0', '3303,0,5701,1,"y",0', '3303,0,5700,1,"x",1']
    assert (a.value, b.value) == ("x", "old")


async def test_report_that_cannot_be_closed_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wire = Wire(lambda line: refuse("")(line) if len(wire.lines) > 1 else None)
    with pytest.raises(CommandError, match="5701"):
        await sending(wire).send({resource(A): "x", resource(B): "y"}, acknowledge=False)
    assert "half a report" in caplog.text


async def test_failed_report_awaits_no_acknowledgement(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    wire = Wire(lambda line: CommandTimeout(line, 5))
    sender = sending(wire)
    with pytest.raises(CommandTimeout):
        await sender.send({resource(A): "x"}, acknowledge=True)
    sender.acknowledged(2)
    assert "which nobody awaits" in caplog.text


async def test_acknowledgement_before_ok() -> None:
    sender = sending(Wire(lambda _: sender.acknowledged(2)))  # type: ignore[func-returns-value]
    report = await sender.send({resource(A): "x"}, acknowledge=True)
    assert report.acknowledged
    await report.acknowledgement(0)


async def test_late_acknowledgement_counts() -> None:
    sender = sending(Wire())
    report = await sender.send({resource(A): "x", resource("1/0/1"): "y"}, acknowledge=True)
    sender.acknowledged(3)
    with pytest.raises(AcknowledgementTimeout, match="within 10 s"):
        await report.acknowledgement(10)
    assert not report.acknowledged
    sender.acknowledged(2)
    await report.acknowledgement(10)
    assert report.acknowledged


async def test_ackids_are_unique() -> None:
    sender = sending(Wire(lambda line: CommandTimeout(line, 5) if "fail" in line else None))
    ackids = []
    for text in ("a", "fail", "b"):
        try:
            ackids += (await sender.send({resource(A): text}, acknowledge=True)).ackids
        except CommandTimeout:
            continue
    assert ackids == [2, 4]


async def test_lost_port_fails_waiting_reports() -> None:
    sender = sending(Wire())
    report = await sender.send({resource(A): "x"}, acknowledge=True)
    waiting = asyncio.create_task(report.acknowledgement())
    await asyncio.sleep(0)
    sender.fail(PortError("gone"))
    with pytest.raises(PortError, match="gone"):
        await waiting
    assert not report.acknowledged


async def test_window_of_missing_acknowledgements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "WINDOW", 2)
    sender = sending(Wire())
    for _ in range(2):
        await sender.send({resource(A): "x"}, acknowledge=True)
    third = asyncio.create_task(sender.send({resource(A): "x"}, acknowledge=True))
    await elapse(10)
    assert not third.done()
    sender.acknowledged(3)
    await elapse(2)
    assert third.result().state is ReportState.ACCEPTED


def mute(part: str, *, sent: bool = True) -> Callable[[str], M5310Error | None]:
    def fault(line: str) -> M5310Error | None:
        return CommandTimeout(line, 5, sent=sent) if part in line else None

    return fault


async def test_report_with_lost_first_result_is_closed() -> None:
    wire = Wire(mute('"1",0'))
    with pytest.raises(CommandTimeout):
        await sending(wire).send({resource(A): "1", resource(B): "2"}, acknowledge=False)
    assert wire.lines == ['3303,0,5700,1,"1",0', '3303,0,5700,1,"1",1']  # the module may have it


async def test_report_with_lost_last_result_is_closed() -> None:
    wire = Wire(mute('"2"'))
    with pytest.raises(CommandTimeout):
        await sending(wire).send({resource(A): "1", resource(B): "2"}, acknowledge=False)
    assert [line[-3:] for line in wire.lines] == ['1",0'[-3:], '2",1'[-3:], '1",1'[-3:]]


async def test_unsent_report_needs_no_closing_line() -> None:
    wire = Wire(mute('"1"', sent=False))
    with pytest.raises(CommandTimeout):
        await sending(wire).send({resource(A): "1", resource(B): "2"}, acknowledge=False)
    assert len(wire.lines) == 1


async def test_failed_reports_are_not_sent_after_restart() -> None:
    a, b, c = resource(A), resource(B), resource(C)
    wire = Wire()
    sender = sending(wire)
    begun = asyncio.create_task(sender.send({a: "1", b: "2"}, acknowledge=True))
    waiting = asyncio.create_task(sender.send({c: "3"}, acknowledge=False))
    await elapse(0.5)
    sender.fail(ModemReset("restarted"))
    await sender.send({c: "4"}, acknowledge=False)
    assert wire.lines == ['3303,0,5700,1,"1",0', '3303,0,5702,1,"4",1']
    for task in (begun, waiting):
        with pytest.raises(ModemReset):
            await task
    assert (b.value, c.value) == ("", "4")


# --- kept ----------------------------------------------------------------------------------------

QUEUED, ACCEPTED, FAILED = ReportState.QUEUED, ReportState.ACCEPTED, ReportState.FAILED


async def test_reports_made_during_recovery_are_sent_in_order() -> None:
    bench = Bench()
    bench.it.hold()
    kept = [await bench.send(text) for text in "123"]
    await elapse(3600)
    assert bench.wire.lines == []
    assert {report.state for report in kept} == {QUEUED}
    assert len(bench.it) == 3
    bench.it.release()
    await kept[-1].accepted()
    assert bench.said == ["1", "2", "3"]
    assert {report.state for report in kept} == {ACCEPTED}
    assert len(bench.it) == 0


async def test_report_interrupted_by_loss_is_sent_again() -> None:
    bench = Bench()

    def vanish(line: str) -> M5310Error | None:
        if len(bench.wire.lines) > 1:
            return None
        bench.it.hold()
        return PortError("gone")

    bench.wire.fault = vanish
    first = asyncio.create_task(bench.send("1"))
    second = asyncio.create_task(bench.send("2"))
    await elapse(2)
    assert first.result().state is second.result().state is QUEUED
    bench.it.release()
    await second.result().accepted()
    assert bench.said == ["1", "1", "2"]


async def test_report_cut_in_two_is_sent_again_whole() -> None:
    bench = Bench()
    task = asyncio.create_task(bench.it.send({bench.a: "1", resource(B): "2"}, acknowledge=False))
    await elapse(0.5)
    bench.it.hold()
    report = await task
    await elapse(5)
    assert bench.said == ["1"]
    bench.it.release()
    await report.accepted()
    assert bench.said == ["1", "1", "2"]


async def test_unacknowledged_report_is_sent_first_with_new_ackid() -> None:
    bench = Bench()
    reports = [await bench.send(text, acknowledge=True) for text in "123"]
    bench.it.acknowledged(3)
    bench.it.hold()
    reports.append(await bench.send("4", acknowledge=True))
    bench.it.acknowledged(2)  # of a session that is over
    assert reports[0].state is ACCEPTED
    bench.it.release()
    await reports[-1].accepted()
    assert bench.said == ["1", "2", "3", "1", "3", "4"]
    assert [report.ackids for report in reports] == [(5,), (3,), (6,), (7,)]
    for ackid in (5, 6, 7):
        bench.it.acknowledged(ackid)
    assert all(report.acknowledged for report in reports)
    await bench.it.close(PortError("closed"))
    assert len(bench.wire.lines) == 6


async def test_ok_together_with_restart_does_not_count() -> None:
    bench = Bench()
    task = asyncio.create_task(bench.send("1", acknowledge=True))
    await elapse(0.5)
    bench.it.hold()
    bench.it.release()
    await elapse(5)
    assert task.result().ackids == (3,)
    assert bench.said == ["1", "1"]
    await bench.it.close(PortError("closed"))


async def test_report_without_acknowledgement_is_not_sent_again() -> None:
    bench = Bench()
    task = asyncio.create_task(bench.send("1"))
    await elapse(0.5)
    bench.it.hold()
    bench.it.release()
    await elapse(5)
    assert task.result().state is ACCEPTED
    assert bench.said == ["1"]


# --- observed again ------------------------------------------------------------------------------


async def test_reports_wait_until_platform_observes_again() -> None:
    bench = Bench()
    bench.it.observed((3303, 0, -1), added=True)
    bench.it.observed((3304, 0, -1), added=True)
    bench.it.observed((3304, 0, -1), added=False)
    bench.it.hold()
    report = await bench.send("1")
    bench.it.release()
    asyncio.get_running_loop().call_later(4, lambda: bench.it.observed((3303, 0, -1), added=True))
    await report.accepted()
    assert asyncio.get_running_loop().time() == pytest.approx(5)


async def test_wait_for_observe_ends() -> None:
    bench = Bench()
    bench.it.observed((3303, 0, -1), added=True)
    bench.it.hold()
    report = await bench.send("1")
    bench.it.release()
    await report.accepted()
    begun = asyncio.get_running_loop().time()
    assert begun == pytest.approx(AGAIN + 1)
    await bench.send("2")  # once is enough
    assert asyncio.get_running_loop().time() == begun + 1


async def test_loss_before_platform_observes_again() -> None:
    bench = Bench()
    bench.it.observed((3303, 0, -1), added=True)
    bench.it.hold()
    report = await bench.send("1")
    bench.it.release()
    await elapse(3)
    bench.it.hold()
    await elapse(60)
    assert bench.wire.lines == []
    bench.it.release()
    bench.it.observed((3303, 0, -1), added=True)
    await report.accepted()
    assert asyncio.get_running_loop().time() == pytest.approx(64)


# --- bounded -------------------------------------------------------------------------------------


async def test_full_outbox_drops_oldest_report() -> None:
    bench = Bench(limit=2)
    bench.it.hold()
    oldest, *kept = [await bench.send(text) for text in "123"]
    assert bench.dropped == [oldest]
    assert oldest.state is FAILED
    with pytest.raises(OutboxFull, match="waiting after it: 2"):
        await oldest.accepted()
    bench.it.release()
    await kept[-1].accepted()
    assert bench.said == ["2", "3"]


async def test_full_outbox_refuses_report() -> None:
    bench = Bench(limit=2, when_full=WhenFull.REFUSE)
    bench.it.hold()
    kept = [await bench.send(text) for text in "12"]
    with pytest.raises(OutboxFull, match="waiting already: 2"):
        await bench.send("3")
    bench.it.release()
    await kept[-1].accepted()
    assert bench.dropped == []
    assert bench.said == ["1", "2"]


async def test_report_larger_than_limit_drops_nothing() -> None:
    bench = Bench(limit=1)
    bench.it.hold()
    await bench.send("1")
    with pytest.raises(OutboxFull):
        await bench.it.send({bench.a: "2", resource("3304/0/1"): "3"}, acknowledge=False)
    assert len(bench.it) == 1
    assert bench.dropped == []


async def test_limit_counts_interrupted_reports() -> None:
    bench = Bench(limit=1)
    first = await bench.send("1", acknowledge=True)
    await bench.send("2", acknowledge=True)
    bench.it.hold()
    assert bench.dropped == [first]
    assert len(bench.it) == 1


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, None])
def test_limit_must_be_positive_integer(limit: object) -> None:
    with pytest.raises(ParameterError, match="number of reports"):
        Bench(limit=limit)  # type: ignore[arg-type]


# --- repeated ------------------------------------------------------------------------------------


async def test_unacknowledged_report_is_sent_again_after_verify() -> None:
    bench = Bench()
    report = await bench.send("1", acknowledge=True)
    await elapse(OVERDUE - 1)
    assert (bench.asked, len(bench.wire.lines)) == (0, 1)
    await elapse(4)
    assert (bench.asked, len(bench.wire.lines)) == (1, 2)
    bench.it.acknowledged(2)  # the first one's, late: it is the same report
    assert report.acknowledged
    await elapse(10 * OVERDUE)
    assert len(bench.wire.lines) == 2


async def test_report_fails_after_last_unacknowledged_attempt() -> None:
    bench = Bench()
    report = await bench.send("1", acknowledge=True)
    with pytest.raises(AcknowledgementTimeout, match="3 attempts"):
        await report.acknowledgement(None)
    assert report.state is FAILED
    assert bench.said == ["1"] * ATTEMPTS
    assert len(bench.it) == 0


async def test_late_acknowledgement_cancels_repetition() -> None:
    bench = Bench()
    report = await bench.send("1", acknowledge=True)
    await elapse(OVERDUE + 0.5)
    bench.it.acknowledged(2)  # while the platform is being asked
    await elapse(OVERDUE)
    assert report.acknowledged
    assert bench.said == ["1"]


async def test_failed_verify_holds_reports() -> None:
    bench = Bench()
    report = await bench.send("1", acknowledge=True)
    bench.known = False
    await elapse(OVERDUE + 60)
    assert bench.said == ["1"]
    bench.it.release()
    await elapse(5)
    assert bench.said == ["1", "1"]
    assert report.ackids == (3,)
    await bench.it.close(PortError("closed"))


async def test_overdue_report_fails_without_recovery() -> None:
    sender = sending(Wire())
    report = await sender.send({resource(A): "1"}, acknowledge=True)
    with pytest.raises(AcknowledgementTimeout, match="1 attempt"):
        await report.acknowledgement(None)
    assert asyncio.get_running_loop().time() == pytest.approx(1 + OVERDUE)


# --- what the module refuses ---------------------------------------------------------------------


async def test_refused_report_fails_if_verify_succeeds() -> None:
    bench = Bench(refuse('"1"'))
    with pytest.raises(CommandError):
        await bench.send("1")
    assert bench.asked == ATTEMPTS
    await bench.send("2")
    assert bench.said == ["1"] * ATTEMPTS + ["2"]


async def test_never_accepted_resource_is_redeclared_once() -> None:
    bench = Bench(refuse('"1"'))
    bench.mends = True
    report = await bench.send("1")
    assert report.state is ReportState.QUEUED
    assert (bench.redeclared, bench.said) == (1, ["1"] * ATTEMPTS)
    bench.it.hold()  # as the registration ends
    bench.it.release()
    with pytest.raises(CommandError):
        await report.accepted()
    assert report.state is ReportState.FAILED
    assert (bench.redeclared, bench.said) == (1, ["1"] * ATTEMPTS * 2)
    assert (await bench.send("2")).state is ReportState.ACCEPTED
    with pytest.raises(CommandError):
        await bench.send("1")  # it is the value
    assert bench.redeclared == 1
    bench.it.hold()
    bench.it.release()
    await bench.send("1")  # told anew since it took the last one
    assert bench.redeclared == 2


async def test_refusal_after_logout_keeps_report() -> None:
    bench = Bench(refuse('"1"'))
    bench.known = False
    report = await bench.send("1")
    assert report.state is QUEUED
    bench.wire.fault = lambda _: None
    bench.it.release()
    await report.accepted()
    assert bench.said == ["1", "1"]


@pytest.mark.parametrize("error", [CommandTimeout("AT", 5), CommandError("AT", "ERROR", None)])
@pytest.mark.parametrize("times", [ATTEMPTS - 1, ATTEMPTS])
async def test_report_lost_or_damaged_on_line_is_sent_again(times: int, error: M5310Error) -> None:
    left = [error] * times
    bench = Bench(lambda _: left.pop() if left else None)
    if times < ATTEMPTS:
        assert (await bench.send("1")).state is ACCEPTED
    else:
        with pytest.raises(type(error)):
            await bench.send("1")
    assert bench.said == ["1"] * ATTEMPTS
    assert bench.asked == times


async def test_report_dropped_during_verify_fails_once() -> None:
    bench = Bench(refuse('"1"'))
    task = asyncio.create_task(bench.send("1"))
    await elapse(1.5)
    bench.it.fail(PortError("gone"))
    with pytest.raises(PortError, match="gone"):
        await task
    await elapse(5)
    assert bench.said == ["1"]


# --- the end -------------------------------------------------------------------------------------


async def test_stop_fails_reports_that_have_not_started() -> None:
    bench = Bench()
    first = asyncio.create_task(bench.send("1"))
    second = asyncio.create_task(bench.send("2"))
    await elapse(0.5)
    bench.it.stop(StateError("not reported"))
    with pytest.raises(StateError, match="not reported"):
        await second
    assert (await first).state is ACCEPTED
    assert bench.said == ["1"]


async def test_close_fails_all_reports_and_ends_task() -> None:
    bench = Bench()
    unacknowledged = await bench.send("1", acknowledge=True)
    task = asyncio.create_task(bench.send("2"))
    await elapse(0.5)
    await bench.it.close(PortError("closed"))
    for waiting in (unacknowledged.acknowledgement(), task):
        with pytest.raises(PortError, match="closed"):
            await waiting
    await elapse(10 * OVERDUE)
    assert bench.said == ["1"]


async def test_close_of_unused_outbox() -> None:
    bench = Bench()
    await bench.it.close(PortError("gone"))
    assert len(bench.it) == 0


@pytest.mark.parametrize("lies", [1, 3])
async def test_report_fails_after_second_unsupported_ack(
    lies: int,
) -> None:
    left = [lies]

    def fault(line: str) -> M5310Error | None:
        if line.startswith("AT") or not left[0]:
            return None
        left[0] -= 1
        return AcknowledgementRefused(line, "ERROR", None, "V1.1 acknowledges no reports")

    bench = Bench(fault)
    if lies == 1:
        await bench.send("1", acknowledge=True)
    else:
        with pytest.raises(AcknowledgementRefused, match="acknowledges no reports"):
            await bench.send("1", acknowledge=True)
    assert sum(line.startswith("3303,0,5700") for line in bench.wire.lines) == 2
    assert bench.asked == 1
    await bench.it.close(PortError("over"))
