"""Reports: grouping by instance, payload limits, states and waiting."""

from __future__ import annotations

import asyncio

import pytest

from m5310.device.reports import ACKNOWLEDGED, Report, ReportState, check_payload, grouped
from m5310.dialects.dialect import WireValue
from m5310.errors import AcknowledgementTimeout, ParameterError, PortError
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import PAYLOAD_LIMIT, ValueType

S = ReportState
A, B = "3303/0/5700", "3303/0/5701"


def resource(path: str, kind: ValueType = ValueType.STRING, value: object = "") -> Resource:
    return Resource(path, kind, value, Access.READABLE)  # type: ignore[arg-type]


# --- values ----------------------------------------------------------------------------------


def test_grouped_by_object_instance_in_order() -> None:
    a, b, other = resource(A), resource(B, ValueType.FLOAT, 0), resource("3303/1/5700")
    groups = grouped({a: "x", other: "y", b: 1})
    assert [
        [(line.resource, line.value, line.wire.text) for line in group] for group in groups
    ] == [
        [(a, "x", "x"), (b, 1, "1.0")],
        [(other, "y", "y")],
    ]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "empty"),
        ({resource(A): "ok", resource(B): 'no"'}, "3303/0/5701"),
        ({resource(A): "x" * 600, resource(B): "y" * 401}, "1001 bytes"),
    ],
)
def test_grouped_refuses_values_that_cannot_be_sent(values: dict[Resource, str], text: str) -> None:
    with pytest.raises(ParameterError, match=text):
        grouped(values)  # type: ignore[arg-type]


def test_payload_limit_for_each_instance() -> None:
    values = {resource(A): "x" * 600, resource(B): "é" * 200, resource("3303/1/1"): "z" * 1000}
    assert [len(group) for group in grouped(values)] == [2, 1]  # type: ignore[arg-type]


def test_payload_error_names_the_instance() -> None:
    full = WireValue(Path.parse(A), ValueType.STRING, "x" * PAYLOAD_LIMIT)
    check_payload("the answer", [full])
    check_payload("the answer", [full._replace(type=ValueType.OPAQUE, text="5A" * PAYLOAD_LIMIT)])
    with pytest.raises(ParameterError, match="the answer takes 1001 bytes, at most 1000"):
        check_payload("the answer", [full, full._replace(text="y")])


# --- states ----------------------------------------------------------------------------------


async def test_report_without_acknowledgement_ends_accepted() -> None:
    report = Report((), 2, acknowledge=False)
    waiting = asyncio.create_task(report.accepted())
    assert report.state is S.QUEUED
    report.portion_accepted(0)
    await asyncio.sleep(0)
    assert (report.state, waiting.done()) == (S.QUEUED, False)
    report.portion_accepted(1)
    await waiting
    assert report.state is S.ACCEPTED
    assert report.ackids == ()
    assert not report.acknowledged
    with pytest.raises(ParameterError, match="without asking"):
        await report.acknowledgement()


async def test_repr_of_report() -> None:
    report = Report((resource(A), resource(B)), 1, acknowledge=True)
    assert repr(report) == "<Report 3303/0/5700, 3303/0/5701 QUEUED>"
    report.portion_acknowledged(0)
    assert repr(report) == "<Report 3303/0/5700, 3303/0/5701 ACKNOWLEDGED>"


async def test_report_is_acknowledged_with_all_portions() -> None:
    report = Report((), 2, acknowledge=True)
    report.portion_sent(1, 7)
    report.portion_sent(0, 5)
    assert report.ackids == (5, 7)
    report.portion_accepted(0)
    report.portion_accepted(1)
    report.portion_acknowledged(1)
    assert report.state is S.ACCEPTED
    report.portion_sent(0, 9)  # sent again
    assert report.ackids == (9, 7)
    report.portion_acknowledged(0)
    assert report.state is S.ACKNOWLEDGED
    assert report.acknowledged
    await report.acknowledgement(0)
    report.fail(PortError("gone"))
    assert (report.state, report.error) == (S.ACKNOWLEDGED, None)


async def test_acknowledged_portion_is_accepted() -> None:
    report = Report((), 1, acknowledge=True)
    report.portion_acknowledged(0)
    await report.accepted()
    await report.wait_released()
    report.portion_accepted(0)  # its `OK` is late
    assert report.state is S.ACKNOWLEDGED


async def test_released_when_report_is_kept() -> None:
    report = Report((), 1, acknowledge=False)
    waiting = asyncio.create_task(report.wait_released())
    await asyncio.sleep(0)
    assert not waiting.done()
    report.release()
    report.release()
    await waiting
    assert report.state is S.QUEUED


async def test_first_failure_is_raised_to_all_waiters() -> None:
    report = Report((), 1, acknowledge=True)
    first = PortError("gone")
    waiting = asyncio.create_task(report.acknowledgement())
    await asyncio.sleep(0)
    report.fail(first)
    report.fail(PortError("closed"))
    assert (report.state, report.error) == (S.FAILED, first)
    await report.wait_released()
    for wait in (waiting, report.accepted(), report.accepted(), report.acknowledgement()):
        with pytest.raises(PortError, match="gone"):
            await wait


async def test_failure_after_accepted_fails_acknowledgement_only() -> None:
    report = Report((), 1, acknowledge=True)
    report.portion_accepted(0)
    report.fail(PortError("gone"))
    await report.accepted()
    with pytest.raises(PortError):
        await report.acknowledgement()


async def test_wait_for_acknowledgement_may_be_repeated() -> None:
    report = Report((), 1, acknowledge=True)
    loop = asyncio.get_running_loop()
    with pytest.raises(TimeoutError):
        await report.accepted(5)
    assert loop.time() == pytest.approx(5)
    report.portion_sent(0, 2)
    with pytest.raises(
        AcknowledgementTimeout, match=r"has not accepted the report \[2\].*93 s.*not given up"
    ):
        await report.acknowledgement()
    assert loop.time() == pytest.approx(5 + ACKNOWLEDGED)
    report.portion_accepted(0)
    with pytest.raises(AcknowledgementTimeout, match=r"accepted the report \[2\].*within 10 s"):
        await report.acknowledgement(10)
    loop.call_later(86400, report.portion_acknowledged, 0)
    await report.acknowledgement(None)
    assert report.acknowledged
