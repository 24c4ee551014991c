"""`m5310 decode`: explain lines, recordings and logs."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import Final, assert_never

from m5310.at.lines import LineReader, Overlong
from m5310.cli.exits import Exit
from m5310.cli.explain.lines import Explainer, describe_line
from m5310.cli.explain.onenet import describe_config
from m5310.cli.explain.suite import describe_blob
from m5310.cli.recording import Chunk, Sender, Speed, read
from m5310.cli.terminal.output import Output, Style
from m5310.errors import M5310Error, Text

_COLUMN: Final = 44
"""Column in which explanations start."""

_UNKNOWN: Final = Text("not a known AT line")
_MARKS: Final = {Sender.HOST: ">", Sender.MODULE: "<"}

# The first byte of a configuration of the suite, AT+MIPLCREATE.
_SUITE: Final = 0x13
# Hex text of a configuration. The header of a classic one, AT+MIPLCONF, has ten bytes.
_CONFIGURATION: Final = re.compile(r"([0-9A-Fa-f]{2}){10,}")

# Control characters in a log; a terminal would execute them.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

# A log line: any prefix, then the direction as this package logs it, then the AT line.
_LOG_LINE: Final = re.compile(r"(?:.*?\s)?([<>])[!~]? (.*)")


def command(given: argparse.Namespace, output: Output) -> int:
    """Decode each argument: a file if one of that name exists, else a line."""
    status = Exit.OK
    for what in given.what or ["-"]:
        if what == "-":
            if isinstance(sys.stdin, TextIOWrapper):
                sys.stdin.reconfigure(errors="replace")  # as for files
            _decode_file(Text("standard input"), sys.stdin, output)
        elif _is_file(what):
            with Path(what).open(encoding="utf-8", errors="replace", newline="\n") as file:
                _decode_file(what, file, output)
        elif (meaning := _meaning(what)) is not None:
            output.result(meaning)
        else:
            output.message(Text("{what} is neither a file nor a known AT line", what=repr(what)))
            status = Exit.FAILED
    return status


def _is_file(what: str) -> bool:
    try:
        return Path(what).is_file()
    except OSError:  # too long for a file name
        return False


def _meaning(line: str) -> str | None:
    line = line.strip()
    if _CONFIGURATION.fullmatch(line):
        try:
            data = bytes.fromhex(line)
            return describe_blob(data) if data[0] == _SUITE else describe_config(data)
        except M5310Error as error:
            return Text("not a configuration: {error}", error=error)
    return describe_line(line)


def _decode_file(name: str, file: Iterable[str], output: Output) -> None:
    lines = iter(file)
    first = next(lines, "")
    all_lines = chain([first], lines)
    if first.lstrip().startswith("{"):
        try:
            _decode_recording(all_lines, output)
        except M5310Error as error:
            error.args = (Text("{what}: {reason}", what=name, reason=error),)
            raise
        return
    _decode_log(all_lines, output)


def _decode_recording(lines: Iterable[str], output: Output) -> None:
    header, entries = read(lines)
    origin = Text(
        "{port} at {speed} baud, {started}",
        port=header.port,
        speed=header.baud,
        started=header.started.strftime("%Y-%m-%d %H:%M:%S %Z"),
    )
    if header.by:
        origin = Text("{origin}, by {program}", origin=origin, program=header.by)
    output.result(origin)
    explainer = Explainer()
    readers = {sender: LineReader() for sender in Sender}
    for entry in entries:
        at = f"{entry.at:10.3f} "
        match entry:
            case Speed(_, baud):
                output.result(Text("{at}  speed changed to {speed} baud", at=at, speed=baud))
            case Chunk(_, sender, data):
                for line in readers[sender].feed(data):
                    _show(output, at, sender, _text(line), explainer)
            case _:
                assert_never(entry)


def _text(line: str | Overlong) -> str:
    return f"{line.head}... (line too long)" if isinstance(line, Overlong) else line


def _decode_log(lines: Iterable[str], output: Output) -> None:
    explainer = Explainer()
    for sender, line in filter(None, map(_parse_log_line, lines)):
        _show(output, "", sender, line, explainer)


def _parse_log_line(line: str) -> tuple[Sender, str] | None:
    """Sender and AT line of a line of a log; None for an empty line."""
    line = _CONTROL.sub("", line).strip()
    if not describe_line(line) and (found := _LOG_LINE.fullmatch(line)):
        return (Sender.HOST if found[1] == ">" else Sender.MODULE), found[2]
    sender = Sender.HOST if line[:2].upper() == "AT" else Sender.MODULE
    return (sender, line) if line else None


def _show(output: Output, at: str, sender: Sender, line: str, explainer: Explainer) -> None:
    meaning = explainer.host(line) if sender is Sender.HOST else explainer.module(line)
    style = Style.PLAIN if sender is Sender.HOST else Style.GREEN
    shown = f"{at}{_MARKS[sender]} {line}"
    output.explained(shown, meaning or _UNKNOWN, _COLUMN + len(at), style)
