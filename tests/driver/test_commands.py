"""The module's general vocabulary: each line as written, each answer as read."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from m5310.at import Answer, Command
from m5310.commands import general as c
from m5310.errors import AnswerError, ParameterError


def answer(command: Command, *lines: str) -> Answer:
    """What the module brought; every line must have a shape that the command declared."""
    for line in lines:
        assert any(each.pattern.fullmatch(line) for each in command.responses), line
    return Answer(command, lines)


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (c.attention(), "AT"),
        (c.echo(on=True), "ATE1"),
        (c.echo(on=False), "ATE0"),
        (c.information(), "ATI"),
        (c.factory_defaults(), "AT&F"),
        (c.reset_profile(), "ATZ"),
        (c.error_numbers(on=True), "AT+CMEE=1"),
        (c.error_numbers_query(), "AT+CMEE?"),
        (c.speed(115200), "AT+NATSPEED=115200,30,1,2,1,0,0"),
        (c.speed(9600, seconds=3, store=False), "AT+NATSPEED=9600,3,0,2,1,0,0"),
        (c.speed_query(), "AT+NATSPEED?"),
        (c.manufacturer(), "AT+CGMI"),
        (c.model(), "AT+CGMM"),
        (c.revision(), "AT+CGMR"),
        (c.firmware(), "AT+CMVER"),
        (c.imsi(), "AT+CIMI"),
        (c.imei(), "AT+CGSN=1"),
        (c.serial_number(), "AT+CGSN=0"),
        (c.iccid(), "AT+NCCID"),
        (c.radio(on=True), "AT+CFUN=1"),
        (c.radio_query(), "AT+CFUN?"),
        (c.clock(), "AT+CCLK?"),
        (c.configure("AUTOCONNECT", on=True), "AT+NCONFIG=AUTOCONNECT,TRUE"),
        (c.configure("AUTOCONNECT", on=False), "AT+NCONFIG=AUTOCONNECT,FALSE"),
        (c.configuration(), "AT+NCONFIG?"),
        (c.restart(), "AT+NRB"),
    ],
)
def test_each_command_line(command: Command, line: str) -> None:
    assert command.line == line
    assert command.timeout >= c.PROMPT


def test_what_takes_long_is_given_time() -> None:
    assert c.radio(on=False).timeout == 90
    assert c.restart().timeout == 30


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


def test_switches() -> None:
    assert c.error_numbers_on(answer(c.error_numbers_query(), "+CMEE:1"))
    assert not c.error_numbers_on(answer(c.error_numbers_query(), "+CMEE: 0"))
    assert c.radio_on(answer(c.radio_query(), "+CFUN:1"))
    assert not c.radio_on(answer(c.radio_query(), "+CFUN:0"))
    assert c.speed_of(answer(c.speed_query(), "+NATSPEED:115200,2,1,0,0")) == 115200


def test_configuration_rows() -> None:
    got = c.configuration_of(
        answer(c.configuration(), "+NCONFIG:AUTOCONNECT,TRUE", "+NCONFIG:CR_0354_0338,FALSE")
    )
    assert got == {"AUTOCONNECT": "TRUE", "CR_0354_0338": "FALSE"}


@pytest.mark.parametrize(
    ("line", "time"),
    [
        (
            "+CCLK:18/07/12,03:45:21+32",
            datetime(2018, 7, 12, 3, 45, 21, tzinfo=timezone(timedelta(hours=8))),
        ),
        (
            '+CCLK: "26/11/23,23:59:59-14"',
            datetime(2026, 11, 23, 23, 59, 59, tzinfo=timezone(-timedelta(hours=3, minutes=30))),
        ),
        ("+CCLK:69/12/31,00:00:00", datetime(2069, 12, 31, tzinfo=timezone.utc)),  # noqa: UP017
    ],
)
def test_the_clock_is_aware_of_its_zone(line: str, time: datetime) -> None:
    assert c.clock_of(answer(c.clock(), line)) == time


@pytest.mark.parametrize("line", ["+CCLK:80/01/06,00:00:12+00", "+CCLK:70/01/01,08:00:00+32"])
def test_a_clock_that_was_never_set_has_no_time(line: str) -> None:
    assert c.clock_of(answer(c.clock(), line)) is None


def test_a_time_of_no_clock() -> None:
    for line in ("+CCLK:18/13/01,00:00:00+32", "+CCLK:18/01/01,00:00:00+99"):
        with pytest.raises(AnswerError, match="no time"):
            c.clock_of(answer(c.clock(), line))


def test_an_answer_without_the_line_says_what_was_expected() -> None:
    with pytest.raises(AnswerError, match=r"AT\+CFUN\? brought \['hm'\]"):
        c.radio_on(Answer(c.radio_query(), ("hm",)))


def test_parameters_out_of_range() -> None:
    with pytest.raises(ParameterError, match="9600, 57600"):
        c.speed(9601)
    with pytest.raises(ParameterError, match=r"seconds 31 is outside 1\.\.30"):
        c.speed(9600, seconds=31)
    with pytest.raises(ParameterError):
        c.speed(9600, seconds=True)
    with pytest.raises(ParameterError):
        c.configure("A,B", on=True)


@pytest.mark.parametrize("cause", c.BootCause)
def test_the_boot_text_names_its_cause(cause: c.BootCause) -> None:
    assert c.booted(cause.value) == c.Booted(cause, cause.value)


def test_a_boot_text_nobody_has_seen() -> None:
    assert c.booted("REBOOT_CAUSE_BROWNOUT") == c.Booted(
        c.BootCause.UNKNOWN, "REBOOT_CAUSE_BROWNOUT"
    )
    for line in ("REBOOTING", "M5310", "+CEREG:1", "reboot"):
        assert c.booted(line) is None


@pytest.mark.parametrize("line", ["REBOOTING", *(cause.value for cause in c.BootCause)])
def test_the_text_of_a_start_answers_nothing(line: str) -> None:
    asked = (c.restart, c.information, c.manufacturer, c.model, c.revision, c.firmware)
    for command in (*asked, c.serial_number):
        assert not any(each.pattern.fullmatch(line) for each in command().responses)


@pytest.mark.parametrize("line", ["REBOOTING", *(cause.value for cause in c.BootCause)])
def test_a_restart_is_heard_in_both_of_its_lines(line: str) -> None:
    assert c.restarting(line)


@pytest.mark.parametrize("line", ["M5310", "OK", "REBOOTED", f"x{c.BootCause.COMMAND.value}"])
def test_other_lines_tell_of_no_restart(line: str) -> None:
    assert not c.restarting(line)
