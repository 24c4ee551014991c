"""Records of DTLS 1.2 as bytes (RFC 6347 section 4.1), as far as no keys are needed. Pure.

type 1 | version 2 | epoch 2 | sequence 6 | length 2 | content
"""

from __future__ import annotations

from collections.abc import Iterable

HEADER = 13
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
_TYPES = frozenset({CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA})
_CLIENT_HELLO = 1
# In a datagram that begins with a ClientHello: behind the record and handshake headers and the
# version.
_RANDOM = slice(27, 59)

_FATAL = 2
_DECRYPT_ERROR = 51


def epoch(record: bytes) -> int:
    return int.from_bytes(record[3:5], "big")


def sequence(record: bytes) -> int:
    return int.from_bytes(record[5:11], "big")


def split(data: bytes) -> list[bytes]:
    """The records that follow each other in `data`; what is no complete record ends them."""
    records = []
    start = 0
    while len(data) - start >= HEADER:
        end = start + HEADER + int.from_bytes(data[start + 11 : start + 13], "big")
        if end > len(data) or data[start] not in _TYPES or data[start + 1] != 0xFE:
            break
        records.append(data[start:end])
        start = end
    return records


def pack(records: Iterable[bytes], size: int) -> list[bytes]:
    """Datagrams of up to `size` bytes, each with as many records as fit, but at least one."""
    datagrams: list[bytes] = []
    for record in records:
        if datagrams and len(datagrams[-1]) + len(record) <= size:
            datagrams[-1] += record
        else:
            datagrams.append(record)
    return datagrams


def client_random(record: bytes) -> bytes | None:
    """The client's random number if `record` begins a handshake without keys (a ClientHello).

    A repetition has the same, also the one with the cookie (RFC 6347 section 4.2.1).
    """
    if record[0] != HANDSHAKE or epoch(record) != 0 or len(record) < _RANDOM.stop:
        return None
    return record[_RANDOM] if record[HEADER] == _CLIENT_HELLO else None


def decrypt_error(number: int) -> bytes:
    """A fatal alert without keys, with this sequence number: the key was wrong (RFC 4279
    section 2).
    """
    head = bytes((ALERT, 0xFE, 0xFD, 0, 0)) + number.to_bytes(6, "big")
    return head + bytes((0, 2, _FATAL, _DECRYPT_ERROR))
