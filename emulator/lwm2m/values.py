"""Values of the LwM2M data types as TLV content and as text (LwM2M 1.0.2, appendix C and 6.4.1).

`fit` makes a Python value one of its type; `to_bytes` and `to_text` use it, so an integer may be
given for a float, and 0 or 1 for a boolean.
"""

from __future__ import annotations

import binascii
import re
import struct
from base64 import b64decode, b64encode
from decimal import Decimal
from enum import Enum
from math import isfinite
from reprlib import repr as short
from typing import assert_never

from emulator.lwm2m.model import MAX_ID, ContentError, Value


class Type(Enum):
    """Data types; the values are the names in OMA's registry."""

    STRING = "String"
    INTEGER = "Integer"
    UNSIGNED = "Unsigned Integer"  # LwM2M 1.1; in newer versions of some objects
    FLOAT = "Float"
    BOOLEAN = "Boolean"
    OPAQUE = "Opaque"
    TIME = "Time"
    OBJLNK = "Objlnk"


_FORMS = {
    Type.STRING: "a text in UTF-8",
    Type.INTEGER: "a whole number of at most 64 bits, in 1, 2, 4 or 8 bytes",
    Type.UNSIGNED: "a whole number from 0, in 1, 2, 4 or 8 bytes",
    Type.FLOAT: "a finite number, in 4 or 8 bytes",
    Type.BOOLEAN: "0 or 1, in 1 byte",
    Type.OPAQUE: "bytes, or base64 where the format is a text",
    Type.TIME: "seconds since 1970, a whole number in 1, 2, 4 or 8 bytes",
    Type.OBJLNK: "object and instance id, as 66:0, in 4 bytes",
}
_WIDTHS = (1, 2, 4, 8)  # bytes of an integer
_LIMITS = -(2**63), 2**63 - 1
_UNSIGNED_LIMITS = 0, 2**64 - 1
_SMALLEST_NORMAL = 2.0**-126  # of the floats of four bytes
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[Ee][+-]?[0-9]{1,4})?", re.ASCII)
_LINK = re.compile(r"([0-9]{1,5}):([0-9]{1,5})", re.ASCII)


def _misfit(kind: Type, value: object) -> ContentError:
    return ContentError(f"{short(value)} is no {kind.value}: expected {_FORMS[kind]}")


def natural(value: Value) -> Type:
    """The type of a value whose resource has none; a whole number is an Integer."""
    match value:
        case bool():
            return Type.BOOLEAN
        case int():
            return Type.INTEGER
        case float():
            return Type.FLOAT
        case str():
            return Type.STRING
        case bytes():
            return Type.OPAQUE
        case _:
            assert_never(value)


def fit(kind: Type | None, value: Value) -> Value:
    """`value` as a value of `kind` (None: of its natural type). Raises ContentError."""
    kind = kind or natural(value)
    match kind, value:
        case Type.STRING, str() if _is_utf8(value):
            return value
        case Type.OPAQUE, bytes():
            return value
        case Type.OBJLNK, str():
            return _link(value)
        case Type.BOOLEAN, bool() | int() | float() if value in (0, 1):
            return bool(value)
        case Type.FLOAT, bool() | int() if _LIMITS[0] <= value <= _UNSIGNED_LIMITS[1]:
            return float(value)
        case Type.FLOAT, float() if isfinite(value):
            return value
        case ((Type.INTEGER | Type.TIME | Type.UNSIGNED), (bool() | int() | float())):
            lowest, highest = _UNSIGNED_LIMITS if kind is Type.UNSIGNED else _LIMITS
            if lowest <= value <= highest and value == int(value):
                return int(value)
        case _:
            pass
    raise _misfit(kind, value)


