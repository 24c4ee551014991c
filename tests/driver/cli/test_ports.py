"""`m5310 ports`: classification and order of serial ports."""

from __future__ import annotations

import io
import json

import pytest
from serial.tools.list_ports_common import ListPortInfo

from m5310.cli import ports
from m5310.cli.arguments import parser
from m5310.cli.ports import Likelihood, classify
from m5310.cli.terminal.output import Output


def port(device: str, description: str | None, vid: int | None = None) -> ListPortInfo:
    made = ListPortInfo(device)
    made.description = description  # type: ignore[parse_assignment]
    made.vid, made.pid = vid, None if vid is None else 0x6001
    made.serial_number = None if vid is None else "A1"
    return made


@pytest.mark.parametrize(
    ("device", "description", "vid", "likelihood", "words"),
    [
        ("/dev/ttyUSB0", "CP2102 USB to UART", 0x10C4, Likelihood.LIKELY, "CP210x bridge"),
        ("/dev/ttyUSB0", "USB Serial", 0x1A86, Likelihood.LIKELY, "CH340 bridge"),
        ("/dev/ttyUSB0", "FT232R USB UART", 0x0403, Likelihood.LIKELY, "FTDI bridge"),
        ("COM3", "Prolific PL2303 (COM3)", None, Likelihood.LIKELY, "PL2303 bridge"),
        ("/dev/ttyACM0", "Arduino", 0x2341, Likelihood.POSSIBLE, "another USB"),
        ("/dev/ttyS0", None, None, Likelihood.UNLIKELY, "not on USB"),
        ("/dev/cu.Bluetooth-Incoming", "n/a", None, Likelihood.UNLIKELY, "Bluetooth"),
    ],
)
def test_port_is_classified_by_its_usb_bridge(
    device: str, description: str | None, vid: int | None, likelihood: Likelihood, words: str
) -> None:
    shown = classify(port(device, description, vid))
    assert (shown.device, shown.verdict) == (device, likelihood)
    assert words in shown.words
    assert shown.description == ("" if description in (None, "n/a") else description)


def list_ports(
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


def test_likely_ports_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    status, output, _ = list_ports(monkeypatch, PRESENT)
    devices = [line.split()[0] for line in output.splitlines()[1:]]
    assert status == 0
    assert devices == ["/dev/ttyUSB0", "/dev/ttyUSB1", "/dev/ttyACM0", "/dev/ttyS0"]
    assert "A1" in output


def test_json_output(monkeypatch: pytest.MonkeyPatch) -> None:
    status, output, _ = list_ports(monkeypatch, PRESENT, "--json")
    first = json.loads(output)[0]
    assert status == 0
    assert (first["device"], first["verdict"], first["vid"]) == ("/dev/ttyUSB0", "LIKELY", 0x10C4)
    assert list_ports(monkeypatch, [], "--json")[:2] == (1, "[]\n")


def test_no_port_found(monkeypatch: pytest.MonkeyPatch) -> None:
    status, output, errors = list_ports(monkeypatch, [])
    assert (status, output) == (1, "")
    assert "check the USB cable" in errors
