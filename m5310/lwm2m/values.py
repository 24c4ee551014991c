"""Values of the six types, encoded to the text on the line and decoded."""

from __future__ import annotations

import math
import re
import struct
from decimal import Decimal
from enum import IntEnum
from typing import assert_never

from m5310.errors import AnswerError, ParameterError, shortened

VALUE_LIMIT = 1024
"""Bytes of one value (OneNET guide 5.1.2): of a text in UTF-8, of OPAQUE those that the hex digits
stand for (inferred)."""
PAYLOAD_LIMIT = 1000
"""Bytes of all values of one report, read answer or write (OneNET guide 5.1.2); same count. So no
value of more bytes can be sent, whatever `VALUE_LIMIT` allows."""

Value = str | bytes | int | float | bool


class ValueType(IntEnum):
    """Type numbers on the line (named in OneNET guide 5.1.2, numbers seen in host programs)."""

    STRING = 1
    OPAQUE = 2
    INTEGER = 3
    FLOAT = 4
    BOOLEAN = 5
    HEX_STRING = 6


def encode(kind: ValueType, value: Value) -> str:
    """The text of a value, as it stands between quotes in a report or a read answer.

    Raises ParameterError for a value of the wrong Python type, one that cannot be sent (`"`, CR,
    LF, other control characters, NaN, more than 64 bits, an int that no float holds exactly) or of
    more than 1000 bytes.
    """
    # the characters of a subclass of str: a str Enum would be sent as its member's name
    text = str.__str__(_text(kind, value))
    if (taken := size(kind, text)) > PAYLOAD_LIMIT:
        raise ParameterError(
            f"the value {shortened(text, 60)!r} takes {taken} bytes, "
            f"at most {PAYLOAD_LIMIT} fit; send it in parts"
        )
    return text


def size(kind: ValueType, text: str) -> int:
    """Bytes of the value that stands as `text` between its quotes."""
    return len(text) // 2 if kind is ValueType.OPAQUE else len(raw(text))


def raw(text: str) -> bytes:
    """The bytes of a text; a lone surrogate U+DC80..DCFF is a byte that was not UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def _text(kind: ValueType, value: Value) -> str:
    match kind:
        case ValueType.STRING:
            return _string(value)
        case ValueType.OPAQUE:
            if not isinstance(value, bytes | bytearray | memoryview):
                raise _mismatch(kind, value, "bytes")
            return bytes(value).hex().upper()
        case ValueType.INTEGER:
            return _integer(value)
        case ValueType.FLOAT:
            return _decimal(value)
        case ValueType.BOOLEAN:
            # C programs use 0 and 1 for a bool
            if not isinstance(value, int) or value not in (0, 1):
                raise _mismatch(kind, value, "a bool, or 0 or 1")
            return str(int(value))
        case ValueType.HEX_STRING:
            if not isinstance(value, str) or not HEX.fullmatch(value):
                raise _mismatch(kind, value, "a str of an even number of hex digits")
            return value
        case _:
            assert_never(kind)


HEX = re.compile(r"([0-9A-Fa-f]{2})*")
# narrower than int() and float(), which accept `1_0`, blanks and `nan`
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_UNSENDABLE = re.compile(r'["\x00-\x1f\x7f-\x9f]')  # the quote and control characters


def _mismatch(kind: ValueType, value: object, expected: str) -> ParameterError:
    return ParameterError(f"{_shown(value)} cannot be sent as {kind.name}; expected {expected}")


def _shown(value: object) -> str:
    # Python refuses to print integers of more than some thousand digits
    if isinstance(value, int) and value.bit_length() > 64:
        return f"an integer of {value.bit_length()} bits"
    return shortened(repr(value), 60)


def _string(value: Value) -> str:
    if not isinstance(value, str):
        raise _mismatch(ValueType.STRING, value, "a str")
    found = _UNSENDABLE.search(value)
    if fault := found[0] if found else _half(value):
        raise ParameterError(
            f"{fault!r} in {shortened(value, 60)!r} cannot be sent: there is no escape between "
            "quotes; use OPAQUE or HEX_STRING"
        )
    return value


def _half(text: str) -> str:
    """A lone half of a surrogate pair, which has no UTF-8 form; empty if there is none."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return text[error.start]
    return ""


