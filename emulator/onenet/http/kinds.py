"""Kinds of parameters in the query of a call: how each is read, and its schema. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from emulator.onenet.errors import ApiError, Reason, invalid, shown
from emulator.onenet.http.times import millis_of

# JSON Schema, as OpenAPI 3.1 uses it.
Schema = Mapping[str, object]
OBJECT: Schema = {"type": "object"}

# Digits of the longest number: more do not fit into any limit.
_MAX_DIGITS = 15
_INTEGER = re.compile(rf"-?[0-9]{{1,{_MAX_DIGITS}}}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Kind(Protocol):
    """What a parameter may be."""

    def read(self, name: str, text: str) -> object:
        """The value of the parameter `name`. Raises ApiError that says what was expected."""

    @property
    def schema(self) -> Schema:
        """What it may be, for the description of the API."""


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number from `least` to `most`."""

    least: int
    most: int

    def read(self, name: str, text: str) -> int:
        if _INTEGER.fullmatch(text) and self.least <= int(text) <= self.most:
            return int(text)
        raise invalid(f"{name} {shown(text)}, expected {self.least} to {self.most}")

    @property
    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Number:
    """A number, such as 5 or -0.5, of at most 15 digits before and after the point."""

    def read(self, name: str, text: str) -> float:
        if _NUMBER.fullmatch(text):
            return float(text)
        raise invalid(f"{name} {shown(text)}, expected a number, such as 12.5")

    @property
    def schema(self) -> Schema:
        return {"type": "number", "minimum": -1e15, "maximum": 1e15}


@dataclass(frozen=True, slots=True)
class Text:
    """Any text of at most `most` characters."""

    most: int = 1000  # guess

    def read(self, name: str, text: str) -> str:
        if len(text) > self.most:
            raise invalid(f"{name} {shown(text)}, expected at most {self.most} characters")
        return text

    @property
    def schema(self) -> Schema:
        return {"type": "string", "maxLength": self.most}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few texts."""

    texts: tuple[str, ...]

    def read(self, name: str, text: str) -> str:
        if text in self.texts:
            return text
        raise invalid(f"{name} {shown(text)}, expected {' or '.join(self.texts)}")

    @property
    def schema(self) -> Schema:
        return {"type": "string", "enum": list(self.texts)}


@dataclass(frozen=True, slots=True)
class Boolean:
    """`true` or `false`; `lenient`: everything else is false."""

    lenient: bool = False

    def read(self, name: str, text: str) -> bool:
        if text in ("true", "false") or self.lenient:
            return text == "true"
        raise invalid(f"{name} {shown(text)}, expected true or false")

    @property
    def schema(self) -> Schema:
        return {"type": "boolean"}


def _in_beijing(text: str, form: re.Pattern[str]) -> float | None:
    """POSIX seconds; None for another form, or a day that no month has."""
    if not form.fullmatch(text):
        return None
    try:
        return millis_of(text) / 1000
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Time:
    """A time in Beijing, such as 2015-01-10T08:00:35 (guide 4.2.13), as POSIX seconds."""

    def read(self, name: str, text: str) -> float:
        at = _in_beijing(text, _TIME)
        if at is None:
            raise invalid(f"{name} {shown(text)}, expected a time such as 2015-01-10T08:00:35")
        return at

    @property
    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^{_TIME.pattern}$"}


@dataclass(frozen=True, slots=True)
class Day:
    """A day in Beijing, such as 2016-06-20 (OneNET's documents of 2018), as POSIX seconds: of its
    begin, or of its `end`.
    """

    end: bool = False

    def read(self, name: str, text: str) -> float:
        begin = _in_beijing(text, _DAY)
        if begin is None:
            raise invalid(f"{name} {shown(text)}, expected a day such as 2016-06-20")
        return begin + 86_400 if self.end else begin

    @property
    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^{_DAY.pattern}$"}


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts, separated by commas, as a tuple. More than `most` of them: an error of `too_many`."""

    most: int
    too_many: Reason = Reason.LIMIT

    def read(self, name: str, text: str) -> tuple[str, ...]:
        texts = tuple(text.split(","))
        if len(texts) > self.most:
            raise ApiError(
                self.too_many, f"{name} has {len(texts)} entries, expected at most {self.most}"
            )
        return texts

    @property
    def schema(self) -> Schema:
        return {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": self.most}
