"""The options of the command, and the help that teaches it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from m5310.cli.exits import EXPLAINED, Exit

_DESCRIPTION: Final = """\
Look at an M5310 NB-IoT module, talk to it, and try out a OneNET device without writing a program.
PORT is a serial port (/dev/ttyUSB0, COM3) or a URL of pyserial's (socket://host:port).
"""

_EXAMPLES: Final = """\
examples:
  m5310 ports                                 which ports are there, likely modules first
  m5310 probe /dev/ttyUSB0                    is the module well? what to do if not
  m5310 send /dev/ttyUSB0 AT+CSQ              one command, for scripts
  m5310 console /dev/ttyUSB0                  talk to it, with every line explained
  m5310 run thermometer.toml                  a OneNET device from a file
  m5310 record /dev/ttyUSB0 session.jsonl     keep everything that passes, with its times
  m5310 decode session.jsonl                  and read it in words
  m5310 decode '+MIPLREAD:0,12345,3303,0,5700'
"""


class _Parser(argparse.ArgumentParser):
    def print_help(self, file: Any = None) -> None:
        print(self.format_help(), end="", file=file)  # argparse hides that it cannot be written

    def error(self, message: str) -> NoReturn:
        self.exit(Exit.USAGE, f"{self.prog}: {message} (--help shows how)\n")


def parser() -> argparse.ArgumentParser:
    """Its namespace has `room`, the subcommand's, `debug`, and the subcommand's own options."""
    made = _Parser(
        prog="m5310",
        description=_DESCRIPTION,
        epilog=f"{_EXAMPLES}\n{EXPLAINED}\n`m5310 COMMAND --help` shows more of each command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _shows(made, "--version", version, "show the version and end")
    commands = made.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (_ports, _probe, _send, _console, _record, _decode, _run):
        add(commands)
    return made


def version() -> str:
    """The package and its version."""
    from importlib import metadata  # noqa: PLC0415 - seldom needed, and slow to load

    try:
        return f"m5310 {metadata.version('m5310')}"
    except metadata.PackageNotFoundError:
        return "m5310 (not installed)"


def _shows(
    made: argparse.ArgumentParser, option: str, text: Callable[[], str], summary: str
) -> None:
    """An option that shows a text and ends, whatever else is missing."""

    class Show(argparse.Action):
        def __call__(
            self,
            parser: argparse.ArgumentParser,
            namespace: argparse.Namespace,  # noqa: ARG002 - the interface's
            values: str | Sequence[Any] | None,  # noqa: ARG002
            option_string: str | None = None,  # noqa: ARG002
        ) -> None:
            print(text())
            parser.exit()

    made.add_argument(option, action=Show, nargs=0, help=summary)


_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse names it nowhere else


def _command(
    commands: _Commands[_Parser], name: str, summary: str, text: str
) -> argparse.ArgumentParser:
    made = commands.add_parser(
        name,
        help=summary,
        description=text.partition("\n\n")[0],
        epilog=text.partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.set_defaults(room=name)
    made.add_argument(
        "--debug", action="store_true", help="show every line on the wire, and errors in full"
    )
    return made


def _port(made: argparse.ArgumentParser, *, default: int | None = 9600) -> None:
    made.add_argument("port", metavar="PORT", help="the serial port, as `m5310 ports` names it")
    shown = "the usual ones are tried" if default is None else f"{default}"
    made.add_argument(
        "--baud", type=_positive, default=default, metavar="N", help=f"its speed (default: {shown})"
    )


def _ports(commands: _Commands[_Parser]) -> None:
    text = """\
Name the serial ports of this machine, likely modules first. Exit status 1: there is none.

examples:
  m5310 ports
  m5310 probe "$(m5310 ports --json | jq -r '.[0].device')"     # the likeliest one"""
    made = _command(commands, "ports", "what is plugged in", text)
    made.add_argument("--json", action="store_true", help="one JSON array, for scripts")


def _probe(commands: _Commands[_Parser]) -> None:
    text = """\
Ask the module who it is and how it fares: identity, firmware, SIM, signal, registration. Each
finding has a verdict, and advice where something is wrong. The module is left as it was.
Exit status 1: something is wrong; 3: nobody answers.

examples:
  m5310 probe /dev/ttyUSB0
  m5310 probe /dev/ttyUSB0 --json | jq .findings
  m5310 probe /dev/ttyUSB0 && start-my-program     # only if all is well"""
    made = _command(commands, "probe", "is the module well?", text)
    _port(made, default=None)
    made.add_argument("--json", action="store_true", help="one JSON object, for scripts")


def _send(commands: _Commands[_Parser]) -> None:
    text = """\
Send commands one after the other and print what they bring; stop at the first that fails.

examples:
  m5310 send /dev/ttyUSB0 AT+CSQ
  m5310 send /dev/ttyUSB0 AT+CFUN=0 AT+CFUN=1
  m5310 send /dev/ttyUSB0 'AT+NPING=8.8.8.8' --until +NPING     # wait for what follows the OK"""
    made = _command(commands, "send", "one command, for scripts", text)
    _port(made)
    made.add_argument("commands", metavar="COMMAND", nargs="+", help="a whole line, with its AT")
    made.add_argument(
        "--timeout",
        type=_seconds,
        metavar="S",
        help="seconds until each result (default: what the command is known to need)",
    )
    made.add_argument(
        "--until",
        metavar="PREFIX",
        help="then wait for an unsolicited line that begins like this, and print it",
    )


