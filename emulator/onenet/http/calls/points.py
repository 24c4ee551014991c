"""Data points and streams of devices (guide 4.2.12 to 4.2.16)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial

from emulator.onenet.devices import Device
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.http import point_answers, point_bodies
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.calls.devices import DEVICE, visible
from emulator.onenet.http.connections import gathered, in_turns
from emulator.onenet.http.kinds import OBJECT, Integer, Text, Texts, Time
from emulator.onenet.http.route import Body, Key, Parameter, Route
from emulator.onenet.store.points import DEFAULT_LIMIT, MAX_STREAMS
from emulator.onenet.store.retention import MAX_KEPT
from emulator.onenet.store.streams import MAX_POINTS, Stream, joined, stream_uuid

_LATER = "documents of 2018"
# guess: bounds memory, as `limit` is of each stream; as many as a database in memory keeps.
MAX_ANSWERED = MAX_KEPT
# Guide 4.2.12.
_MAX_DEVICES = 500


async def show(call: Call) -> Answer:
    """Without `start`, the newest points of each stream; `end` is ignored then, as the guide says.

    guess: a cursor without `start` continues without an end.
    """
    device, query, points = call.device(), call.query, call.platform.points
    number, ids = int(device.id), _ids(call, device, query["datastream_id"])
    start, end, limit, cursor = query["start"], query["end"], query["limit"], query["cursor"]
    if start is None and cursor is None:
        pieces = _bounded(points.newest(number, limit or 1, ids))
        return success(point_answers.datapoints(joined(await gathered(pieces))))
    end_ms = None if start is None or end is None else round(end * 1000)
    start_ms = None if start is None else round(start * 1000)
    page = points.span(number, ids, start_ms, end_ms, limit or DEFAULT_LIMIT, cursor)
    streams = joined(await gathered(page))
    return success(point_answers.datapoints(streams, page.cursor))


def _bounded(pieces: Iterator[Stream]) -> Iterator[Stream]:
    count = 0
    for piece in pieces:
        count += len(piece.points)
        if count > MAX_ANSWERED:
            wrong = f"more than {MAX_ANSWERED} data points, expected a lower limit or fewer streams"
            raise ApiError(Reason.LIMIT, wrong)
        yield piece


async def latest(call: Call) -> Answer:
    """The newest point of each stream of some devices."""

    def found() -> Iterator[tuple[Device, Iterator[Stream]]]:
        for device in visible(call, call.query["devIds"]):
            yield device, _newest(call, device)

    return success(point_answers.latest(found()))


async def post(call: Call) -> Answer:
    """Store points as if the device had reported them.

    guess: if the database cannot keep all of them, the first ones stay.
    """
    device = call.device()
    scope = call.scope(device)
    posted = await gathered(point_bodies.rows(call.body, call.act(lambda now: now)))
    if scope is not None and any(stream not in scope for stream, *_ in posted):
        raise ApiError(Reason.AUTH_FAILED)
    async for piece in in_turns(call.platform.pieces(device, posted)):
        call.device()  # it may have been deleted meanwhile
        call.act(partial(call.platform.record, device, piece))
    return success()


async def create_stream(call: Call) -> Answer:
    """Make a stream before its first point, with units and tags."""
    device, (name, about) = call.device(), point_bodies.created(call.body)
    scope = call.scope(device)
    if scope is not None and name not in scope:
        raise ApiError(Reason.AUTH_FAILED)
    call.act(partial(call.platform.points.create, int(device.id), name, about))
    return success({"ds_uuid": stream_uuid(device.id, name)})


async def streams(call: Call) -> Answer:
    device = call.device()
    about = call.platform.points.about(int(device.id))
    shown = _newest(call, device, call.query["datastream_ids"])
    return success(point_answers.stream(device, one, about) for one in shown)


async def stream(call: Call) -> Answer:
    device, name = call.device(), call.place["stream"]
    for one in _newest(call, device, (name,)):
        about = call.platform.points.about(int(device.id))
        return success(point_answers.stream(device, one, about))
    # guess: the error is not documented.
    raise ApiError(Reason.NOT_FOUND, f"datastream {name}")


def _newest(call: Call, device: Device, asked: Collection[str] | None = None) -> Iterator[Stream]:
    return call.platform.points.newest(int(device.id), 1, _ids(call, device, asked))


def _ids(call: Call, device: Device, asked: Collection[str] | None) -> Collection[str] | None:
    """The streams that are `asked` for and that the key sees; None: all."""
    scope = call.scope(device)
    if asked is None:
        return scope
    return frozenset(asked) if scope is None else scope & frozenset(asked)


ROUTES = (
    Route(
        "GET",
        "/devices/datapoints",
        "Show the newest data points of devices",
        "4.2.12",
        Key.DEVICE,
        latest,
        query=(Parameter("devIds", Texts(_MAX_DEVICES, Reason.TOO_MANY_DEVICES), required=True),),
        data=OBJECT,
    ),
    Route(
        "GET",
        f"{DEVICE}/datapoints",
        "Show data points of a device",
        "4.2.13",
        Key.DEVICE,
        show,
        query=(
            Parameter("datastream_id", Texts(MAX_STREAMS)),
            Parameter("start", Time()),
            Parameter("end", Time()),
            Parameter("limit", Integer(1, MAX_POINTS)),
            Parameter("cursor", Text()),
        ),
        data=OBJECT,
    ),
    Route(
        "POST",
        f"{DEVICE}/datapoints",
        "Store data points of a device",
        _LATER,
        Key.DEVICE,
        post,
        body=Body(point_bodies.POINTS),
    ),
    Route(
        "POST",
        f"{DEVICE}/datastreams",
        "Create a stream of a device",
        _LATER,
        Key.DEVICE,
        create_stream,
        body=Body(point_bodies.STREAM),
        data=OBJECT,
    ),
    Route(
        "GET",
        f"{DEVICE}/datastreams",
        "Show the streams of a device",
        _LATER,
        Key.DEVICE,
        streams,
        query=(Parameter("datastream_ids", Texts(MAX_STREAMS)),),
        data={"type": "array", "items": OBJECT},
    ),
    Route(
        "GET",
        f"{DEVICE}/datastreams/{{stream}}",
        "Show a stream of a device",
        _LATER,
        Key.DEVICE,
        stream,
        data=OBJECT,
    ),
)