def to_bytes(kind: Type | None, value: Value) -> bytes:
    """The TLV content of `value`: the shortest integer, a float of 4 bytes unless it overflows.

    `kind` None: the natural type of the value. Raises ContentError for a value of another type.
    """
    kind = kind or natural(value)
    fitted = fit(kind, value)
    match fitted:
        case str() if kind is Type.OBJLNK:
            first, _, second = fitted.partition(":")
            return struct.pack(">HH", int(first), int(second))
        case str():
            return fitted.encode()
        case bytes():
            return fitted
        case float():
            return _four_bytes(fitted) or struct.pack(">d", fitted)
        case int():  # a boolean, too
            signed = kind is not Type.UNSIGNED
            needed = (fitted if fitted >= 0 else ~fitted).bit_length() + signed
            width = next(width for width in _WIDTHS if 8 * width >= needed)
            return fitted.to_bytes(width, signed=signed)
        case _:
            assert_never(fitted)


def from_bytes(kind: Type | None, data: bytes) -> Value:
    """The value of TLV content; the bytes themselves for `kind` None.

    A float of 4 bytes becomes the shortest decimal with the same 4 bytes: 20.123 stays 20.123.
    Raises ContentError for bytes that are not of that type.
    """
    match kind:
        case Type.FLOAT if len(data) in (4, 8):
            (number,) = struct.unpack(">f" if len(data) == 4 else ">d", data)
            if isfinite(number):  # guess: JSON has no other numbers, so OneNET cannot show them
                return _shortest(number, data) if len(data) == 4 else float(number)
        case None | Type.OPAQUE:
            return data
        case Type.STRING:
            try:
                return data.decode()
            except UnicodeDecodeError:
                raise _misfit(kind, data) from None
        case Type.BOOLEAN if len(data) in _WIDTHS:
            # guess: true, as in C; China Mobile's suite reports 11 for 5500 (capture)
            return any(data)
        case Type.INTEGER | Type.TIME | Type.UNSIGNED if len(data) in _WIDTHS:
            return int.from_bytes(data, signed=kind is not Type.UNSIGNED)
        case Type.OBJLNK if len(data) == 4:
            return "{}:{}".format(*struct.unpack(">HH", data))
    raise _misfit(kind, data)


def to_text(kind: Type | None, value: Value, *, digits: int | None = None) -> str:
    """The text/plain form of `value`; `digits` of a float, None for as few as it needs.

    `kind` None: the natural type of the value. China Mobile's suite writes 17 digits, as in
    30.123000000000001 (capture of its SDK 2.3.0). Raises ContentError for a value of another type.
    """
    fitted = fit(kind, value)
    match fitted:
        case str():
            return fitted
        case bytes():
            return b64encode(fitted).decode()
        case float() if digits:
            return format(fitted, f".{digits}g")
        case float():
            return format(Decimal(repr(fitted)), "f")
        case int():
            return str(int(fitted))
        case _:
            assert_never(fitted)


def from_text(kind: Type, text: str) -> Value:
    """The value of a text/plain form. Raises ContentError."""
    match kind:
        case Type.STRING | Type.OBJLNK:
            return fit(kind, text)
        case Type.BOOLEAN if text in ("0", "1"):
            return text == "1"
        case Type.INTEGER | Type.TIME | Type.UNSIGNED if _INTEGER.fullmatch(text):
            return fit(kind, int(text))
        case Type.FLOAT if _FLOAT.fullmatch(text):
            return fit(kind, float(text))
        case Type.OPAQUE:
            try:
                return b64decode(text, validate=True)
            except (binascii.Error, ValueError):  # ValueError: not ASCII
                pass
        case _:
            pass
    raise _misfit(kind, text)


def _is_utf8(text: str) -> bool:
    """Whether it has no half of a surrogate pair, which JSON can write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _link(text: str) -> str:
    if match := _LINK.fullmatch(text):
        ids = int(match[1]), int(match[2])
        if max(ids) <= MAX_ID:
            return "{}:{}".format(*ids)
    raise _misfit(Type.OBJLNK, text)


def _four_bytes(number: float) -> bytes | None:
    try:
        return struct.pack(">f", number)
    except OverflowError:
        return None


def _shortest(number: float, data: bytes) -> float:
    # A decimal of up to 6 digits is found at 6 digits, as a normal float of 4 bytes keeps them.
    first = 6 if abs(number) >= _SMALLEST_NORMAL else 1
    candidates = (float(f"{number:.{digits}g}") for digits in range(first, 9))
    return next((each for each in candidates if _four_bytes(each) == data), float(f"{number:.9g}"))
