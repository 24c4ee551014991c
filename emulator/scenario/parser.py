"""Parser of scenario files: TOML text to `Scenario`, errors with file and line. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from emulator.scenario.actions import ACTIONS
from emulator.scenario.events import At, Begin, Event, Every, On, Scenario, When
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
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = re.search(r"\(at line (\d+), ", message)
        line = int(at[1]) if at else max(text.rstrip().count("\n") + 1, 1)
        raise ScenarioError(f"{name}:{line}: {message}") from None
    lines = _Lines.of(text)
    try:
        return _scenario(lines, name, found, modules)
    except InvalidValue as error:
        line = 1 if error.key is None else lines.find(None, error.key)
        raise ScenarioError(f"{name}:{line}: {error}") from None


def _scenario(lines: _Lines, name: str, found: Mapping[str, object], modules: int) -> Scenario:
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
    lines: _Lines, name: str, index: int, found: Mapping[str, object], modules: int
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


@dataclass(frozen=True, slots=True)
class _Lines:
    """Line numbers of each event and of each key; the index of an event is None for top level."""

    numbers: dict[tuple[int | None, str | None], int]

    @classmethod
    def of(cls, text: str) -> _Lines:
        """Of valid TOML, statement by statement, because tomllib reports no positions."""
        numbers: dict[tuple[int | None, str | None], int] = {}
        event: int | None = None
        statement: list[str] = []
        for number, line in enumerate(text.split("\n"), 1):
            statement.append(line)
            try:
                found = tomllib.loads("\n".join(statement) + "\n")
            except tomllib.TOMLDecodeError:  # the statement continues on the next line
                continue
            begin = number - len(statement) + 1
            statement.clear()
            if found == {"event": [{}]}:
                event = 0 if event is None else event + 1
                numbers[event, None] = begin
            inner = found.get("event")  # a dict for [event.noise]
            for key in inner if isinstance(inner, dict) else found:
                numbers.setdefault((event, key), begin)
        return cls(numbers)

    def find(self, event: int | None, key: str | None) -> int:
        """The line of `key`; if there is none, the line of the event or of the first event."""
        keys = (event, key), (event, None), (None, "event")
        return next((self.numbers[it] for it in keys if it in self.numbers), 1)
