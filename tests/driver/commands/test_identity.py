"""Who the module is: each line as written, each answer as read."""

from __future__ import annotations

import pytest

from m5310.at.codec import Answer, Command
from m5310.commands import general
from m5310.commands import identity as c


def answer(command: Command, *lines: str) -> Answer:
    """What the module brought; every line must have a shape that the command declared."""
    for line in lines:
        assert any(each.pattern.fullmatch(line) for each in command.responses), line
    return Answer(command, lines)


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (c.information(), "ATI"),
        (c.manufacturer(), "AT+CGMI"),
        (c.model(), "AT+CGMM"),
        (c.revision(), "AT+CGMR"),
        (c.firmware(), "AT+CMVER"),
        (c.imsi(), "AT+CIMI"),
        (c.imei(), "AT+CGSN=1"),
        (c.serial_number(), "AT+CGSN=0"),
        (c.iccid(), "AT+NCCID"),
    ],
)
def test_each_command_line(command: Command, line: str) -> None:
    assert command.line == line


def test_reading_identity() -> None:
    assert c.text_of(answer(c.manufacturer(), "CMCC_M5310")) == "CMCC_M5310"
    assert c.text_of(answer(c.firmware(), "V3.0.0")) == "V3.0.0"
    assert c.imsi_of(answer(c.imsi(), "460001234567890")) == "460001234567890"
    assert c.imei_of(answer(c.imei(), "+CGSN:123456789012345")) == "123456789012345"
    assert c.iccid_of(answer(c.iccid(), "+NCCID:" + "8" * 20)) == "8" * 20
    assert answer(c.serial_number(), "ABC123").lines == ("ABC123",)


def test_an_unsolicited_line_is_never_taken_for_a_bare_answer() -> None:
    for command in (c.manufacturer(), c.imsi(), c.information(), c.serial_number()):
        (shape,) = command.responses
        for line in ("+CEREG:5", "+MIPLREAD:0,10001,3303,0,5700", ""):
            assert not shape.pattern.fullmatch(line)


@pytest.mark.parametrize("line", ["REBOOTING", *(cause.value for cause in general.BootCause)])
def test_the_text_of_a_start_answers_nothing(line: str) -> None:
    asked = (c.information, c.manufacturer, c.model, c.revision, c.firmware, c.serial_number)
    for command in asked:
        assert not any(each.pattern.fullmatch(line) for each in command().responses)
