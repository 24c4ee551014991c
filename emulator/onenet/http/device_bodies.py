"""Bodies of the calls that create and update a device, checked, and their schemas. Pure.

Every function raises ApiError for a missing or invalid parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulator.onenet.devices import Description
from emulator.onenet.endpoint_names import AUTH, IMEI, IMSI, PSK
from emulator.onenet.errors import ApiError, Reason, invalid, required, shown
from emulator.onenet.http.bodies import only, tags, text
from emulator.onenet.http.kinds import OBJECT, Schema

_TEXT: Schema = {"type": "string"}
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


def description(body: Mapping[str, object]) -> Description:
    """The parameters of a new device."""
    only(body, *_DEVICE)
    title = text(body, "title")
    if not title:
        raise required("title")
    # Without a protocol the real platform creates an HTTP device, which no module can log in to.
    protocol = text(body, "protocol")
    if protocol is None:
        raise required("protocol")
    if protocol.upper() != "LWM2M":
        raise ApiError(Reason.INVALID_PROTOCOL, f"{shown(protocol)}, expected LWM2M")
    device_imei, device_imsi = _identity(body)
    if (auth := text(body, "auth")) is not None and not AUTH.fullmatch(auth):
        raise invalid(f"auth {shown(auth)}, expected 1 to 16 letters or digits")
    if (psk := text(body, "psk")) is not None and not PSK.fullmatch(psk):
        raise invalid(f"psk {shown(psk)}, expected 8 to 16 letters or digits")
    return Description(
        title=title,
        imei=device_imei,
        imsi=device_imsi,
        desc=text(body, "desc"),
        tags=tags(body) or (),
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
    title = text(body, "title")
    if title == "":
        raise invalid('title "", expected a text that is not empty')
    given: dict[str, Any] = {
        "title": title,
        "desc": text(body, "desc"),
        "tags": tags(body),
        "location": _object(body, "location"),
        "private": None if body.get("private") is None else _boolean(body, "private"),
        "other": _object(body, "other"),
    }
    if body.get("auth_info") is not None:
        given["imei"], given["imsi"] = _identity(body)
    return replace(before, **{name: value for name, value in given.items() if value is not None})


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
