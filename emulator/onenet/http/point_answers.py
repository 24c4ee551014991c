"""Data points and streams as the API shows them (OneNET guide 4.2.12 to 4.2.16). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from json.encoder import encode_basestring

from emulator.onenet.devices import Device
from emulator.onenet.http.answers import Answer, Json
from emulator.onenet.http.times import millis, seconds
from emulator.onenet.store.streams import Point, Stream, stream_uuid

# Points that are printed at once: less than 1 ms.
_PIECE = 200


def datapoints(streams: Sequence[Stream], cursor: str | None = None) -> Answer:
    """Guide 4.2.13 to 4.2.16; the points of a stream from the oldest to the newest.

    `statistic` is left out: no documented query asks for extreme values.
    """
    answer: Answer = {} if cursor is None else {"cursor": cursor}
    answer["count"] = count = sum([len(stream.points) for stream in streams])
    if count <= _PIECE:
        answer["datastreams"] = Json(f"[{','.join(map(_whole, streams))}]")
    else:
        answer["datastreams"] = (
            {"datapoints": _points(stream.points), "id": stream.id} for stream in streams
        )
    return answer


def latest(devices: Iterable[tuple[Device, Iterator[Stream]]]) -> Answer:
    """Guide 4.2.12: the newest point of each stream; its time without milliseconds."""
    return {
        "devices": (
            {"title": device.description.title, "id": device.id, "datastreams": _newest(streams)}
            for device, streams in devices
        )
    }


def stream(device: Device, stream: Stream, about: Mapping[str, Answer]) -> Answer:
    """A stream with its newest point, if it has points; the order is that of OneNET's documents.

    `about`: units and tags, by id of the stream. guess: their place.
    """
    answer: Answer = {"update_at": seconds(stream.points[-1].at)} if stream.points else {}
    answer |= {
        "id": stream.id,
        "create_time": seconds(stream.created),
        "uuid": stream_uuid(device.id, stream.id),
        **about.get(stream.id, {}),
    }
    return answer | {"current_value": Json(stream.points[-1].text)} if stream.points else answer


def _newest(streams: Iterator[Stream]) -> Iterator[Answer]:
    for one in streams:
        if one.points:
            point = one.points[-1]
            yield {"at": seconds(point.at), "id": one.id, "value": Json(point.text)}


def _whole(stream: Stream) -> str:
    name = encode_basestring(stream.id)
    return f'{{"datapoints":[{_text(stream.points)}],"id":{name}}}'


def _points(points: Sequence[Point]) -> Iterator[Json]:
    for begin in range(0, len(points), _PIECE):
        yield Json(_text(points[begin : begin + _PIECE]))


def _text(points: Sequence[Point]) -> str:
    return ",".join([f'{{"at":"{millis(ms)}","value":{text}}}' for ms, text in points])
