"""TOML text with the line of each key, for messages: tomllib reports no positions. Pure."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

# Texts, also without their end, comments, brackets, ends of lines, dots. Takes linear time.
_PART = re.compile(
    r"""
    \"{3} (?: [^"\\] | \\. | "(?!"") )*+ (?: "{3,5} )?
    | '{3} (?: [^'] | '(?!'') )*+ (?: '{3,5} )?
    | " (?: [^"\\\n] | \\. )*+ "?
    | ' [^'\n]*+ '?
    | \# [^\n]*+
    | [\[\]{}\n.]
    """,
    re.VERBOSE | re.DOTALL,
)
_DEEPER = {"[": 1, "{": 1, "]": -1, "}": -1}
# Dots of one statement outside of texts. No key has more than a few parts, and the time that
# tomllib takes for a key is quadratic.
_MAX_DOTS = 100


class _Statement(NamedTuple):
    """A line, or several that belong together; `line`: the first one."""

    text: str
    line: int
    dots: int


def _statements(text: str) -> Iterator[_Statement]:
    begin, line, lines, depth, dots = 0, 1, 0, 0, 0
    for match in _PART.finditer(text):
        part = match[0]
        lines += part.count("\n")
        depth += _DEEPER.get(part, 0)
        dots += part == "."
        if part == "\n" and depth <= 0:
            yield _Statement(text[begin : match.end()], line, dots)
            begin, line, lines, depth, dots = match.end(), line + lines, 0, 0, 0
    yield _Statement(text[begin:], line, dots)


@dataclass(frozen=True, slots=True)
class TomlLines:
    """Line numbers of each event and of each key; the index of an event is None for top level."""

    numbers: dict[tuple[int | None, str | None], int]

    @classmethod
    def of(cls, text: str) -> TomlLines:
        """Of valid TOML, statement by statement."""
        numbers: dict[tuple[int | None, str | None], int] = {}
        event: int | None = None
        for statement, line, _ in _statements(text):
            if not statement.partition("#")[0].strip():
                continue  # a comment, or nothing: thousands of these would take a while
            found = tomllib.loads(statement)
            if found == {"event": [{}]}:
                event = 0 if event is None else event + 1
                numbers[event, None] = line
            inner = found.get("event")  # a dict for [event.noise]
            for key in inner if isinstance(inner, dict) else found:
                numbers.setdefault((event, key), line)
        return cls(numbers)

    def find(self, event: int | None, key: str | None) -> int:
        """The line of `key`; if there is none, the line of the event or of the first event."""
        keys = (event, key), (event, None), (None, "event")
        return next((self.numbers[it] for it in keys if it in self.numbers), 1)


def load(text: str, name: str) -> tuple[dict[str, Any], TomlLines]:
    """The table in `text`, and its lines. Raises ValueError naming the file `name` and the line."""
    for _, line, dots in _statements(text):
        if dots > _MAX_DOTS:
            reason = f"{dots} dots in one statement, expected keys of a few parts"
            raise ValueError(f"{name}:{line}: {reason}")
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
