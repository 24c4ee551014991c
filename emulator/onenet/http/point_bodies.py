"""Bodies that make data points and streams, as OneNET's SDKs send them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from emulator.onenet.errors import ApiError, Reason, invalid, required, shown
from emulator.onenet.http.bodies import only, tags, text
from emulator.onenet.http.kinds import Schema
from emulator.onenet.http.times import millis_of
from emulator.onenet.store.streams import text_of

# guess: points and streams of one call; the real limits are not published.
MAX_POSTED, MAX_STREAMS = 200, 50
# guess: characters of JSON; a report of a device has up to about 1000 bytes. Bounds an answer of
# thousands of points.
MAX_VALUE = 4096
# guess: characters of a unit or a tag.
MAX_UNIT = 100
# guess. A comma or a slash would hide the stream from other calls.
_STREAM_ID = re.compile(r"[^,/]{1,100}")
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?")
_STREAMS, _POINTS = "datastreams, expected a list of {id, datapoints}", "a list of {at, value}"

POINTS: Schema = {
    "type": "object",
    "properties": {
        "datastreams": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "pattern": f"^{_STREAM_ID.pattern}$"},
                    "datapoints": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "properties": {
                                "at": {"type": "string", "pattern": f"^{_AT.pattern}$"},
                                "value": {"not": {"type": "null"}},
                            },
                            "required": ["value"],
                            "additionalProperties": False,
                        },
                    },
                },
                "required": ["id", "datapoints"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["datastreams"],
    "additionalProperties": False,
}

STREAM: Schema = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": f"^{_STREAM_ID.pattern}$"},
        "unit": {"type": "string", "maxLength": MAX_UNIT},
        "unit_symbol": {"type": "string", "maxLength": MAX_UNIT},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": MAX_UNIT}},
    },
    "required": ["id"],
    "additionalProperties": False,
}

# Stream, value as JSON has it, POSIX milliseconds.
Row = tuple[str, object, int]


def rows(body: Mapping[str, object], now: float) -> Iterator[Row]:
    """The points of `body`, as they are checked; one without a time has that of `now`.

    Raises ApiError for a missing or invalid part, more than MAX_STREAMS or MAX_POSTED, or a
    value of more than MAX_VALUE.
    """
    only(body, "datastreams")
    streams = body.get("datastreams")
    if streams is None:
        raise required("datastreams")
    if not isinstance(streams, list) or not streams:
        raise invalid(_STREAMS)
    if len(streams) > MAX_STREAMS:
        raise ApiError(Reason.LIMIT, f"{len(streams)} streams, expected at most {MAX_STREAMS}")
    count = 0
    for entry in streams:
        if not isinstance(entry, dict):
            raise invalid(_STREAMS)
        only(entry, "id", "datapoints")
        for row in _stream(entry, round(now * 1000)):
            yield row
            count += 1
    if count > MAX_POSTED:
        raise ApiError(Reason.LIMIT, f"{count} data points, expected at most {MAX_POSTED}")


def created(body: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """Id and description of the stream that `POST /devices/<id>/datastreams` creates.

    Raises ApiError for a missing or invalid part.
    """
    only(body, "id", "unit", "unit_symbol", "tags")
    about = {name: text(body, name) for name in ("unit", "unit_symbol")}
    listed = tags(body)
    for one in (*about.values(), *(listed or ())):
        if one is not None and len(one) > MAX_UNIT:
            raise invalid(f"{shown(one)}, expected at most {MAX_UNIT} characters")
    found: dict[str, object] = {name: one for name, one in about.items() if one is not None}
    return _name(body), found if listed is None else found | {"tags": list(listed)}


def _name(entry: Mapping[str, object]) -> str:
    name = entry.get("id")
    if name is None:
        raise required("id")
    if not isinstance(name, str) or not _STREAM_ID.fullmatch(name):
        raise invalid(f"id {shown(name)}, expected 1 to 100 characters without comma and slash")
    return name


def _stream(entry: Mapping[str, object], now_ms: int) -> Iterator[Row]:
    name, points = _name(entry), entry.get("datapoints")
    if points is None:
        raise required("datapoints")
    if not isinstance(points, list) or not points:
        raise invalid(f"datapoints of {shown(name)}, expected {_POINTS}")
    for point in points:
        if not isinstance(point, dict):
            raise invalid(f"datapoints of {shown(name)}, expected {_POINTS}")
        only(point, "at", "value")
        if point.get("value") is None:
            raise required("value")
        size = len(text_of(point["value"]))
        if size > MAX_VALUE:
            raise ApiError(
                Reason.LIMIT, f"value of {size} characters of JSON, expected at most {MAX_VALUE}"
            )
        at = point.get("at")
        yield name, point["value"], now_ms if at is None else _millis(at)


def _millis(at: object) -> int:
    if isinstance(at, str) and _AT.fullmatch(at):
        try:
            return millis_of(at)
        except ValueError:
            pass  # such as the 30th of February
    raise invalid(f"at {shown(at)}, expected a time such as 2015-01-10T08:00:35")
