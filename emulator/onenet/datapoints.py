"""The data streams of one device: what it reported, resource by resource, with the time."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

from emulator.air.messages import Path, Value

# The API hands out at most so many points a stream (OneNET guide 4.2.13): none older is kept.
MAX_POINTS = 6000
# A guess at what is more than any device has; what lies past it is dropped and counted.
MAX_STREAMS = 1000
# Points of one device, of all streams: bounds the memory. A guess.
MAX_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Point:
    """`at` in POSIX seconds."""

    at: float
    value: Value


@dataclass(frozen=True, slots=True)
class Stream:
    """`points` from the oldest to the newest, never empty; `created` in POSIX seconds."""

    path: Path
    created: float
    points: tuple[Point, ...]

    @property
    def id(self) -> str:
        return stream_id(self.path)


def stream_id(path: Path) -> str:
    """`3303_0_5700`, as the API names the stream of a resource."""
    return f"{path.object}_{path.instance}_{path.resource}"


class DataPoints:
    """Points by resource: per stream the newest `MAX_POINTS`, fewer when there are `MAX_KEPT`."""

    def __init__(self) -> None:
        self._points: dict[Path, deque[Point]] = {}
        self._created: dict[Path, float] = {}
        self._kept = 0
        self.dropped = 0

    def record(self, path: Path, value: Value, now: float) -> None:
        if path not in self._points:
            if len(self._points) >= MAX_STREAMS:
                self.dropped += 1
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

    def streams(self, limit: int = 1, ids: Collection[str] | None = None) -> list[Stream]:
        """The newest `limit` points of every stream, or of those named in `ids`, by path.

        `limit` is 1..MAX_POINTS; an id that has no stream is left out.
        """
        chosen = sorted(p for p in self._points if ids is None or stream_id(p) in ids)
        return [
            Stream(path, self._created[path], tuple(self._points[path])[-limit:]) for path in chosen
        ]
