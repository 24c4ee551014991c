"""The typed form of values and arguments, as later firmware writes them.

`<valuetype>,<len>,<value>[,<flag>[,<index>]]` and `<len>,"<arguments>"` (documented for later
firmware). A text has this form only if it fits exactly, lengths included. A blank may stand after
each comma (seen), and quotes around a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from m5310.at.announced import cuts
from m5310.lwm2m.values import HEX, ValueType, raw

_HEAD = re.compile(r" ?([1-6]), ?([0-9]{1,4}),(.*)", re.DOTALL)
# After the value: [,<flag>[,<index>]]. Firmware without the index exists (seen).
_TAIL = re.compile(r"(?:, ?([0-2])(?:, ?[0-9]{1,4})?)?")
# A number ends at the next comma: its length is the size of the C variable, not of the text.
_NUMBERS = {
    ValueType.INTEGER: re.compile(r' ?("?)([+-]?[0-9]+)\1'),
    ValueType.FLOAT: re.compile(r' ?("?)([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)\1'),
    ValueType.BOOLEAN: re.compile(r' ?("?)([01])\1'),
}
# guess: some firmware may count the characters of a number instead.
_SIZES = {
    ValueType.INTEGER: (1, 2, 4, 8),
    ValueType.FLOAT: (4, 8),
    ValueType.BOOLEAN: (1,),
}
_TEXTS: Final = {
    ValueType.STRING: {ValueType.STRING, ValueType.OPAQUE},
    ValueType.OPAQUE: {ValueType.OPAQUE},
    ValueType.HEX_STRING: {ValueType.HEX_STRING, ValueType.STRING, ValueType.OPAQUE},
}
"""The types on the line that fit a resource whose bare value could have the typed form, or nearly.

A module that does not know a resource's type writes its bytes as opaque (seen)."""


def value(text: str, declared: ValueType | None = None) -> tuple[ValueType, str, int] | None:
    """Type, value and flag if `text` is exactly `<type>,<len>,<value>[,<flag>[,<index>]]`.

    With `declared`, the type on the line must fit that of the resource.
    """
    head = _HEAD.fullmatch(text)
    if head is None:
        return None
    kind, length = ValueType(int(head[1])), int(head[2])
    if declared in _TEXTS and kind not in _TEXTS[declared]:
        return None
    readings = _numbers if kind in _NUMBERS else _measured
    # A text may end like a tail: `1,6,你好,0,0` has six bytes and a tail, or six characters and
    # none. The length of what follows the value decides.
    fitting = [
        (found, tail)
        for found, rest in readings(kind, length, head[3])
        if (tail := _TAIL.fullmatch(rest)) is not None
    ]
    if not fitting:
        return None
    found, tail = max(fitting, key=lambda each: len(each[1][0]))  # the first of equal ones
    return kind, found, int(tail[1] or 0)


def looks_typed(text: str) -> bool:
    """Whether `text` begins or ends as the typed form does; it may be damaged."""
    return _HEAD.fullmatch(text) is not None or _ENDS_TYPED.search(text) is not None


def damaged(text: str) -> bool:
    """Whether `text` begins and ends as a typed string does, but its length does not fit."""
    head = _HEAD.fullmatch(text)
    return head is not None and head[1] == "1" and _ENDS_TYPED.search(text) is not None


_ENDS_TYPED = re.compile(r", ?[0-2], ?[0-9]{1,4}\Z")


def _numbers(kind: ValueType, length: int, text: str) -> Iterator[tuple[str, str]]:
    found = _NUMBERS[kind].match(text)
    if found is not None and length in (*_SIZES[kind], len(found[2])):
        yield found[2], text[found.end() :]


def _measured(kind: ValueType, length: int, text: str) -> Iterator[tuple[str, str]]:
    """The values with this length at the start of `text`, quoted or not, each with the rest.

    The length of a string counts characters (documented) or bytes, inside the quotes.
    """
    # guess: bytes
    for begin, end, after in cuts(text, 2 * length if kind is ValueType.OPAQUE else length):
        found = text[begin:end]
        if after <= len(text) and (kind is ValueType.STRING or HEX.fullmatch(found)):
            yield found, text[after:]


_ARGUMENTS = re.compile(r' ?([0-9]{1,4}), ?"(.*)"', re.DOTALL)


def arguments(text: str) -> str | None:
    """The text between the quotes if `text` is exactly `<len>,"<arguments>"`."""
    # guess: the length may count characters or bytes.
    found = _ARGUMENTS.fullmatch(text)
    if found and int(found[1]) in (len(found[2]), len(raw(found[2]))):
        return found[2]
    return None
