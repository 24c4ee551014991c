"""Query parameters and JSON bodies of HTTP API calls, parsed and checked. Pure.

Every function raises ApiError for a missing or invalid parameter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TypeGuard

from emulator.lwm2m.model import Item, Path, Value
from emulator.onenet import payload
from emulator.onenet.devices import Description
from emulator.onenet.endpoint_names import AUTH, IMEI, IMSI, PSK, imei_of
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.payload import MAX_PAYLOAD
from emulator.onenet.store.streams import MAX_POINTS

_MAX_ID = 65_535
# A text, which is kept, or a comma after the last entry. Takes linear time: an open text ends with
# the body.
_TRAILING_COMMA = re.compile(
    r"""("(?:[^"\\]|\\.)*(?:"|\\?\Z))|(?<=[^\s,:\[{])[ \t\r\n]*,(?=[ \t\r\n]*[\]}])""", re.DOTALL
)
# Bytes of a body in which such commas are searched: more would hold the event loop for too long.
_MAX_SEARCHED = 8192
# OneNET guide 4.2.1; `auth` and `psk` are in the documents of 2019.
_DEVICE = (
    *("title", "desc", "tags", "protocol", "location", "private"),
    *("auth_info", "auth", "psk", "obsv", "other"),
)


def invalid(detail: str) -> ApiError:
    return ApiError(Reason.INVALID_PARAMETER, detail)


def required(name: str) -> ApiError:
    return ApiError(Reason.PARAMETER_REQUIRED, name)


# Query -----------------------------------------------------------------------------------------


def imei(query: Mapping[str, str]) -> str:
    """`imei`, or the IMEI in `ep_name`, which may be `imei` or `imei;imsi`."""
    given = query.get("imei") or imei_of(query.get("ep_name", ""))
    if not given:
        raise required("imei or ep_name")
    return given


def path(query: Mapping[str, str], depth: int) -> Path:
    """`obj_id`, `obj_inst_id`, `res_id`; the first `depth` of them are required."""
    names = ("obj_id", "obj_inst_id", "res_id")
    object_id, instance, resource = ids = [_id(query, name) for name in names]
    for name, value in zip(names[:depth], ids, strict=False):
        if value is None:
            raise required(name)
    if instance is None and resource is not None:
        raise invalid("res_id without obj_inst_id")
    assert object_id is not None, "every call requires an object"
    return Path(object_id, instance, resource)


def optional_object(query: Mapping[str, str]) -> int | None:
    return _id(query, "obj_id")


def replaces(query: Mapping[str, str]) -> bool:
    """`mode`: 1 replaces the instance (True), 2 updates what is named."""
    match query.get("mode"):
        case "1":
            return True
        case "2":
            return False
        case None:
            raise required("mode")
        case other:
            raise invalid(f"mode {_shown(other)}, expected 1 or 2")


def newest_only(query: Mapping[str, str]) -> None:
    """Refuse parameters that select a span of time, which this platform does not support."""
    for name in ("start", "end", "cursor"):
        if name in query:
            raise invalid(f"{name}: this platform serves the newest points only, see limit")


def limit(query: Mapping[str, str]) -> int:
    """How many points of each stream to return; 1 by default."""
    text = query.get("limit", "1")
    number = int(text) if _is_number(text) else 0
    if not 0 < number <= MAX_POINTS:
        raise invalid(f"limit {_shown(text)}, expected 1 to {MAX_POINTS}")
    return number


def streams(query: Mapping[str, str]) -> frozenset[str] | None:
    """`datastream_id`, several separated by commas; None: all."""
    ids = query.get("datastream_id")
    return None if ids is None else frozenset(ids.split(","))


