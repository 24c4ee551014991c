"""The options of `python -m emulator`. Pure."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from emulator.line.faults import Fault, Rates
from emulator.module.firmware import DEFAULT, FIRMWARES

# What a shell expects of a program that was called wrongly.
USAGE_ERROR = 2
# Beyond what any UART does; a typing mistake.
_MAX_BAUD = 10_000_000
# Each takes a pty, of which Linux has 4096 by default (kernel.pty.max).
_MAX_MODULES = 4096

_DESCRIPTION = """\
An emulated China Mobile M5310 NB-IoT module on a pseudo terminal or another port, and the OneNET
that it logs in to, whose HTTP API listens on this machine. Any serial program can open the port;
any HTTP client can read, write and execute what the module offers. Ctrl-C ends it.
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
  python -m emulator --port rfc2217://0.0.0.0:7000
        for a host on another machine, Windows too: its port is rfc2217://<this machine>:7000
  python -m emulator --port socket://:7000 --modules 3
        three modules of one cloud, on the TCP ports 7000 to 7002
  printf 'AT+CSQ\\r' | python -m emulator --port - --baud off
        one question through a pipe
  python -m emulator --baud strict --faults loss=0.001,corrupt=0.001,seed=7
        a bad cable, the same one each time, and garbage for a host at another speed than 9600
  python -m emulator --speed 60
        an hour passes in a minute, on the line, in the air and in the cloud
  python -m emulator run FILE --trace
        what the scenario in FILE says happens to the module; at the end it is told what did
"""


# Options that stand for more than one parameter.
_SPEED, _FAULTS = "_speed", "_faults"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_ERROR, f"{self.prog}: {message} (--help shows the options)\n")


class _Do(argparse.Action):
    """`run FILE`: the path of a scenario; `replay FILE`: that of a recording."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        _option: str | None = None,
    ) -> None:
        match values:
            case ["run", str() as file]:
                namespace.scenario = Path(file)
            case ["replay", str() as file]:
                namespace.replay = Path(file)
            case words:
                assert isinstance(words, list), "there may be any number of them"
                parser.error(
                    f"{' '.join(words)!r}: expected options only, or run FILE, or replay FILE"
                )


