"""Options of the emulator command: parsing, errors, help."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.cli.options import parser, read
from emulator.line.faults import Rates


def parsed(text: str) -> dict[str, object]:
    return read(parser(), text.split())


def test_no_option_gives_no_parameter() -> None:
    assert parsed("") == {}


def test_everything_can_be_parsed() -> None:
    everything = (
        "--link /tmp/m5310 --baud 115200 --imei 123 --imsi 456 --http 0.0.0.0:80 --api-key k "
        "--no-device --no-page --typed-urcs --trace --json --port pty --quiet 0.05 "
        "--overruns --modules 3 "
        "--speed 60 --firmware SP1 --cold --boot-noise --allow-network --faults loss=0.5,seed=7 "
        "--record day.jsonl --year 2019 --platform-address a:1 --platform-address b:2 "
        "--allow-host a.local --allow-host b "
        "--strict-host --air coap --coap [::1]:0 --server coap://a:1 --style standard "
        "--push http://a:1/b --token t --aes-key k "
        "--pcap air.pcapng --downlink-window 90 --air-faults "
        "latency=0.5,loss=0.1,duplication=0.05,reordering=0.2,delayed=0.3,delay=40"
    )
    assert parsed(everything) == {
        "link": Path("/tmp/m5310"),
        "baud": 115200,
        "imei": "123",
        "imsi": "456",
        "http": "0.0.0.0:80",
        "api_key": "k",
        "device": False,
        "page": False,
        "typed_urcs": True,
        "trace": True,
        "json": True,
        "port": "pty",
        "quiet": 0.05,
        "overruns": True,
        "modules": 3,
        "firmware": "SP1",
        "cold": True,
        "boot_noise": True,
        "year": 2019,
        "platform_addresses": ["a:1", "b:2"],
        "allow_hosts": ["a.local", "b"],
        "strict_host": True,
        "speed": 60.0,
        "allow_network": True,
        "faults": Rates(loss=0.5),
        "seed": 7,
        "record": Path("day.jsonl"),
        "air": "coap",
        "coap": "[::1]:0",
        "server": "coap://a:1",
        "style": "standard",
        "push": "http://a:1/b",
        "token": "t",
        "aes_key": "k",
        "pcap": Path("air.pcapng"),
        "air_faults": {
            "latency": 0.5,
            "loss": 0.1,
            "duplication": 0.05,
            "reordering": 0.2,
            "delayed": 0.3,
            "delay": 40,
        },
        "downlink_window": 90.0,
    }


def test_platform_alone() -> None:
    assert parsed("platform --coap 127.0.0.1:0") == {"platform_only": True, "coap": "127.0.0.1:0"}


def test_run_file_before_or_after_options() -> None:
    assert parsed("run bad-day.toml --trace") == {"scenario": Path("bad-day.toml"), "trace": True}
    assert parsed("--trace run bad-day.toml") == {"scenario": Path("bad-day.toml"), "trace": True}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("off", {"baud": None}),
        ("strict", {"strict": True}),
        ("115200,strict", {"baud": 115200, "strict": True}),
    ],
)
def test_baud_off_and_strict(text: str, expected: dict[str, object]) -> None:
    assert parsed(f"--baud {text}") == expected


def test_downlink_window_off() -> None:
    assert parsed("--downlink-window off") == {"downlink_window": None}


def test_faults_and_seed_are_independent() -> None:
    assert parsed("--faults corrupt=0.25,delay=1") == {"faults": Rates(corrupt=0.25, delay=1)}
    assert parsed("--faults seed=3") == {"faults": Rates(), "seed": 3}
    assert parsed("--air-faults seed=3") == {"air_faults": {}, "seed": 3}
    both = parsed("--air-faults loss=1,seed=3 --faults loss=1,seed=3")
    assert both == {"air_faults": {"loss": 1}, "faults": Rates(loss=1), "seed": 3}


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
        "--downlink-window 0",
        "--modules 0",
        "--modules many",
        "--modules 5001",
        "--faults loss",
        "--faults loss=2",
        "--faults theft=0.1",
        "--faults seed=x",
        "--air-faults loss",
        "--air-faults loss=2",
        "--air-faults theft=0.1",
        "--air-faults delay=inf",
        "--air-faults latency=nan",
        "--air-faults seed=1 --faults seed=2",
        "--air radio",
        "--style c",
        "--firmware SP9",
        "--module bc99",
        "extra",
        "run",
        "run one two",
        "--imei",
        "--js",
    ],
)
def test_wrong_option_is_one_line_and_status_2(
    arguments: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        parsed(arguments)
    assert left.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("m5310-emulator: ")
    assert output.err.count("\n") == 1


def test_help_has_all_options_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parser().parse_args(["--help"])
    assert left.value.code == 0
    output = capsys.readouterr().out
    options = "link baud imei imsi http api-key no-device port quiet overruns faults modules speed"
    options += " air coap server style air-faults pcap allow-host push token aes-key no-page"
    for option in [*options.split(), "allow-network"]:
        assert f"--{option}" in output
    assert "examples:" in output
    assert "python -m emulator --link /tmp/m5310 --trace" in output
