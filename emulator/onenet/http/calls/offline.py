"""Offline commands: read, write, execute, list, detail, cancel (guide 4.2.9)."""

from __future__ import annotations

from functools import partial

from emulator.onenet.commands.command import Command, Kind, State
from emulator.onenet.errors import invalid, required
from emulator.onenet.http import bodies
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.kinds import Choice, Integer, Schema, Text, Time
from emulator.onenet.http.route import (
    IMEI,
    MODE,
    PAGE,
    REPLACE,
    Body,
    Key,
    Parameter,
    Route,
    object_path,
    per_page,
)
from emulator.onenet.http.times import seconds
from emulator.onenet.lwm2m.operations import Execute, Operation, Read, Write
from emulator.onenet.lwm2m.server import Sign

# OneNET's documents of 2019.
_DEFAULT_RETRY, _MOST_RETRY = 3, 10
_ALL_SIGNS = int(Sign.REGISTER | Sign.UPDATE | Sign.NOTIFY)
_PER_PAGE = 10  # guess: as of triggers
_NEWEST_FIRST = "DESC"


async def read(call: Call) -> Answer:
    return _create(call, Kind.READ, Read(call.path()))


async def write(call: Call) -> Answer:
    instance = call.path().instance_path
    items = bodies.items(call.body, instance)
    return _create(call, Kind.WRITE, Write(instance, items, replace=call.query["mode"] == REPLACE))


async def execute(call: Call) -> Answer:
    arguments = bodies.arguments(call.body)
    return _create(call, Kind.EXECUTE, Execute(call.path(), arguments))


def _create(call: Call, kind: Kind, operation: Operation) -> Answer:
    query, rules = call.query, call.platform.year.offline
    for name in ("valid_time", "retry"):
        if query[name] is None and not rules.optional:
            raise required(name)
    retry = _DEFAULT_RETRY if query["retry"] is None else query["retry"]
    if retry not in rules.retry:
        raise invalid(f"retry {retry}, expected {rules.retry[0]} to {rules.retry[-1]}")
    device = call.device_by_imei()

    def create(now: float) -> str:
        valid = now if query["valid_time"] is None else query["valid_time"]
        if query["valid_time"] is not None and valid <= now:
            raise invalid(f"valid_time {_argument(valid)}, expected a time after {_argument(now)}")
        if query["expired_time"] <= valid:
            expires = _argument(query["expired_time"])
            raise invalid(f"expired_time {expires}, expected a time after {_argument(valid)}")
        return call.platform.commands.create(
            int(device.id),
            kind,
            # guess: ids are numbers, as in the guide's tables
            {name: _shown(value) for name, value in query.items() if value is not None},
            call.body or None,
            operation,
            valid=valid,
            expires=query["expired_time"],
            retry=retry,
            signs=Sign(query["trigger_msg"]),
            now=now,
        )

    return success({"uuid": call.act(create)})


async def history(call: Call) -> Answer:
    device, query = call.device_by_imei(), call.query
    count, commands = call.act(
        partial(
            call.platform.commands.history,
            int(device.id),
            query["start"],
            None if query["end"] is None else query["end"] + 1,  # guess: `end` is the last second
            page=query["page"],
            per_page=query["per_page"],
            newest_first=query["sort"] == _NEWEST_FIRST,
            uuid=query["uuid"],
        )
    )
    items = (
        {
            "cmd_uuid": command.uuid,
            "type": command.kind,
            **_course(command),
            # Later additions. guess: `feedback_time` is the time of the device's answer, and
            # `remain` the repetitions that are left.
            **_known(feedback_time=_time(command.confirmed)),
            "imei": query["imei"],
            "remain": str(command.retry),
        }
        for command in commands
    )
    # The guide has `count`; guess: `total_count`, a later addition, is the same.
    return success({"count": count, "total_count": count, "items": items})


async def detail(call: Call) -> Answer:
    device = call.device_by_imei()
    command = call.act(partial(call.platform.commands.get, int(device.id), call.place["uuid"]))
    found = _known(cmd_result=success(command.result) if command.state is State.SUCCESS else None)
    return success(
        {
            "type": command.kind,
            "args": dict(command.args),
            **_known(content=command.content),
            **_course(command),
            **found,
        }
    )


async def cancel(call: Call) -> Answer:
    device = call.device_by_imei()
    call.act(partial(call.platform.commands.cancel, int(device.id), call.place["uuid"]))
    return {"errno": 0, "error": "success"}  # so in 4.2.9.6, other than all other answers


