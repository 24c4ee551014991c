"""Data points of a device (guide 4.2.13)."""

from __future__ import annotations

from emulator.onenet.http import answers
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.calls.devices import DEVICE
from emulator.onenet.http.connections import in_turns
from emulator.onenet.http.kinds import Integer, Text, Texts, Time, invalid
from emulator.onenet.http.route import Key, Parameter, Route
from emulator.onenet.store.streams import MAX_POINTS

# guess: the most streams of a device.
_MAX_IDS = 1000


async def newest(call: Call) -> Answer:
    device = call.device()
    for name in ("start", "end", "cursor"):
        if call.query[name] is not None:
            raise invalid(f"{name}: this platform serves the newest points only, see limit")
    limit, ids = call.query["limit"], call.query["datastream_id"]
    found = call.platform.points.newest(int(device.id), limit, ids)
    streams = [piece async for piece in in_turns(found)]
    return success(answers.datapoints(streams))


ROUTES = (
    Route(
        "GET",
        f"{DEVICE}/datapoints",
        "Show data points of a device",
        "4.2.13",
        Key.DEVICE,
        newest,
        query=(
            Parameter("datastream_id", Texts(_MAX_IDS)),
            Parameter("start", Time()),
            Parameter("end", Time()),
            Parameter("limit", Integer(1, MAX_POINTS), default=1),
            Parameter("cursor", Text()),
        ),
        data={"type": "object"},
    ),
)
