"""Data streams of one device: the values that it reported, by resource, with their times. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from emulator.lwm2m.model import Path, Value

# Points of one stream: the most that the API returns (OneNET guide 4.2.13).
MAX_POINTS = 6000
# guess: more than any device has. Values of further streams are dropped.
MAX_STREAMS = 1000
# guess: bounds memory. Points of one device, of all streams together.
MAX_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Point:
    """`at` in POSIX seconds."""

    at: float
    value: Value


@dataclass(frozen=True, slots=True)
class Stream:
    """`points`: oldest first, at least one. `created` in POSIX seconds."""

    path: Path
    created: float
    points: tuple[Point, ...]

    @property
    def id(self) -> str:
        return stream_id(self.path)


def stream_id(path: Path) -> str:
    """The API's name for the stream of a resource, such as `3303_0_5700`."""
    return f"{path.object}_{path.instance}_{path.resource}"


class DataPoints:
    """The newest points of each stream: up to MAX_POINTS each, up to MAX_KEPT together."""

    def __init__(self) -> None:
        self._points: dict[Path, deque[Point]] = {}
        self._created: dict[Path, float] = {}
        self._kept = 0

    def record(self, path: Path, value: Value, now: float) -> None:
        if path not in self._points:
            if len(self._points) >= MAX_STREAMS:
                return
            self._points[path] = deque()
            self._created[path] = now
        points = self._points[path]
        points.append(Point(now, value))
        self._kept += 1
        if len(points) > MAX_POINTS:
            self._forget_oldest(points)
        elif self._kept > MAX_KEPT:
            self._forget_oldest(max(self._points.values(), key=len))

    def _forget_oldest(self, points: deque[Point]) -> None:
        points.popleft()
        self._kept -= 1

    def streams(self, limit: int = 1, ids: Collection[str] | None = None) -> Iterator[Stream]:
        """The newest `limit` (1..MAX_POINTS) points of every stream, or of those in `ids`, by path.

        A stream is copied when it is reached. An unknown id is left out.
        """
        chosen = [path for path in self._points if ids is None or stream_id(path) in ids]
        chosen.sort(key=lambda path: (path.object, path.instance, path.resource))
        for path in chosen:
            newest = tuple(islice(reversed(self._points[path]), limit))[::-1]
            yield Stream(path, self._created[path], newest)
