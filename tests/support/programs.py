"""A blocking host program with pyserial."""

from __future__ import annotations

import serial

from emulator import Emulator
from tests.support.patience import PATIENCE

# Direct, lifetime 300 s, coap://183.230.40.40:5683, no block sizes; the endpoint comes after it.
_CONFIG = "000000002C0100001900636F61703A2F2F3138332E3233302E34302E34303A35363833"


def configuration(it: Emulator) -> str:
    """The AT+MIPLCONF line for this module."""
    name = f"{it.imei};{it.imsi}".encode()
    config = _CONFIG + len(name).to_bytes(2, "little").hex().upper() + name.hex().upper()
    return f"AT+MIPLCONF={len(config) // 2},{config},1,1"


class Program:
    """Logs in with a temperature, its unit and some bytes; answers one request at a time, when the
    test calls it.
    """

    def __init__(self, port: str) -> None:
        self.port = serial.Serial(port, 9600, timeout=PATIENCE)

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.port.close()

    def until(self, beginning: str) -> str:
        while line := self.port.readline().decode():
            if line.startswith(beginning):
                return line.rstrip()
        raise AssertionError(f"{beginning} never came")

    def command(self, line: str) -> None:
        self.port.write(f"{line}\r".encode())
        self.until("OK")

    def log_in(self, it: Emulator) -> None:
        self.command(configuration(it))
        self.command("AT+MIPLADDOBJ=0,3303,0")
        self.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1')
        self.command('AT+MIPLNOTIFY=0,3303,0,5701,1,"Cel",1')
        self.command('AT+MIPLNOTIFY=0,3303,0,5750,2,"00",1')
        self.command("AT+MIPLOPEN=0,30")
        self.until("+MIPLOPEN:0,1")
        self.until("+MIPLOBSERVE:")

    def request(self, name: str) -> list[str]:
        """The values of the next such request: message id, ids, and what follows."""
        return self.until(f"+{name}:").partition(":")[2].split(",")[1:]
