"""Readers of LwM2M payloads that take what the specification allows and nothing else.

Written from OMA-TS-LightweightM2M-V1_0_2 and RFC 6690. They know the types of a few resources,
so a value that is not of its type is found, too.
"""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from dataclasses import dataclass

Value = str | bytes | int | float | bool

TEXT, LINKS, OPAQUE, TLV, JSON = 0, 40, 42, 11542, 11543


class Fault(Exception):
    """What is wrong, and the section that says so."""


# Resource -> type; `*` behind it: it may have several instances. From the objects' definitions.
_TYPES = {
    "1/0": "integer",
    "1/1": "integer",
    "1/2": "integer",
    "1/3": "integer",
    "1/5": "integer",
    "1/6": "boolean",
    "1/7": "string",
    "3/0": "string",
    "3/1": "string",
    "3/2": "string",
    "3/3": "string",
    "3/6": "integer*",
    "3/7": "integer*",
    "3/8": "integer*",
    "3/9": "integer",
    "3/10": "integer",
    "3/11": "integer*",
    "3/13": "time",
    "3/14": "string",
    "3/15": "string",
    "3/16": "string",
    "3/17": "string",
    "4/0": "integer",
    "4/1": "integer*",
    "4/2": "integer",
    "4/4": "string*",
    "4/7": "string*",
    "4/8": "integer",
    "6/0": "float",
    "6/1": "float",
    "6/2": "float",
    "6/5": "time",
    "3200/5500": "boolean",
    "3200/5501": "integer",
    "3200/5750": "string",
    "3303/5601": "float",
    "3303/5602": "float",
    "3303/5700": "float",
    "3303/5701": "string",
    "3306/5750": "string",
    "3306/5850": "boolean",
    "3306/5851": "integer",
    "3306/5853": "string",
    "3341/5526": "string",
    "3341/5527": "string",
    "3349/5910": "opaque",
}
_MANDATORY = {"1": {0, 1, 6, 7}, "3": {11, 16}}  # readable ones (E.2, E.4)


# --- link format (RFC 6690, section 2; LwM2M 5.3.1 and 5.4.2) ------------------------------------

_LINK = re.compile(r"<([^<>]*)>((?:;[^;=,\"]+(?:=(?:\"[^\"]*\"|[^;,\"]*))?)*)")
_ATTRIBUTE = re.compile(r";([^;=,\"]+)(?:=(\"[^\"]*\"|[^;,\"]*))?")


def links(payload: bytes) -> dict[str, dict[str, str]]:
    """Path -> attributes, quotes kept. Raises Fault."""
    try:
        text = payload.decode("ascii")
    except UnicodeDecodeError:
        raise Fault(f"link format with bytes that are not ASCII: {payload!r} (RFC 6690)") from None
    found: dict[str, dict[str, str]] = {}
    at = 0
    while True:
        match = _LINK.match(text, at)
        if match is None:
            raise Fault(f"expected a link at {text[at:]!r} (RFC 6690 section 2)")
        path, attributes = match[1], dict(_ATTRIBUTE.findall(match[2]))
        if path in found:
            raise Fault(f"<{path}> is listed twice")
        if not path.startswith("/"):
            raise Fault(f"<{path}>: a path begins with /")
        found[path] = attributes
        at = match.end()
        if at == len(text):
            return found
        if text[at] != ",":
            raise Fault(f"expected a comma at {text[at:]!r} (RFC 6690 section 2)")
        at += 1


_OBJECT = re.compile(r"/(0|[1-9]\d*)(?:/(0|[1-9]\d*))?")


