"""Identity commands: lines written, responses parsed."""

from __future__ import annotations

import pytest

from m5310.at.codec import Command
from m5310.commands import general
from m5310.commands import identity as c
from tests.support.answers import parsed


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
    assert parsed(c.manufacturer(), "CMCC_M5310") == "CMCC_M5310"
    assert parsed(c.firmware(), "V3.0.0") == "V3.0.0"
    assert parsed(c.imsi(), "460001234567890") == "460001234567890"
    assert parsed(c.imei(), "+CGSN:123456789012345") == "123456789012345"
    assert parsed(c.iccid(), "+NCCID:" + "8" * 20) == "8" * 20
    assert parsed(c.serial_number(), "ABC123") == "ABC123"
    assert parsed(c.serial_number(), "+CGSN: ABC123") == "ABC123"
    assert parsed(c.serial_number()) is None
    assert parsed(c.information(), "CMCC", "M5310") == ("CMCC", "M5310")


def test_unsolicited_line_is_not_a_bare_response() -> None:
    for command in (c.manufacturer(), c.imsi(), c.information(), c.serial_number()):
        (shape,) = command.responses
        for line in ("+CEREG:5", "+MIPLREAD:0,10001,3303,0,5700", ""):
            assert not shape.pattern.fullmatch(line)


@pytest.mark.parametrize("line", ["REBOOTING", *(cause.value for cause in general.BootCause)])
def test_boot_text_is_not_a_response(line: str) -> None:
    asked = (c.information, c.manufacturer, c.model, c.revision, c.firmware, c.serial_number)
    for command in asked:
        assert not any(each.pattern.fullmatch(line) for each in command().responses)
