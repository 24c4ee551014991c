"""The configuration of a device, encoded as the bytes that AT+MIPLCONF carries.

Little-endian, no padding (seen in two complete lines of host programs; field names from
OneNET guide 5.1.1):

    offset 0      u8   mode: bit 4 bootstrap, bit 0 encrypt
           1      u8   debug 0..3
           2      u16  local port, 0 = chosen by the module
           4      u32  lifetime in seconds
           8      u16 + n   URI
           ...    u16 + n   endpoint
           ...    3 x u8    block1, block2, block2 threshold; may be absent as a whole
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from ipaddress import IPv6Address

from m5310.errors import Code, ParameterError, Text, shortened

LIFETIMES = range(10, 86400 + 1)
"""Seconds (OneNET guide 5.1.1)."""
BOOTSTRAP_SERVER = "183.230.40.39:5683"
"""OneNET's bootstrap server; it needs the bootstrap bit (seen)."""

_URI_LIMIT = 255  # bytes  # guess: longer than any server's name, shorter than the buffers
_BOOTSTRAP = 0x10
_ENCRYPT = 0x01
_HEAD = struct.Struct("<BBHI")
_ENDPOINT = re.compile(r"[A-Za-z0-9]{1,17};[A-Za-z0-9]{1,16}")
# RFC 7252 6.1 and 6.2 without a path and a query; a name as RFC 3986 3.2.2 spells it
_URI = re.compile(
    r"coaps?://(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._~%!$&'()*+,;=-]+))"
    r":(?P<port>[0-9]{1,5})"
)


def _shape(pattern: re.Pattern[str], text: object) -> re.Match[str] | None:
    return pattern.fullmatch(text) if isinstance(text, str) else None


def _within(name: str, number: int, allowed: range) -> None:
    if type(number) is not int or number not in allowed:
        raise ParameterError(
            Text(
                "{name} {number} is not a whole number in {least}..{most}",
                name=name,
                number=repr(number),
                least=allowed[0],
                most=allowed[-1],
            )
        )


def _flag(name: str, on: object) -> None:
    if not isinstance(on, bool):
        raise ParameterError(f"{name} {shortened(repr(on), 60)}: expected True or False")


@dataclass(frozen=True, slots=True)
class Blocks:
    """Block-wise transfer: a block has 2^(4+n) bytes, n 0..6; threshold 0..2."""

    block1: int = 5
    block2: int = 5
    threshold: int = 1

    def __post_init__(self) -> None:
        _within("block1", self.block1, range(7))
        _within("block2", self.block2, range(7))
        _within("block2 threshold", self.threshold, range(3))


@dataclass(frozen=True, slots=True)
class Config:
    """The values of AT+MIPLCONF. Raises ParameterError on an invalid one.

    `endpoint` is `<imei>;<imsi>`, `lifetime` in seconds, 10..86400. `bootstrap` None: according to
    the server in the URI. `blocks` None: the block bytes are omitted.
    """

    endpoint: str
    uri: str
    lifetime: int = 86400
    bootstrap: bool | None = None
    encrypt: bool = False
    debug: int = 0
    port: int = 0
    blocks: Blocks | None = Blocks()

    def __post_init__(self) -> None:
        if not _shape(_ENDPOINT, self.endpoint):
            raise ParameterError(
                Text(
                    "the endpoint {endpoint} is not <imei>;<imsi>: exactly one ';', letters and "
                    "digits, up to 17 before it and up to 16 after it",
                    endpoint=shortened(repr(self.endpoint), 60),
                )
            )
        server = _server(self.uri)
        if self.bootstrap is not None:
            _flag("bootstrap", self.bootstrap)
        _flag("encrypt", self.encrypt)
        if not isinstance(self.blocks, Blocks | None):
            shown = shortened(repr(self.blocks), 60)
            raise ParameterError(f"blocks {shown}: expected Blocks(5, 5, 1) or the like, or None")
        _within("lifetime", self.lifetime, LIFETIMES)
        _within("debug", self.debug, range(4))
        _within("port", self.port, range(65536))
        if self.bootstrap is None:
            object.__setattr__(self, "bootstrap", server == BOOTSTRAP_SERVER)

    def encode(self) -> bytes:
        mode = (_BOOTSTRAP if self.bootstrap else 0) | (_ENCRYPT if self.encrypt else 0)
        blocks = self.blocks
        tail = b"" if blocks is None else bytes((blocks.block1, blocks.block2, blocks.threshold))
        return b"".join(
            (
                _HEAD.pack(mode, self.debug, self.port, self.lifetime),
                _counted(self.uri),
                _counted(self.endpoint),
                tail,
            )
        )

    @classmethod
    def decode(cls, blob: bytes) -> Config:
        """The reverse of `encode`. Raises ParameterError where a blob is malformed."""
        if len(blob) < _HEAD.size:
            raise ParameterError(
                f"a configuration of {len(blob)} bytes; its head alone has {_HEAD.size}"
            )
        mode, debug, port, lifetime = _HEAD.unpack_from(blob)
        if mode & ~(_BOOTSTRAP | _ENCRYPT):
            raise ParameterError(f"the mode byte is {mode:#04x}; only bits 4 and 0 have a meaning")
        uri, offset = _text("URI", blob, _HEAD.size)
        endpoint, offset = _text("endpoint", blob, offset)
        return cls(
            endpoint=endpoint,
            uri=uri,
            lifetime=lifetime,
            bootstrap=bool(mode & _BOOTSTRAP),
            encrypt=bool(mode & _ENCRYPT),
            debug=debug,
            port=port,
            blocks=_blocks(blob[offset:]),
        )


def _server(uri: str) -> str:
    """host:port of `coap://host:port`. Raises ParameterError on any other form."""
    wrong = ParameterError(
        Text(
            "the URI {uri} is not coap://host:port (or coaps), ASCII, at most {limit} bytes",
            uri=shortened(repr(uri), 60),
            limit=_URI_LIMIT,
        ),
        Code.INVALID_URI,
    )
    shape = _shape(_URI, uri)
    if shape is None or len(uri) > _URI_LIMIT or not 0 < int(shape["port"]) < 65536:
        raise wrong
    if shape["ipv6"]:
        try:
            IPv6Address(shape["ipv6"])
        except ValueError:
            raise wrong from None
    return f"{shape['name'] or shape['ipv6']}:{int(shape['port'])}"


def _counted(text: str) -> bytes:
    raw = text.encode("ascii")
    return struct.pack("<H", len(raw)) + raw


def _text(name: str, blob: bytes, offset: int) -> tuple[str, int]:
    if len(blob) < offset + 2:
        raise ParameterError(f"the configuration ends before the length of its {name}")
    length = int.from_bytes(blob[offset : offset + 2], "little")
    raw = blob[offset + 2 : offset + 2 + length]
    if len(raw) < length:
        raise ParameterError(f"the {name} has {length} bytes, but only {len(raw)} follow")
    try:
        return raw.decode("ascii"), offset + 2 + length
    except UnicodeDecodeError:
        raise ParameterError(f"the {name} {raw!r} is not ASCII") from None


def _blocks(tail: bytes) -> Blocks | None:
    if not tail:
        return None
    if len(tail) != 3:
        raise ParameterError(
            f"{len(tail)} bytes follow the endpoint; expected the 3 block bytes or none"
        )
    return Blocks(*tail)
