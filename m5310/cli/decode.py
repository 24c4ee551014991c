"""`m5310 decode`: lines, recordings and logs in words."""

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
from m5310.cli.explain.commands import config_words
from m5310.cli.explain.lines import Narrator, in_words
from m5310.cli.recording import Piece, Sender, Speed, read
from m5310.cli.terminal.output import Screen, Style
from m5310.errors import M5310Error

_COLUMN: Final = 44
"""Where the words begin beside lines that are not longer."""

_UNKNOWN: Final = "not of this language"
_MARKS: Final = {Sender.HOST: ">", Sender.MODULE: "<"}

# The head of a MIPLCONF blob alone has ten bytes.
_BLOB: Final = re.compile(r"([0-9A-Fa-f]{2}){10,}")

# A log may hold anything; a terminal obeys some of it.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

# What a log puts before a line: anything, then the direction, as this package's own log does.
_LOGGED: Final = re.compile(r"(?:.*?\s)?([<>])[!~]? (.*)")


def command(given: argparse.Namespace, screen: Screen) -> int:
    """Each argument is a file if there is one of that name, else a line."""
    status = Exit.WELL
    for what in given.what or ["-"]:
        if what == "-":
            if isinstance(sys.stdin, TextIOWrapper):
                sys.stdin.reconfigure(errors="replace")  # as of files
            _file("standard input", sys.stdin, screen)
        elif _names_a_file(what):
            with Path(what).open(encoding="utf-8", errors="replace", newline="\n") as file:
                _file(what, file, screen)
        elif (words := _words(what)) is not None:
            screen.say(words)
        else:
            screen.tell(f"{what!r} is no file, and no line of this language")
            status = Exit.WRONG
    return status


def _names_a_file(what: str) -> bool:
    try:
        return Path(what).is_file()
    except OSError:  # longer than any name may be, as many a line is
        return False


def _words(line: str) -> str | None:
    line = line.strip()
    if _BLOB.fullmatch(line):
        try:
            return config_words(bytes.fromhex(line))
        except M5310Error as error:
            return f"not a configuration: {error}"
    return in_words(line)


def _file(name: str, file: Iterable[str], screen: Screen) -> None:
    lines = iter(file)
    first = next(lines, "")
    everything = chain([first], lines)
    if first.lstrip().startswith("{"):
        try:
            _recording(everything, screen)
        except M5310Error as error:
            error.args = (f"{name}: {error}",)
            raise
        return
    _log(everything, screen)


def _recording(lines: Iterable[str], screen: Screen) -> None:
    header, entries = read(lines)
    by = f", by {header.by}" if header.by else ""
    screen.say(f"{header.port} at {header.baud} baud, {header.started:%Y-%m-%d %H:%M:%S %Z}{by}")
    narrator = Narrator()
    readers = {sender: LineReader() for sender in Sender}
    for entry in entries:
        at = f"{entry.at:10.3f} "
        match entry:
            case Speed(_, baud):
                screen.say(f"{at}  the line runs at {baud} baud")
            case Piece(_, sender, data):
                for line in readers[sender].feed(data):
                    _show(screen, at, sender, _text(line), narrator)
            case _:
                assert_never(entry)


def _text(line: str | Overlong) -> str:
    return f"{line.head}... (a line without end)" if isinstance(line, Overlong) else line


def _log(lines: Iterable[str], screen: Screen) -> None:
    narrator = Narrator()
    for sender, line in filter(None, map(_parted, lines)):
        _show(screen, "", sender, line, narrator)


def _parted(line: str) -> tuple[Sender, str] | None:
    """Who said what in a line of a log; None for an empty one."""
    line = _CONTROL.sub("", line).strip()
    if not in_words(line) and (found := _LOGGED.fullmatch(line)):
        return (Sender.HOST if found[1] == ">" else Sender.MODULE), found[2]
    host = line[:2].upper() == "AT"
    return ((Sender.HOST if host else Sender.MODULE), line) if line else None


def _show(screen: Screen, at: str, sender: Sender, line: str, narrator: Narrator) -> None:
    says = narrator.host(line) if sender is Sender.HOST else narrator.module(line)
    style = Style.PLAIN if sender is Sender.HOST else Style.GREEN
    begin = f"{at}{_MARKS[sender]} {line}"
    screen.explained(begin, says or _UNKNOWN, _COLUMN + len(at), style)
