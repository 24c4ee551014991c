"""The configuration blob of `AT+MIPLCONF`: little-endian, no padding, in fragments or whole."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from emulator.module.at.codec import Cme, Refusal, from_hex
from emulator.module.at.commands import Values

LIFETIME = range(10, 86_401)  # seconds; the guide's 24 hours and the range of AT+MIPLUPDATE
FRAGMENT_LIMIT = 1024  # bytes of configuration in one line
BLOB_LIMIT = 4096  # guess: bounds the memory; no configuration is that long

_BOOTSTRAP, _ENCRYPT = 0x10, 0x01
_DEBUG_LEVELS = range(4)
_BLOCK_EXPONENTS = range(7)  # block size 2 ** (4 + n)
_BLOCK_THRESHOLDS = range(3)

_HEAD = struct.Struct("<BBHI")  # mode, debug, local port (0: the module chooses), lifetime
_LENGTH = struct.Struct("<H")

_URI = re.compile(rb"coaps?://[A-Za-z0-9.-]+:([0-9]{1,5})")
_URI_LIMIT = 255
# `<imei>;<imsi>`; the field widths are the C kit's. Letters occur in captured lines.
_ENDPOINT = re.compile(rb"[A-Za-z0-9]{1,17};[A-Za-z0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class Config:
    """What the module uses of the configuration; the other fields are only checked. `lifetime` in
    seconds.
    """

    lifetime: int
    endpoint: str


def _require(condition: object) -> None:
    if not condition:
        raise Refusal(Cme.INCORRECT_PARAMETERS)


def decode(blob: bytes) -> Config:
    """Decode a whole blob. Raises Refusal when a field or a length is out of range."""
    _require(len(blob) >= _HEAD.size)
    mode, debug, _, lifetime = _HEAD.unpack_from(blob)
    _require(mode & ~(_BOOTSTRAP | _ENCRYPT) == 0)
    _require(debug in _DEBUG_LEVELS and lifetime in LIFETIME)
    uri, rest = _counted(blob[_HEAD.size :])
    endpoint, blocks = _counted(rest)
    address = _URI.fullmatch(uri)
    _require(len(uri) <= _URI_LIMIT and address and 0 < int(address[1]) < 65_536)
    _require(_ENDPOINT.fullmatch(endpoint))
    if blocks:
        _require(len(blocks) == 3)
        block1, block2, threshold = blocks
        _require(block1 in _BLOCK_EXPONENTS and block2 in _BLOCK_EXPONENTS)
        _require(threshold in _BLOCK_THRESHOLDS)
    return Config(lifetime, endpoint.decode("ascii"))


def _counted(data: bytes) -> tuple[bytes, bytes]:
    """A field with a two-byte length before it, and the rest of the data."""
    _require(len(data) >= _LENGTH.size)
    (length,) = _LENGTH.unpack_from(data)
    end = _LENGTH.size + length
    _require(len(data) >= end)
    return data[_LENGTH.size : end], data[end:]


class Assembly:
    """Collects fragments. Indices count from 1; fragment 1 discards earlier fragments."""

    def __init__(self) -> None:
        self._fragments: tuple[bytes, ...] = ()

    def add(self, values: Values) -> Config | None:
        """Take the values of one `AT+MIPLCONF`; returns the configuration after the last one.

        Raises Refusal, and keeps the earlier fragments, when a size or an index is wrong or the
        whole is not a valid configuration.
        """
        announced = values.integer(1, FRAGMENT_LIMIT)
        fragment = from_hex(values.bare())
        index = values.integer(1, BLOB_LIMIT)
        (last,) = values.only((0, 1))
        earlier = self._fragments if index > 1 else ()
        _require(announced == len(fragment) and index == len(earlier) + 1)
        fragments = (*earlier, fragment)
        blob = b"".join(fragments)
        _require(len(blob) <= BLOB_LIMIT)
        if not last:
            self._fragments = fragments
            return None
        config = decode(blob)
        self._fragments = ()
        return config