async def cancel_all(call: Call) -> Answer:
    device = call.device_by_imei()
    cancelled, others = call.act(partial(call.platform.commands.cancel_all, int(device.id)))
    total = len(cancelled) + len(others)
    return success({"succ": cancelled, "failed": others, "total": total})


def _course(command: Command) -> Answer:
    """What became of a command; without what has not happened (guide 4.2.9.4)."""
    return {
        "create_time": _time(command.created),
        "valid_time": _time(command.valid),
        "expired_time": _time(command.expires),
        **_known(send_time=_time(command.sent)),
        "send_status": int(command.state),
        **_known(confirm_time=_time(command.confirmed), confirm_status=command.status),
    }


def _known(**fields: object) -> Answer:
    return {name: value for name, value in fields.items() if value is not None}


def _shown(value: object) -> object:
    return _argument(value) if isinstance(value, float) else value


def _argument(at: float) -> str:
    """A time as parameters have it."""
    return seconds(at).replace(" ", "T")


def _time(at: float | None) -> str | None:
    """A time as answers have it."""
    return None if at is None else seconds(at)


# The year decides whether `valid_time` and `retry` are required, and the least `retry`.
_WHEN = (
    Parameter("valid_time", Time()),
    Parameter("expired_time", Time(), required=True),
    Parameter("retry", Integer(0, _MOST_RETRY)),
    Parameter("trigger_msg", Integer(1, _ALL_SIGNS), default=_ALL_SIGNS),
)
_UUID: Schema = {
    "type": "object",
    "properties": {"uuid": {"type": "string"}},
    "required": ["uuid"],
    "additionalProperties": False,
}
_COMMAND = r"{uuid:[0-9a-fA-F-]{1,64}}"


def _of(required: list[str], **properties: str) -> Schema:
    types = {name: {"type": kind} for name, kind in properties.items()}
    return {"type": "object", "properties": types, "required": required}


ROUTES = (
    Route(
        "GET",
        "/nbiot/offline",
        "Read from a device when it is online",
        "4.2.9.1",
        Key.MASTER,
        read,
        query=(IMEI, *object_path(1), *_WHEN),
        data=_UUID,
    ),
    Route(
        "POST",
        "/nbiot/offline",
        "Write to a device when it is online",
        "4.2.9.2",
        Key.MASTER,
        write,
        query=(
            IMEI,
            *object_path(2),
            MODE,
            *_WHEN,
        ),
        body=Body(bodies.ITEMS),
        data=_UUID,
    ),
    Route(
        "POST",
        "/nbiot/execute/offline",
        "Execute a resource of a device when it is online",
        "4.2.9.3",
        Key.MASTER,
        execute,
        query=(IMEI, *object_path(3), *_WHEN),
        body=Body(bodies.ARGUMENTS, required=False),
        data=_UUID,
    ),
    Route(
        "GET",
        "/nbiot/offline/history",
        "List the offline commands of a device",
        "4.2.9.4",
        Key.MASTER,
        history,
        query=(
            IMEI,
            Parameter("start", Time(), required=True),
            Parameter("end", Time()),
            PAGE,
            per_page(_PER_PAGE),
            Parameter("sort", Choice((_NEWEST_FIRST, "ASC")), default=_NEWEST_FIRST),
            Parameter("uuid", Text()),
        ),
        data=_of(
            ["count", "total_count", "items"], count="integer", total_count="integer", items="array"
        ),
    ),
    Route(
        "GET",
        f"/nbiot/offline/history/{_COMMAND}",
        "Show an offline command",
        "4.2.9.5",
        Key.MASTER,
        detail,
        query=(IMEI,),
        data=_of(["type", "args", "send_status"], type="string", args="object"),
    ),
    Route(
        "PUT",
        "/nbiot/offline/cancel/all",
        "Cancel all offline commands of a device that wait",
        "4.2.9.6, documents of 2019",
        Key.MASTER,
        cancel_all,
        query=(IMEI,),
        data=_of(["succ", "failed", "total"], succ="array", failed="array", total="integer"),
    ),
    Route(
        "PUT",
        f"/nbiot/offline/cancel/{_COMMAND}",
        "Cancel an offline command that waits",
        "4.2.9.6",
        Key.MASTER,
        cancel,
        query=(IMEI,),
    ),
)
