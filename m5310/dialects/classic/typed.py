"""The typed form of values and arguments, as later firmware writes them.

`<valuetype>,<len>,<value>[,<flag>[,<index>]]` and `<len>,"<arguments>"` (documented for later
firmware). A text has this form only if it fits exactly, lengths included.
"""

from __future__ import annotations

import re

from m5310.lwm2m.values import HEX, ValueType

_HEAD = re.compile(r"([1-6]),([0-9]{1,4}),(.*)")
# After the value: [,<flag>[,<index>]]. Firmware without the index exists (seen).
_TAIL = re.compile(r"(?:,([0-2])(?:,[0-9]{1,4})?)?")
# A number ends at the next comma: its length is the size of the C variable, not of the text.
_NUMBERS = {
    ValueType.INTEGER: re.compile(r"[+-]?[0-9]+"),
    ValueType.FLOAT: re.compile(r"[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?"),
    ValueType.BOOLEAN: re.compile(r"[01]"),
}


def value(text: str) -> tuple[ValueType, str, int] | None:
    """Type, value and flag if `text` is exactly `<type>,<len>,<value>[,<flag>[,<index>]]`."""
    head = _HEAD.fullmatch(text)
    if head is None:
        return None
    kind, length, rest = ValueType(int(head[1])), int(head[2]), head[3]
    number = _NUMBERS.get(kind)
    if number is not None:
        found = rest.partition(",")[0]
        tail = _TAIL.fullmatch(rest, len(found))
        fits = number.fullmatch(found) is not None
    else:
        found, tail = _measured(kind, length, rest)
        fits = kind is ValueType.STRING or HEX.fullmatch(found) is not None
    if not fits or tail is None:
        return None
    return kind, found, int(tail[1] or 0)


def _measured(kind: ValueType, length: int, text: str) -> tuple[str, re.Match[str] | None]:
    """The value with this length at the start of `text`, quoted or not, and the rest.

    The length of a string counts characters, inside the quotes if there are any. It cannot fit
    both ways, since the rest contains no quote.
    """
    if (quoted := _QUOTED.fullmatch(text)) and length == len(quoted[1]):
        return quoted[1], _TAIL.fullmatch(quoted[2])
    if kind is ValueType.OPAQUE:
        length *= 2  # counts the bytes, two digits each
    return text[:length], _TAIL.fullmatch(text, length) if length <= len(text) else None


_ARGUMENTS = re.compile(r'([0-9]{1,4}),"(.*)"')
_QUOTED = re.compile(r'"(.*)"([^"]*)')


def arguments(text: str) -> str | None:
    """The text between the quotes if `text` is exactly `<len>,"<arguments>"`."""
    # guess: the length may count characters or bytes.
    found = _ARGUMENTS.fullmatch(text)
    if found and int(found[1]) in (len(found[2]), len(found[2].encode())):
        return found[2]
    return None
