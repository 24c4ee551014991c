"""Keys of the API (OneNET's documents of 2018; the guide has no call for them)."""

from __future__ import annotations

from emulator.onenet import keys
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.http import device_answers
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.connections import in_turns
from emulator.onenet.http.kinds import OBJECT, Schema, Text
from emulator.onenet.http.route import PAGE, Body, Key, Parameter, Route, per_page

_SECTION = "documents of 2018"
_PER_PAGE = 10
_NEW: Schema = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 1},
        "permissions": {"type": "array", "minItems": 1, "items": {"type": "object"}},
        "access_methods": {"type": "array", "items": {"enum": list(keys.METHODS)}},
    },
    "required": ["title", "permissions"],
}


async def create(call: Call) -> Answer:
    title, permissions = keys.parsed(call.body)
    made = call.act(lambda now: call.platform.keys.create(title, permissions, now))
    return success({"key": made.key})


async def listed(call: Call) -> Answer:
    key, device, page, size = (
        call.query[name] for name in ("key", "device_id", "page", "per_page")
    )
    chosen = [
        one
        async for one in in_turns(call.platform.keys.all())
        if key in (None, one.key) and (device is None or one.names(device))
    ]
    shown = chosen[(page - 1) * size : page * size]
    return success(device_answers.found_keys(shown, len(chosen), page, size))


async def delete(call: Call) -> Answer:
    if not call.act(lambda _: call.platform.keys.delete(call.place["key"])):
        raise ApiError(Reason.NOT_FOUND, "there is no such device key")
    return success()


ROUTES = (
    Route(
        "POST",
        "/keys",
        "Create a key for some devices",
        _SECTION,
        Key.MASTER,
        create,
        body=Body(_NEW),
        data=OBJECT,
    ),
    Route(
        "GET",
        "/keys",
        "List the keys",
        _SECTION,
        Key.MASTER,
        listed,
        query=(
            Parameter("key", Text()),
            Parameter("device_id", Text()),
            PAGE,
            per_page(_PER_PAGE),
        ),
        data=OBJECT,
    ),
    Route("DELETE", "/keys/{key}", "Delete a key", _SECTION, Key.MASTER, delete),
)
