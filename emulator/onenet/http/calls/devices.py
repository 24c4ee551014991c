"""Devices: create, show, delete (guide 4.2.1 to 4.2.3)."""

from __future__ import annotations

from functools import partial

from emulator.onenet.http import answers, bodies
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.route import Body, Key, Route


async def create(call: Call) -> Answer:
    description = bodies.description(call.body)
    device = call.act(partial(call.platform.create_device, description))
    return success(answers.created(device))


async def show(call: Call) -> Answer:
    device = call.device()
    streams = call.platform.points.newest(int(device.id))
    return success(answers.device(device, streams, online=call.platform.online(device)))


async def delete(call: Call) -> Answer:
    device = call.device()
    call.act(lambda _: call.platform.delete_device(device))
    return success()


# guess: ids are numbers. So a word, such as /devices/status, is no device.
DEVICE = "/devices/{device_id:[0-9]+}"
ROUTES = (
    Route(
        "POST", "/devices", "Create a device", "4.2.1", Key.MASTER, create, body=Body(bodies.DEVICE)
    ),
    Route("GET", DEVICE, "Show a device", "4.2.2", Key.DEVICE, show, data={"type": "object"}),
    Route("DELETE", DEVICE, "Delete a device", "4.2.3", Key.DEVICE, delete),
)
