"""JSON bodies of calls, parsed and checked, and their schemas. Pure.

Every function raises ApiError for a missing or invalid parameter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeGuard, cast

from emulator.lwm2m.model import Item, Path, Value
from emulator.onenet import payload
from emulator.onenet.devices import Description
from emulator.onenet.endpoint_names import AUTH, IMEI, IMSI, PSK
from emulator.onenet.errors import ApiError, Reason, invalid, required, shown
from emulator.onenet.http.kinds import OBJECT, Schema
from emulator.onenet.payload import MAX_PAYLOAD

_MAX_ID = 65_535
# A text, which is kept, or a comma after the last entry. Takes linear time: an open text ends with
# the body.
_TRAILING_COMMA = re.compile(
    r"""("(?:[^"\\]|\\.)*(?:"|\\?\Z))|(?<=[^\s,:\[{])[ \t\r\n]*,(?=[ \t\r\n]*[\]}])""", re.DOTALL
)
# guess: levels of lists and objects. Answers with what was kept of it stay far from Python's limit.
_MAX_DEPTH = 100
# Bytes of a body in which such commas are searched: more would hold the event loop for too long.
_MAX_SEARCHED = 8192
_TEXT: Schema = {"type": "string"}
# Of a write, an execute and a new device.
ITEMS: Schema = {
    "type": "object",
    "properties": {
        "data": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "res_id": {"type": "integer", "minimum": 0, "maximum": _MAX_ID},
                    "val": {"type": ["boolean", "string", "number", "array"]},
                    "type": {"enum": [1, 2]},
                },
                "required": ["res_id", "val"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["data"],
    "additionalProperties": False,
}
ARGUMENTS: Schema = {
    "type": "object",
    "properties": {"args": _TEXT},
    "additionalProperties": False,
}
# OneNET guide 4.2.1; `auth`, `psk` and `chip` are in the documents of 2019.
_DEVICE: Mapping[str, Schema] = {
    "title": {**_TEXT, "minLength": 1},
    "desc": _TEXT,
    "tags": {"type": "array", "items": _TEXT},
    "protocol": {"enum": ["LWM2M"]},
    "location": OBJECT,
    "private": {"type": "boolean"},
    "auth_info": {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "propertyNames": {"pattern": f"^{IMEI.pattern}$"},
        "additionalProperties": {"type": "string", "pattern": f"^{IMSI.pattern}$"},
    },
    "auth": {"type": "string", "pattern": f"^{AUTH.pattern}$"},
    "psk": {"type": "string", "pattern": f"^{PSK.pattern}$"},
    "obsv": {"type": "boolean"},
    "other": OBJECT,
    "chip": {"type": "integer"},
}
DEVICE: Schema = {
    "type": "object",
    "properties": _DEVICE,
    "required": ["title", "protocol", "auth_info"],
    "additionalProperties": False,
}
# OneNET's documents of 2018: what `PUT /devices/<id>` can change.
_UPDATE = ("title", "desc", "tags", "location", "private", "auth_info", "other")
DEVICE_UPDATE: Schema = {
    "type": "object",
    "properties": {name: _DEVICE[name] for name in _UPDATE},
    "additionalProperties": False,
}


def json_body(body: bytes, *, optional: bool = False) -> dict[str, object]:
    """The body's JSON object; an empty body is an empty object if it is `optional`."""
    if not body.strip():
        if optional:
            return {}
        raise ApiError(Reason.BODY_REQUIRED)
    try:
        value = _loaded(body)
        # Half a surrogate pair is valid JSON, 1e999 is taken as infinity: neither can be sent on.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise ApiError(Reason.INVALID_JSON) from error
    if not isinstance(value, dict):
        raise invalid("the body is not a JSON object")
    if body.count(b"{") + body.count(b"[") > _MAX_DEPTH:
        _refuse_deep(value)
    return value


def _refuse_deep(value: object) -> None:
    level = [value]
    for _ in range(_MAX_DEPTH):
        # Only lists and objects go to the next level: a body has thousands of values.
        level = [
            part
            for one in level
            for part in (one.values() if type(one) is dict else cast("list[object]", one))
            if type(part) is list or type(part) is dict
        ]
        if not level:
            return
    raise invalid(f"the body is nested deeper than {_MAX_DEPTH} levels")


def _loaded(body: bytes) -> object:
    """A comma after the last entry of a list or an object is ignored, as the real API does it."""
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except json.JSONDecodeError:
        if len(body) > _MAX_SEARCHED:
            raise
        text = _TRAILING_COMMA.sub(r"\1", body.decode("utf-8-sig"))
        return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def items(body: Mapping[str, object], instance: Path) -> tuple[Item, ...]:
    """`data` of a write: values for resources of `instance`."""
    only(body, "data")
    data = body.get("data")
    if data is None:
        raise required("data")
    if not isinstance(data, list) or not data:
        raise invalid("data, expected a list of {res_id, val}")
    found: dict[int, Item] = {}
    for entry in data:
        if not isinstance(entry, dict):
            raise invalid("data, expected a list of {res_id, val}")
        only(entry, "res_id", "val", "type")
        resource = _resource(entry)
        if resource in found:
            raise invalid(f"res_id {resource} stands twice in data")
        found[resource] = Item(Path(instance.object, instance.instance, resource), _value(entry))
    if payload.size(item.value for item in found.values()) > MAX_PAYLOAD:
        raise ApiError(Reason.LIMIT, f"more than {MAX_PAYLOAD} bytes")
    return tuple(found.values())


def arguments(body: Mapping[str, object]) -> bytes:
    """`args` of an execute; optional."""
    only(body, "args")
    text = _text(body, "args") or ""
    encoded = text.encode("utf-8")
    if len(encoded) > MAX_PAYLOAD:
        raise ApiError(Reason.LIMIT, f"args has more than {MAX_PAYLOAD} bytes")
    return encoded


def description(body: Mapping[str, object]) -> Description:
    """The parameters of a new device."""
    only(body, *_DEVICE)
    title = _text(body, "title")
    if not title:
        raise required("title")
    # Without a protocol the real platform creates an HTTP device, which no module can log in to.
    protocol = _text(body, "protocol")
    if protocol is None:
        raise required("protocol")
    if protocol.upper() != "LWM2M":
        raise ApiError(Reason.INVALID_PROTOCOL, f"{shown(protocol)}, expected LWM2M")
    device_imei, device_imsi = _identity(body)
    if (auth := _text(body, "auth")) is not None and not AUTH.fullmatch(auth):
        raise invalid(f"auth {shown(auth)}, expected 1 to 16 letters or digits")
    if (psk := _text(body, "psk")) is not None and not PSK.fullmatch(psk):
        raise invalid(f"psk {shown(psk)}, expected 8 to 16 letters or digits")
    return Description(
        title=title,
        imei=device_imei,
        imsi=device_imsi,
        desc=_text(body, "desc"),
        tags=_tags(body) or (),
        location=_object(body, "location"),
        private=_boolean(body, "private"),
        observed=_boolean(body, "obsv"),
        auth=auth,
        psk=psk,
        other=_object(body, "other"),
        chip=_chip(body),
    )


def _chip(body: Mapping[str, object]) -> int | None:
    value = body.get("chip")
    if value is not None and type(value) is not int:
        raise invalid(f"chip {shown(value)}, expected a whole number")
    return value


def updated(body: Mapping[str, object], before: Description) -> Description:
    """The description of a device after an update, which replaces what it names.

    guess: null is the same as leaving it out, and an update may be empty.
    """
    only(body, *_UPDATE)
    title = _text(body, "title")
    if title == "":
        raise invalid('title "", expected a text that is not empty')
    given: dict[str, Any] = {
        "title": title,
        "desc": _text(body, "desc"),
        "tags": _tags(body),
        "location": _object(body, "location"),
        "private": None if body.get("private") is None else _boolean(body, "private"),
        "other": _object(body, "other"),
    }
    if body.get("auth_info") is not None:
        given["imei"], given["imsi"] = _identity(body)
    return replace(before, **{name: value for name, value in given.items() if value is not None})


def _tags(body: Mapping[str, object]) -> tuple[str, ...] | None:
    tags = body.get("tags")
    if tags is None:
        return None
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise invalid("tags, expected a list of texts")
    return tuple(tags)


def _identity(body: Mapping[str, object]) -> tuple[str, str]:
    pairs = _object(body, "auth_info")
    if pairs is None:
        raise required("auth_info")
    if len(pairs) != 1:
        raise invalid('auth_info, expected one pair {"imei": "imsi"}')
    ((device_imei, device_imsi),) = pairs.items()
    if not IMEI.fullmatch(device_imei):
        raise invalid(f"auth_info, imei {shown(device_imei)}, expected 1 to 17 letters or digits")
    if not isinstance(device_imsi, str) or not IMSI.fullmatch(device_imsi):
        raise invalid(f"auth_info, imsi {shown(device_imsi)}, expected 1 to 16 letters or digits")
    return device_imei, device_imsi


def _resource(entry: Mapping[str, object]) -> int:
    number = entry.get("res_id")
    if number is None:
        raise required("res_id")
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= _MAX_ID:
        raise invalid(f"res_id {shown(number)}, expected 0 to {_MAX_ID}")
    return number


def _value(entry: Mapping[str, object]) -> Value:
    """The value of one resource; bytes as a read gives them, an array of their numbers."""
    given = entry.get("val")
    if given is None:
        raise required("val")
    kind = entry.get("type")
    if kind is None:
        if isinstance(given, list) and all(type(n) is int and 0 <= n <= 255 for n in given):
            return bytes(given)
        value, expected = given, "a boolean, a text, a number of 64 bits or an array of bytes"
    elif type(kind) is int and kind == 1:  # guide 4.2.9.2
        value = bytes.fromhex(given) if _is_hexadecimal(given) else None
        expected = "pairs of hexadecimal digits, as type is 1"
    elif type(kind) is int and kind == 2:  # OneNET's documents of 2019: a time
        value, expected = given if type(given) is int else None, "seconds, as type is 2"
    else:
        raise invalid(f"type {shown(kind)}, expected 1 (hexadecimal digits) or 2 (seconds)")
    try:
        return payload.check(value)
    except ValueError:
        raise invalid(f"val {shown(given)}, expected {expected}") from None


def _is_hexadecimal(given: object) -> TypeGuard[str]:
    return isinstance(given, str) and re.fullmatch("([0-9A-Fa-f]{2})*", given) is not None


def only(given: Mapping[str, object], *names: str) -> None:
    """Refuse what the caller asks for beyond `names`, which would have no effect."""
    for name in given:
        if name not in names:
            raise invalid(f"{shown(name)} is not served, expected {', '.join(names)}")


def _text(body: Mapping[str, object], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{name} {shown(value)}, expected a text")
    return value


def _boolean(body: Mapping[str, object], name: str) -> bool:
    value = body.get(name, True)
    if not isinstance(value, bool):
        raise invalid(f"{name} {shown(value)}, expected true or false")
    return value


def _object(body: Mapping[str, object], name: str) -> dict[str, object] | None:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise invalid(f"{name} {shown(value)}, expected an object")
    return value