def _integer(value: Value) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _mismatch(ValueType.INTEGER, value, "an int")
    if not -(2**63) <= value < 2**63:
        raise _mismatch(ValueType.INTEGER, value, "at most 64 bits, sign included")
    return str(int(value))


def _decimal(value: Value) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _mismatch(ValueType.FLOAT, value, "a float or an int")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _mismatch(ValueType.FLOAT, value, "a finite number")
    if number != value:
        expected = "an int that a float holds exactly (all up to 2**53); use INTEGER"
        raise _mismatch(ValueType.FLOAT, value, expected)
    text = repr(number)
    if "e" not in text:
        return text
    # plain decimal notation: no source shows that the module reads an exponent (inferred)
    return format(Decimal(text), "f")


def decode(kind: ValueType, text: str) -> Value:
    """The value of a text from the platform. Raises AnswerError if it is invalid for the type.

    A text with bytes that are not UTF-8 (see `raw`) is a value of type OPAQUE only: these bytes.
    """
    taken = raw(text)
    if not text.isascii() and (foreign := _FOREIGN.search(text)):
        if kind is not ValueType.OPAQUE:
            byte = raw(foreign[0]).hex().upper()
            raise AnswerError(
                f"{shortened(text, 60)!r} is not UTF-8 (byte {byte}), the charset of the platform; "
                "expected UTF-8: have the application write that, or declare the resource OPAQUE"
            )
        value: Value | None = taken
    else:
        value = _value(kind, text)
    if value is None:
        raise AnswerError(f"{shortened(text, 60)!r} is not a value of type {kind.name}")
    bytes_ = len(value) if isinstance(value, bytes) else len(taken)
    if bytes_ > VALUE_LIMIT:
        raise AnswerError(f"a value of {bytes_} bytes; expected at most {VALUE_LIMIT}")
    return value


_FOREIGN = re.compile("[\udc80-\udcff]")


def decode_bytes(kind: ValueType, data: bytes) -> Value:
    """The value of a resource of this type whose bytes came as OPAQUE, as LwM2M encodes them.

    An integer has 1, 2, 4 or 8 bytes, a float 4 or 8, big-endian; a boolean one. Raises AnswerError
    if they are invalid for the type.
    """
    size = len(data)
    value: Value | None = None
    if kind is ValueType.STRING:
        return decode(kind, data.decode("utf-8", "surrogateescape"))
    if kind is ValueType.OPAQUE:
        value = data
    elif kind is ValueType.HEX_STRING:
        value = data.hex().upper()
    elif kind is ValueType.INTEGER and size in (1, 2, 4, 8):
        value = int.from_bytes(data, "big", signed=True)
    elif kind is ValueType.FLOAT and size in (4, 8):
        (number,) = struct.unpack(">f" if size == 4 else ">d", data)
        value = number if math.isfinite(number) else None
    elif kind is ValueType.BOOLEAN:
        value = {b"\0": False, b"\1": True}.get(data)
    if value is None:
        raise AnswerError(f"the bytes {shortened(data.hex(), 60)} are no value of type {kind.name}")
    return value


def _value(kind: ValueType, text: str) -> Value | None:
    match kind:
        case ValueType.STRING:
            return text
        case ValueType.OPAQUE:
            return bytes.fromhex(text) if HEX.fullmatch(text) else None
        case ValueType.INTEGER:
            integer = int(text) if _INTEGER.fullmatch(text) else 2**63
            return integer if -(2**63) <= integer < 2**63 else None
        case ValueType.FLOAT:
            number = float(text) if _FLOAT.fullmatch(text) else math.inf
            return number if math.isfinite(number) else None
        case ValueType.BOOLEAN:
            return {"0": False, "1": True}.get(text)
        case ValueType.HEX_STRING:
            return text if HEX.fullmatch(text) else None
        case _:
            assert_never(kind)
