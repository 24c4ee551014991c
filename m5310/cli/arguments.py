"""Options and help texts of the `m5310` command."""

from __future__ import annotations

import argparse
from gettext import gettext as _
from pathlib import Path
from typing import Any, Final, NoReturn

from m5310 import __version__
from m5310.cli import recording
from m5310.cli.exits import EXIT_STATUS_HELP, Exit
from m5310.cli.translation import translated
from m5310.errors import Text

_DESCRIPTION: Final = Text("""\
Check an M5310 NB-IoT module, send it commands, and run a OneNET device without writing a program.
PORT is a serial port (/dev/ttyUSB0, COM3) or a pyserial URL (socket://host:port).
""")

_EXAMPLES: Final = Text("""\
examples:
  m5310-emulator --link /tmp/m5310            first, without a board: emulate one at /tmp/m5310
  m5310 ports                                 list serial ports, likely modules first
  m5310 probe /dev/ttyUSB0                    check the module; advice for each problem
  m5310 send /dev/ttyUSB0 AT+CSQ              send one command, for scripts
  m5310 console /dev/ttyUSB0                  type commands; every line is explained
  m5310 run thermometer.toml                  run a OneNET device described by a file
  m5310 record /dev/ttyUSB0 session.jsonl     record the serial line with its times
  m5310 decode session.jsonl                  explain a recording
  m5310 decode '+MIPLREAD:0,12345,3303,0,5700'
""")


DEFAULT_BAUD: Final = 9600
"""The speed of a module that was not set to another."""


class _Parser(argparse.ArgumentParser):
    def _print_message(self, message: str, file: Any = None) -> None:
        print(message, end="", file=file)  # argparse would hide a write error

    def error(self, message: str) -> NoReturn:
        self.exit(
            Exit.USAGE,
            f"{self.prog}: " + _("{message} (try --help)").format(message=message) + "\n",
        )


