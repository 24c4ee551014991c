"""Options, help texts and exit statuses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from m5310 import __version__
from m5310.cli import recording
from m5310.cli.arguments import parser, version
from m5310.cli.exits import Exit, exit_status
from m5310.cli.main import main
from m5310.errors import (
    AcknowledgementTimeout,
    AnswerError,
    CommandError,
    CommandTimeout,
    M5310Error,
    ModemReset,
    ParameterError,
    PortError,
    RegistrationError,
    StateError,
)

COMMANDS = ["ports", "probe", "send", "console", "record", "decode", "run"]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_a_help_text(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parser().parse_args([name, "--help"])
    assert caught.value.code == 0
    assert f"usage: m5310 {name}" in capsys.readouterr().out


def test_help_lists_commands_and_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["--help"])
    shown = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n    {name} " in shown
        assert f"\n  m5310 {name} " in shown
    for status in (0, 1, 2, 3, 130, "128+N"):
        assert f" {status}  " in shown


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"{version()}\n" == f"m5310 {__version__}\n"


def test_record_format_needs_no_port(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(["record", "--format"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == (recording.__doc__ or "").rstrip() + "\n"


def test_no_arguments_prints_the_help(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main([]) == Exit.USAGE
    assert "m5310 probe /dev/ttyUSB0" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["m5310"])
    assert main() == Exit.USAGE


def test_parsed_options() -> None:
    given = parser().parse_args(["send", "COM3", "AT", "AT+CSQ", "--timeout", "2.5", "--debug"])
    assert (given.subcommand, given.port, given.baud, given.commands) == (
        "send",
        "COM3",
        9600,
        ["AT", "AT+CSQ"],
    )
    assert (given.timeout, given.until, given.debug) == (2.5, None, True)
    given = parser().parse_args(["probe", "COM3"])
    assert (given.baud, given.json, given.debug) == (None, False, False)
    given = parser().parse_args(["record", "COM3", "x.jsonl", "--baud", "115200", "--no-words"])
    assert (given.file, given.baud, given.words, given.listen) == (
        Path("x.jsonl"),
        115200,
        False,
        False,
    )
    assert parser().parse_args(["decode"]).what == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "required: COMMAND"),
        ("prob", "invalid choice: 'prob'"),
        ("probe", "required: PORT"),
        ("probe COM3 --baud fast", "'fast' is not a speed; expected one such as 9600"),
        ("probe COM3 --baud 0", "'0' is not a speed"),
        ("send COM3", "required: COMMAND"),
        ("send COM3 AT --timeout nan", "'nan' is not valid; expected seconds"),
        ("send COM3 AT --timeout soon", "'soon' is not valid; expected seconds"),
        ("send COM3 AT --timeout -1", "'-1' is not valid; expected seconds"),
    ],
)
def test_usage_error_is_one_line(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(line.split())
    assert caught.value.code == Exit.USAGE
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (PortError("gone"), 2),
        (ParameterError("no"), 2),
        (StateError("no"), 2),
        (CommandTimeout("AT", 5), 3),
        (AcknowledgementTimeout("no"), 3),
        (RegistrationError("late", timed_out=True), 3),
        (RegistrationError("refused", timed_out=False), 1),
        (CommandError("AT", "ERROR", None), 1),
        (AnswerError("odd"), 1),
        (ModemReset("again"), 1),
    ],
)
def test_exit_status_of_errors(error: M5310Error, status: int) -> None:
    assert exit_status(error) == status
