"""Typed members of OneNET's answers. Real answers leave out what the guide shows, and write numbers
as text and text as numbers: both are taken."""

from __future__ import annotations

from datetime import datetime

from m5310.onenet.errors import BadAnswer
from m5310.onenet.times import from_text


class Fields:
    """A JSON object. Every method but `get` and the `_or_none` ones needs the member to be there.

    Raises:
        BadAnswer: A member is missing or has another type; the message names it.
    """

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise BadAnswer(f"{where}: expected a JSON object, got {shortened(repr(value))}")
        self._members: dict[str, object] = value
        self._where = where

    def get(self, name: str) -> object:
        return self._members.get(name)

    def text(self, name: str) -> str:
        value = self.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        raise self._wrong(name, "text")

    def text_or_none(self, name: str) -> str | None:
        return None if self.get(name) is None else self.text(name)

    def integer(self, name: str) -> int:
        value = self.get(name)
        try:
            if isinstance(value, int | str) and not isinstance(value, bool):
                return int(value)
        except ValueError:
            pass
        raise self._wrong(name, "a whole number")

    def number_or_none(self, name: str) -> float | None:
        value = self.get(name)
        try:
            if isinstance(value, int | float | str) and not isinstance(value, bool):
                return float(value)
        except (ValueError, OverflowError):
            pass
        if value is None:
            return None
        raise self._wrong(name, "a number")

    def flag(self, name: str) -> bool:
        value = self.get(name)
        if isinstance(value, bool):
            return value
        raise self._wrong(name, "true or false")

    def flag_or_none(self, name: str) -> bool | None:
        return None if self.get(name) is None else self.flag(name)

    def time(self, name: str) -> datetime:
        try:
            return from_text(self.text(name))
        except ValueError as error:
            raise self._wrong(name, "a time such as 2018-03-08 17:30:00") from error

    def time_or_none(self, name: str) -> datetime | None:
        return None if self.get(name) is None else self.time(name)

    def objects(self, name: str) -> list[Fields]:
        """The objects of a list; none if there is no such member."""
        return [Fields(item, f"{self._where}, {name}") for item in self._list(name)]

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(str(item) for item in self._list(name))

    def integers(self, name: str) -> tuple[int, ...]:
        items = self._list(name)
        found = tuple(item for item in items if isinstance(item, int))
        if len(found) != len(items):
            raise self._wrong(name, "a list of whole numbers")
        return found

    def mappings(self, name: str) -> tuple[dict[str, object], ...]:
        """The objects of a list as they are."""
        found = tuple(each for each in self._list(name) if isinstance(each, dict))
        if len(found) != len(self._list(name)):
            raise self._wrong(name, "a list of objects")
        return found

    def object_or_none(self, name: str) -> dict[str, object] | None:
        value = self.get(name)
        if value is None or isinstance(value, dict):
            return value
        raise self._wrong(name, "an object")

    def _list(self, name: str) -> list[object]:
        value = self.get(name)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        raise self._wrong(name, "a list")

    def _wrong(self, name: str, expected: str) -> BadAnswer:
        got = shortened(repr(self.get(name)))
        return BadAnswer(f"{self._where}: {name}: expected {expected}, got {got}")


def objects(value: object, where: str) -> list[Fields]:
    """The objects of a list that is the whole `data`; none if there is no data."""
    return Fields({"list": value}, where).objects("list")


def shortened(text: str) -> str:
    """At most 80 characters, for a message."""
    return text if len(text) <= 80 else f"{text[:77]}..."
