"""JSON of LwM2M 1.0.2 (section 6.4.4), read and written; SenML JSON of LwM2M 1.1 (RFC 8428), read.

    {"bn":"/3303/0/","e":[{"n":"5700","v":20.123},{"n":"5701","sv":"Cel"}]}
    [{"bn":"/3303/0/","n":"5700","v":20.123},{"n":"5701","vs":"Cel"}]

Both are records of a name below a base name and one value, in a field that says its kind.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from emulator.lwm2m.model import ContentError, Item, Path, Value
from emulator.lwm2m.values import Type, fit, from_bytes, from_text, natural, to_text

_MAX_TIME = 2.0**63  # guess: seconds; keeps the sum of two times finite

_Reader = Callable[[Type | None, Any], Value]


def _number(kind: Type | None, raw: object) -> Value:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise ContentError("JSON: expected a number")
    return fit(kind, raw)


def _text(kind: Type | None, raw: object) -> Value:
    if not isinstance(raw, str):
        raise ContentError("JSON: expected a text")
    return from_text(kind or Type.STRING, raw)


def _boolean(kind: Type | None, raw: object) -> Value:
    if not isinstance(raw, bool):
        raise ContentError("JSON: expected true or false")
    return fit(kind, raw)


def _link(kind: Type | None, raw: object) -> Value:
    return _text(kind or Type.OBJLNK, raw)


def _data(kind: Type | None, raw: object) -> Value:
    if not isinstance(raw, str):
        raise ContentError("JSON: expected a text in base64")
    try:
        data = b64decode(raw + "=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ContentError("JSON: expected base64") from None
    return from_bytes(kind, data)


_FIELDS: Mapping[str, _Reader] = {"v": _number, "sv": _text, "bv": _boolean, "ov": _link}
_SENML_FIELDS: Mapping[str, _Reader] = {
    "v": _number,
    "vs": _text,
    "vb": _boolean,
    "vlo": _link,
    "vd": _data,
}


def decode(
    payload: bytes, base: Path, type_of: Callable[[Path], Type | None], *, senml: bool
) -> Iterator[Item]:
    """The items of a payload; of several values of one resource only the newest.

    A resource without type has the type of its field. Names are below `base` where the payload has
    no base name. Raises ContentError while it is iterated.
    """
    newest: dict[Path, tuple[float, Value]] = {}
    fields = _SENML_FIELDS if senml else _FIELDS
    for name, time, record in _records(_parsed(payload), f"{base}/", senml=senml):
        present = [field for field in fields if field in record]
        if len(present) != 1:
            raise ContentError(f"JSON: {name[:40]!r}: expected one of {', '.join(fields)}")
        path = Path.parse(name.rstrip("/"))
        value = fields[present[0]](type_of(path.resource_path), record[present[0]])
        if path not in newest or newest[path][0] <= time:
            newest[path] = time, value
    for path, (_, value) in newest.items():
        yield Item(path, value)


def _parsed(payload: bytes) -> object:
    try:
        parsed: object = json.loads(payload.decode())
    except (ValueError, RecursionError) as error:  # also not UTF-8
        raise ContentError(f"JSON: {error}") from None
    return parsed


def _records(
    parsed: object, default: str, *, senml: bool
) -> Iterator[tuple[str, float, dict[str, object]]]:
    """Full name, time and fields of each record."""
    entries = parsed if senml else parsed.get("e") if isinstance(parsed, dict) else None
    if not isinstance(entries, list):
        expected = "[…]" if senml else '{"e":[…]}'
        raise ContentError(f"JSON: expected {expected} with records in it")
    base: dict[str, object] = {} if senml or not isinstance(parsed, dict) else parsed
    base_name, base_time = base.get("bn"), base.get("bt", 0)
    for record in entries:
        if not isinstance(record, dict):
            raise ContentError("JSON: expected records, as {…}")
        if senml:  # a base holds for its own record and those that follow
            base_name, base_time = record.get("bn", base_name), record.get("bt", base_time)
        name = record.get("n", "")
        time = [base_time, record.get("t", 0)]
        if not (isinstance(name, str) and isinstance(base_name, str | None)):
            raise ContentError("JSON: expected texts as names")
        if not all(isinstance(each, int | float) and abs(each) < _MAX_TIME for each in time):
            raise ContentError("JSON: expected seconds as times")
        outer = base_name or ("" if name.startswith("/") else default)
        yield outer + name, sum(time), record


def encode(items: Iterable[Item], base: Path, type_of: Callable[[Path], Type | None]) -> bytes:
    """The JSON of `items`, all at or below `base`. Raises ContentError for an unfit value."""
    name = str(base) if base.resource is not None else f"{base}/"
    entries = []
    for item in items:
        below = str(item.path)[len(name) :].lstrip("/")
        kind = type_of(item.path.resource_path) or natural(item.value)
        entries.append(({"n": below} if below else {}) | _field(kind, item.value))
    if base.resource is not None and any("n" in entry for entry in entries):
        name += "/"
    return json.dumps(
        {"bn": name, "e": entries}, separators=(",", ":"), ensure_ascii=False
    ).encode()


def _field(kind: Type, value: Value) -> dict[str, Value]:
    fitted = fit(kind, value)
    match kind:
        case Type.STRING:
            return {"sv": fitted}
        case Type.OPAQUE:
            return {"sv": to_text(kind, fitted)}
        case Type.OBJLNK:
            return {"ov": fitted}
        case Type.BOOLEAN:
            return {"bv": fitted}
        case _:
            return {"v": fitted}
