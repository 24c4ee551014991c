"""The command line of the emulator: what it takes, what it refuses, what it says when ready."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.options import Ready, parser

READY = Ready("/dev/pts/7", "http://127.0.0.1:8080", "secret", "867", "460", "500000001")


def test_what_is_not_said_is_left_to_the_emulator() -> None:
    assert vars(parser().parse_args([])) == {}


def test_everything_can_be_said() -> None:
    said = (
        "--link /tmp/m5310 --baud 115200 --imei 123 --imsi 456 --http 0.0.0.0:80 --api-key k "
        "--no-device --typed-urcs --trace --json"
    )
    assert vars(parser().parse_args(said.split())) == {
        "link": Path("/tmp/m5310"),
        "baud": 115200,
        "imei": "123",
        "imsi": "456",
        "http": "0.0.0.0:80",
        "api_key": "k",
        "device": False,
        "typed_urcs": True,
        "trace": True,
        "json": True,
    }


def test_baud_off_is_no_baud() -> None:
    assert vars(parser().parse_args(["--baud", "off"])) == {"baud": None}


@pytest.mark.parametrize(
    "arguments",
    [
        "--baud fast",
        "--baud 0",
        "--baud -1",
        "--baud 9600.5",
        "--baud 99999999999",
        "--speed 1",
        "extra",
        "--imei",
        "--js",
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    arguments: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        parser().parse_args(arguments.split())
    assert left.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("m5310-emulator: ")
    assert told.err.count("\n") == 1


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parser().parse_args(["--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    for option in ("--link", "--baud", "--imei", "--imsi", "--http", "--api-key", "--no-device"):
        assert option in told
    assert "examples:" in told
    assert "python -m emulator --link /tmp/m5310 --trace" in told


def test_json_is_one_line_with_every_handle() -> None:
    text = READY.as_json()
    assert "\n" not in text
    assert json.loads(text) == {
        "port": "/dev/pts/7",
        "http": "http://127.0.0.1:8080",
        "api_key": "secret",
        "imei": "867",
        "imsi": "460",
        "device_id": "500000001",
    }


def test_the_text_names_everything_and_what_to_try() -> None:
    text = READY.as_text(9600)
    for value in ("/dev/pts/7", "9600 baud", "http://127.0.0.1:8080", "secret", "867", "460"):
        assert value in text
    assert "curl -H 'api-key: secret' 'http://127.0.0.1:8080/devices/500000001'" in text
    assert "python -m serial.tools.miniterm --eol CR /dev/pts/7 9600" in text


def test_the_text_of_a_module_that_nobody_knows() -> None:
    text = Ready("/dev/pts/7", "http://127.0.0.1:8080", "k", "867", "460", None).as_text(None)
    assert "refuses this module's login" in text
    assert "as fast as it is read" in text
    assert "curl" not in text