def _console(commands: _Commands[_Parser]) -> None:
    text = """\
Talk to the module: type commands, see what they bring and what comes unasked, in words. Tab
completes commands, arrow keys recall earlier ones; Ctrl-D ends. From a pipe, lines are sent one
after the other; it ends with the last answer, so keep the pipe open for what comes later.

examples:
  m5310 console /dev/ttyUSB0
  m5310 console /dev/ttyUSB0 < commands.txt
  (echo AT+NPING=8.8.8.8; sleep 10) | m5310 console /dev/ttyUSB0"""
    made = _command(commands, "console", "talk to the module", text)
    _port(made)
    _words(made)


def _record(commands: _Commands[_Parser]) -> None:
    text = """\
Keep everything that passes on the line, with its times, as JSON lines (--format describes them),
while you talk to the module as in `console`; or with --listen, only listen: nothing is written to
the port.

examples:
  m5310 record /dev/ttyUSB0 session.jsonl
  m5310 decode session.jsonl                        # read it in words
  m5310 record /dev/ttyUSB0 session.jsonl < commands.txt
  m5310 record --listen /dev/ttyUSB0 -              # what a module says, to stdout; Ctrl-C ends"""
    made = _command(commands, "record", "keep all that passes on the line", text)
    _port(made)
    made.add_argument("file", metavar="FILE", type=Path, help="a new file; - is stdout (--listen)")
    made.add_argument("--listen", action="store_true", help="write nothing to the port")
    _shows(made, "--format", _format, "describe the file in full and end")
    _words(made)


def _format() -> str:
    from m5310.cli import recording  # noqa: PLC0415 - seldom needed

    return (recording.__doc__ or "see m5310/cli/recording.py").rstrip()


def _words(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--no-words", dest="words", action="store_false", help="the lines only, unexplained"
    )


def _decode(commands: _Commands[_Parser]) -> None:
    text = """\
Say in words what lines of the AT language mean: commands, answers, unsolicited lines, the
configuration that AT+MIPLCONF carries (or its bare hex text). WHAT is a line, or a file: a
recording, or any log with one such line a line; - or nothing is stdin. Exit status 1: a line
given here is not of this language.

examples:
  m5310 decode 'AT+MIPLNOTIFY=0,3303,0,5700,4,"22.5",1'
  m5310 decode session.jsonl
  grep MIPL my.log | m5310 decode"""
    made = _command(commands, "decode", "lines in words", text)
    made.add_argument("what", metavar="WHAT", nargs="*", help="lines or files")


def _run(commands: _Commands[_Parser]) -> None:
    text = """\
Be a OneNET device that a file describes: log in, report values, serve what the platform reads,
writes and executes. Lines on stdin report values: 3303/0/5700=22.5
It goes on through restarts of the module, as long as they take. Ctrl-C logs out and leaves the
module clean.

examples:
  m5310 run thermometer.toml
  m5310 run thermometer.toml --port /dev/ttyUSB1 --endpoint '<imei>;<imsi>'
  (while sleep 60; do echo 3303/0/5700=$(my-sensor); done) | m5310 run thermometer.toml

a profile:
  port = "/dev/ttyUSB0"              # or --port
  # endpoint = "<imei>;<imsi>"       # default: the module's own
  # uri = "coap://183.230.40.40:5683"
  # lifetime = 86400                 # seconds
  # baud = 9600
  # acknowledge = false              # true: report until the platform says that it has it
  # recover = true                   # false: end when the module restarts or the port is lost
  # outbox = 1000                    # reports kept while the device is being brought back
  # when_full = "drop oldest"        # or "refuse" newer ones

  [[resource]]
  path = "3303/0/5700"               # object/instance/resource
  type = "float"                     # string opaque integer float boolean hex_string
  command = "cut -c1-2 /sys/class/thermal/thermal_zone0/temp"
  every = 60                         # seconds: its output is reported

  [[resource]]
  path = "3311/0/5850"
  type = "boolean"
  value = false
  access = ["read", "write"]         # and "execute"; default ["read"]"""
    made = _command(commands, "run", "a OneNET device from a file", text)
    made.add_argument("profile", metavar="PROFILE", type=Path, help="a TOML file")
    made.add_argument("--port", help="instead of the profile's")
    made.add_argument("--baud", type=_positive, metavar="N", help="instead of the profile's")
    made.add_argument("--endpoint", help="instead of the profile's")
    made.add_argument(
        "--timeout",
        type=_seconds,
        default=120.0,
        metavar="S",
        help="seconds for finding the network, and again for the login (default: 120)",
    )


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a speed such as 9600")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r}, expected seconds, up to 86400")
    return seconds
