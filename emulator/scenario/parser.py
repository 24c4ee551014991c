"""Parser of scenario files: TOML text to `Scenario`, errors with file and line. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from emulator.scenario.actions import ACTIONS
from emulator.scenario.events import At, Begin, Event, Every, On, Scenario, When
from emulator.scenario.toml_lines import TomlLines, load
from emulator.scenario.toml_table import InvalidValue, TomlTable, format_value

# Shortest `every` in seconds. One byte takes a millisecond on the line: more often is a mistake.
_MIN_INTERVAL = 0.1
_BEGINS = {str(begin): begin for begin in Begin}
_WHEN = ("at", "every", "on")


class ScenarioError(ValueError):
    """The file is no valid scenario; the text names file, line and what is wrong."""


def read(text: str, name: str = "scenario", *, modules: int = 1) -> Scenario:
    """Parse `text` for an emulator with `modules` modules; `name` is the file name for messages.

    Raises ScenarioError.
    """
    try:
        found, lines = load(text, name)
    except ValueError as error:
        raise ScenarioError(str(error)) from None
    try:
        return _scenario(lines, name, found, modules)
    except InvalidValue as error:
        line = 1 if error.key is None else lines.find(None, error.key)
        raise ScenarioError(f"{name}:{line}: {error}") from None


def _scenario(lines: TomlLines, name: str, found: Mapping[str, object], modules: int) -> Scenario:
    table = TomlTable(found)
    title = table.text("title") if "title" in table else ""
    seed = table.integer("seed", 0, default=0)
    begin = table.choice("begin", _BEGINS, default=Begin.START)
    ends = table.optional("ends")
    events = table.take("event") if "event" in table else []
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise InvalidValue(
            "event", f"event {format_value(events)}, expected tables that begin with [[event]]"
        )
    table.end()
    if not events:
        raise InvalidValue(None, "no event: expected at least one table that begins with [[event]]")
    parsed = (_event(lines, name, index, event, modules) for index, event in enumerate(events))
    return Scenario(tuple(parsed), title, seed, begin, ends)


def _event(
    lines: TomlLines, name: str, index: int, found: Mapping[str, object], modules: int
) -> Event:
    try:
        return _parse_event(found, lines.find(index, None), modules)
    except InvalidValue as error:
        raise ScenarioError(f"{name}:{lines.find(index, error.key)}: {error}") from None


def _parse_event(found: Mapping[str, object], line: int, modules: int) -> Event:
    table = TomlTable(found)
    when = _when(table)
    key = table.exactly_one(ACTIONS, "what happens")
    kind = ACTIONS[key]
    action = kind.read(table, key)
    duration = table.optional("for") if kind.can_end else None
    module = 1
    if not kind.common and "module" in table:
        module = table.integer("module", 1, modules)
    table.end()
    _check_when(table, key, when)
    return Event(when, action, duration, f"{key} {format_value(found[key])}", line, module)


def _check_when(table: TomlTable, key: str, when: When) -> None:
    """Keys about an answer need a command. Raises InvalidValue."""
    if key == "answer":
        if not isinstance(when, On):
            raise InvalidValue(
                key, "answer: only commands have an answer, expected on = instead of at or every"
            )
        if when.after:
            raise InvalidValue(
                "after", 'after: not with answer =, expected answer = "late" with seconds ='
            )
    if "place" in table and not (isinstance(when, On) and not when.after):
        raise InvalidValue(
            "place", "place: only within the answer of a command, expected on = without after ="
        )


def _when(table: TomlTable) -> When:
    kind = table.exactly_one(_WHEN, "when it happens")
    times = table.integer("times", 1) if kind != "at" and "times" in table else None
    if kind == "at":
        return At(table.number("at"))
    if kind == "every":
        seconds = table.number("every", _MIN_INTERVAL)
        return Every(seconds, table.number("first", default=seconds), times)
    command = table.text("on")
    if not re.fullmatch(r"AT[ -~]*", command, re.IGNORECASE):
        raise InvalidValue(
            "on",
            f"on {format_value(command)}, expected the start of a command, such as AT+MIPLOPEN",
        )
    return On(command, times, table.number("after", default=0.0))
