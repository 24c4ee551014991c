"""A call of the API: its request, and how its answer is read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import urlencode

from m5310.onenet.calls.reading import Fields, shortened
from m5310.onenet.errors import BadAnswer, OneNetError
from m5310.onenet.times import to_text

T = TypeVar("T")
Parameter = str | int | float | bool | datetime | None

_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request and the reader of its answer.

    `target` is path and query, escaped. `body` is the JSON text, or None. `read` makes the result
    of the answer's `data`, None where the answer has none.
    """

    method: str
    target: str
    body: bytes | None
    read: Callable[[object], T]

    def result(self, status: int, body: bytes) -> T:
        """The result in an answer.

        Raises:
            OneNetError: Its errno is not 0.
            BadAnswer: It is not an answer of OneNET.
        """
        name = f"{self.method} {self.target.partition('?')[0]}"
        if status != 200:  # OneNET answers 200 whatever happened
            text = shortened(body.decode("utf-8", "replace"))
            raise BadAnswer(f"{name}: expected HTTP status 200, got {status}: {text}")
        try:
            answer = Fields(json.loads(body), "the answer")
            errno = answer.integer("errno")
            if errno == 0:
                return self.read(answer.get("data"))
            error = answer.text_or_none("error") or ""
        except BadAnswer as wrong:
            raise BadAnswer(f"{name}: {wrong}") from wrong
        except (ValueError, RecursionError) as wrong:
            text = shortened(body.decode("utf-8", "replace"))
            raise BadAnswer(f"{name}: expected JSON, got {text}: {wrong}") from wrong
        raise OneNetError(errno, error, name)


def call(
    method: str,
    path: str,
    read: Callable[[object], T],
    body: object = None,
    /,
    **query: Parameter,
) -> Call[T]:
    """A `Call`. Parameters that are None are left out; times are written as Beijing time.

    Raises:
        ValueError: A time has no zone.
    """
    pairs = [(name, _text(value)) for name, value in query.items() if value is not None]
    text = urlencode(pairs, safe=":,")
    data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
    return Call(method, f"{path}?{text}" if text else path, data, read)


def nothing(_data: object) -> None:
    """The reader of an answer that has no data."""


def segment(value: str | int, what: str) -> str:
    """An id as a part of a path.

    Raises:
        ValueError: It holds something that is not in any id of OneNET, such as a slash.
    """
    if not _NAME.fullmatch(str(value)):
        raise ValueError(f"{what}: expected letters, digits, - and _, got {value!r:.40}")
    return str(value)


def given(**members: object) -> dict[str, object]:
    """A JSON object of the members that are not None."""
    return {name: value for name, value in members.items() if value is not None}


def _text(value: Parameter) -> str:
    if isinstance(value, datetime):
        return to_text(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
