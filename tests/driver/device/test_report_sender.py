"""Sending one portion of a report: completely, or closed so that no other report joins it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from m5310.at.codec import Answer, Command
from m5310.device.report_sender import ReportSender
from m5310.device.reports import Portion, Report, grouped
from m5310.errors import AcknowledgementRefused, CommandError, CommandTimeout, M5310Error, PortError
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import ValueType
from m5310.module.queries import Queries
from tests.support.dialects import CLASSIC

T = TypeVar("T")

Fault = Callable[[str], M5310Error | None]


class SentReport(Queries):
    """A report of three texts to a module that takes each line unless `fault` returns an error."""

    def __init__(self, fault: Fault = lambda _: None) -> None:
        self.fault = fault
        self.lines: list[str] = []
        self.restarts = 0
        self.version = "M5310_V3.1.0"
        self.resources = [
            Resource(f"3303/0/{number}", ValueType.STRING, "old", Access.READABLE)
            for number in (1, 2, 3)
        ]
        (lines,) = grouped(dict(zip(self.resources, "xyz", strict=True)))
        report = Report(tuple(self.resources), 1, acknowledge=True)
        self.portion = Portion(report, 0, lines, True)
        self.sender = ReportSender(self, CLASSIC)

    async def execute(self, command: Command[T]) -> T:
        self.lines.append(command.line.removeprefix("AT+MIPLNOTIFY=0,3303,0,"))
        if error := self.fault(self.lines[-1]):
            raise error
        lines = (self.version,) if command.line == "AT+CMVER" else ()
        return command.parse(Answer(command, lines))

    async def send(self) -> bool:
        return await self.sender.send(self.portion, 7, lambda: self.restarts == 0)

    @property
    def values(self) -> list[object]:
        return [each.value for each in self.resources]


def at(part: str, error: M5310Error) -> Fault:
    return lambda line: error if part in line else None


REFUSED = CommandError("it", "ERROR", None)
LOST = CommandTimeout("it", 5)
UNSENT = CommandTimeout("it", 5, sent=False)


async def test_lines_in_order_and_last_one_closes() -> None:
    sent = SentReport()
    assert await sent.send()
    assert sent.lines == ['1,1,"x",0', '2,1,"y",0', '3,1,"z",1,7']
    assert sent.values == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("where", "error", "closing"),
    [
        ("1,1", REFUSED, None),  # nothing of it is held
        ("2,1", REFUSED, '1,1,"x",1'),
        ("3,1", REFUSED, '2,1,"y",1'),
        ("1,1", LOST, '1,1,"x",1'),  # perhaps it is
        ("2,1", LOST, '2,1,"y",1'),
        ("3,1", LOST, '2,1,"y",1'),  # perhaps closed already: a report of one value more
        ("1,1", UNSENT, None),
        ("2,1", UNSENT, '1,1,"x",1'),
    ],
)
async def test_half_sent_report_is_closed(
    where: str, error: M5310Error, closing: str | None
) -> None:
    sent = SentReport(lambda line: error if line.startswith(where) and line[-1] != "1" else None)
    with pytest.raises(type(error)):
        await sent.send()
    after = [line for line in sent.lines[int(where[0]) :] if line != "AT+CMVER"]
    assert after == ([] if closing is None else [closing])
    assert sent.values[int(where[0]) - 1 :] == ["old"] * (4 - int(where[0]))


async def test_report_that_cannot_be_closed_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    sent = SentReport(lambda line: REFUSED if len(sent.lines) > 1 else None)
    with pytest.raises(CommandError):
        await sent.send()
    assert "half a report" in caplog.text


async def test_lost_port_needs_no_closing_line() -> None:
    sent = SentReport(at("2,1", PortError("gone")))
    with pytest.raises(PortError):
        await sent.send()
    assert len(sent.lines) == 2


@pytest.mark.parametrize("error", [None, REFUSED])
async def test_sending_stops_at_restart(error: M5310Error | None) -> None:
    def restart(line: str) -> M5310Error | None:
        if line.startswith("2"):
            sent.restarts += 1
            return error
        return None

    sent = SentReport(restart)
    if error is None:
        assert not await sent.send()
    else:
        with pytest.raises(CommandError):
            await sent.send()
    assert len(sent.lines) == 2


async def test_resources_never_accepted_are_doubted_once() -> None:
    sent = SentReport(at("2,", REFUSED))
    with pytest.raises(CommandError):
        await sent.send()
    assert sent.sender.doubts(sent.portion)
    assert not sent.sender.doubts(sent.portion)
    sent.fault = lambda _: None
    assert await sent.send()
    assert not sent.sender.doubts(sent.portion)  # all of them were accepted
    sent.sender.forget()
    assert sent.sender.doubts(sent.portion)  # declared again, and accepted since it was doubted
    assert not sent.sender.doubts(sent.portion)


async def test_refusal_names_firmware_without_acknowledgements() -> None:
    sent = SentReport(at("3,1", REFUSED))
    sent.version = "M5310_V2.1.0"
    with pytest.raises(AcknowledgementRefused, match=r"M5310_V2\.1\.0 acknowledges no reports"):
        await sent.send()
    assert sent.lines[3:] == ['2,1,"y",1', "AT+CMVER"]


async def test_refusal_by_firmware_with_acknowledgements() -> None:
    sent = SentReport(at("3,1", REFUSED))
    with pytest.raises(CommandError) as refused:
        await sent.send()
    assert refused.value is REFUSED
    assert sent.lines[-1] == "AT+CMVER"


async def test_refusal_with_unknown_firmware() -> None:
    sent = SentReport(lambda line: REFUSED if line.startswith(("3,1", "AT+CMVER")) else None)
    with pytest.raises(CommandError) as refused:
        await sent.send()
    assert refused.value is REFUSED
