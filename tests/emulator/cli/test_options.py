"""The command line of the emulator: what it takes, what it refuses, what it says when ready."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.cli.options import parser, read
from emulator.line.faults import Rates


def said(text: str) -> dict[str, object]:
    return read(parser(), text.split())


def test_what_is_not_said_is_left_to_the_emulator() -> None:
    assert said("") == {}


def test_everything_can_be_said() -> None:
    everything = (
        "--link /tmp/m5310 --baud 115200 --imei 123 --imsi 456 --http 0.0.0.0:80 --api-key k "
        "--no-device --typed-urcs --trace --json --port pty --quiet 0.05 --overruns --modules 3 "
        "--speed 60 --firmware SP1 --boot-noise --allow-network --faults loss=0.5,seed=7 "
        "--record day.jsonl"
    )
    assert said(everything) == {
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
        "port": "pty",
        "quiet": 0.05,
        "overruns": True,
        "modules": 3,
        "firmware": "SP1",
        "boot_noise": True,
        "speed": 60.0,
        "allow_network": True,
        "faults": Rates(loss=0.5),
        "seed": 7,
        "record": Path("day.jsonl"),
    }


def test_a_scenario_is_run_among_any_options() -> None:
    assert said("run bad-day.toml --trace") == {"scenario": Path("bad-day.toml"), "trace": True}
    assert said("--trace run bad-day.toml") == {"scenario": Path("bad-day.toml"), "trace": True}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("off", {"baud": None}),
        ("strict", {"strict": True}),
        ("115200,strict", {"baud": 115200, "strict": True}),
    ],
)
def test_baud_may_be_off_or_strict(text: str, meant: dict[str, object]) -> None:
    assert said(f"--baud {text}") == meant


def test_faults_may_come_without_a_seed_and_a_seed_without_faults() -> None:
    assert said("--faults corrupt=0.25,delay=1") == {"faults": Rates(corrupt=0.25, delay=1)}
    assert said("--faults seed=3") == {"faults": Rates(), "seed": 3}


@pytest.mark.parametrize(
    "arguments",
    [
        "--baud fast",
        "--baud 0",
        "--baud -1",
        "--baud 9600.5",
        "--baud 99999999999",
        "--baud 9600,strictly",
        "--baud off,strict",
        "--speed 0",
        "--speed nan",
        "--speed fast",
        "--quiet -1",
        "--quiet inf",
        "--modules 0",
        "--modules many",
        "--modules 4097",
        "--faults loss",
        "--faults loss=2",
        "--faults theft=0.1",
        "--faults seed=x",
        "--firmware SP9",
        "extra",
        "run",
        "run one two",
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
    options = "link baud imei imsi http api-key no-device port quiet overruns faults modules speed"
    for option in [*options.split(), "allow-network"]:
        assert f"--{option}" in told
    assert "examples:" in told
    assert "python -m emulator --link /tmp/m5310 --trace" in told
