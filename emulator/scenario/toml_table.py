"""TOML tables whose keys are taken one by one, with checks and precise messages. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import islice
from types import UnionType
from typing import TypeVar

T = TypeVar("T")

# Largest number that is accepted: thirty years in seconds.
_MAX = 1e9
# Keys for which a similar one is looked for: that takes a millisecond for a few of them.
_MAX_COMPARED = 20
# Larger numbers are shown in hex.
_MAX_DECIMAL = 10**20


class InvalidValue(Exception):
    """The value of `key` (None: the table itself) is invalid; the text names what is expected."""

    def __init__(self, key: str | None, message: str) -> None:
        super().__init__(message)
        self.key = key


class TomlTable:
    """Take each expected key, then call `end`, which rejects the keys that were not taken.

    A missing key gives the `default`, if there is one. Every method raises InvalidValue if the
    value is missing, of the wrong type or out of range. `parent`: the key of this table in its own
    table; errors are reported for that key.
    """

    def __init__(self, values: Mapping[str, object], parent: str | None = None) -> None:
        self._values = dict(values)
        self._known: dict[str, None] = {}  # expected keys, in the order of use
        self._taken: set[str] = set()
        self._parent = parent

    def __contains__(self, key: str) -> bool:
        self._known[key] = None
        return key in self._values

    def exactly_one(self, keys: Iterable[str], what: str) -> str:
        """The only one of `keys` that is present; `what` names the choice in messages."""
        known = list(keys)
        found = [key for key in self._values if key in known]
        if len(found) == 1:
            return found[0]
        for key in islice(self._values, _MAX_COMPARED) if not found else ():
            if similar := get_close_matches(key, known, 1):
                raise self._invalid(key, f"{key} is unknown, did you mean {similar[0]}?")
        given = " and ".join(found) or "nothing"
        second = found[1] if found else None
        raise self._invalid(second, f"{what}: {given}, expected exactly one of {', '.join(known)}")

    def take(self, key: str) -> object:
        self._known[key] = None
        self._taken.add(key)
        if key not in self._values:
            raise self._invalid(None, f"{key} is missing")
        return self._values[key]

    def text(self, key: str, default: str | None = None) -> str:
        if default is not None and key not in self:
            return default
        value = self.take(key)
        if not isinstance(value, str) or not value:
            raise self._invalid(key, f"{key} {format_value(value)}, expected a text")
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        if default is not None and key not in self:
            return default
        value = self.take(key)
        if not isinstance(value, bool):
            raise self._invalid(key, f"{key} {format_value(value)}, expected true or false")
        return value

    def integer(
        self, key: str, low: int, high: int | None = None, default: int | None = None
    ) -> int:
        return int(self._numeric(key, int, "a whole number", low, high, default))

    def number(
        self, key: str, low: float = 0.0, high: float | None = None, default: float | None = None
    ) -> float:
        return float(self._numeric(key, int | float, "a number", low, high, default))

    def optional(self, key: str, low: float = 0.0, high: float | None = None) -> float | None:
        """Like `number`, but None if the key is missing."""
        return self.number(key, low, high) if key in self else None

    def choice(self, key: str, known: Mapping[str, T], default: T | None = None) -> T:
        """The value of `known` that the text names."""
        if default is not None and key not in self:
            return default
        value = self.take(key)
        if not isinstance(value, str) or value not in known:
            expected = ", ".join(known)
            raise self._invalid(key, f"{key} {format_value(value)}, expected one of {expected}")
        return known[value]

    def table(self, key: str) -> TomlTable:
        value = self.take(key)
        if not isinstance(value, dict):
            text = format_value(value)
            raise self._invalid(key, f"{key} {text}, expected a table such as {{ … = … }}")
        return TomlTable(value, key)

    def end(self, *, empty: bool = True) -> None:
        """Raise InvalidValue if a key was not taken; if not `empty`, also if there is no key."""
        if not (empty or self._values):
            raise self._invalid(None, f"nothing is set, expected {' or '.join(self._known)}")
        for key in self._values:
            if key not in self._taken:
                known = ", ".join(it for it in self._known if it != key) or "no key"
                raise self._invalid(key, f"{key} is not allowed here, expected {known}")

    def _numeric(
        self,
        key: str,
        kind: type[int] | UnionType,
        what: str,
        low: float,
        high: float | None,
        default: float | None,
    ) -> float:
        if default is not None and key not in self:
            return default
        value = self.take(key)
        most = _MAX if high is None else high
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and isinstance(value, kind) and low <= value <= most:
            return value
        bounds = f"{low:g} or more" if high is None else f"{low:g} to {high:g}"
        raise self._invalid(key, f"{key} {format_value(value)}, expected {what}, {bounds}")

    def _invalid(self, key: str | None, message: str) -> InvalidValue:
        if self._parent is None:
            return InvalidValue(key, message)
        return InvalidValue(self._parent, f"{self._parent}: {message}")


def format_value(value: object) -> str:
    """A value for messages: as in TOML, shortened."""
    try:
        text = _toml(value)
    except RecursionError:
        text = "{ … }"
    return text if len(text) <= 60 else f"{text[:50]}… ({len(text)} characters)"


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case dict():
            return "{ " + ", ".join(f"{key} = {_toml(it)}" for key, it in value.items()) + " }"
        case int() if abs(value) > _MAX_DECIMAL:
            return f"{value:#x}"  # str() refuses very large ones
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case _:
            return str(value)
