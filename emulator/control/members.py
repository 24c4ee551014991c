"""Members of JSON bodies of the page's calls: what each may be, how it is read, its schema. Pure.

Every `read` raises ApiError that names the member, what was wrong and what was expected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from emulator.onenet.errors import invalid, required, shown
from emulator.onenet.http.kinds import Schema


class Kind(Protocol):
    """What a member may be."""

    def read(self, name: str, value: object) -> object: ...

    @property
    def schema(self) -> Schema: ...


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""

    def read(self, name: str, value: object) -> bool:
        if isinstance(value, bool):
            return value
        raise invalid(f"{name} {shown(value)}, expected true or false")

    @property
    def schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `least` to `most`; `whole`: without a fraction."""

    least: float
    most: float
    whole: bool = False

    def read(self, name: str, value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            fits = self.least <= value <= self.most
            if fits and not self.whole:
                return value
            if fits and value == int(value):  # 3.0 is an integer in JSON, too
                return int(value)
        kind = "a whole number" if self.whole else "a number"
        raise invalid(f"{name} {shown(value)}, expected {kind}, {self.least:g} to {self.most:.9g}")

    @property
    def schema(self) -> Schema:
        kind = "integer" if self.whole else "number"
        return {"type": kind, "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Text:
    """A text of `least` to `most` characters."""

    least: int
    most: int

    def read(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise invalid(f"{name} {shown(value)}, expected a text")
        if not self.least <= len(value) <= self.most:
            raise invalid(
                f"{name} of {len(value)} characters, expected {self.least} to {self.most}"
            )
        return value

    @property
    def schema(self) -> Schema:
        return {"type": "string", "minLength": self.least, "maxLength": self.most}


@dataclass(frozen=True, slots=True)
class Choice:
    """The name of one of `values`, which it is read as."""

    values: Mapping[str, object]

    def read(self, name: str, value: object) -> object:
        if isinstance(value, str) and value in self.values:
            return self.values[value]
        raise invalid(f"{name} {shown(value)}, expected one of {', '.join(self.values)}")

    @property
    def schema(self) -> Schema:
        return {"type": "string", "enum": list(self.values)}


@dataclass(frozen=True, slots=True)
class Members:
    """An object with `kinds`: all of them, or, if they are `optional`, at least one."""

    kinds: Mapping[str, Kind]
    optional: bool = False

    def read(self, name: str, value: object) -> dict[str, Any]:
        """The members that were given; `name` "": the body itself."""
        expected = ", ".join(self.kinds)
        if not isinstance(value, Mapping):
            raise invalid(f"{name} {shown(value)}, expected an object with {expected}")
        inside = f"{name}." if name else ""
        for member in value:
            if member not in self.kinds:
                raise invalid(f"{inside}{shown(member)} is unknown, expected {expected}")
        if not self.optional:
            for member in self.kinds:
                if member not in value:
                    raise required(f"{inside}{member}")
        elif not value:
            raise invalid(f"{name or 'the body'} is empty, expected one or more of {expected}")
        return {
            member: kind.read(f"{inside}{member}", value[member])
            for member, kind in self.kinds.items()
            if member in value
        }

    @property
    def schema(self) -> Schema:
        return {
            "type": "object",
            "properties": {name: kind.schema for name, kind in self.kinds.items()},
            "additionalProperties": False,
            **({"minProperties": 1} if self.optional else {"required": list(self.kinds)}),
        }
