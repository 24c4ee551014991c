"""`m5310 ports`: what is plugged in, likely modules first."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Final

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from m5310.cli.exits import Exit
from m5310.cli.terminal.output import Screen, Style


class Verdict(IntEnum):
    """In the order in which ports are listed."""

    LIKELY = 0
    POSSIBLE = 1
    UNLIKELY = 2


_WORDS: Final = {
    Verdict.LIKELY: "likely: {} is what modules are wired to",
    Verdict.POSSIBLE: "possible: a USB serial port of another kind",
    Verdict.UNLIKELY: "unlikely: {}",
}

# USB-UART bridges of usual boards and adapters, by vendor number, with what they call themselves
# where the vendor number says nothing or the port comes without it.
_BRIDGES: Final = {
    0x10C4: ("a CP210x", "CP210"),
    0x1A86: ("a CH340", "CH340"),
    0x0403: ("an FTDI", "FT232"),
    0x067B: ("a PL2303", "PL2303"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """One port. `serial_number` is the USB adapter's; vid and pid are its USB numbers."""

    device: str
    description: str
    serial_number: str | None
    vid: int | None
    pid: int | None
    verdict: Verdict
    words: str


def found(port: ListPortInfo) -> Found:
    verdict, words = _judged(port.device, port.description or "", port.vid)
    return Found(
        port.device,
        port.description if port.description not in (None, "n/a") else "",
        port.serial_number,
        port.vid,
        port.pid,
        verdict,
        words,
    )


def _judged(device: str, description: str, vid: int | None) -> tuple[Verdict, str]:
    for number, (name, text) in _BRIDGES.items():
        if vid == number or text in description.upper():
            return Verdict.LIKELY, _WORDS[Verdict.LIKELY].format(f"{name} bridge")
    if vid is not None:
        return Verdict.POSSIBLE, _WORDS[Verdict.POSSIBLE]
    what = "Bluetooth" if "BLUETOOTH" in (device + description).upper() else "not on USB"
    return Verdict.UNLIKELY, _WORDS[Verdict.UNLIKELY].format(what)


_STYLES: Final = {
    Verdict.LIKELY: Style.GREEN,
    Verdict.POSSIBLE: Style.PLAIN,
    Verdict.UNLIKELY: Style.DIM,
}


def command(given: argparse.Namespace, screen: Screen) -> int:
    ports = sorted(map(found, list_ports.comports()), key=lambda port: (port.verdict, port.device))
    if given.json:
        screen.say(json.dumps([asdict(port) | {"verdict": port.verdict.name} for port in ports]))
    elif ports:
        rows = [
            (each.device, each.description, each.serial_number or "", each.words) for each in ports
        ]
        styles = [_STYLES[each.verdict] for each in ports]
        screen.table(("PORT", "DESCRIPTION", "SERIAL NUMBER", "AN M5310?"), rows, styles)
    else:
        screen.tell("no serial port is there; is the adapter plugged in, its driver installed?")
    return Exit.WELL if ports else Exit.WRONG
