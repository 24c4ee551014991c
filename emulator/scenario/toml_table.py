"""One table of a scenario file, whose keys are taken one by one and checked. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import Enum
from typing import TypeVar

E = TypeVar("E", bound=Enum)

# Thirty years in seconds: beyond what any number of a scenario means.
_MOST = 1e9


class InvalidValue(Exception):
    """What stands under `key` (None: the table itself) is not what was expected."""

    def __init__(self, key: str | None, message: str) -> None:
        super().__init__(message)
        self.key = key


class TomlTable:
    """Every method raises InvalidValue on a value that is missing, of another kind or out of range.

    `within`: the key that this table is the value of; errors are told under it.
    """

    def __init__(self, values: Mapping[str, object], within: str | None = None) -> None:
        self._values = dict(values)
        self._known: dict[str, None] = {}  # what was asked for, in that order
        self._taken: set[str] = set()
        self._within = within

    def __contains__(self, key: str) -> bool:
        self._known[key] = None
        return key in self._values

    def only(self, keys: Iterable[str], what: str) -> str:
        """The one of `keys` that is there."""
        known = list(keys)
        found = [key for key in self._values if key in known]
        if len(found) == 1:
            return found[0]
        for key in self._values if not found else ():
            if meant := get_close_matches(key, known, 1):
                raise self._wrong(key, f"{key} means nothing here, is {meant[0]} meant?")
        said = " and ".join(found) or "nothing"
        second = found[1] if found else None
        raise self._wrong(second, f"{what}: {said}, expected exactly one of {', '.join(known)}")

    def take(self, key: str) -> object:
        self._known[key] = None
        self._taken.add(key)
        if key not in self._values:
            raise self._wrong(None, f"{key} is missing")
        return self._values[key]

    def text(self, key: str) -> str:
        value = self.take(key)
        if not isinstance(value, str) or not value:
            raise self._wrong(key, f"{key} {format_value(value)}, expected a text")
        return value

    def flag(self, key: str) -> bool:
        value = self.take(key)
        if not isinstance(value, bool):
            raise self._wrong(key, f"{key} {format_value(value)}, expected true or false")
        return value

    def integer(self, key: str, low: int, high: int | None = None) -> int:
        value = self.take(key)
        if isinstance(value, int) and not isinstance(value, bool) and _inside(value, low, high):
            return value
        bounds = f"{low} or more" if high is None else f"{low} to {high}"
        raise self._wrong(key, f"{key} {format_value(value)}, expected a whole number, {bounds}")

    def number(self, key: str, low: float = 0.0, high: float | None = None) -> float:
        value = self.take(key)
        match value:
            case bool():
                pass
            case int() | float() if _inside(value, low, high):
                return float(value)
        bounds = f"{low:g} or more" if high is None else f"{low:g} to {high:g}"
        raise self._wrong(key, f"{key} {format_value(value)}, expected a number, {bounds}")

    def optional(self, key: str, low: float = 0.0, high: float | None = None) -> float | None:
        """The same as `number`, None where it is left out."""
        return self.number(key, low, high) if key in self else None

    def choice(self, key: str, known: Mapping[str, E]) -> E:
        value = self.take(key)
        if not isinstance(value, str) or value not in known:
            raise self._wrong(
                key, f"{key} {format_value(value)}, expected one of {', '.join(known)}"
            )
        return known[value]

    def table(self, key: str) -> TomlTable:
        value = self.take(key)
        if not isinstance(value, dict):
            raise self._wrong(
                key, f"{key} {format_value(value)}, expected a table such as {{ … = … }}"
            )
        return TomlTable(value, key)

    def end(self) -> None:
        """Nothing may be left that nobody took."""
        for key in self._values:
            if key not in self._taken:
                known = ", ".join(it for it in self._known if it != key) or "nothing"
                raise self._wrong(key, f"{key} means nothing here, where there may be {known}")

    def _wrong(self, key: str | None, message: str) -> InvalidValue:
        if self._within is None:
            return InvalidValue(key, message)
        return InvalidValue(self._within, f"{self._within}: {message}")


def format_value(value: object) -> str:
    """A value as a message names it: as TOML would, shortened."""
    text = _toml(value)
    return text if len(text) <= 60 else f"{text[:50]}… ({len(text)} characters)"


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case dict():
            return "{ " + ", ".join(f"{key} = {_toml(it)}" for key, it in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case _:
            return str(value)


def _inside(value: float, low: float, high: float | None) -> bool:
    return low <= value <= _MOST and (high is None or value <= high)
