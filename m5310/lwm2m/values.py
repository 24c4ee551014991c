"""Values of the six types, to the text the wire carries and back."""

from __future__ import annotations

import math
import re
from enum import IntEnum
from typing import assert_never

from m5310.errors import AnswerError, ParameterError, shortened

VALUE_LIMIT = 1024
"""Bytes of one value between its quotes (OneNET guide 5.1.2); counted in UTF-8 (inferred)."""
PAYLOAD_LIMIT = 1000
"""Bytes of all values of one report or read answer (OneNET guide 5.1.2); same count."""

Value = str | bytes | int | float | bool


class ValueType(IntEnum):
    """The wire's type numbers (named in OneNET guide 5.1.2, numbers seen in host programs)."""

    STRING = 1
    OPAQUE = 2
    INTEGER = 3
    FLOAT = 4
    BOOLEAN = 5
    HEX_STRING = 6


def encode(kind: ValueType, value: Value) -> str:
    """The text between the quotes of a NOTIFY or READ line.

    Raises ParameterError for a value of the wrong Python type, one the language cannot carry
    (`"`, CR, LF, other control characters, NaN, more than 64 bits) or a text over 1024 bytes.
    """
    # of a subclass only the characters count: a str Enum would go out as its member's name
    text = str.__str__(_text(kind, value))
    if size(text) > VALUE_LIMIT:
        raise ParameterError(
            f"the value {shortened(text, 60)!r} takes {size(text)} bytes, "
            f"at most {VALUE_LIMIT} fit; send it in parts"
        )
    return text


def size(text: str) -> int:
    """Bytes a text takes between its quotes."""
    return len(text.encode())


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
            # C programs hold truth in an int: 0 and 1 are taken as well
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
# compiled, and kept, by `re` when the platform first writes such a value
_INTEGER = r"[+-]?[0-9]{1,20}"
_FLOAT = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?"
# the quote and control characters
_UNCARRIABLE = re.compile(r'["\x00-\x1f\x7f-\x9f]')


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
    found = _UNCARRIABLE.search(value)
    if fault := found[0] if found else _half(value):
        raise ParameterError(
            f"{fault!r} in {shortened(value, 60)!r} cannot be sent between quotes, which know "
            "no escape; send the value as OPAQUE or HEX_STRING"
        )
    return value


def _half(text: str) -> str:
    """The first half of a surrogate pair in it, which has no UTF-8 form; empty if there is none."""
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
    text = repr(number)
    if "e" not in text:
        return text
    from decimal import Decimal  # noqa: PLC0415 - seldom needed, and slow to load

    # Plain decimal notation: nothing shows that the module reads an exponent (inferred).
    return format(Decimal(text), "f")


def decode(kind: ValueType, text: str) -> Value:
    """The value a text from the platform stands for; AnswerError if it is none of this type."""
    if size(text) > VALUE_LIMIT:
        raise AnswerError(f"a value of {size(text)} bytes came; at most {VALUE_LIMIT} are allowed")
    value = _value(kind, text)
    if value is None:
        raise AnswerError(f"{shortened(text, 60)!r} came as a value of type {kind.name}")
    return value


def _value(kind: ValueType, text: str) -> Value | None:
    # the patterns are narrower than int() and float(), which take `1_0`, blanks and `nan`
    match kind:
        case ValueType.STRING:
            return text
        case ValueType.OPAQUE:
            return bytes.fromhex(text) if HEX.fullmatch(text) else None
        case ValueType.INTEGER:
            integer = int(text) if re.fullmatch(_INTEGER, text) else 2**63
            return integer if -(2**63) <= integer < 2**63 else None
        case ValueType.FLOAT:
            number = float(text) if re.fullmatch(_FLOAT, text) else math.inf
            return number if math.isfinite(number) else None
        case ValueType.BOOLEAN:
            return {"0": False, "1": True}.get(text)
        case ValueType.HEX_STRING:
            return text if HEX.fullmatch(text) else None
        case _:
            assert_never(kind)