def registered_objects(payload: bytes) -> list[str]:
    """The objects and instances of a registration (5.3.1). Raises Fault."""
    if not payload:
        raise Fault("no list of objects (5.3.1: mandatory)")
    listed = links(payload)
    root = listed.pop("/", {})
    if root and root.get("rt") != '"oma.lwm2m"':
        raise Fault(f'</> with {root}: expected rt="oma.lwm2m" (5.3.1)')
    for path, attributes in listed.items():
        match = _OBJECT.fullmatch(path)
        if match is None or any(int(part) > 65534 for part in match.groups() if part):
            raise Fault(f"<{path}>: expected an object or an object instance (5.3.1)")
        if match[1] == "0":
            raise Fault(f"<{path}>: the Security object is not part of the list (5.3.1)")
        if attributes.keys() - {"ver"} or (attributes and match[2]):
            raise Fault(f"<{path}> with {attributes}: only an object has a version (6.2)")
    for mandatory in ("/1/", "/3/"):
        if not any(path.startswith(mandatory) for path in listed):
            raise Fault(f"no instance of the mandatory object {mandatory[1]} (E.2, E.4)")
    return list(listed)


# --- TLV (6.4.3) ---------------------------------------------------------------------------------

OBJECT_INSTANCE, RESOURCE_INSTANCE, MULTIPLE, RESOURCE = range(4)


@dataclass(frozen=True)
class Entry:
    kind: int
    number: int
    value: bytes


def tlv(payload: bytes) -> list[Entry]:
    """Raises Fault, also for a longer form than necessary."""
    entries = []
    at = 0
    while at < len(payload):
        head = payload[at]
        wide, length_bytes = bool(head & 0x20), head >> 3 & 3
        header = 1 + (2 if wide else 1) + length_bytes
        if at + header > len(payload):
            raise Fault(f"TLV ends within a header: {payload[at:].hex()} (6.4.3)")
        number = int.from_bytes(payload[at + 1 : at + (3 if wide else 2)])
        sized = payload[at + header - length_bytes : at + header]
        length = int.from_bytes(sized) if length_bytes else head & 7
        if wide and number < 256:
            raise Fault(f"TLV identifier {number} in two bytes (6.4.3)")
        if length_bytes and (head & 7 or length < (8, 1 << 8, 1 << 16)[length_bytes - 1]):
            raise Fault(f"TLV length {length} in {length_bytes} bytes (6.4.3)")
        if at + header + length > len(payload):
            raise Fault(f"TLV value of {length} bytes, of which some are missing (6.4.3)")
        entries.append(Entry(head >> 6, number, payload[at + header : at + header + length]))
        at += header + length
    numbers = [(entry.kind, entry.number) for entry in entries]
    if len(set(numbers)) < len(numbers):
        raise Fault(f"the same TLV twice: {numbers}")
    return entries


def value_of(kind: str, data: bytes) -> Value:
    """The content of a TLV (Appendix C). Raises Fault."""
    if kind == "string":
        return _text_of(data)
    if kind == "opaque":
        return data
    if kind == "boolean":
        if data not in (b"\x00", b"\x01"):
            raise Fault(f"boolean {data.hex()}: expected 00 or 01 (Appendix C)")
        return data == b"\x01"
    if kind == "float":
        if len(data) not in (4, 8):
            raise Fault(f"float of {len(data)} bytes: expected 4 or 8 (Appendix C)")
        (number,) = struct.unpack(">f" if len(data) == 4 else ">d", data)
        return float(f"{number:.7g}") if len(data) == 4 else float(number)
    if len(data) not in (1, 2, 4, 8):
        raise Fault(f"integer of {len(data)} bytes: expected 1, 2, 4 or 8 (Appendix C)")
    return int.from_bytes(data, signed=True)


