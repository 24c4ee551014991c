"""TOML text with the line of each key, for messages: tomllib reports no positions. Pure."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TomlLines:
    """Line numbers of each event and of each key; the index of an event is None for top level."""

    numbers: dict[tuple[int | None, str | None], int]

    @classmethod
    def of(cls, text: str) -> TomlLines:
        """Of valid TOML, statement by statement."""
        numbers: dict[tuple[int | None, str | None], int] = {}
        event: int | None = None
        statement: list[str] = []
        for number, line in enumerate(text.split("\n"), 1):
            statement.append(line)
            try:
                found = tomllib.loads("\n".join(statement) + "\n")
            except (ValueError, RecursionError):  # the statement continues on the next line
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


def load(text: str, name: str) -> tuple[dict[str, Any], TomlLines]:
    """The table in `text`, and its lines. Raises ValueError naming the file `name` and the line."""
    try:
        return tomllib.loads(text), TomlLines.of(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = re.search(r"\(at line (\d+), ", message)
        line = int(at[1]) if at else max(text.rstrip().count("\n") + 1, 1)
    except (ValueError, RecursionError) as error:
        message = _reason(error)
        lines = text.split("\n")
        # The first line with which the text cannot be read for this reason.
        line = bisect(
            range(len(lines)), False, key=lambda count: _exceeds("\n".join(lines[:count]))
        )
    raise ValueError(f"{name}:{line}: {message}")


def _exceeds(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    except (ValueError, RecursionError):
        return True
    return False


def _reason(error: Exception) -> str:
    """Why Python cannot read a value that is valid TOML."""
    if isinstance(error, RecursionError):
        return "nested too deep, expected tables and lists of a few levels"
    return f"{error}, expected a number, date or time of the usual size"
