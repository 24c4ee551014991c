"""JSON bodies of calls: parsed, and those of writes and executes with their schemas. Pure.

Every function raises ApiError for a missing or invalid parameter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import TypeGuard

from orjson import JSONEncodeError, dumps

from emulator.lwm2m.model import Item, Path, Value
from emulator.onenet import payload
from emulator.onenet.errors import ApiError, Reason, invalid, required, shown
from emulator.onenet.http.kinds import Schema
from emulator.onenet.payload import MAX_PAYLOAD

_MAX_ID = 65_535
# A text, which is kept, or a comma after the last entry. Takes linear time: an open text ends with
# the body.
_TRAILING_COMMA = re.compile(
    r"""("(?:[^"\\]|\\.)*(?:"|\\?\Z))|(?<=[^\s,:\[{])[ \t\r\n]*,(?=[ \t\r\n]*[\]}])""", re.DOTALL
)
# guess: levels of lists and objects. Answers with what was kept of it stay far from Python's limit.
_MAX_DEPTH = 100
# Levels that orjson encodes.
_ENCODED_DEPTH = 254
# Each digit becomes 0, each E becomes e.
_SHAPE = bytes.maketrans(b"123456789E", b"000000000e")
# Bytes of a body in which such commas are searched: more would hold the event loop for too long.
_MAX_SEARCHED = 8192
_TEXT: Schema = {"type": "string"}
# Of a write and of an execute.
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


def json_body(body: bytes, *, optional: bool = False) -> dict[str, object]:
    """The body's JSON object; an empty body is an empty object if it is `optional`."""
    if not body.strip():
        if optional:
            return {}
        raise ApiError(Reason.BODY_REQUIRED)
    try:
        value = _loaded(body)
    except (ValueError, RecursionError) as error:
        raise ApiError(Reason.INVALID_JSON) from error
    if not isinstance(value, dict):
        raise invalid("the body is not a JSON object")
    try:
        # The encoder of the answers finds in less than a millisecond what none of them can show.
        dumps(_deeper(value))
    except JSONEncodeError as error:
        raise _not_shown(error) from None
    return value


def _deeper(value: object) -> object:
    """`value` in so many lists that the encoder takes _MAX_DEPTH levels of it."""
    for _ in range(_ENCODED_DEPTH - _MAX_DEPTH):
        value = [value]
    return value


def _not_shown(error: JSONEncodeError) -> ApiError:
    reason = str(error)
    if "surrogates" in reason:  # half a pair is valid JSON
        return ApiError(Reason.INVALID_JSON)
    if "64-bit" in reason:
        return invalid("an integer has more than 64 bits, expected at most 64")
    return invalid(f"the body is nested deeper than {_MAX_DEPTH} levels")


def _loaded(body: bytes) -> object:
    """A comma after the last entry of a list or an object is ignored, as the real API does it."""
    try:
        if _may_overflow(body):
            return json.loads(body, parse_constant=_refuse_constant, parse_float=_finite)
        return json.loads(body, parse_constant=_refuse_constant)
    except json.JSONDecodeError:
        if len(body) > _MAX_SEARCHED:
            raise
        text = _TRAILING_COMMA.sub(r"\1", body.decode("utf-8-sig"))
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)


def _may_overflow(body: bytes) -> bool:
    """Whether a number may be too large for a float. To look at each takes milliseconds."""
    shape = body.translate(_SHAPE)
    return any(part in shape for part in (b"e000", b"e+000", b"0" * 200))


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if isfinite(number):
        return number
    raise ValueError(f"{text} is too large")  # as 1e999


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
    encoded = (text(body, "args") or "").encode("utf-8")
    if len(encoded) > MAX_PAYLOAD:
        raise ApiError(Reason.LIMIT, f"args has more than {MAX_PAYLOAD} bytes")
    return encoded


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


def text(body: Mapping[str, object], name: str) -> str | None:
    """The text `name`; None: there is none."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{name} {shown(value)}, expected a text")
    return value


def tags(body: Mapping[str, object]) -> tuple[str, ...] | None:
    """The texts of the list `tags`; None: there is none."""
    listed = body.get("tags")
    if listed is None:
        return None
    if not isinstance(listed, list) or not all(isinstance(tag, str) for tag in listed):
        raise invalid("tags, expected a list of texts")
    return tuple(listed)
