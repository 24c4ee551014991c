"""Scenario files: TOML in, a `Scenario` out, or the line that is wrong and why. Pure.

README.md, "Scenarios", says what may stand in one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from emulator.scenario.acts import ACTS
from emulator.scenario.events import At, Begin, Event, Every, On, Scenario, When
from emulator.scenario.table import Table, Wrong, shown

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
    try:
        return _scenario(text, name, found, modules)
    except Wrong as wrong:
        key = wrong.key
        line = 1 if key is None else _line(text, lambda parsed: key in parsed)
        raise ScenarioError(f"{name}:{line}: {wrong}") from None


def _scenario(text: str, name: str, found: Mapping[str, object], modules: int) -> Scenario:
    table = Table(found)
    title = table.text("title") if "title" in table else ""
    seed = table.integer("seed", 0) if "seed" in table else 0
    begin = table.choice("begin", _BEGINS) if "begin" in table else Begin.START
    ends = table.optional("ends")
    events = table.take("event") if "event" in table else []
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise Wrong("event", f"event {shown(events)}, expected tables that begin with [[event]]")
    table.end()
    if not events:
        raise Wrong(None, "no event: expected at least one table that begins with [[event]]")
    read = (_event(text, name, place, event, modules) for place, event in enumerate(events))
    return Scenario(tuple(read), title, seed, begin, ends)


def _event(text: str, name: str, place: int, found: Mapping[str, object], modules: int) -> Event:
    def there(key: str | None, parsed: Mapping[str, Any]) -> bool:
        begun = len(parsed.get("event", ())) > place
        return begun and (key is None or key in parsed["event"][place])

    try:
        return _read_event(found, _line(text, partial(there, None)), modules)
    except Wrong as wrong:
        line = _line(text, partial(there, wrong.key))
        raise ScenarioError(f"{name}:{line}: {wrong}") from None


def _read_event(found: Mapping[str, object], line: int, modules: int) -> Event:
    table = Table(found)
    when = _when(table)
    key = table.only(ACTS, "what happens")
    kind = ACTS[key]
    act = kind.read(table, key)
    lasting = table.optional("for") if kind.lasts else None
    module = 1
    if not kind.common and "module" in table:
        module = table.integer("module", 1, modules)
    table.end()
    _check_occasion(table, key, when)
    return Event(when, act, lasting, f"{key} {shown(found[key])}", line, module)


def _check_occasion(table: Table, key: str, when: When) -> None:
    """What stands beside an answer needs one. Raises Wrong."""
    if key == "answer":
        if not isinstance(when, On):
            raise Wrong(
                key, "answer: only a command is answered, expected on = and not at or every"
            )
        if when.after:
            raise Wrong("after", "after: an answer that comes late is answer = with seconds =")
    if "place" in table and not (isinstance(when, On) and not when.after):
        raise Wrong("place", "place: beside an answer, expected on = and no after =")


def _when(table: Table) -> When:
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
        raise Wrong(
            "on", f"on {shown(command)}, expected how a command begins, such as AT+MIPLOPEN"
        )
    return On(command, times, table.optional("after") or 0.0)


def _line(text: str, there: Callable[[Mapping[str, Any]], bool]) -> int:
    """The line on which the statement begins after which `there` holds of what is parsed."""
    lines = text.split("\n")
    whole = 0  # so many lines are statements from beginning to end
    for count in range(1, len(lines) + 1):
        try:
            parsed = tomllib.loads("\n".join(lines[:count]) + "\n")
        except tomllib.TOMLDecodeError:
            continue
        if there(parsed):
            return whole + 1
        whole = count
    return 1
