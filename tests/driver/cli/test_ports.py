"""Ports: likely modules first, each with a reason."""

from __future__ import annotations

import io
import json

import pytest
from serial.tools.list_ports_common import ListPortInfo

from m5310.cli import ports
from m5310.cli.arguments import parser
from m5310.cli.ports import Verdict, found
from m5310.cli.terminal.output import Output


def port(device: str, description: str | None, vid: int | None = None) -> ListPortInfo:
    made = ListPortInfo(device)
    made.description = description  # type: ignore[parse_assignment]
    made.vid, made.pid = vid, None if vid is None else 0x6001
    made.serial_number = None if vid is None else "A1"
    return made


@pytest.mark.parametrize(
    ("device", "description", "vid", "verdict", "words"),
    [
        ("/dev/ttyUSB0", "CP2102 USB to UART", 0x10C4, Verdict.LIKELY, "a CP210x bridge"),
        ("/dev/ttyUSB0", "USB Serial", 0x1A86, Verdict.LIKELY, "a CH340 bridge"),
        ("/dev/ttyUSB0", "FT232R USB UART", 0x0403, Verdict.LIKELY, "an FTDI bridge"),
        ("COM3", "Prolific PL2303 (COM3)", None, Verdict.LIKELY, "a PL2303 bridge"),
        ("/dev/ttyACM0", "Arduino", 0x2341, Verdict.POSSIBLE, "of another kind"),
        ("/dev/ttyS0", None, None, Verdict.UNLIKELY, "not on USB"),
        ("/dev/cu.Bluetooth-Incoming", "n/a", None, Verdict.UNLIKELY, "Bluetooth"),
    ],
)
def test_a_port_is_judged_by_its_bridge(
    device: str, description: str | None, vid: int | None, verdict: Verdict, words: str
) -> None:
    judged = found(port(device, description, vid))
    assert (judged.device, judged.verdict) == (device, verdict)
    assert words in judged.words
    assert judged.description == ("" if description in (None, "n/a") else description)


def listed(
    monkeypatch: pytest.MonkeyPatch, present: list[ListPortInfo], *options: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(ports.list_ports, "comports", lambda: present)
    screen = Output(io.StringIO(), io.StringIO(), {})
    status = ports.command(parser().parse_args(["ports", *options]), screen)
    assert isinstance(screen.out, io.StringIO)
    assert isinstance(screen.err, io.StringIO)
    return status, screen.out.getvalue(), screen.err.getvalue()


PRESENT = [
    port("/dev/ttyS0", "n/a"),
    port("/dev/ttyUSB1", "CP2102", 0x10C4),
    port("/dev/ttyACM0", "Arduino", 0x2341),
    port("/dev/ttyUSB0", "CP2102", 0x10C4),
]


def test_likely_ones_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    status, output, _ = listed(monkeypatch, PRESENT)
    devices = [line.split()[0] for line in output.splitlines()[1:]]
    assert status == 0
    assert devices == ["/dev/ttyUSB0", "/dev/ttyUSB1", "/dev/ttyACM0", "/dev/ttyS0"]
    assert "A1" in output


def test_scripts_get_json(monkeypatch: pytest.MonkeyPatch) -> None:
    status, output, _ = listed(monkeypatch, PRESENT, "--json")
    first = json.loads(output)[0]
    assert status == 0
    assert (first["device"], first["verdict"], first["vid"]) == ("/dev/ttyUSB0", "LIKELY", 0x10C4)
    assert listed(monkeypatch, [], "--json")[:2] == (1, "[]\n")


def test_no_port_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    status, output, errors = listed(monkeypatch, [])
    assert (status, output) == (1, "")
    assert "is the adapter plugged in" in errors
