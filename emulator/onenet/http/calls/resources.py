"""Resources of a device: read, write, execute, list, discover (guide 4.2.4 to 4.2.7)."""

from __future__ import annotations

from emulator.lwm2m.model import Path
from emulator.onenet.http import answers, bodies
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.kinds import Boolean, Schema
from emulator.onenet.http.route import (
    EP_NAME,
    IMEI,
    MODE,
    REPLACE,
    TIMEOUT,
    Body,
    Key,
    Parameter,
    Route,
    object_path,
)
from emulator.onenet.json_values import instances
from emulator.onenet.lwm2m.operations import Discover, Execute, Read, Write


async def read(call: Call) -> Answer:
    path = call.path()
    outcome = await call.request(call.device_by_imei(), Read(path))
    return success(instances(outcome.items, hexadecimal=call.query["bin2hex"]))


async def write(call: Call) -> Answer:
    instance = call.path().instance_path
    items = bodies.items(call.body, instance)
    replace = call.query["mode"] == REPLACE
    await call.request(call.device_by_imei(), Write(instance, items, replace))
    return success()


async def execute(call: Call) -> Answer:
    path = call.path()
    arguments = bodies.arguments(call.body)
    await call.request(call.device_by_imei(), Execute(path, arguments))
    return success()


async def listed(call: Call) -> Answer:
    wanted = call.query["obj_id"]
    registration = call.platform.registration(call.device_by_imei())
    if registration is None:
        return success(answers.resources((), ()))
    objects = [path for path in registration.objects if wanted in (None, path.object)]
    discovered = [path for paths in registration.resources.values() for path in paths]
    return success(answers.resources(objects, discovered))


async def discover(call: Call) -> Answer:
    # guess: the object is asked for, as after a login: modules have no command for an instance.
    outcome = await call.request(call.device_by_imei(), Discover(Path(call.query["obj_id"])))
    wanted = call.query["obj_inst_id"]
    return success(
        answers.discovered(path for path in outcome.links if wanted in (None, path.instance))
    )


_DEVICE = (IMEI, EP_NAME)
_INSTANCES: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"obj_inst_id": {"type": "integer"}, "res": {"type": "array"}},
        "required": ["res", "obj_inst_id"],
        "additionalProperties": False,
    },
}
_DISCOVERED: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"obj_inst_id": {"type": "integer"}, "res_id": {"type": "array"}},
        "required": ["obj_inst_id", "res_id"],
        "additionalProperties": False,
    },
}
_LIST: Schema = {
    "type": "object",
    "properties": {"total_count": {"type": "integer"}, "item": {"type": "array"}},
    "required": ["total_count", "item"],
    "additionalProperties": False,
}
ROUTES = (
    Route(
        "GET",
        "/nbiot",
        "Read from a device",
        "4.2.4",
        Key.MASTER,
        read,
        query=(
            *_DEVICE,
            *object_path(1),
            TIMEOUT,
            Parameter("bin2hex", Boolean(), default=False),
        ),
        data=_INSTANCES,
    ),
    Route(
        "POST",
        "/nbiot",
        "Write to a device",
        "4.2.5",
        Key.MASTER,
        write,
        query=(
            *_DEVICE,
            *object_path(2),
            MODE,
            TIMEOUT,
        ),
        body=Body(bodies.ITEMS),
    ),
    Route(
        "POST",
        "/nbiot/execute",
        "Execute a resource",
        "4.2.6",
        Key.MASTER,
        execute,
        query=(*_DEVICE, *object_path(3), TIMEOUT),
        body=Body(bodies.ARGUMENTS, required=False),
    ),
    Route(
        "GET",
        "/nbiot/resources",
        "List the resources of a device",
        "4.2.7",
        Key.MASTER,
        listed,
        query=(*_DEVICE, object_path(0)[0]),
        data=_LIST,
    ),
    Route(
        "GET",
        "/nbiot/discover",
        "Ask a device for its resources",
        "4.2.7, documents of 2019",
        Key.MASTER,
        discover,
        query=(*_DEVICE, *object_path(1)[:2], TIMEOUT),
        data=_DISCOVERED,
    ),
)
