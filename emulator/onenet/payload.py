"""What the platform sends to a device on behalf of an application: values, arguments. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

from emulator.lwm2m.model import Value

# OneNET guide 5.2.2: bytes of the user's part of a write or an execute.
MAX_PAYLOAD = 1000
_INTEGERS = range(-(2**63), 2**63)


def check(value: object) -> Value:
    """`value`, if a device can be sent it. Raises ValueError that says what was expected."""
    match value:
        case bool() | bytes():
            return value
        case str() if _is_utf8(value):
            return value
        case int() if value in _INTEGERS:
            return value
        case float() if isfinite(value):
            return value
    raise ValueError("expected a boolean, a text, bytes or a number of 64 bits")


def size(values: Iterable[Value]) -> int:
    """Bytes of `values` together."""
    return sum(
        len(value if isinstance(value, bytes) else str(value).encode("utf-8")) for value in values
    )


def _is_utf8(text: str) -> bool:
    """Whether it has no half of a surrogate pair."""
    return text.encode("utf-8", "ignore").decode("utf-8") == text