def read(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> dict[str, Any]:
    """`speed`, `trace` and `json`, and parameters of `Emulator` under their names.

    What was not given is absent, so that `Emulator` decides. `run FILE` is there as
    `scenario`, `replay FILE` as `replay`; `firmware` may be the path of a file.
    """
    found = vars(parser.parse_args(arguments))
    return {**found.pop(_SPEED, {}), **found.pop(_FAULTS, {}), **found}


def parser() -> argparse.ArgumentParser:
    """For `read`."""
    made = _Parser(
        prog="m5310-emulator",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    made.add_argument(
        "scenario",
        nargs="*",
        action=_Do,
        metavar="run|replay FILE",
        help="run: play the scenario in FILE; replay: instead of a module, play"
        " the recording in FILE, and tell where the host differs from the recorded one (status 1)",
    )
    _add_line(made)
    _add_module(made)
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
    made.add_argument(
        "--timing",
        choices=("kept", "ignored"),
        help="of a replay: what was said takes its time as recorded (default), or is said at once",
    )
    output = made.add_argument_group("what is printed")
    output.add_argument(
        "--trace",
        action="store_true",
        help="each line in both directions, with its time, on stderr",
    )
    output.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="what passes on the first module's line, with its times, into a new FILE",
    )
    output.add_argument(
        "--json",
        action="store_true",
        help="once ready, exactly one JSON line on stdout (on stderr where stdout is the port)",
    )
    return made


def _add_line(made: argparse.ArgumentParser) -> None:
    line = made.add_argument_group("the serial line")
    line.add_argument(
        "--port",
        metavar="NAME",
        help="pty (default), socket://[HOST]:PORT for TCP, rfc2217://[HOST]:PORT for TCP that"
        " carries the speed, or - for standard input and output; without HOST this machine only",
    )
    line.add_argument(
        "--link",
        type=Path,
        metavar="PATH",
        help="make a symbolic link to the pty, removed at the end",
    )
    line.add_argument(
        "--baud",
        dest=_SPEED,
        type=_baud,
        metavar="N|off|strict|N,strict",
        help="its speed; off: as fast as the host reads; strict: a host at another speed reads and"
        " sends garbage, on a pty or RFC 2217 (default 9600; of a replay, as recorded)",
    )
    line.add_argument(
        "--quiet",
        type=_seconds,
        metavar="SECONDS",
        help="report a command that comes sooner after a final result (default 0.02)",
    )
    line.add_argument(
        "--overruns",
        action="store_true",
        help="bytes that come while the module is sending are lost beyond what its UART holds",
    )
    line.add_argument(
        "--faults",
        dest=_FAULTS,
        type=_faults,
        metavar="FAULT=SHARE,...[,seed=N]",
        help="which share of the bytes, 0 to 1, meets loss, double, corrupt, delay or garbage;"
        " the same seed repeats the same faults",
    )


def _add_module(made: argparse.ArgumentParser) -> None:
    module = made.add_argument_group("the module")
    module.add_argument("--imei", help="its serial number, up to 17 digits or letters")
    module.add_argument("--imsi", help="its SIM's number, up to 16 digits or letters")
    module.add_argument(
        "--firmware",
        type=_firmware,
        metavar="NAME|FILE.toml",
        help="its variant: what it announces, refuses and puts up with: "
        f"{', '.join(FIRMWARES)}, or one of your own (default {DEFAULT})",
    )
    module.add_argument(
        "--boot-noise",
        action="store_true",
        help="a start begins with what the boot ROM says at another speed",
    )
    module.add_argument(
        "--typed-urcs",
        action="store_true",
        help="announce writes and executes with type and length, as later firmware does",
    )
    module.add_argument(
        "--modules",
        type=_count,
        metavar="N",
        help="so many of them, with one cloud; links, ports, IMEI and IMSI are counted up",
    )
    module.add_argument(
        "--speed",
        type=_factor,
        metavar="X",
        help="everything X times as fast: at 60 an hour passes in a minute",
    )
    module.add_argument(
        "--allow-network",
        action="store_true",
        help="datagrams of its UDP sockets may leave this machine (default: loopback only)",
    )


def _firmware(text: str) -> str | Path:
    if text not in FIRMWARES and not text.endswith(".toml"):
        known = ", ".join(FIRMWARES)
        raise argparse.ArgumentTypeError(f"{text!r}, expected one of {known}, or a file .toml")
    return text if text in FIRMWARES else Path(text)


def _baud(text: str) -> dict[str, object]:
    """`baud`, and `strict` where it was said."""
    speed, comma, strict = text.partition(",")
    if text == "off":
        return {"baud": None}
    if text == "strict":
        return {"strict": True}
    number = int(speed) if speed.isascii() and speed.isdecimal() else 0
    if not 0 < number <= _MAX_BAUD or (comma and strict != "strict"):
        raise argparse.ArgumentTypeError(
            f"{text!r}, expected a speed such as 9600, or off, or strict, or 9600,strict"
        )
    return {"baud": number, "strict": True} if comma else {"baud": number}


def _faults(text: str) -> dict[str, object]:
    """`faults`, and `seed` where it was said."""
    shares: dict[str, float] = {}
    found: dict[str, object] = {}
    try:
        for part in text.split(","):
            name, _, value = part.partition("=")
            if name == "seed":
                found["seed"] = int(value)
            else:
                shares[Fault(name)] = float(value)
        return {"faults": Rates(**shares), **found}
    except ValueError as error:
        known = "|".join(Fault)
        raise argparse.ArgumentTypeError(
            f"{text!r}: {error}; expected {known}=SHARE,... and perhaps seed=N"
        ) from None


def _seconds(text: str) -> float:
    return _number(text, "a number of seconds, 0 or more", lowest=0.0)


def _factor(text: str) -> float:
    return _number(text, "how many times as fast, from 0.001 on", lowest=0.001)


def _number(text: str, expected: str, *, lowest: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not lowest <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}, expected {expected}")
    return number


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) <= _MAX_MODULES:
        raise argparse.ArgumentTypeError(f"{text!r}, expected 1 to {_MAX_MODULES}")
    return int(text)
