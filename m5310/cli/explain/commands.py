"""Command lines in words."""

from __future__ import annotations

import re
from typing import Final

from m5310.at.codec import values as values_of
from m5310.cli.explain.catalogue import find
from m5310.cli.explain.lookalikes import describe_lookalike
from m5310.cli.explain.suite import describe_shared
from m5310.errors import M5310Error, Text

_COMMAND: Final = re.compile(
    r"AT(?P<name>&?[A-Z][0-9]*|\+[A-Z0-9]+)?(?P<sign>=\?|\?|=)?(?P<values>.*)", re.IGNORECASE
)


def describe_command(line: str) -> str | None:
    """What a command line does; None for any other or an unknown line. Never raises."""
    line = line.strip()
    if wrong := describe_lookalike(line):
        return wrong
    parts = _COMMAND.fullmatch(line)
    if parts is None:
        return None
    name = (parts["name"] or "").upper()
    if parts["sign"] == "=?":
        return Text("ask which values {name} takes", name=name)
    entry = find(line)
    if entry is None and parts["sign"] == "?" and find(f"AT{name}="):
        return Text("ask for the present values of {name}", name=name)
    if entry is None:
        later = name.startswith("+MIPL") and find(f"AT{name}=") is None
        if not later:
            return None
        return Text("a command of China Mobile's suite that is not known here")
    if not entry.takes:
        return entry.command.meaning
    try:
        values = values_of(parts["values"])
        return describe_shared(name, values) or entry.describe(values)
    except M5310Error as error:
        return Text("AT{name} with values that do not fit: {error}", name=name, error=error)
    except ValueError:  # not a number, or too many or too few values
        return Text(
            "AT{name} with values that do not fit; it takes {values}",
            name=name,
            values=entry.takes,
        )
