"""The module's lines in words: final results, responses and unsolicited lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from m5310.at.codec import Answer, FinalResult, final_result
from m5310.at.table import Entry
from m5310.cli.explain.catalogue import declaring, find
from m5310.cli.explain.onenet import describe_urc
from m5310.commands import general, urcs
from m5310.dialects.classic import urcs as classic
from m5310.dialects.profiles import FAMILIES
from m5310.dialects.suite import urcs as suite
from m5310.dialects.urcs import Urc
from m5310.errors import AnswerError, Text, listed

# Whose numbers the keys of FAMILIES are, by the family of a final result.
_VENDORS: Final = {
    "CIS": {"chinamobile": "China Mobile", "ec616": "EC616"},
    "CME": {"quectel": "Quectel"},
}


def describe_unsolicited(line: str) -> str | None:
    """What an unsolicited line reports; None for an unknown line. Never raises."""
    if line == general.GOING_DOWN:
        return Text("the module restarts")
    try:
        if (onenet := _parsed(line)) is not None:
            return describe_urc(onenet)
        if (urc := urcs.parse(line)) is not None:
            return urcs.describe(urc)
    except AnswerError as error:
        return Text("a damaged line: {error}", error=error)
    if line.startswith("+MIPL") and not describe_response(line):
        return Text("a line of China Mobile's suite that is not known here")
    return None


def _parsed(line: str) -> Urc | None:
    """A line of either dialect. The suite's is the stricter one: it is tried first."""
    try:
        found = suite.parse(line)
    except AnswerError as error:
        if (other := classic.parse(line)) is None:
            raise error from None
        return other
    return classic.parse(line) if found is None else found


def describe_response(line: str, command: str | None = None) -> str | None:
    """What a response reports; None if no known command has such a response. Never raises.

    `command` is the command line that it answers, if known: only then a bare line is understood.
    """
    for entry in _candidates(line, command):
        try:
            result = entry.command.parse(Answer(entry.command, (line,)))
            if words := entry.describe_result(result):
                return words
        except AnswerError:
            continue
    return None


def describe_result(line: str) -> str | None:
    """What a final result reports; None for any other line."""
    result = final_result(line)
    if result is None:
        return None
    if result.ok:
        return Text("done")
    if result.meaning:
        return Text("refused: {meaning}", meaning=result.meaning)
    if result.number is None:
        return Text("refused")
    if meanings := [*_meanings(result)]:
        return Text(
            "refused with number {number}, which means by module: {meanings}",
            number=result.number,
            meanings=listed(meanings),
        )
    return Text("refused with number {number}", number=result.number)


def _meanings(result: FinalResult) -> Iterator[str]:
    """What the number means to each vendor that has one of its own."""
    for family, vendor in _VENDORS.get(result.family, {}).items():
        if result.number is not None and (words := FAMILIES[family].get(result.number)):
            yield Text("{meaning} ({vendor})", meaning=words, vendor=vendor)


def _candidates(line: str, command: str | None) -> list[Entry]:
    if command is None:
        name = f"AT{line.partition(':')[0]}"
        return [
            each
            for each in declaring(line)
            if each.names_itself or each.command.line.rstrip("=") == name
        ]
    entry = find(command.strip())
    return [entry] if entry is not None and entry.command.declares(line) else []
