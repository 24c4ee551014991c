"""The six value types of the OneNET commands, as text on the AT line and as Python values.

string and hex_str are str, opaque is bytes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from decimal import Decimal
from enum import IntEnum
from math import isfinite
from typing import assert_never

from emulator.lwm2m.model import Path, Value
from emulator.lwm2m.values import Type
from emulator.module.at.codec import HEXADECIMAL, Cme, Refusal, from_hex
from emulator.module.at.doubts import Doubts
from emulator.module.lwm2m.host import CannotForward

VALUE_LIMIT = 1024  # bytes of one value (OneNET guide 5.1.2); of an opaque one half its digits


def ids_of(path: Path) -> tuple[int, int, int]:
    """The ids of object, instance and resource as the line has them: -1 stands for all."""
    return (
        path.object,
        -1 if path.instance is None else path.instance,
        -1 if path.resource is None else path.resource,
    )


class ValueType(IntEnum):
    """The numbers are seen in host programs; the OneNET guide gives the names only."""

    STRING = 1
    OPAQUE = 2
    INTEGER = 3
    FLOAT = 4
    BOOL = 5
    HEX_STR = 6


LWM2M_TYPES: Mapping[ValueType, Type] = {
    ValueType.STRING: Type.STRING,
    ValueType.OPAQUE: Type.OPAQUE,
    ValueType.INTEGER: Type.INTEGER,
    ValueType.FLOAT: Type.FLOAT,
    ValueType.BOOL: Type.BOOLEAN,
    ValueType.HEX_STR: Type.STRING,
}
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[Ee][+-]?[0-9]{1,4})?", re.ASCII)
# CR, LF and NUL would break the line.
# guess: that the other control characters cannot be written either
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_INT32 = range(-(2**31), 2**31)
_INT64 = range(-(2**63), 2**63)


def size(kind: ValueType, text: str) -> int:
    """Bytes of a value that stands as `text` on the line; the limits count them."""
    if kind is ValueType.OPAQUE:
        return len(text) // 2
    return len(text.encode("utf-8", "surrogateescape"))


def value_of(kind: ValueType, text: str, doubts: Doubts) -> Value:
    """The value of `text`, without its quotes.

    Raises Refusal for a value that is too long or not of its type (OneNET guide 5.1.2).
    """
    if size(kind, text) > VALUE_LIMIT:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    match kind:
        case ValueType.STRING:
            return _utf8(text, doubts)
        case ValueType.OPAQUE:
            return from_hex(text)
        case ValueType.HEX_STR:
            text = _utf8(text, doubts)
            if not HEXADECIMAL.fullmatch(text):
                doubts.take(f'"{text}" is no hexadecimal text, the type 6 is')
            return text
        case ValueType.INTEGER | ValueType.FLOAT | ValueType.BOOL:
            return _number(kind, text, doubts)
        case _:
            assert_never(kind)


def _number(kind: ValueType, text: str, doubts: Doubts) -> Value:
    # Hosts pad numbers with blanks, as C's `%5.1f` does (observed).
    digits = text.strip(" ")
    if not _FLOAT.fullmatch(digits) or not isfinite(number := float(digits)):
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    if kind is ValueType.FLOAT:
        return number
    # guess: C's atoi reads it, so a fraction is cut off
    whole = int(digits) if _INTEGER.fullmatch(digits) else int(number)
    if whole not in _INT64:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    if kind is ValueType.BOOL:
        if digits not in ("0", "1"):  # hosts send "4" (observed)
            # guess: true, as in C
            doubts.take(
                f'"{text}" is no boolean, which is "0" or "1"; it is taken as true or false'
            )
        return whole != 0
    if not _INTEGER.fullmatch(digits):
        doubts.take(f'"{text}" is no integer; it is taken as {whole}')
    return whole


def _utf8(text: str, doubts: Doubts) -> str:
    """LwM2M carries UTF-8; that the module refuses other bytes of a host is not known."""
    read = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if read != text:
        doubts.take(f'"{read}" held bytes that are not UTF-8, which the platform cannot show')
    return read


def _four_bytes(number: float) -> bytes | None:
    try:
        return struct.pack(">f", number)
    except OverflowError:
        return None


def text_of(value: Value) -> str:
    """The text of a value in an unsolicited line.

    Raises CannotForward for a control character, a number that is not finite or does not fit in 64
    bits, and a text that is too long.
    """
    match value:
        case bool():
            return str(int(value))
        case int() if value in _INT64:
            return str(value)
        case float() if isfinite(value):
            return format(Decimal(repr(value)), "f")
        case bytes() if len(value) <= VALUE_LIMIT:
            return value.hex().upper()
        case bytes():
            raise CannotForward
        case str():
            text = value
        case int() | float():
            raise CannotForward
        case _:
            assert_never(value)
    if _CONTROL.search(text) or len(text.encode("utf-8", "replace")) > VALUE_LIMIT:
        raise CannotForward
    return text


# The type of a value for a resource that was never declared.
_NATURAL_TYPES: Mapping[type[Value], ValueType] = {
    bool: ValueType.BOOL,
    int: ValueType.INTEGER,
    float: ValueType.FLOAT,
    bytes: ValueType.OPAQUE,
    str: ValueType.STRING,
}


def as_declared(value: Value, kind: ValueType | None) -> tuple[ValueType, Value]:
    """Convert the platform's value to the declared type of the resource, if it has one.

    The platform chooses types by its own object model. A value that does not fit the declared type
    is returned unchanged, with its natural type; the host may refuse it.
    """
    match kind, value:
        case ValueType.HEX_STR, str() if HEXADECIMAL.fullmatch(value):
            return ValueType.HEX_STR, value
        case ValueType.OPAQUE, str():
            return ValueType.OPAQUE, value.encode("utf-8", "replace")
        case ValueType.INTEGER, bool():
            return ValueType.INTEGER, int(value)
        case ValueType.INTEGER, float() if value.is_integer() and int(value) in _INT64:
            return ValueType.INTEGER, int(value)
        case ValueType.FLOAT, bool() | int() if value in _INT64:
            return ValueType.FLOAT, float(value)
        case ValueType.BOOL, int() | float() if value in (0, 1):
            return ValueType.BOOL, bool(value)
    return _NATURAL_TYPES[type(value)], value


def announced_length(kind: ValueType, text: str) -> int:
    """The length that later firmware writes before a value.

    Characters of a text, bytes of an opaque value; 4 or 8 for a number and 1 for a bool.
    """
    if kind in (ValueType.STRING, ValueType.HEX_STR):
        return len(text)
    if kind is ValueType.OPAQUE:
        return len(text) // 2
    if kind is ValueType.BOOL:
        return 1
    if kind is ValueType.INTEGER:
        return 4 if int(text) in _INT32 else 8
    return 8 if _four_bytes(float(text)) is None else 4