def parser() -> argparse.ArgumentParser:
    """Its namespace has `subcommand` (a file of m5310/cli), `debug`, and the options."""
    made = _Parser(
        prog="m5310",
        description=translated(_DESCRIPTION),
        epilog="\n".join(
            (
                translated(_EXAMPLES),
                translated(EXIT_STATUS_HELP),
                _("`m5310 COMMAND --help` explains one command, with examples."),
            )
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument(
        "--version", action="version", version=version(), help=_("show the version and exit")
    )
    commands = made.add_subparsers(title=_("commands"), metavar="COMMAND", required=True)
    for add in (_ports, _probe, _send, _console, _record, _decode, _run):
        add(commands)
    return made


def version() -> str:
    """The package and its version."""
    return f"m5310 {__version__}"


_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it


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
    made.set_defaults(subcommand=name)
    made.add_argument(
        "--debug", action="store_true", help=_("show every line on the wire, and full tracebacks")
    )
    return made


def _add_port(made: argparse.ArgumentParser, *, default: int | None = DEFAULT_BAUD) -> None:
    made.add_argument("port", metavar="PORT", help=_("a serial port, as listed by `m5310 ports`"))
    shown = _("try the common speeds") if default is None else f"{default}"
    speed = _("speed (default: {default})").format(default=shown)
    made.add_argument("--baud", type=_baud, default=default, metavar="N", help=speed)


def _ports(commands: _Commands[_Parser]) -> None:
    text = _("""\
List the serial ports of this machine, likely modules first. Exit status 1: there are none.

examples:
  m5310 ports
  m5310 probe "$(m5310 ports --json | jq -r '.[0].device')"     # the most likely port""")
    made = _command(commands, "ports", _("list serial ports"), text)
    made.add_argument("--json", action="store_true", help=_("print one JSON array, for scripts"))


def _probe(commands: _Commands[_Parser]) -> None:
    text = _("""\
Check the module: identity, firmware, SIM, signal, registration. Each problem comes with advice.
The module's settings are not changed. Exit status 1: there is a problem; 3: no answer.

examples:
  m5310 probe /dev/ttyUSB0
  m5310 probe /dev/ttyUSB0 --json | jq .findings
  m5310 probe /dev/ttyUSB0 && start-my-program     # only if there is no problem""")
    made = _command(commands, "probe", _("check the module"), text)
    _add_port(made, default=None)
    made.add_argument("--json", action="store_true", help=_("print one JSON object, for scripts"))


def _send(commands: _Commands[_Parser]) -> None:
    text = _("""\
Send commands in order and print their response lines. Stops at the first command that fails, and
shows the reason: error numbers are on meanwhile (AT+CMEE=1), and as before at the end.

examples:
  m5310 send /dev/ttyUSB0 AT+CSQ
  m5310 send /dev/ttyUSB0 AT+CFUN=0 AT+CFUN=1
  m5310 send /dev/ttyUSB0 'AT+NPING=8.8.8.8' --until +NPING     # the result comes after the OK""")
    made = _command(commands, "send", _("send commands, for scripts"), text)
    _add_port(made)
    made.add_argument(
        "commands", metavar="COMMAND", nargs="+", help=_("a complete command line, such as AT+CSQ")
    )
    made.add_argument(
        "--timeout",
        type=_seconds,
        metavar="S",
        help=_("seconds to wait for each result (default: depends on the command)"),
    )
    made.add_argument(
        "--until",
        metavar="PREFIX",
        help=_("then wait for an unsolicited line that starts with PREFIX, and print it"),
    )


def _console(commands: _Commands[_Parser]) -> None:
    text = _("""\
Type commands and see responses and unsolicited lines, each with its meaning. Tab completes
commands, the arrow keys recall earlier ones, Ctrl-D ends. Input can also come from a pipe: its
lines are sent one after the other, and the console ends after the last response, with the exit
status of the first failure. Keep the pipe open to see unsolicited lines that come later. Error
numbers are on meanwhile (AT+CMEE=1), and as before at the end.

examples:
  m5310 console /dev/ttyUSB0
  m5310 console /dev/ttyUSB0 < commands.txt
  (echo AT+NPING=8.8.8.8; sleep 10) | m5310 console /dev/ttyUSB0""")
    made = _command(commands, "console", _("type commands, with explanations"), text)
    _add_port(made)
    _add_no_words(made)


def _record(commands: _Commands[_Parser]) -> None:
    text = _("""\
Record all bytes on the serial line with their times, as JSON lines (--format describes them),
while you type commands as in `console`. With --listen, nothing is written to the port.

examples:
  m5310 record /dev/ttyUSB0 session.jsonl
  m5310 decode session.jsonl                        # explain the recording
  m5310 record /dev/ttyUSB0 session.jsonl < commands.txt
  m5310 record --listen /dev/ttyUSB0 -              # print what the module sends; Ctrl-C ends""")
    made = _command(commands, "record", _("record the serial line"), text)
    _add_port(made)
    made.add_argument(
        "file", metavar="FILE", type=Path, help=_("a new file; - for stdout (with --listen)")
    )
    made.add_argument("--listen", action="store_true", help=_("write nothing to the port"))
    file_format = (recording.__doc__ or "see m5310/cli/recording.py").rstrip()
    made.add_argument(
        "--format",
        action="version",
        version=file_format,
        help=_("describe the file format and exit"),
    )
    _add_no_words(made)


def _add_no_words(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--no-words", dest="words", action="store_false", help=_("show lines without explanations")
    )


def _decode(commands: _Commands[_Parser]) -> None:
    text = _("""\
Explain lines of the AT language: commands, responses, unsolicited lines, and the configuration
in AT+MIPLCONF (or its hex text alone). WHAT is a line or a file: a recording, or a log with one
AT line in each line. - or no argument reads stdin. Exit status 1: a line given as argument is not
a known AT line.

examples:
  m5310 decode 'AT+MIPLNOTIFY=0,3303,0,5700,4,"22.5",1'
  m5310 decode session.jsonl
  grep MIPL my.log | m5310 decode""")
    made = _command(commands, "decode", _("explain lines, logs and recordings"), text)
    made.add_argument("what", metavar="WHAT", nargs="*", help=_("lines or files"))


def _run(commands: _Commands[_Parser]) -> None:
    text = _("""\
Run a OneNET device described by a file: log in, report values, answer reads, writes and executes
of the platform. Lines on stdin report values: 3303/0/5700=22.5
The device recovers from restarts of the module without a time limit. Ctrl-C logs out and removes
the device from the module.

examples:
  m5310 run thermometer.toml
  m5310 run thermometer.toml --port /dev/ttyUSB1 --endpoint '<imei>;<imsi>'
  (while sleep 60; do echo 3303/0/5700=$(my-sensor); done) | m5310 run thermometer.toml

a profile:
  port = "/dev/ttyUSB0"              # or --port
  # endpoint = "<imei>;<imsi>"       # default: read from the module
  # uri = "coap://183.230.40.40:5683"
  # module = "bc28"                  # default: found out
  # lifetime = 86400                 # seconds
  # baud = 9600
  # acknowledge = false              # true: repeat reports until the platform acknowledges
  # recover = true                   # false: end when the module restarts or the port is lost
  # outbox = 1000                    # reports kept while the device is offline
  # when_full = "drop oldest"        # or "refuse" newer ones

  [[resource]]
  path = "3303/0/5700"               # object/instance/resource
  type = "float"                     # string opaque integer float boolean hex_string
  command = "cut -c1-2 /sys/class/thermal/thermal_zone0/temp"
  every = 60                         # seconds: run the command and report its output

  [[resource]]
  path = "3311/0/5850"
  type = "boolean"
  value = false
  access = ["read", "write"]         # and "execute"; default ["read"]""")
    made = _command(commands, "run", _("run a OneNET device from a file"), text)
    made.add_argument("profile", metavar="PROFILE", type=Path, help=_("a TOML file"))
    made.add_argument("--port", help=_("use this port, not the profile's"))
    made.add_argument(
        "--baud", type=_baud, metavar="N", help=_("use this speed, not the profile's")
    )
    made.add_argument("--endpoint", help=_("use this endpoint, not the profile's"))
    made.add_argument(
        "--timeout",
        type=_seconds,
        default=120.0,
        metavar="S",
        help=_("seconds to find a network, and again to log in (default: 120)"),
    )


def _baud(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) <= 10_000_000:
        raise argparse.ArgumentTypeError(
            _("{text} is not a speed; expected one such as 9600").format(text=repr(text))
        )
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 86400:
        raise argparse.ArgumentTypeError(
            _("{text} is not valid; expected seconds, 0..86400").format(text=repr(text))
        )
    return seconds
