"""Commands of the line, the radio and the configuration: lines written, responses parsed."""

from __future__ import annotations

import pytest

from m5310.at.codec import PROMPT, Answer, Command
from m5310.commands import general as c
from m5310.errors import AnswerError, ParameterError
from tests.support.answers import parsed


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (c.attention(), "AT"),
        (c.echo(on=True), "ATE1"),
        (c.echo(on=False), "ATE0"),
        (c.factory_defaults(), "AT&F"),
        (c.reset_profile(), "ATZ"),
        (c.error_numbers(on=True), "AT+CMEE=1"),
        (c.error_numbers_query(), "AT+CMEE?"),
        (c.speed(115200), "AT+NATSPEED=115200,30,1,2,1,0,0"),
        (c.speed(9600, seconds=3, store=False), "AT+NATSPEED=9600,3,0,2,1,0,0"),
        (c.speed_query(), "AT+NATSPEED?"),
        (c.radio(on=True), "AT+CFUN=1"),
        (c.radio_query(), "AT+CFUN?"),
        (c.configure("AUTOCONNECT", on=True), "AT+NCONFIG=AUTOCONNECT,TRUE"),
        (c.configure("AUTOCONNECT", on=False), "AT+NCONFIG=AUTOCONNECT,FALSE"),
        (c.configuration(), "AT+NCONFIG?"),
        (c.restart(), "AT+NRB"),
        (c.restart_with_ok(), "AT+CMRB"),
    ],
)
def test_each_command_line(command: Command, line: str) -> None:
    assert command.line == line
    assert command.timeout >= PROMPT


def test_slow_commands_have_a_long_timeout() -> None:
    assert c.radio(on=False).timeout == 90
    assert c.restart().timeout == 30


def test_flags_and_speed() -> None:
    assert parsed(c.error_numbers_query(), "+CMEE:1")
    assert not parsed(c.error_numbers_query(), "+CMEE: 0")
    assert parsed(c.radio_query(), "+CFUN:1")
    assert not parsed(c.radio_query(), "+CFUN:0")
    assert parsed(c.speed_query(), "+NATSPEED:115200,2,1,0,0") == 115200


def test_configuration_rows() -> None:
    got = parsed(c.configuration(), "+NCONFIG:AUTOCONNECT,TRUE", "+NCONFIG:CR_0354_0338,FALSE")
    assert got == {"AUTOCONNECT": "TRUE", "CR_0354_0338": "FALSE"}


def test_parse_error_names_the_expected_response() -> None:
    with pytest.raises(AnswerError, match=r"AT\+CFUN\? was answered with \['hm'\]"):
        c.radio_query().parse(Answer(c.radio_query(), ("hm",)))


def test_parameters_out_of_range() -> None:
    with pytest.raises(ParameterError, match="9600, 57600"):
        c.speed(9601)
    with pytest.raises(ParameterError, match=r"seconds must be 1\.\.30, got 31"):
        c.speed(9600, seconds=31)
    with pytest.raises(ParameterError):
        c.speed(9600, seconds=True)
    with pytest.raises(ParameterError):
        c.configure("A,B", on=True)


@pytest.mark.parametrize("cause", c.BootCause)
def test_booted_parses_each_cause(cause: c.BootCause) -> None:
    assert c.booted(cause.value) == c.Booted(cause, cause.value)


def test_booted_with_unknown_cause() -> None:
    assert c.booted("REBOOT_CAUSE_BROWNOUT") == c.Booted(
        c.BootCause.UNKNOWN, "REBOOT_CAUSE_BROWNOUT"
    )
    for line in ("REBOOTING", "M5310", "+CEREG:1", "reboot"):
        assert c.booted(line) is None


@pytest.mark.parametrize(
    "line", ["REBOOTING", "M5310", "OK", "REBOOTED", f"x{c.BootCause.COMMAND.value}"]
)
def test_booted_is_none_for_other_lines(line: str) -> None:
    assert c.booted(line) is None


def test_repeatable_commands() -> None:
    for command in (
        c.attention(),
        c.echo(on=False),
        c.error_numbers(on=True),
        c.error_numbers_query(),
        c.configure("AUTOCONNECT", on=True),
        c.configuration(),
    ):
        assert command.repeatable, command.line


def test_commands_with_effects_are_not_repeatable() -> None:
    for command in (c.restart(), c.radio(on=True), c.speed(9600), c.reset_profile()):
        assert not command.repeatable, command.line
