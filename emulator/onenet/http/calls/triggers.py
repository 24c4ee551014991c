"""Triggers: create, update, show, list, delete (guide 4.2.10)."""

from __future__ import annotations

from emulator.onenet.errors import ApiError, Reason, invalid, shown
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.connections import in_turns
from emulator.onenet.http.kinds import OBJECT, Schema, Text
from emulator.onenet.http.route import PAGE, Body, Key, Parameter, Route, per_page
from emulator.onenet.http.times import seconds
from emulator.onenet.store.streams import stream_uuid
from emulator.onenet.triggers import content
from emulator.onenet.triggers.content import Content
from emulator.onenet.triggers.trigger import Trigger, Watch

_PER_PAGE = 10  # guide 4.2.10.3
_ID_DIGITS = 18
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}, "maxItems": content.MAX_NAMED}
_TRIGGER: Schema = {
    "type": "object",
    "properties": {
        **{name: {"type": "string", "minLength": 1} for name in ("title", "url", "type", "ds_id")},
        **dict.fromkeys(("dev_ids", "ds_uuids"), _TEXTS),
        "threshold": {"type": ["number", "string", "object"]},
    },
    "additionalProperties": False,
}


async def create(call: Call) -> Answer:
    new = content.created(call.body, call.platform.year.trigger_types)
    streams = await _streams(call, new)
    number = call.act(lambda now: call.platform.triggers.create(new, streams, now))
    return success({"trigger_id": number})


async def update(call: Call) -> Answer:
    old = _trigger(call).content
    new = content.updated(old, call.body, call.platform.year.trigger_types)
    streams = () if new.names == old.names else await _streams(call, new)
    call.act(lambda now: call.platform.triggers.update(_trigger(call), new, streams, now))
    return success()


async def show(call: Call) -> Answer:
    return success(_shown(call, _trigger(call)))


async def listed(call: Call) -> Answer:
    page, size = call.query["page"], call.query["per_page"]
    total, found = call.platform.triggers.page(call.query["title"], page, size)
    shown = [_shown(call, trigger) async for trigger in in_turns(found)]
    return success({"total_count": total, "per_page": size, "page": page, "triggers": shown})


async def delete(call: Call) -> Answer:
    call.act(lambda _: call.platform.triggers.delete(_trigger(call)))
    return success()


def _trigger(call: Call) -> Trigger:
    text = call.place["trigger_id"]
    found = call.platform.triggers.get(int(text)) if len(text) <= _ID_DIGITS else None
    if found is None:
        raise ApiError(Reason.NOT_FOUND, f"trigger {text[:_ID_DIGITS]}")
    return found


async def _streams(call: Call, new: Content) -> tuple[Watch, ...]:
    """The streams of `ds_uuids`, in their order. Raises ApiError for one that does not exist."""
    if new.ds_uuids is None:
        return ()
    entries = in_turns(call.platform.triggers.streams_of(new.ds_uuids))
    found = {stream_uuid(str(watch[0]), watch[1]): watch async for watch in entries if watch}
    for uuid in new.ds_uuids:
        if uuid not in found:
            raise invalid(f"ds_uuids {shown(uuid)}, expected the uuid of a stream")
    return tuple(found[uuid] for uuid in new.ds_uuids)


def _shown(call: Call, trigger: Trigger) -> dict[str, object]:
    """In the order of a captured answer; the place of `create_time` follows the same rule.

    guess: only a valid trigger has it. The guide has it; the captured answer, of an invalid one,
    has it not.
    """
    given, invalid = trigger.content, call.platform.triggers.invalid(trigger)
    answer = {
        "create_time": None if invalid else seconds(trigger.created),
        "invalid": True if invalid else None,
        "dev_ids": given.dev_ids,
        "threshold": given.threshold,
        "id": trigger.id,
        "title": given.title,
        "type": given.kind,
        "ds_id": given.ds_id,
        "ds_uuids": given.ds_uuids,
        "url": given.url,
    }
    return {name: value for name, value in answer.items() if value is not None}


_ONE = "/triggers/{trigger_id:[0-9]+}"
ROUTES = (
    Route(
        "POST",
        "/triggers",
        "Create a trigger",
        "4.2.10.1",
        Key.MASTER,
        create,
        body=Body({**_TRIGGER, "required": ["url", "type"]}),
        data=OBJECT,
    ),
    Route("PUT", _ONE, "Update a trigger", "4.2.10.2", Key.MASTER, update, body=Body(_TRIGGER)),
    Route("GET", _ONE, "Show a trigger", "4.2.10.3", Key.MASTER, show, data=OBJECT),
    Route(
        "GET",
        "/triggers",
        "List triggers",
        "4.2.10.3",
        Key.MASTER,
        listed,
        query=(
            Parameter("title", Text()),
            PAGE,
            per_page(_PER_PAGE),
        ),
        data=OBJECT,
    ),
    Route("DELETE", _ONE, "Delete a trigger", "4.2.10.4", Key.MASTER, delete),
)
