"""Values on the lines of the suite, with their announced length."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from m5310.at.announced import cuts
from m5310.at.codec import Quoted
from m5310.errors import AnswerError, shortened
from m5310.lwm2m.values import HEX, ValueType, raw

# --- to the module ---------------------------------------------------------------------------

_INT32: Final = range(-(2**31), 2**31)


def written(kind: ValueType, text: str, *, hex_string: bool) -> tuple[ValueType, int, str | Quoted]:
    """Type, length and value on the line. `hex_string`: the module has the value type 6.

    The length of a string counts characters, that of opaque bytes and hex digits bytes (both
    documented); that of a number is the size of a variable that holds it. EC616 and XY1100 check
    it.
    """
    match kind:
        case ValueType.HEX_STRING if hex_string:
            return kind, len(text) // 2, Quoted(text)
        case ValueType.STRING | ValueType.HEX_STRING:  # the platform gets the digits as a text
            return ValueType.STRING, len(text), Quoted(text)
        case ValueType.OPAQUE:  # a line with nothing between two commas may be refused
            return kind, len(text) // 2, text or Quoted("")
        case ValueType.INTEGER:
            return kind, 4 if int(text) in _INT32 else 8, text
        case ValueType.FLOAT:
            return kind, 8, text  # 4 bytes would round it
        case ValueType.BOOLEAN:
            return kind, 1, text


# --- from the module -------------------------------------------------------------------------

_TAIL: Final = re.compile(r", *([0-2])(?:, *([0-9]{1,4}))? *")
"""After the value: flag and index. China Mobile's firmware has no index. A blank before the comma
belongs to a text."""
_NUMBER: Final = re.compile(r' *("?)([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)\1')
_DIGITS: Final = re.compile(r' *("?)([0-9A-Fa-f]*)\1')


class Written(NamedTuple):
    """A value of a write; `left` lines of it follow, None: not sent."""

    text: str
    flag: int
    left: int | None


def value(kind: ValueType, length: int, text: str) -> Written:
    """The value at the beginning of `<value>,<flag>[,<index>]`, in quotes or without.

    The length of a string counts characters or bytes. That of opaque bytes counts these, or the hex
    digits (China Mobile). That of a number is the size of a variable. Raises AnswerError if nothing
    fits.
    """
    fitting = []
    for found, rest in _readings(kind, length, text):
        if (tail := _TAIL.fullmatch(rest)) is not None:
            index = None if tail[2] is None else int(tail[2])
            fitting.append((len(rest), Written(found, int(tail[1]), index)))
    if not fitting:
        raise AnswerError(
            f"{shortened(text, 60)!r} is no value of type {kind.name} and length {length} with "
            "<flag>[,<index>] behind it"
        )
    # a text may end like a tail
    return max(fitting, key=lambda each: (each[0], not _with_quotes(each[1].text)))[1]


def _with_quotes(text: str) -> bool:
    """Whether the quotes were counted: a text may have as many bytes as characters with them."""
    return text.lstrip(" ").startswith('"')


def _readings(kind: ValueType, length: int, text: str) -> list[tuple[str, str]]:
    """Possible values, each with what follows it."""
    match kind:
        case ValueType.STRING:
            return [
                (text[begin:end], text[after:])
                for begin, end, after in cuts(text, length)
                if after <= len(text)
            ]
        case ValueType.OPAQUE | ValueType.HEX_STRING:
            digits = _DIGITS.match(text)
            if digits is None or not HEX.fullmatch(digits[2]):
                return []
            fits = len(digits[2]) in (length, 2 * length)
            return [(digits[2], text[digits.end() :].lstrip(" "))] if fits else []
        case _:
            number = _NUMBER.match(text)
            return [(number[2], text[number.end() :].lstrip(" "))] if number else []


def digits_of(text: str) -> str | None:
    """The hex digits whose ASCII codes are the bytes in `text`: so firmware shows a text whose type
    it does not know. None: the bytes are something else."""
    # guess: bytes that could be digits are. Bytes of any kind are for a resource of type OPAQUE.
    found = bytes.fromhex(text).decode("ascii", "replace")
    return found if HEX.fullmatch(found) else None


_COUNTED: Final = re.compile(r" *([0-9]{1,4}) *,(.*)", re.DOTALL)
_FLAG: Final = re.compile(r"(?: *, *[0-9])? *")


def arguments(text: str) -> bytes:
    """The arguments of an execute: `<len>,"<text>"`, `<len>,<text>,<flag>`, or bare.

    Raises AnswerError for quoted ones of another length.
    """
    counted = _COUNTED.fullmatch(text)
    if counted is None:
        return raw(text)
    length, rest = int(counted[1]), counted[2]
    fitting = [
        rest[begin:end]
        for begin, end, after in cuts(rest, length)
        if after <= len(rest) and _FLAG.fullmatch(rest[after:])
    ]
    if fitting:
        return raw(min(fitting, key=_with_quotes))
    if rest.lstrip(" ").startswith('"'):
        raise AnswerError(f"{shortened(rest, 60)!r} has not the announced length {length}")
    return raw(text)  # bare ones that begin with a number
