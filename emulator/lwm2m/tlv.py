"""TLV: type, length, value (LwM2M 1.0.2 section 6.4.3).

The type byte: bits 7-6 the kind, bit 5 an id of 16 bits, bits 4-3 how many bytes the length has,
bits 2-0 the length itself if it has none. Id, length and value follow, big-endian.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from emulator.lwm2m.model import MAX_ID, ContentError


class Kind(IntEnum):
    """What an entry is; the values are bits 7-6 of the type byte."""

    INSTANCE = 0x00  # of an object; holds resources
    RESOURCE_INSTANCE = 0x40
    MULTIPLE_RESOURCE = 0x80  # holds resource instances
    RESOURCE = 0xC0


class Entry(NamedTuple):
    """`id` 0..65535; `value` is entries for INSTANCE and MULTIPLE_RESOURCE, else content."""

    kind: Kind
    id: int
    value: bytes | tuple[Entry, ...]


_KINDS = tuple(Kind)  # by bits 7-6
# What may stand where; None is the outermost level. No entry lies deeper than three levels.
_INSIDE: dict[Kind | None, frozenset[Kind]] = {
    None: frozenset(Kind),
    Kind.INSTANCE: frozenset((Kind.RESOURCE, Kind.MULTIPLE_RESOURCE)),
    Kind.MULTIPLE_RESOURCE: frozenset((Kind.RESOURCE_INSTANCE,)),
}


def decode(data: bytes) -> tuple[Entry, ...]:
    """The entries of a payload; longer forms of id and length than needed are taken, too.

    Raises ContentError for bytes that end too early and for an entry where it may not stand.
    """
    return _entries(data, 0, len(data), None)


def _entries(data: bytes, at: int, end: int, holder: Kind | None) -> tuple[Entry, ...]:
    entries = []
    while at < end:
        head, at = data[at], at + 1
        kind = _KINDS[head >> 6]
        if kind not in _INSIDE[holder]:
            expected = " or ".join(sorted(each.name for each in _INSIDE[holder]))
            raise ContentError(f"TLV: {kind.name} at byte {at - 1}: expected {expected}")
        id_end = at + (2 if head & 0x20 else 1)
        size_end = id_end + (head >> 3 & 3)
        size = int.from_bytes(data[id_end:size_end]) if size_end > id_end else head & 7
        value_end = size_end + size
        if value_end > end:
            room = max(end - size_end, 0)
            raise ContentError(f"TLV: {kind.name} at byte {at - 1}: expected at most {room} bytes")
        number = int.from_bytes(data[at:id_end])
        value = (
            _entries(data, size_end, value_end, kind)
            if kind in _INSIDE
            else data[size_end:value_end]
        )
        entries.append(Entry(kind, number, value))
        at = value_end
    return tuple(entries)


def encode(entries: Iterable[Entry]) -> bytes:
    """The bytes of `entries`, with the shortest form of each id and length.

    Raises ContentError for an id over 65535 or a value of 16 MiB.
    """
    return b"".join(map(_encoded, entries))


def _encoded(entry: Entry) -> bytes:
    value = entry.value if isinstance(entry.value, bytes) else encode(entry.value)
    size, number = len(value), entry.id
    if not 0 <= number <= MAX_ID:
        raise ContentError(f"TLV: id {number}: expected 0..{MAX_ID}")
    id_width = 1 if number < 0x100 else 2
    size_width = 0 if size < 8 else (size.bit_length() + 7) // 8
    if size_width > 3:
        raise ContentError(f"TLV: a value of {size} bytes: expected at most {2**24 - 1}")
    head = entry.kind | (id_width - 1) << 5 | size_width << 3 | (0 if size_width else size)
    return b"".join(
        (
            bytes((head,)),
            number.to_bytes(id_width),
            size.to_bytes(size_width) if size_width else b"",
            value,
        )
    )
