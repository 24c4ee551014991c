"""The messages that OneNET pushes, typed (guide 4.2). Pure.

Device ids are text here and in the client: OneNET writes them as a number in one place and as text
in another. Times are aware and in Beijing time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, cast

from m5310.onenet.push.errors import Malformed
from m5310.onenet.times import from_milliseconds, from_text


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one resource (type 1).

    `stream` is `<object>_<instance>_<resource>`, such as `3200_0_5750`. `value` is the JSON value:
    a number, text, True or False, an object, or for a resource that OneNET does not know a list of
    byte values. `imei` is None where the platform left it out, as the guide's examples do.
    """

    at: datetime
    imei: str | None
    device_id: str
    stream: str
    value: object


@dataclass(frozen=True, slots=True)
class Online:
    """A device came online or went offline (type 2). `login_type` is 10 for NB-IoT."""

    at: datetime
    imei: str | None
    device_id: str
    online: bool
    login_type: int | None


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What became of an offline command (type 7).

    `command_id` is the UUID that the call which made it answered. `kind` is 1 when the device
    acknowledged the command, 2 when it confirmed it. `sent_status` and `confirm_status` are as
    OneNET gives them, which does not document their values here. In the history of commands, 5 is
    the `sent_status` of one that succeeded, 0 or `SUCCESS` its `confirm_status`. `body` is what a
    read brought: `{"obj_id":.., "obj_inst":[..]}`.
    """

    imei: str | None
    device_id: str
    command_id: str
    kind: int | None
    sent_at: datetime | None
    sent_status: int | None
    confirmed_at: datetime | None
    confirm_status: int | str | None
    body: object


@dataclass(frozen=True, slots=True)
class Unknown:
    """A message of another type or form: `content` is all of it, `reason` why it is unknown."""

    content: Mapping[str, object]
    reason: str


Message = Point | Online | CommandResult | Unknown


class PushAnswer(NamedTuple):
    """What to answer to a request of OneNET, and the messages it brought.

    Send `status` and `text` (as text/plain) after the messages are safe: OneNET pushes a message
    again unless it gets 200.
    """

    status: int
    text: str
    messages: tuple[Message, ...]


def messages_in(content: object) -> tuple[Message, ...]:
    """The messages in a `msg`: one object, or a list of them.

    Raises:
        Malformed: It is something else.
    """
    items = content if isinstance(content, list) else [content]
    for item in items:
        if not isinstance(item, dict):
            raise Malformed(f"msg: expected an object or a list of objects, got {item!r:.40}")
    return tuple(_message(cast(dict[str, object], item)) for item in items)


def _message(content: dict[str, object]) -> Message:
    try:
        match content.get("type"):
            case 1:
                return _point(content)
            case 2:
                return _online(content)
            case 7:
                return _result(content)
            case other:
                return Unknown(content, f"type: expected 1, 2 or 7, got {other!r:.40}")
    except ValueError as error:
        return Unknown(content, str(error))


def _point(content: dict[str, object]) -> Point:
    if "value" not in content:
        raise ValueError("value: expected it in a message of type 1")
    return Point(
        from_milliseconds(_integer(content, "at")),
        _id_or_none(content, "imei"),
        _id(content, "dev_id"),
        _id(content, "ds_id"),
        content["value"],
    )


def _online(content: dict[str, object]) -> Online:
    status = _integer(content, "status")
    if status not in (0, 1):
        raise ValueError(f"status: expected 0 (offline) or 1 (online), got {status}")
    return Online(
        from_milliseconds(_integer(content, "at")),
        _id_or_none(content, "imei"),
        _id(content, "dev_id"),
        status == 1,
        _integer_or_none(content, "login_type"),
    )


def _result(content: dict[str, object]) -> CommandResult:
    confirm = content.get("confirm_status")
    return CommandResult(
        _id_or_none(content, "imei"),
        _id(content, "dev_id"),
        _id(content, "cmd_id"),
        _integer_or_none(content, "cmd_type"),
        _time_or_none(content, "send_time"),
        _integer_or_none(content, "send_status"),
        _time_or_none(content, "confirm_time"),
        confirm if isinstance(confirm, str) else _integer_or_none(content, "confirm_status"),
        content.get("confirm_body"),
    )


def _integer(content: dict[str, object], name: str) -> int:
    value = content.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"{name}: expected a whole number, got {value!r:.40}")


def _integer_or_none(content: dict[str, object], name: str) -> int | None:
    return None if content.get(name) is None else _integer(content, name)


def _id(content: dict[str, object], name: str) -> str:
    value = content.get(name)
    return value if isinstance(value, str) else str(_integer(content, name))


def _id_or_none(content: dict[str, object], name: str) -> str | None:
    return None if content.get(name) is None else _id(content, name)


def _time_or_none(content: dict[str, object], name: str) -> datetime | None:
    """guess: OneNET documents type 7 without a time's form: both of its forms are read."""
    value = content.get(name)
    if value is None or value == "":
        return None
    return (
        from_text(value) if isinstance(value, str) else from_milliseconds(_integer(content, name))
    )
