"""Commands for a device that sleeps: guide 4.2.9. All need the master key.

OneNET keeps a command from `valid` to `expires` and sends it when the device gives a sign of life.
At most 10 for a device at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, IntFlag

from m5310.onenet.calls.call import Call, call, nothing, segment
from m5310.onenet.calls.path import parameters
from m5310.onenet.calls.reading import Fields
from m5310.onenet.calls.resources import written
from m5310.onenet.errors import BadAnswer

_CONFIRMATIONS = (
    *("SUCCESS", "METHOD_NOT_ALLOWED", "FORBIDDEN", "NOT_FOUND", "INTERNAL_SERVER_ERROR"),
    *("TIME_OUT", "REQ_PARAM_ERROR", "RESP_ERROR", "UNAUTHORIZED", "BAD_REQUEST"),
    *("NOT_ACCEPTABLE", "UNSUPPORTED_CONTENT_FORMAT"),
)
"""What the device answered; later than the guide they are numbered from 0."""


class CommandState(IntEnum):
    """What became of a command (guide 4.2.9.4). Only one that waits can be cancelled."""

    WAITING = 1
    CANCELLED = 2
    SENT = 3
    EXPIRED = 4
    SUCCESS = 5
    FAILED = 6
    TIMEOUT = 7
    UNDEFINED = 8


class Sign(IntFlag):
    """Signs of life at which a command is sent (`trigger_msg`, later than the guide)."""

    REGISTER = 1
    UPDATE = 2
    NOTIFY = 4


@dataclass(frozen=True, slots=True)
class OfflineCommand:
    """A command and what became of it; None where OneNET left a member out.

    `kind` is READ, WRITE or EXECUTE. `confirmed_as` is SUCCESS, or why the device did not do it.
    `args`, `content` and `result` are only in `offline_command`: the parameters and the body of the
    call that made it, and what that call would have answered online.
    """

    uuid: str
    kind: str
    state: CommandState
    created: datetime | None
    valid: datetime | None
    expires: datetime | None
    sent: datetime | None
    confirmed: datetime | None
    confirmed_as: str | None
    args: Mapping[str, object] | None
    content: Mapping[str, object] | None
    result: object


@dataclass(frozen=True, slots=True)
class CommandPage:
    """One page of the commands of a device. `total` is the number on all pages."""

    total: int
    commands: tuple[OfflineCommand, ...]


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The commands that were cancelled, and those that could not be, by UUID."""

    cancelled: tuple[str, ...]
    failed: tuple[str, ...]


def offline_read(
    imei: str,
    path: str,
    *,
    valid: datetime,
    expires: datetime,
    retry: int = 3,
    signs: Sign | None = None,
) -> Call[str]:
    """Queue a read; its UUID (guide 4.2.9.1).

    OneNET wants now < valid < expires, and 3 to 10 for `retry` (0 to 10 later): how many times it
    is sent again at the next sign of life.
    """
    query = parameters(path)
    times = {"valid_time": valid, "expired_time": expires}
    return call(
        "GET", "/nbiot/offline", _uuid, imei=imei, **query, **times, retry=retry, trigger_msg=signs
    )


def offline_write(
    imei: str,
    path: str,
    resources: Mapping[int, object],
    *,
    valid: datetime,
    expires: datetime,
    replace: bool = False,
    retry: int = 3,
    signs: Sign | None = None,
) -> Call[str]:
    """Queue a write; its UUID (guide 4.2.9.2). See `write` and `offline_read`."""
    return call(
        "POST",
        "/nbiot/offline",
        _uuid,
        written(resources),
        imei=imei,
        **parameters(path, 2, 2),
        mode=1 if replace else 2,
        valid_time=valid,
        expired_time=expires,
        retry=retry,
        trigger_msg=signs,
    )


def offline_execute(
    imei: str,
    path: str,
    args: str | None = None,
    *,
    valid: datetime,
    expires: datetime,
    retry: int = 3,
    signs: Sign | None = None,
) -> Call[str]:
    """Queue an execution; its UUID (guide 4.2.9.3). See `execute` and `offline_read`."""
    return call(
        "POST",
        "/nbiot/execute/offline",
        _uuid,
        None if args is None else {"args": args},
        imei=imei,
        **parameters(path, 3),
        valid_time=valid,
        expired_time=expires,
        retry=retry,
        trigger_msg=signs,
    )


def offline_history(
    imei: str,
    start: datetime,
    end: datetime | None = None,
    *,
    page: int | None = None,
    per_page: int | None = None,
    newest_first: bool = True,
) -> Call[CommandPage]:
    """The commands of a device that were made between two times (guide 4.2.9.4)."""
    return call(
        "GET",
        "/nbiot/offline/history",
        _page,
        imei=imei,
        start=start,
        end=end,
        page=page,
        per_page=per_page,
        sort="DESC" if newest_first else "ASC",
    )


def offline_command(imei: str, uuid: str) -> Call[OfflineCommand]:
    """One command with its arguments and its result (guide 4.2.9.5)."""
    name = segment(uuid, "uuid")
    path = f"/nbiot/offline/history/{name}"
    return call("GET", path, lambda data: _command(Fields(data, "data"), name), imei=imei)


def cancel_offline(imei: str, uuid: str) -> Call[None]:
    """Cancel a command that waits (guide 4.2.9.6)."""
    return call("PUT", f"/nbiot/offline/cancel/{segment(uuid, 'uuid')}", nothing, imei=imei)


def cancel_all_offline(imei: str) -> Call[Cancelled]:
    """Cancel all commands of a device that wait (later than the guide)."""

    def read(data: object) -> Cancelled:
        fields = Fields(data, "data")
        return Cancelled(fields.texts("succ"), fields.texts("failed"))

    return call("PUT", "/nbiot/offline/cancel/all", read, imei=imei)


def _uuid(data: object) -> str:
    return Fields(data, "data").text("uuid")


def _page(data: object) -> CommandPage:
    fields = Fields(data, "data")
    name = "total_count" if fields.get("total_count") is not None else "count"
    commands = tuple(_command(each) for each in fields.objects("items"))
    return CommandPage(fields.integer(name), commands)


def _command(fields: Fields, asked: str | None = None) -> OfflineCommand:
    """The guide's detail has no UUID: it is then the one asked for."""
    number = fields.integer("send_status")
    if number not in list(CommandState):
        raise BadAnswer(f"send_status: expected 1 to 8, got {number}")
    uuid = asked if asked is not None else fields.text("cmd_uuid").strip()
    return OfflineCommand(
        uuid,
        fields.text("type"),
        CommandState(number),
        fields.time_or_none("create_time"),
        fields.time_or_none("valid_time"),
        fields.time_or_none("expired_time"),
        fields.time_or_none("send_time"),
        fields.time_or_none("confirm_time"),
        _confirmation(fields),
        fields.object_or_none("args"),
        fields.object_or_none("content"),
        fields.get("cmd_result"),
    )


def _confirmation(fields: Fields) -> str | None:
    text = fields.text_or_none("confirm_status")
    if text is not None and text.isdecimal() and int(text) < len(_CONFIRMATIONS):
        return _CONFIRMATIONS[int(text)]
    return text
