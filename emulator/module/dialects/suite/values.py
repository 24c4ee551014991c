"""The value of a report or a read answer: type, length and text, as a profile checks them."""

from __future__ import annotations

from emulator.lwm2m.model import Value
from emulator.module.at.codec import HEXADECIMAL, Cme, Refusal
from emulator.module.at.commands import Values
from emulator.module.at.doubts import Doubts
from emulator.module.dialects.values import ValueType, size, value_of
from emulator.module.suite import Suite

LENGTH = (0, 4096)  # guess: wide enough for all that is accepted
_TYPE = (min(ValueType), max(ValueType))
# Lengths that firmware with checks takes (XY1100, EC616).
_NUMBERS = {
    ValueType.INTEGER: (2, 4, 8),
    ValueType.FLOAT: (4, 8),
    ValueType.BOOL: (1,),
}


def read(values: Values, suite: Suite) -> tuple[ValueType, Value, int]:
    """Take type, length and value of a line; the last is the value's size in bytes.

    Raises Refusal.
    """
    kind = ValueType(values.integer(*_TYPE))
    length = values.integer(*LENGTH)
    quoted = values.next_is_quoted
    text = values.quoted() if quoted else values.bare()
    if not quoted and kind in (ValueType.STRING, ValueType.HEX_STR):
        values.doubts.take("a text without quotes")
    _compare(kind, length, text, suite, values.doubts)
    if kind is ValueType.HEX_STR and HEXADECIMAL.fullmatch(text):
        # guess: the platform gets the bytes, which are what the length counts in the examples
        return kind, bytes.fromhex(text), len(text) // 2
    return kind, value_of(kind, text, values.doubts), size(kind, text)


def _compare(kind: ValueType, length: int, text: str, suite: Suite, doubts: Doubts) -> None:
    """Where no firmware checks them, lengths of numbers have no meaning: hosts send any (seen)."""
    match kind:
        case ValueType.STRING:
            fits = length in (len(text), size(kind, text))
        case ValueType.OPAQUE | ValueType.HEX_STR:
            fits = length == len(text) / 2
        case _:
            fits = length in _NUMBERS[kind] or not suite.lengths
    if fits:
        return
    if suite.lengths:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    if not suite.extras:  # examples of China Mobile's own manual have wrong lengths
        doubts.take(f"the length {length} is not that of {text!r}")