def _id(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not _is_number(text) or int(text) > _MAX_ID:
        raise invalid(f"{name} {_shown(text)}, expected 0 to {_MAX_ID}")
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9


def _shown(value: object) -> str:
    """As JSON, so that the text "5700" differs from 5700, and spaces are visible."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:40] + "..."


# Body ------------------------------------------------------------------------------------------


def json_body(body: bytes, *, optional: bool = False) -> dict[str, object]:
    """The body's JSON object; an empty body is an empty object if it is `optional`."""
    if not body.strip():
        if optional:
            return {}
        raise ApiError(Reason.BODY_REQUIRED)
    try:
        value = _loaded(body)
        # Half a surrogate pair is valid JSON, but cannot be encoded and sent on.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise ApiError(Reason.INVALID_JSON) from error
    if not isinstance(value, dict):
        raise invalid("the body is not a JSON object")
    return value


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
    _only(body, "data")
    data = body.get("data")
    if data is None:
        raise required("data")
    if not isinstance(data, list) or not data:
        raise invalid("data, expected a list of {res_id, val}")
    found: dict[int, Item] = {}
    for entry in data:
        if not isinstance(entry, dict):
            raise invalid("data, expected a list of {res_id, val}")
        _only(entry, "res_id", "val", "type")
        resource = _resource(entry)
        if resource in found:
            raise invalid(f"res_id {resource} stands twice in data")
        found[resource] = Item(Path(instance.object, instance.instance, resource), _value(entry))
    if payload.size(item.value for item in found.values()) > MAX_PAYLOAD:
        raise ApiError(Reason.LIMIT, f"more than {MAX_PAYLOAD} bytes")
    return tuple(found.values())


def arguments(body: Mapping[str, object]) -> bytes:
    """`args` of an execute; optional."""
    _only(body, "args")
    text = _text(body, "args") or ""
    encoded = text.encode("utf-8")
    if len(encoded) > MAX_PAYLOAD:
        raise ApiError(Reason.LIMIT, f"args has more than {MAX_PAYLOAD} bytes")
    return encoded


def description(body: Mapping[str, object]) -> Description:
    """The parameters of a new device."""
    _only(body, *_DEVICE)
    title = _text(body, "title")
    if not title:
        raise required("title")
    # Without a protocol the real platform creates an HTTP device, which no module can log in to.
    protocol = _text(body, "protocol")
    if protocol is None:
        raise required("protocol")
    if protocol.upper() != "LWM2M":
        raise invalid(f"protocol {_shown(protocol)}, expected LWM2M")
    device_imei, device_imsi = _identity(body)
    tags = body.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise invalid("tags, expected a list of texts")
    if (auth := _text(body, "auth")) is not None and not AUTH.fullmatch(auth):
        raise invalid(f"auth {_shown(auth)}, expected 1 to 16 letters or digits")
    if (psk := _text(body, "psk")) is not None and not PSK.fullmatch(psk):
        raise invalid(f"psk {_shown(psk)}, expected 8 to 16 letters or digits")
    return Description(
        title=title,
        imei=device_imei,
        imsi=device_imsi,
        desc=_text(body, "desc"),
        tags=tuple(tags),
        location=_object(body, "location"),
        private=_boolean(body, "private"),
        observed=_boolean(body, "obsv"),
        auth=auth,
        psk=psk,
        other=_object(body, "other"),
    )


def _identity(body: Mapping[str, object]) -> tuple[str, str]:
    pairs = _object(body, "auth_info")
    if pairs is None:
        raise required("auth_info")
    if len(pairs) != 1:
        raise invalid('auth_info, expected one pair {"imei": "imsi"}')
    ((device_imei, device_imsi),) = pairs.items()
    if not IMEI.fullmatch(device_imei):
        raise invalid(f"auth_info, imei {_shown(device_imei)}, expected 1 to 17 letters or digits")
    if not isinstance(device_imsi, str) or not IMSI.fullmatch(device_imsi):
        raise invalid(f"auth_info, imsi {_shown(device_imsi)}, expected 1 to 16 letters or digits")
    return device_imei, device_imsi


def _resource(entry: Mapping[str, object]) -> int:
    number = entry.get("res_id")
    if number is None:
        raise required("res_id")
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= _MAX_ID:
        raise invalid(f"res_id {_shown(number)}, expected 0 to {_MAX_ID}")
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
        raise invalid(f"type {_shown(kind)}, expected 1 (hexadecimal digits) or 2 (seconds)")
    try:
        return payload.check(value)
    except ValueError:
        raise invalid(f"val {_shown(given)}, expected {expected}") from None


def _is_hexadecimal(given: object) -> TypeGuard[str]:
    return isinstance(given, str) and re.fullmatch("([0-9A-Fa-f]{2})*", given) is not None


def _only(given: Mapping[str, object], *names: str) -> None:
    """Refuse what the caller asks for beyond `names`, which would have no effect."""
    for name in given:
        if name not in names:
            raise invalid(f"{_shown(name)} is not served, expected {', '.join(names)}")


def _text(body: Mapping[str, object], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{name} {_shown(value)}, expected a text")
    return value


def _boolean(body: Mapping[str, object], name: str) -> bool:
    value = body.get(name, True)
    if not isinstance(value, bool):
        raise invalid(f"{name} {_shown(value)}, expected true or false")
    return value


def _object(body: Mapping[str, object], name: str) -> dict[str, object] | None:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise invalid(f"{name} {_shown(value)}, expected an object")
    return value
