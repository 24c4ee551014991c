"""Data points and their streams, as they are read from the database. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from emulator.lwm2m.model import Path

# The most points of one answer (OneNET guide 4.2.13).
MAX_POINTS = 6000
# Points that are read or deleted at once: less than 1 ms.
PIECE = 500
# Integers that a number of JavaScript holds.
_EXACT = 2.0**53
# Ids whose forms are remembered; a bound on memory.
_REMEMBERED = 10_000

_RESOURCE = re.compile(r"(\d{1,5})_(\d{1,5})_(\d{1,5})", re.ASCII)


class Point(NamedTuple):
    """`ms`: POSIX milliseconds. `text`: the value as the API prints it, JSON."""

    ms: int
    text: str

    @property
    def at(self) -> float:
        """POSIX seconds."""
        return self.ms / 1000

    @property
    def value(self) -> Any:
        """The JSON value; bytes of a device are an array of their numbers."""
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream, or a piece of it. `created` in POSIX seconds. `points`: oldest first."""

    id: str
    created: float
    points: list[Point] = field(default_factory=list)


def stream_id(path: Path) -> str:
    """The API's name for the stream of a resource, such as `3303_0_5700`."""
    return f"{path.object}_{path.instance}_{path.resource}"


@lru_cache(_REMEMBERED)
def stream_uuid(device_id: str, stream: str) -> str:
    """The UUID of a stream, the same on each platform. guess: OneNET draws its UUIDs."""
    return str(uuid5(NAMESPACE_URL, f"onenet:{device_id}:{stream}"))


@lru_cache(_REMEMBERED)
def order(stream: str) -> tuple[int, int, int, str]:
    """Sorts ids of streams: those of resources by their numbers, then others by name."""
    found = _RESOURCE.fullmatch(stream)
    if found is None:
        return 1 << 20, 0, 0, stream
    first, second, third = map(int, found.groups())
    return first, second, third, stream


def joined(pieces: Iterable[Stream]) -> list[Stream]:
    """Each stream of `pieces` once, with the points of all its pieces; empty ones are left out.

    The first piece of a stream becomes the whole.
    """
    found: dict[str, Stream] = {}
    for piece in pieces:
        if piece.points:
            whole = found.setdefault(piece.id, piece)
            if whole is not piece:
                whole.points.extend(piece.points)
    return list(found.values())


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def text_of(value: object) -> str:
    """`value` as JSON: see `plain`. Raises ValueError, TypeError for what JSON cannot hold."""
    with suppress(ValueError, TypeError):  # numbers that are not finite, bytes
        text = _encode(value)
        if ".0" not in text:  # no number to change, in a tenth of the time
            return text
    return _encode(plain(value))


def plain(value: object) -> object:
    """`value` as data points have it: in answers, pushes and triggers alike.

    Bytes are an array of their numbers (OneNET FAQ). A number without a fraction has no point:
    that of a captured push of a Float (3300_0_5700) has none, nor have those of the guide (4.2.13).
    """
    match value:
        case bytes():
            return list(value)
        case float() if not math.isfinite(value):
            return str(value)  # guess: JSON has no such number, so it is shown as a text
        case float() if value.is_integer() and abs(value) <= _EXACT:
            return int(value)
        case list():
            return [plain(each) for each in value]
        case dict():
            return {name: plain(each) for name, each in value.items()}
        case _:
            return value
