"""Reports: sent whole, never mixed, acknowledged or honestly not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from m5310.at import Answer, Command
from m5310.device import reports
from m5310.device.reports import Reports
from m5310.errors import (
    AcknowledgementTimeout,
    CommandError,
    CommandTimeout,
    M5310Error,
    ModemReset,
    ParameterError,
    PortError,
)
from m5310.lwm2m import Access, Resource
from m5310.values import ValueType
from tests.clock import elapse


class Wire:
    """Takes command lines one at a time, each in a second; `fault` may raise for one."""

    def __init__(self, fault: Callable[[str], M5310Error | None] = lambda _: None) -> None:
        self.lines: list[str] = []
        self.fault = fault

    async def __call__(self, command: Command) -> Answer:
        await elapse(1)
        self.lines.append(command.line.removeprefix("AT+MIPLNOTIFY=0,"))
        if error := self.fault(self.lines[-1]):
            raise error
        return Answer(command)


def resource(path: str, kind: ValueType = ValueType.STRING, value: object = "") -> Resource:
    return Resource(path, kind, value, Access.READABLE)  # type: ignore[arg-type]


A, B, C = "3303/0/5700", "3303/0/5701", "3303/0/5702"


def refuse(part: str) -> Callable[[str], M5310Error | None]:
    def fault(line: str) -> M5310Error | None:
        return CommandError(line, "ERROR", None) if part in line else None

    return fault


async def test_one_value_is_one_line_and_becomes_the_resources() -> None:
    wire, a = Wire(), resource(A)
    report = await Reports(wire).send({a: "x"}, acknowledge=False)
    assert wire.lines == ['3303,0,5700,1,"x",1']
    assert report.resources == (a,)
    assert report.ackids == ()
    assert not report.acknowledged
    assert a.value == "x"
    with pytest.raises(ParameterError, match="without asking"):
        await report.acknowledgement()


async def test_a_group_ends_with_its_last_line() -> None:
    wire = Wire()
    values = {resource(A): "x", resource(B): "y", resource(C): "z"}
    await Reports(wire).send(values, acknowledge=True)
    assert wire.lines == [
        '3303,0,5700,1,"x",0',
        '3303,0,5701,1,"y",0',
        '3303,0,5702,1,"z",1,2',
    ]


async def test_each_object_instance_is_a_report_of_its_own() -> None:
    wire = Wire()
    values = {resource(A): "x", resource("3303/1/5700"): "y", resource(B): "z"}
    report = await Reports(wire).send(values, acknowledge=True)
    assert wire.lines == [
        '3303,0,5700,1,"x",0',
        '3303,0,5701,1,"z",1,2',
        '3303,1,5700,1,"y",1,3',
    ]
    assert report.ackids == (2, 3)


async def test_the_lines_of_two_groups_never_mix() -> None:
    wire = Wire()
    sender = Reports(wire)
    await asyncio.gather(
        sender.send({resource(A): "1", resource(B): "2"}, acknowledge=False),
        sender.send({resource(A): "3", resource(B): "4"}, acknowledge=False),
    )
    assert [line.split('"')[1] for line in wire.lines] == ["1", "2", "3", "4"]


async def test_a_group_is_finished_though_its_caller_is_cancelled() -> None:
    wire = Wire()
    task = asyncio.create_task(
        Reports(wire).send({resource(A): "1", resource(B): "2"}, acknowledge=False)
    )
    await elapse(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [line[-1] for line in wire.lines] == ["0", "1"]


async def test_cancelled_before_its_turn_a_group_is_never_sent() -> None:
    wire = Wire()
    sender = Reports(wire)
    first = asyncio.create_task(sender.send({resource(A): "1"}, acknowledge=False))
    second = asyncio.create_task(sender.send({resource(A): "2"}, acknowledge=False))
    await elapse(0.5)
    second.cancel()
    await asyncio.wait({first, second})
    assert len(wire.lines) == 1


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "nothing"),
        ({resource(A): "ok", resource(B): 'no"'}, "3303/0/5701"),
        ({resource(A): "x" * 600, resource(B): "y" * 401}, "1001 bytes"),
    ],
)
async def test_what_cannot_be_sent_is_refused_before_a_byte(
    values: dict[Resource, str], says: str
) -> None:
    wire = Wire()
    with pytest.raises(ParameterError, match=says):
        await Reports(wire).send(values, acknowledge=False)  # type: ignore[arg-type]
    assert wire.lines == []


async def test_a_thousand_bytes_fit_and_instances_count_apart() -> None:
    wire = Wire()
    values = {
        resource(A): "x" * 600,
        resource(B): "é" * 200,
        resource("3303/1/1"): "z" * 1000,
    }
    await Reports(wire).send(values, acknowledge=False)  # type: ignore[arg-type]
    assert len(wire.lines) == 3


async def test_a_refused_first_line_leaves_nothing_behind() -> None:
    wire, a = Wire(refuse("5700")), resource(A, value="old")
    with pytest.raises(CommandError):
        await Reports(wire).send({a: "x", resource(B): "y"}, acknowledge=False)
    assert len(wire.lines) == 1
    assert a.value == "old"


async def test_a_group_refused_half_way_is_closed_so_that_it_joins_no_other() -> None:
    wire, a, b = Wire(refuse("5701")), resource(A, value="old"), resource(B, value="old")
    with pytest.raises(CommandError, match="5701"):
        await Reports(wire).send({a: "x", b: "y", resource(C): "z"}, acknowledge=True)
    assert wire.lines == ['3303,0,5700,1,"x",0', '3303,0,5701,1,"y",0', '3303,0,5700,1,"x",1']
    assert (a.value, b.value) == ("x", "old")


async def test_a_group_that_cannot_even_be_closed_is_said_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wire = Wire(lambda line: refuse("")(line) if len(wire.lines) > 1 else None)
    with pytest.raises(CommandError, match="5701"):
        await Reports(wire).send({resource(A): "x", resource(B): "y"}, acknowledge=False)
    assert "half a report" in caplog.text


async def test_a_failed_report_awaits_no_acknowledgement(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    wire = Wire(lambda line: CommandTimeout(line, 5))
    sender = Reports(wire)
    with pytest.raises(CommandTimeout):
        await sender.send({resource(A): "x"}, acknowledge=True)
    sender.acknowledged(2)
    assert "which nobody awaits" in caplog.text


async def test_acknowledged_before_the_line_has_its_result() -> None:
    sender = Reports(Wire(lambda _: sender.acknowledged(2)))  # type: ignore[func-returns-value]
    report = await sender.send({resource(A): "x"}, acknowledge=True)
    assert report.acknowledged
    await report.acknowledgement(0)


async def test_the_platforms_word_is_awaited_and_a_late_one_counts() -> None:
    sender = Reports(Wire())
    report = await sender.send({resource(A): "x", resource("1/0/1"): "y"}, acknowledge=True)
    sender.acknowledged(3)
    with pytest.raises(AcknowledgementTimeout, match="within 10 s"):
        await report.acknowledgement(10)
    assert not report.acknowledged
    sender.acknowledged(2)
    await report.acknowledgement(10)
    assert report.acknowledged


async def test_no_ackid_is_used_twice() -> None:
    sender = Reports(Wire(lambda line: CommandTimeout(line, 5) if "fail" in line else None))
    ackids = []
    for text in ("a", "fail", "b"):
        try:
            ackids += (await sender.send({resource(A): text}, acknowledge=True)).ackids
        except CommandTimeout:
            continue
    assert ackids == [2, 4]


async def test_a_lost_port_releases_who_waits() -> None:
    sender = Reports(Wire())
    report = await sender.send({resource(A): "x"}, acknowledge=True)
    waiting = asyncio.create_task(report.acknowledgement())
    await asyncio.sleep(0)
    sender.fail(PortError("gone"))
    with pytest.raises(PortError, match="gone"):
        await waiting
    assert not report.acknowledged


async def test_missing_acknowledgements_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "AWAITED_LIMIT", 2)
    sender = Reports(Wire())
    first, *_ = [await sender.send({resource(A): "x"}, acknowledge=True) for _ in range(3)]
    assert len(sender._awaited) == 2
    with pytest.raises(AcknowledgementTimeout, match="given up"):
        await first.acknowledgement(10)


def mute(part: str, *, sent: bool = True) -> Callable[[str], M5310Error | None]:
    def fault(line: str) -> M5310Error | None:
        return CommandTimeout(line, 5, sent=sent) if part in line else None

    return fault


async def test_a_report_whose_first_result_got_lost_is_closed() -> None:
    wire = Wire(mute('"1",0'))
    with pytest.raises(CommandTimeout):
        await Reports(wire).send({resource(A): "1", resource(B): "2"}, acknowledge=False)
    assert wire.lines == ['3303,0,5700,1,"1",0', '3303,0,5700,1,"1",1']  # the module may have it


async def test_a_report_whose_last_result_got_lost_is_closed_by_what_was_taken() -> None:
    wire = Wire(mute('"2"'))
    with pytest.raises(CommandTimeout):
        await Reports(wire).send({resource(A): "1", resource(B): "2"}, acknowledge=False)
    assert [line[-3:] for line in wire.lines] == ['1",0'[-3:], '2",1'[-3:], '1",1'[-3:]]


async def test_what_was_never_written_needs_no_closing() -> None:
    wire = Wire(mute('"1"', sent=False))
    with pytest.raises(CommandTimeout):
        await Reports(wire).send({resource(A): "1", resource(B): "2"}, acknowledge=False)
    assert len(wire.lines) == 1


async def test_after_a_restart_nothing_of_before_is_sent_any_more() -> None:
    a, b, c = resource(A), resource(B), resource(C)
    wire = Wire()
    sending = Reports(wire)
    begun = asyncio.create_task(sending.send({a: "1", b: "2"}, acknowledge=True))
    waiting = asyncio.create_task(sending.send({c: "3"}, acknowledge=False))
    await elapse(0.5)
    sending.fail(ModemReset("anew"))
    await sending.send({c: "4"}, acknowledge=False)
    assert wire.lines == ['3303,0,5700,1,"1",0', '3303,0,5702,1,"4",1']
    for task in (begun, waiting):
        with pytest.raises(ModemReset):
            await task
    assert (b.value, c.value) == ("", "4")
