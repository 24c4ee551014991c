"""The configuration of AT+MIPLCREATE: big-endian, in nodes (the suite's specification).

    13 LLLL                version and three nodes, length of all
    F1 0003                empty
    F2 LLLL mmmm lb ...    MTU, link and band, then texts: APN, user, password, host, user data
    F3 LLLL dd bbbb ...    debug level, log buffer, a text

A text has two bytes of length before it. Bootstrap is a byte 0x80 before the APN, or the bit 12 of
the host's length; both exist.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from emulator.module.lwm2m.bootstrap import address_of as address_of_uri

_LENGTH = struct.Struct(">H")
_NODE = struct.Struct(">BH")
_HEAD = 3
_NETWORK = 0xF2
_BOOTSTRAP_BIT = 0x1000
_BOOTSTRAP_BYTES = (0x00, 0x80)
_MTU_AND_LINK = 3
_TEXTS = 5
_HOST = re.compile(r"(?:coaps?://)?([A-Za-z0-9.-]{1,253})(?::([0-9]{1,5}))?", re.ASCII)
_PORT, _DTLS_PORT = "5683", "5684"
_AUTH = re.compile(r"(?:AuthCode|auth_code):([^;]+);?", re.ASCII)
_KEY = re.compile(r"(?:^|;)psk:([^;]+);?", re.ASCII)


class Malformed(Exception):
    """A blob that contradicts itself or the layout."""


@dataclass(frozen=True, slots=True)
class Config:
    """`address`: see `address_of`. `auth`, `key`: in the user data; None: not there."""

    address: str
    bootstrap: bool
    auth: str | None = None
    key: str | None = None


def address_of(text: str) -> str:
    """`host:port` as `ServerAddress` has it; port 5684 means DTLS. Raises Malformed."""
    found = _HOST.fullmatch(text)
    address = None
    if found is not None:
        port = found[2] or _PORT
        address = address_of_uri(f"coap{'s' if port == _DTLS_PORT else ''}://{found[1]}:{port}")
    if address is None:
        raise Malformed(f"the host {text!r}: expected a name or number and a port 0 to 65535")
    return address


def parse(blob: bytes) -> Config:
    """What the module uses. Raises Malformed."""
    if len(blob) < _HEAD or _LENGTH.unpack_from(blob, 1)[0] != len(blob):
        raise Malformed("the length in the configuration is not its own")
    found = _nodes(blob[_HEAD:])
    nodes = dict(found)
    if blob[0] & 0xF != len(found) or _NETWORK not in nodes:
        raise Malformed("the configuration has other nodes than it announces")
    texts = _texts(nodes[_NETWORK][_MTU_AND_LINK:])
    *_, (length, host), (_, data) = texts[1]
    user = data.decode("latin-1")
    auth, key = _AUTH.search(user), _KEY.search(user)
    return Config(
        address_of(host.decode("latin-1")),
        bool(length & _BOOTSTRAP_BIT) or texts[0],
        None if auth is None else auth[1],
        None if key is None else key[1],
    )


def _nodes(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        if len(data) < _NODE.size:
            raise Malformed("a node of the configuration is cut off")
        kind, length = _NODE.unpack_from(data)
        if not _NODE.size <= length <= len(data):
            raise Malformed(f"the node {kind:X} of the configuration has a wrong length")
        found.append((kind, data[_NODE.size : length]))
        data = data[length:]
    return found


Texts = list[tuple[int, bytes]]  # each with its length as it stands, flags included


def _texts(data: bytes) -> tuple[bool, Texts]:
    """Whether a byte says bootstrap, and the texts."""
    plain = _counted(data)
    if plain is not None:
        return False, plain
    if data[:1] and data[0] in _BOOTSTRAP_BYTES:
        behind = _counted(data[1:])
        if behind is not None:
            return bool(data[0]), behind
    raise Malformed("the lengths of the texts in the configuration do not fit")


def _counted(data: bytes) -> Texts | None:
    """The texts, if they are all of `data`."""
    found = []
    for _ in range(_TEXTS):
        if len(data) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(data)
        end = _LENGTH.size + (length & ~_BOOTSTRAP_BIT)
        if end > len(data):
            return None
        found.append((length, data[_LENGTH.size : end]))
        data = data[end:]
    return None if data else found
