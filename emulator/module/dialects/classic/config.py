"""The configuration blob of `AT+MIPLCONF`: little-endian, no padding, in fragments or whole."""

from __future__ import annotations

import re
import struct

from emulator.module.at.codec import Cme, Refusal, from_hex
from emulator.module.at.commands import Values
from emulator.module.at.doubts import Doubts
from emulator.module.lwm2m.bootstrap import address_of
from emulator.module.lwm2m.host import ServerAddress
from emulator.module.lwm2m.registration import BLOCKS, Account

LIFETIME = range(10, 86_401)  # seconds; the guide's 24 hours and the range of AT+MIPLUPDATE
FRAGMENT_LIMIT = 1024  # bytes of configuration in one line
BLOB_LIMIT = 4096  # guess: bounds the memory; no configuration is that long

_BOOTSTRAP, _ENCRYPT = 0x10, 0x01
_DEBUG_LEVELS = range(4)
_BLOCK_EXPONENTS = range(7)  # block size 2 ** (4 + n)
_BLOCK_THRESHOLDS = range(3)

_HEAD = struct.Struct("<BBHI")  # mode, debug, local port (0: the module chooses), lifetime
_LENGTH = struct.Struct("<H")

# `<imei>;<imsi>` (OneNET guide 4.2.1); letters occur in captured lines.
_ENDPOINT = re.compile(r"[A-Za-z0-9]{1,17};[A-Za-z0-9]{1,16}")


def _require(condition: object) -> None:
    """A blob that contradicts itself, or the layout of OneNET guide 5.1.1, is refused."""
    if not condition:
        raise Refusal(Cme.INCORRECT_PARAMETERS)


def decode(blob: bytes, doubts: Doubts) -> Account:
    """What the module uses of a whole blob; the rest is only checked.

    Raises Refusal when a length or the lifetime is out of range.
    """
    _require(len(blob) >= _HEAD.size)
    mode, debug, _, lifetime = _HEAD.unpack_from(blob)
    _require(lifetime in LIFETIME)
    uri, rest = _counted(blob[_HEAD.size :])
    endpoint, blocks = _counted(rest)
    _require(len(blocks) in (0, 3))
    if mode & ~(_BOOTSTRAP | _ENCRYPT) or debug not in _DEBUG_LEVELS:
        doubts.take(f"a configuration with mode 0x{mode:02X} and debug {debug}")
    sizes = BLOCKS
    if blocks:
        *exponents, threshold = blocks
        usable = all(exponent in _BLOCK_EXPONENTS for exponent in exponents)
        if not usable or threshold not in _BLOCK_THRESHOLDS:
            doubts.take(f"a configuration with the blocks {', '.join(map(str, blocks))}")
        if usable:
            sizes = 16 << exponents[0], 16 << exponents[1]
    name = endpoint.decode("utf-8", "backslashreplace")
    if not _ENDPOINT.fullmatch(name):
        doubts.take(f"the endpoint name {name!r} is not <imei>;<imsi>: the login will be refused")
    server = _server(uri, bool(mode & _BOOTSTRAP), doubts)
    return Account(name, lifetime, server, blocks=sizes)


def _server(uri: bytes, bootstrap: bool, doubts: Doubts) -> ServerAddress:
    text = uri.decode("utf-8", "backslashreplace")
    address = address_of(text)
    if address is None:
        doubts.take(f"the address {text!r} is not coap://host:port: the login will time out")
    return ServerAddress(address or text, bootstrap)


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

    def add(self, values: Values) -> Account | None:
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
        config = decode(blob, values.doubts)
        self._fragments = ()
        return config
