"""`m5310 decode`: lines, logs, recordings and configurations."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from m5310.cli.main import main
from m5310.dialects.classic import commands as classic
from m5310.dialects.classic.config import Config

HEADER = '{"recording": 1, "port": "p", "baud": 9600, "started": "2026-11-23T08:07:00Z"}\n'


class Decoded:
    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        self.status = main(["decode", *arguments])
        self.out, self.err = capsys.readouterr()


def test_lines_given_as_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    ran = Decoded(capsys, 'AT+MIPLNOTIFY=0,3303,0,5700,4,"22.5",1', "+CSQ:99,99")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "report /3303/0/5700 = 22.5 (float), complete\nno signal known\n"


def test_unknown_argument_fails(capsys: pytest.CaptureFixture[str]) -> None:
    ran = Decoded(capsys, "OK", "hello")
    assert (ran.status, ran.out) == (1, "done\n")
    assert ran.err == "m5310: 'hello' is neither a file nor a known AT line\n"


def test_configuration_as_hex_text(capsys: pytest.CaptureFixture[str]) -> None:
    config = Config("1234;test", "coap://183.230.40.40:5683", 300, blocks=None).encode().hex()
    ran = Decoded(capsys, config, config[:40])
    assert ran.status == 0
    first, second = ran.out.splitlines()
    assert first == "device 1234;test at coap://183.230.40.40:5683, lifetime 5 min"
    assert second.startswith("not a configuration: ")


def test_line_longer_than_a_file_name(capsys: pytest.CaptureFixture[str]) -> None:
    config = Config("1234;test", f"coap://{'h' * 200}:5683")
    (command,) = classic.configure(config)
    ran = Decoded(capsys, command.line)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("configure: device 1234;test at coap://hhh")


def test_lines_of_a_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = """
08:07:00 DEBUG /dev/ttyUSB0 > AT+CIMI
08:07:01 DEBUG /dev/ttyUSB0 < 460040000000001
<! +CEREG:1
AT+CSQ
+CSQ:20,99
boot garbage
"""
    monkeypatch.setattr("sys.stdin", io.StringIO(log))
    ran = Decoded(capsys)
    assert ran.status == 0
    assert [re.split("  +", line)[1] for line in ran.out.splitlines()] == [
        "ask for the SIM's number (IMSI)",
        "IMSI 460040000000001",
        "registered, home network",
        "ask for the signal strength",
        "signal -73 dBm, good",
        "not a known AT line",
    ]


def test_empty_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert Decoded(capsys, "OK", "-").out == "done\n"


def test_control_characters_are_removed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\x1b]0;owned\x07+CSQ:20,99\x1b[2J\n"))
    ran = Decoded(capsys)
    assert ran.status == 0
    assert "\x1b" not in ran.out


def test_invalid_utf8_is_decoded_alike_in_a_file_and_a_pipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"+CSQ:99,99\n\xff\xfe\xe6\xb8\xa9\n")
    from_file = Decoded(capsys, str(log)).out
    with log.open(encoding="utf-8") as pipe:
        monkeypatch.setattr("sys.stdin", pipe)
        assert Decoded(capsys).out == from_file
    assert "< \ufffd\ufffd\u6e29" in from_file


def test_invalid_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").write_text('{"at": 1}\n')
    ran = Decoded(capsys, f"{tmp_path}/x")
    assert ran.status == 2
    assert ran.err.startswith(f"m5310: {tmp_path}/x: line 1 of the recording: expected")


def test_recording_with_a_line_too_long(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise = json.dumps({"at": 1, "from": "module", "text": "x" * 5000 + "\n"})
    (tmp_path / "x").write_text(HEADER + noise + "\n")
    assert "xxx... (line too long)" in Decoded(capsys, f"{tmp_path}/x").out


def test_configuration_of_the_suite(capsys: pytest.CaptureFixture[str]) -> None:
    """A blob of a real host, for M5310-A and M5311."""
    blob = (
        "130038F10003F2002A04001100000000000010196E62696F7462742E6865636C6F7564732E636F6D3A35363833"
        "000131F300080000000000"
    )
    ran = Decoded(capsys, blob)
    assert ran.out == "bootstrap server nbiotbt.heclouds.com:5683, MTU 1024, user data 1\n"
