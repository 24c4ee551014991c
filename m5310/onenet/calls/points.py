"""Points: guide 4.2.12 to 4.2.16."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from m5310.onenet.calls.call import Call, call, segment
from m5310.onenet.calls.reading import Fields
from m5310.onenet.errors import BadAnswer


@dataclass(frozen=True, slots=True)
class DataPoint:
    """One value of one stream. `value` is the JSON value as OneNET gives it.

    OneNET gives numbers as numbers; the guide's examples have them as text.
    """

    stream: str
    at: datetime
    value: object


@dataclass(frozen=True, slots=True)
class PointsPage:
    """The points of one answer, stream by stream. `cursor` asks for the next, None at the end."""

    points: tuple[DataPoint, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class DevicePoints:
    """The newest point of each stream of one device."""

    id: str
    title: str
    points: tuple[DataPoint, ...]


def points_page(
    device_id: str | int,
    streams: Iterable[str] = (),
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[PointsPage]:
    """Points of a device, at most `limit` (guide 4.2.13). `points` walks through all pages.

    Without `start`: the newest `limit` points (1 if not given) of each of the `streams`, or of all.
    With it: the points from `start` on, up to `end` or now, oldest first, 100 if `limit` is not
    given. `limit` is 1 to 6000. OneNET ignores an `end` without a `start`, and one that is more
    than a year after it. Fractions of a second of both are cut off.
    """
    return call(
        "GET",
        f"/devices/{segment(device_id, 'device_id')}/datapoints",
        _page,
        datastream_id=",".join(segment(each, "stream") for each in streams) or None,
        start=start,
        end=end,
        limit=limit,
        cursor=cursor,
    )


def newest_points(device_ids: Iterable[str | int]) -> Call[tuple[DevicePoints, ...]]:
    """The newest point of each stream of at most 500 devices (guide 4.2.12)."""

    def read(data: object) -> tuple[DevicePoints, ...]:
        return tuple(
            DevicePoints(
                each.text("id"),
                each.text_or_none("title") or "",
                tuple(_point(point.text("id"), point) for point in each.objects("datastreams")),
            )
            for each in Fields(data, "data").objects("devices")
        )

    ids = ",".join(segment(each, "device_id") for each in device_ids)
    return call("GET", "/devices/datapoints", read, devIds=ids or None)


def next_cursor(page: PointsPage, last: str | None) -> str | None:
    """The cursor after a page, None at the end.

    Raises:
        BadAnswer: It is the one that was asked with: the walk would not end.
    """
    if page.cursor is not None and page.cursor == last:
        raise BadAnswer(f"datapoints: expected another cursor than {last}, which was asked with")
    return page.cursor


def _page(data: object) -> PointsPage:
    fields = Fields(data, "data")
    return PointsPage(
        tuple(
            _point(stream.text("id"), point)
            for stream in fields.objects("datastreams")
            for point in stream.objects("datapoints")
        ),
        fields.text_or_none("cursor"),
    )


def _point(stream: str, fields: Fields) -> DataPoint:
    return DataPoint(stream, fields.time("at"), fields.get("value"))
