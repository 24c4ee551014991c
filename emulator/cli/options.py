"""Command line options of `python -m emulator`. Pure."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from emulator.air.faults import DOWNLINK_WINDOW
from emulator.cli import values
from emulator.cli.introduction import DESCRIPTION, EXAMPLES
from emulator.module.firmware import DEFAULT, FIRMWARES, MODULES
from emulator.module.lwm2m.style import STYLES
from emulator.onenet.years import DEFAULT_YEAR, YEARS

# Exit status after wrong options, by convention.
USAGE_ERROR = 2

# Arguments that `read` turns into parameters.
_SUBCOMMAND, _SPEED, _FAULTS, _AIR_FAULTS = "_subcommand", "_speed", "_faults", "_air_faults"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_ERROR, f"{self.prog}: {message} (--help shows the options)\n")


def read(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> dict[str, Any]:
    """Parse the options: `speed`, `trace`, `json`, `timing`, `air_faults` (settings of
    `Emulator.air.faults`), and parameters of `Emulator`.

    Options that are not given are absent, so that the defaults of `Emulator` apply. `run FILE` is
    `scenario`, `replay FILE` is `replay`, `platform` is `platform_only`; `firmware` is a name or
    the path of a file.
    """
    found = vars(parser.parse_args(arguments))
    match found.pop(_SUBCOMMAND, []):
        case []:
            pass
        case ["run", file]:
            found["scenario"] = Path(file)
        case ["replay", file]:
            found["replay"] = Path(file)
        case ["platform"]:
            found["platform_only"] = True
        case words:
            parser.error(
                f"{' '.join(words)!r}: expected options only, run FILE, replay FILE or platform"
            )
    on_line, in_air = found.pop(_FAULTS, {}), found.pop(_AIR_FAULTS, {})
    if len({faults["seed"] for faults in (on_line, in_air) if "seed" in faults}) > 1:
        parser.error("--faults, --air-faults: different seeds, expected one for everything")
    return {**found.pop(_SPEED, {}), **in_air, **on_line, **found}


def parser() -> argparse.ArgumentParser:
    """The parser for `read`."""
    made = _Parser(
        prog="m5310-emulator",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    made.add_argument(
        _SUBCOMMAND,
        nargs="*",
        metavar="run|replay FILE|platform",
        help="run: play the scenario in FILE; replay: play the recording in FILE in place of a"
        " module, and show where the host differs from the recorded one (exit status 1); platform:"
        " the cloud alone, with a device for --imei and --imsi (--modules N: for N of them)",
    )
    _add_line(made)
    _add_module(made)
    _add_cloud(made)
    _add_air(made)
    made.add_argument(
        "--timing",
        choices=("kept", "ignored"),
        help="of a replay: answer with the recorded delays (default), or at once",
    )
    output = made.add_argument_group("output")
    output.add_argument(
        "--trace",
        action="store_true",
        help="print each line in both directions, and each message of the air, with its time, on"
        " stderr",
    )
    output.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="record the first module's line, with times, into a new FILE",
    )
    output.add_argument(
        "--pcap",
        type=Path,
        metavar="FILE",
        help="write the datagrams of the air and the bytes of all lines into a new FILE (pcapng;"
        " tools/m5310_at.lua shows the AT lines in Wireshark)",
    )
    output.add_argument(
        "--json",
        action="store_true",
        help="when ready, print exactly one JSON line on stdout (on stderr if stdout is the port);"
        " of a replay: its port and recording",
    )
    return made


def _add_cloud(made: argparse.ArgumentParser) -> None:
    cloud = made.add_argument_group("the cloud")
    cloud.add_argument(
        "--http",
        metavar="HOST:PORT",
        help="address of its HTTP API (default 127.0.0.1:0, a free port on this machine)",
    )
    cloud.add_argument(
        "--allow-host",
        dest="allow_hosts",
        action="append",
        metavar="NAME",
        help="a name of this machine in HTTP requests, besides localhost and its addresses;"
        " requests under other names are refused, as a web page sends them; may be repeated",
    )
    cloud.add_argument(
        "--api-key", metavar="KEY", help="key that HTTP clients must send (default: random)"
    )
    cloud.add_argument(
        "--no-page",
        dest="page",
        action="store_false",
        help="serve no page for browsers; by default its address, with the key after #, is printed"
        " at the start: it shows devices, lines and air as it happens, and changes them",
    )
    cloud.add_argument(
        "--push",
        metavar="URL",
        help="an application that gets what happens: data points, devices online and offline,"
        " results of offline commands; with --token. PUT /emulator/push sets it, too",
    )
    cloud.add_argument(
        "--token", help="signs what is pushed; the application checks it with the same token"
    )
    cloud.add_argument(
        "--aes-key", metavar="KEY", help="encrypts what is pushed: 43 letters or digits"
    )
    cloud.add_argument(
        "--no-device",
        dest="device",
        action="store_false",
        help="the cloud has no device for this module and refuses its login",
    )
    _add_database(cloud)
    cloud.add_argument(
        "--year",
        type=int,
        choices=tuple(YEARS),
        help="whose OneNET: order after a login, repeats of requests, error numbers, triggers"
        f" (default {DEFAULT_YEAR})",
    )
    cloud.add_argument(
        "--platform-address",
        dest="platform_addresses",
        action="append",
        metavar="HOST:PORT",
        help="another address at which modules may log in, besides OneNET's; may be repeated",
    )


def _add_database(cloud: argparse._ArgumentGroup) -> None:
    cloud.add_argument(
        "--db",
        type=Path,
        metavar="FILE",
        help="keep what the cloud has in FILE, made if there is none: devices, keys, data points,"
        " triggers, commands, push; the next start with it goes on (default: in memory)",
    )
    cloud.add_argument(
        "--keep-days",
        type=values.days,
        metavar="N",
        help="drop data points in FILE that are older (default: keep all)",
    )
    cloud.add_argument(
        "--keep-points",
        type=values.points,
        metavar="N",
        help="drop all but the newest N data points of each stream in FILE (default: keep all)",
    )


def _add_air(made: argparse.ArgumentParser) -> None:
    air = made.add_argument_group("the air between them: LwM2M over CoAP")
    air.add_argument(
        "--air",
        choices=("coap", "memory"),
        help="coap: UDP sockets, so that other LwM2M clients and servers can take part (default);"
        " memory: the same datagrams within this process",
    )
    air.add_argument(
        "--coap",
        metavar="HOST:PORT",
        help="address of the cloud's CoAP server (default 127.0.0.1:0, a free port on this"
        " machine)",
    )
    air.add_argument(
        "--coaps",
        metavar="HOST:PORT",
        help="address of a second one by DTLS, for devices that have a key (extra dtls)",
    )
    air.add_argument(
        "--psk",
        metavar="KEY",
        help="key of the devices there, and of the module: 8 to 16 letters or digits (default:"
        " random)",
    )
    air.add_argument(
        "--server",
        metavar="URI",
        help="coap:// or coaps://HOST:PORT of another LwM2M server in place of the cloud; the"
        " module registers there when its host configures OneNET's address or this one",
    )
    air.add_argument(
        "--style",
        choices=tuple(STYLES),
        help="how the module speaks LwM2M: onenet, byte for byte as China Mobile's suite (default);"
        " standard, as LwM2M 1.0 servers demand (default with --server)",
    )

    air.add_argument(
        "--downlink-window",
        type=values.window,
        metavar="SECONDS|off",
        help="how long after a datagram of the module its network leads downlink to it; later"
        f" requests end in TIME_OUT (default {DOWNLINK_WINDOW:g}; off: always)",
    )
    air.add_argument(
        "--air-faults",
        dest=_AIR_FAULTS,
        type=values.air_faults,
        metavar="SETTING=NUMBER,...[,seed=N]",
        help="latency in seconds each way (default 0.1); shares of the datagrams, 0 to 1: loss,"
        " duplication, reordering (later ones overtake them), and delayed, which take delay seconds"
        " more; the same seed gives the same faults",
    )


def _add_line(made: argparse.ArgumentParser) -> None:
    line = made.add_argument_group("the serial line")
    line.add_argument(
        "--port",
        metavar="NAME",
        help="pty (default), socket://[HOST]:PORT for TCP, rfc2217://[HOST]:PORT for TCP with"
        " serial settings, or - for standard input and output; without HOST only for this machine",
    )
    line.add_argument(
        "--link",
        type=Path,
        metavar="PATH",
        help="create a symbolic link to the pty, which is removed at the end; only a link to a pty"
        " that is gone is replaced",
    )
    line.add_argument(
        "--baud",
        dest=_SPEED,
        type=values.baud,
        metavar="N|off|strict|N,strict",
        help="speed; off: as fast as the host reads; strict: a host at another speed reads and"
        " sends garbage, on a pty or RFC 2217 (default: the module's own, as 9600; of a replay: as"
        " recorded)",
    )
    line.add_argument(
        "--quiet",
        type=values.seconds,
        metavar="SECONDS",
        help="shortest time from a final result to the next command; earlier ones are reported"
        " (default 0.02)",
    )
    line.add_argument(
        "--overruns",
        action="store_true",
        help="bytes that come while the module is sending are lost once its UART buffer is full",
    )
    line.add_argument(
        "--faults",
        dest=_FAULTS,
        type=values.faults,
        metavar="FAULT=SHARE,...[,seed=N]",
        help="share of the bytes, 0 to 1, with the fault loss, double, corrupt, delay or garbage;"
        " the same seed gives the same faults",
    )


def _add_module(made: argparse.ArgumentParser) -> None:
    module = made.add_argument_group("the module")
    module.add_argument("--imei", help="serial number, up to 17 digits or letters")
    module.add_argument("--imsi", help="number of the SIM, up to 16 digits or letters")
    module.add_argument(
        "--module",
        type=values.module,
        metavar="NAME",
        help=f"which module: {', '.join(MODULES)} (default m5310); all but the M5310 speak China"
        " Mobile's suite language, each in its own way",
    )
    module.add_argument(
        "--firmware",
        type=values.firmware,
        metavar="NAME|FILE.toml",
        help=f"firmware of the M5310: {', '.join(FIRMWARES)} (default {DEFAULT}), or a file of your"
        " own, for any module",
    )
    module.add_argument(
        "--cold",
        action="store_true",
        help="start like a board that was just powered: it boots, then searches for its network",
    )
    module.add_argument(
        "--boot-noise",
        action="store_true",
        help="a start begins with garbage: text of the boot ROM at another speed",
    )
    module.add_argument(
        "--strict-host",
        action="store_true",
        help="refuse doubtful commands; by default they are taken, and noted by --trace",
    )
    module.add_argument(
        "--typed-urcs",
        action="store_true",
        help="write and execute URCs have type and length, as in later firmware",
    )
    module.add_argument(
        "--modules",
        type=values.count,
        metavar="N",
        help="number of modules with one cloud; links, ports, IMEI and IMSI are counted up",
    )
    module.add_argument(
        "--speed",
        type=values.factor,
        metavar="X",
        help="run X times as fast; 60: one hour passes in one minute",
    )
    module.add_argument(
        "--allow-network",
        action="store_true",
        help="UDP sockets of the module, pushes and triggers may send to other machines (default:"
        " loopback only)",
    )
