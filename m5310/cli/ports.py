"""`m5310 ports`: list serial ports, likely modules first."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Final

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from m5310.cli.exits import Exit
from m5310.cli.terminal.output import Output, Style
from m5310.errors import Text


class Likelihood(IntEnum):
    """That a port leads to an M5310; ports are listed in this order."""

    LIKELY = 0
    POSSIBLE = 1
    UNLIKELY = 2


_WORDS: Final = (Text("likely"), Text("possible"), Text("unlikely"))  # by likelihood
_STYLES: Final = (Style.GREEN, Style.PLAIN, Style.DIM)  # by likelihood

# USB-UART bridges of common boards and adapters: USB vendor id -> name, and a part of the port's
# description, for systems that report no vendor id.
_BRIDGES: Final = {
    0x10C4: ("CP210x", "CP210"),
    0x1A86: ("CH340", "CH340"),
    0x0403: ("FTDI", "FT232"),
    0x067B: ("PL2303", "PL2303"),
}


@dataclass(frozen=True, slots=True)
class Port:
    """One serial port; the fields are the keys of --json.

    `serial_number`, `vid` and `pid` are those of the USB adapter. `verdict` and `words` say
    whether it may lead to an M5310.
    """

    device: str
    description: str
    serial_number: str | None
    vid: int | None
    pid: int | None
    verdict: Likelihood
    words: str


def classify(port: ListPortInfo) -> Port:
    likelihood, reason = _likelihood(port.device, port.description or "", port.vid)
    return Port(
        port.device,
        port.description if port.description not in (None, "n/a") else "",
        port.serial_number,
        port.vid,
        port.pid,
        likelihood,
        Text("{likelihood}: {reason}", likelihood=_WORDS[likelihood], reason=reason),
    )


def _likelihood(device: str, description: str, vid: int | None) -> tuple[Likelihood, str]:
    for number, (name, text) in _BRIDGES.items():
        if vid == number or text in description.upper():
            return Likelihood.LIKELY, Text("{name} bridge, common on module boards", name=name)
    if vid is not None:
        return Likelihood.POSSIBLE, Text("another USB serial port")
    bluetooth = "BLUETOOTH" in (device + description).upper()
    return Likelihood.UNLIKELY, Text("Bluetooth") if bluetooth else Text("not on USB")


def command(given: argparse.Namespace, output: Output) -> int:
    ports = sorted(
        map(classify, list_ports.comports()), key=lambda each: (each.verdict, each.device)
    )
    if given.json:
        output.result(json.dumps([asdict(each) | {"verdict": each.verdict.name} for each in ports]))
    elif ports:
        rows = [
            (each.device, each.description, each.serial_number or "", each.words) for each in ports
        ]
        styles = [_STYLES[each.verdict] for each in ports]
        output.table(
            (Text("PORT"), Text("DESCRIPTION"), Text("SERIAL NUMBER"), Text("AN M5310?")),
            rows,
            styles,
        )
    else:
        output.message(Text("no serial port found; check the USB cable and the adapter's driver"))
    return Exit.OK if ports else Exit.FAILED