def _text_of(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Fault(f"string {data.hex()} is not UTF-8 (Appendix C)") from None


# --- content of an answer or a notification ------------------------------------------------------


def content(path: str, content_format: int | None, payload: bytes) -> dict[str, Value]:
    """The values of `path` and below it, by their paths. Raises Fault."""
    parts = path.strip("/").split("/")
    if content_format is None:
        raise Fault(f"{path}: content without Content-Format (6.4)")
    if content_format in (TEXT, OPAQUE):
        if len(parts) != 3:
            raise Fault(f"{path}: format {content_format} is for a single resource (6.4)")
        kind = _type_of(path).rstrip("*")
        if content_format == TEXT:
            return {path: _from_text(kind, payload)}
        if kind != "opaque":
            raise Fault(f"{path}: format 42 for a value of type {kind} (6.4.2)")
        return {path: payload}
    if content_format == JSON:
        return _from_json(path, payload)
    if content_format != TLV:
        raise Fault(f"{path}: Content-Format {int(content_format)}: expected one of 6.4")
    if not payload:
        raise Fault(f"{path}: no payload")
    entries = tlv(payload)
    if len(parts) == 1:
        return _object(path, entries)
    if len(parts) == 2:
        return _instance(path, entries)
    if [entry.number for entry in entries] != [int(parts[2])]:
        raise Fault(f"{path}: TLV of {entries}: expected the resource and nothing else (6.4.3)")
    return _resources(path.rpartition("/")[0], entries)


_FIELDS = {"string": "sv", "boolean": "bv", "opaque": "sv"}


def _from_json(path: str, payload: bytes) -> dict[str, Value]:
    """JSON (6.4.4). Raises Fault."""
    values: dict[str, Value] = {}
    try:
        text = json.loads(payload)
        records = text["e"]
        for record in records:
            own = text.get("bn", "") + record.get("n", "")
            field = _FIELDS.get(_type_of(own).rstrip("*"), "v")
            if record.keys() - {"n", field}:
                raise Fault(f"{own}: fields {set(record)}: expected n and {field} (6.4.4)")
            if field == "v" and (isinstance(record["v"], bool | str)):
                raise Fault(f"{own}: {record['v']!r}: expected a number (6.4.4)")
            values[own] = record[field]
    except (ValueError, KeyError, TypeError) as error:
        raise Fault(f"{path}: {payload!r} is not the JSON of 6.4.4: {error!r}") from None
    if not values or any(f"{own}/".find(f"{path}/") for own in values):
        raise Fault(f"{path}: JSON with {list(values)}")
    return values


def _object(path: str, entries: list[Entry]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for entry in entries:
        if entry.kind != OBJECT_INSTANCE:
            raise Fault(f"{path}: TLV type {entry.kind}: expected object instances (6.4.3)")
        values |= _instance(f"{path}/{entry.number}", tlv(entry.value))
    return values


def _instance(path: str, entries: list[Entry]) -> dict[str, Value]:
    if any(entry.kind == OBJECT_INSTANCE for entry in entries):
        raise Fault(f"{path}: an object instance TLV in an answer for the instance (6.4.3.1)")
    values = _resources(path, entries)
    missing = _MANDATORY.get(path.split("/")[1], set()) - {entry.number for entry in entries}
    if missing:
        raise Fault(f"{path}: the mandatory resources {sorted(missing)} are missing (E.2, E.4)")
    return values


def _resources(path: str, entries: list[Entry]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for entry in entries:
        own = f"{path}/{entry.number}"
        kind = _type_of(own)
        if entry.kind == RESOURCE and not kind.endswith("*"):
            values[own] = value_of(kind, entry.value)
        elif entry.kind == MULTIPLE and kind.endswith("*"):
            for part in tlv(entry.value):
                if part.kind != RESOURCE_INSTANCE:
                    raise Fault(f"{own}: TLV type {part.kind} in a multiple resource (6.4.3)")
                values[f"{own}/{part.number}"] = value_of(kind.rstrip("*"), part.value)
        else:
            raise Fault(f"{own}: TLV type {entry.kind} for a resource of type {kind} (6.4.3)")
    return values


def _type_of(path: str) -> str:
    _, object_, _, resource = path.split("/")[:4]
    kind = _TYPES.get(f"{object_}/{resource}")
    if kind is None:
        raise Fault(f"{path}: no such resource in the definition of object {object_}")
    return kind


def _from_text(kind: str, payload: bytes) -> Value:
    """Plain text (Appendix C). Raises Fault."""
    text = _text_of(payload)
    if kind == "string":
        return text
    if kind == "opaque":
        return base64.b64decode(payload, validate=True)
    if kind == "boolean" and text in ("0", "1"):
        return text == "1"
    if kind in ("integer", "time") and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "float" and re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text):
        number = float(text)
        if math.isfinite(number):
            return number
    raise Fault(f"text {text!r}: expected a value of type {kind} (Appendix C)")
