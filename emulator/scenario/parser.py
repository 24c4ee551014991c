"""Scenario files: TOML in, a `Scenario` out, or the line that is wrong and why. Pure.

README.md, "Scenarios", says what may stand in one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from emulator.scenario.actions import ACTIONS
from emulator.scenario.events import At, Begin, Event, Every, On, Scenario, When
from emulator.scenario.toml_table import InvalidValue, TomlTable, format_value

# An event that comes more often is a mistake: the line itself takes a millisecond a byte.
_SHORTEST = 0.1
_BEGINS = {str(begin): begin for begin in Begin}
_OCCASIONS = ("at", "every", "on")


class ScenarioError(ValueError):
    """The file says something that is no scenario; the text names file, line and what is wrong."""


def read(text: str, name: str = "scenario", *, modules: int = 1) -> Scenario:
    """The scenario that `text` describes, for so many modules; `name` is the file's, for messages.

    Raises ScenarioError.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = re.search(r"\(at line (\d+), ", message)
        line = int(at[1]) if at else max(text.rstrip().count("\n") + 1, 1)
        raise ScenarioError(f"{name}:{line}: {message}") from None
    places = _places(text)
    try:
        return _scenario(places, name, found, modules)
    except InvalidValue as wrong:
        line = 1 if wrong.key is None else places.line(None, wrong.key)
        raise ScenarioError(f"{name}:{line}: {wrong}") from None


def _scenario(places: _Places, name: str, found: Mapping[str, object], modules: int) -> Scenario:
    table = TomlTable(found)
    title = table.text("title") if "title" in table else ""
    seed = table.integer("seed", 0) if "seed" in table else 0
    begin = table.choice("begin", _BEGINS) if "begin" in table else Begin.START
    ends = table.optional("ends")
    events = table.take("event") if "event" in table else []
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise InvalidValue(
            "event", f"event {format_value(events)}, expected tables that begin with [[event]]"
        )
    table.end()
    if not events:
        raise InvalidValue(None, "no event: expected at least one table that begins with [[event]]")
    read = (_event(places, name, place, event, modules) for place, event in enumerate(events))
    return Scenario(tuple(read), title, seed, begin, ends)


def _event(
    places: _Places, name: str, number: int, found: Mapping[str, object], modules: int
) -> Event:
    try:
        return _read_event(found, places.line(number, None), modules)
    except InvalidValue as wrong:
        raise ScenarioError(f"{name}:{places.line(number, wrong.key)}: {wrong}") from None


def _read_event(found: Mapping[str, object], line: int, modules: int) -> Event:
    table = TomlTable(found)
    when = _when(table)
    key = table.only(ACTIONS, "what happens")
    kind = ACTIONS[key]
    action = kind.read(table, key)
    lasting = table.optional("for") if kind.lasts else None
    module = 1
    if not kind.common and "module" in table:
        module = table.integer("module", 1, modules)
    table.end()
    _check_occasion(table, key, when)
    return Event(when, action, lasting, f"{key} {format_value(found[key])}", line, module)


def _check_occasion(table: TomlTable, key: str, when: When) -> None:
    """What stands beside an answer needs one. Raises InvalidValue."""
    if key == "answer":
        if not isinstance(when, On):
            raise InvalidValue(
                key, "answer: only a command is answered, expected on = and not at or every"
            )
        if when.after:
            raise InvalidValue(
                "after", "after: an answer that comes late is answer = with seconds ="
            )
    if "place" in table and not (isinstance(when, On) and not when.after):
        raise InvalidValue("place", "place: beside an answer, expected on = and no after =")


def _when(table: TomlTable) -> When:
    occasion = table.only(_OCCASIONS, "when it happens")
    times = table.integer("times", 1) if occasion != "at" and "times" in table else None
    if occasion == "at":
        return At(table.number("at"))
    if occasion == "every":
        seconds = table.number("every", _SHORTEST)
        first = table.optional("first")
        return Every(seconds, seconds if first is None else first, times)
    command = table.text("on")
    if not re.fullmatch(r"AT[ -~]*", command, re.IGNORECASE):
        raise InvalidValue(
            "on", f"on {format_value(command)}, expected how a command begins, such as AT+MIPLOPEN"
        )
    return On(command, times, table.optional("after") or 0.0)


@dataclass(frozen=True, slots=True)
class _Places:
    """On which line of a text each event begins, and each key of an event or of the whole."""

    lines: dict[tuple[int | None, str | None], int]

    def line(self, event: int | None, key: str | None) -> int:
        """Where `key` of the event of this number stands; of none: of the whole. Where it does not
        stand, the line of what it is missing in.
        """
        asked = (event, key), (event, None), (None, "event")
        return next((self.lines[place] for place in asked if place in self.lines), 1)


def _places(text: str) -> _Places:
    """Of a text that is known to be TOML: statement by statement, since what it is as a whole does
    not say where.
    """
    lines: dict[tuple[int | None, str | None], int] = {}
    event: int | None = None
    statement: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        statement.append(line)
        try:
            said = tomllib.loads("\n".join(statement) + "\n")
        except tomllib.TOMLDecodeError:  # it goes on
            continue
        begin = number - len(statement) + 1
        statement.clear()
        if said == {"event": [{}]}:
            event = 0 if event is None else event + 1
            lines[event, None] = begin
        keys = said["event"] if isinstance(said.get("event"), dict) else said  # [event.noise]
        for key in keys:
            lines.setdefault((event, key), begin)
    return _Places(lines)
