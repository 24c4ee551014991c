"""The options of `python -m emulator`, and what it says when it is ready. Pure."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

# What a shell expects of a program that was called wrongly.
USAGE_ERROR = 2

_DESCRIPTION = """\
An emulated China Mobile M5310 NB-IoT module on a pseudo terminal, and the OneNET that it logs in
to, whose HTTP API listens on this machine. Any serial program can open the port; any HTTP client
can read, write and execute what the module offers. Ctrl-C ends it.
"""

_EXAMPLES = """\
examples:
  python -m emulator
        a module; its port, and the address and key of its cloud, are named at the start
  python -m emulator --link /tmp/m5310 --trace
        the port under a name of your choice, and every line in both directions as it passes
  python -m emulator --baud off --json
        for scripts: no waiting for a slow line, one JSON line on stdout once it is ready
  python -m emulator --http 127.0.0.1:8080 --api-key secret
        the cloud where your application looks for it
  python -m emulator --no-device
        a module that nobody created on the platform: its login is refused
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_ERROR, f"{self.prog}: {message} (--help shows the options)\n")


def parser() -> argparse.ArgumentParser:
    """Its namespace: link, baud, imei, imsi, http, api_key, device, typed_urcs, trace, json.

    What was not given is absent from the namespace, so that `Emulator` decides.
    """
    made = _Parser(
        prog="m5310-emulator",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    line = made.add_argument_group("the serial line")
    line.add_argument(
        "--link",
        type=Path,
        metavar="PATH",
        help="make a symbolic link to the port, removed at the end",
    )
    line.add_argument(
        "--baud",
        type=_baud,
        metavar="N|off",
        help="its speed; off: as fast as the host reads (default 9600)",
    )
    module = made.add_argument_group("the module")
    module.add_argument("--imei", help="its serial number, up to 17 digits or letters")
    module.add_argument("--imsi", help="its SIM's number, up to 16 digits or letters")
    module.add_argument(
        "--typed-urcs",
        action="store_true",
        help="announce writes and executes with type and length, as later firmware does",
    )
    cloud = made.add_argument_group("the cloud")
    cloud.add_argument(
        "--http",
        metavar="HOST:PORT",
        help="where its HTTP API listens (default 127.0.0.1:0, a free port of this machine)",
    )
    cloud.add_argument("--api-key", metavar="KEY", help="what callers must send (default: random)")
    cloud.add_argument(
        "--no-device",
        dest="device",
        action="store_false",
        help="the cloud does not know this module and refuses its login",
    )
    output = made.add_argument_group("what is printed")
    output.add_argument(
        "--trace",
        action="store_true",
        help="each line in both directions, with its time, on stderr",
    )
    output.add_argument(
        "--json", action="store_true", help="once ready, exactly one JSON line on stdout"
    )
    return made


def _baud(text: str) -> int | None:
    if text == "off":
        return None
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a speed such as 9600, or off")
    return int(text)


@dataclass(frozen=True, slots=True)
class Ready:
    """Where everything is; `device_id` None: the cloud does not know the module."""

    port: str
    http: str
    api_key: str
    imei: str
    imsi: str
    device_id: str | None

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    def as_text(self, baud: int | None) -> str:
        speed = "as fast as it is read" if baud is None else f"{baud} baud, 8N1"
        call = f"curl -H 'api-key: {self.api_key}' '{self.http}"
        tries = [f"python -m serial.tools.miniterm --eol CR {self.port} {baud or 9600}"]
        if self.device_id is None:
            device = "none: the cloud refuses this module's login"
        else:
            device = self.device_id
            tries.append(f"{call}/devices/{self.device_id}'")
            tries.append(f"{call}/devices/{self.device_id}/datapoints'")
            read = f"{call}/nbiot?imei={self.imei}&obj_id=3303&obj_inst_id=0&res_id=5700'"
            tries.append(f"{read}  # once a program has logged in")
        return "\n".join(
            [
                "The emulated M5310 is on.",
                "",
                f"  port      {self.port}  ({speed})",
                f"  HTTP API  {self.http}",
                f"  api-key   {self.api_key}",
                f"  imei      {self.imei}",
                f"  imsi      {self.imsi}",
                f"  device    {device}",
                "",
                "Try, in another terminal:",
                *(f"  {line}" for line in tries),
                "",
                "Ctrl-C ends it.",
            ]
        )
