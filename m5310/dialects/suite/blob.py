"""The configuration of an instance, as the bytes that AT+MIPLCREATE carries.

Big-endian, no padding; decoded from lines of real hosts:

    u8    version 1 and number of nodes 3: 0x13
    u16   length of the whole
    F1    u16 3
    F2    u16 length, u16 MTU, u8 link and band (4 bits each), then with a u16 length each
          APN, user, password, host, user data; bit 12 of the host's length: bootstrap
    F3    u16 length, u8 debug, u16 size of the log's buffer, u16 length, user data of the log

The length of a node includes the three bytes of its type and length. Some firmware has one more
byte before the APN instead of bit 12: 0x80 for bootstrap (`bootstrap_byte`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from m5310.errors import ParameterError, shortened

TOTAL_LIMIT: Final = 1024
"""Bytes of a whole blob."""  # guess: some 60 bytes were seen

_VERSION: Final = 0x13
_BOOTSTRAP: Final = 1 << 12
_TEXT_LIMIT: Final = 255  # guess: longer than any name of a server, shorter than bit 12


@dataclass(frozen=True, slots=True)
class Blob:
    """The values of a configuration. `host` may have a port: `183.230.40.40:5683`.

    `mtu` in bytes; `link` and `band` 0..15; `debug` 0..255 and `log_buffer` in bytes are those of
    the module's log. Raises ParameterError for a value that has no place in the bytes.
    """

    host: str
    bootstrap: bool = False
    mtu: int = 1024
    link: int = 1
    band: int = 1
    apn: str = ""
    user: str = ""
    password: str = ""
    userdata: str = "1"
    debug: int = 0
    log_buffer: int = 0
    log_userdata: str = ""
    bootstrap_byte: bool = False

    def __post_init__(self) -> None:
        for name, limit in (
            *(("mtu", 0xFFFF), ("link", 15), ("band", 15)),
            *(("debug", 0xFF), ("log_buffer", 0xFFFF)),
        ):
            number = getattr(self, name)
            if type(number) is not int or not 0 <= number <= limit:
                raise ParameterError(f"{name} {number!r}: expected a whole number in 0..{limit}")
        for name in ("host", "apn", "user", "password", "userdata", "log_userdata"):
            text = getattr(self, name)
            if not isinstance(text, str) or not text.isascii() or len(text) > _TEXT_LIMIT:
                raise ParameterError(
                    f"{name} {shortened(repr(text), 60)}: expected ASCII, at most {_TEXT_LIMIT} "
                    "characters"
                )

    def encode(self) -> bytes:
        host = self.host.encode()
        in_length = _BOOTSTRAP if self.bootstrap and not self.bootstrap_byte else 0
        net = struct.pack(">HB", self.mtu, self.link << 4 | self.band)
        if self.bootstrap_byte:
            net += b"\x80" if self.bootstrap else b"\0"
        net += b"".join(map(_counted, (self.apn, self.user, self.password)))
        net += struct.pack(">H", len(host) | in_length) + host + _counted(self.userdata)
        log = struct.pack(">BH", self.debug, self.log_buffer) + _counted(self.log_userdata)
        nodes = _node(0xF1, b"") + _node(0xF2, net) + _node(0xF3, log)
        return struct.pack(">BH", _VERSION, 3 + len(nodes)) + nodes

    @classmethod
    def decode(cls, data: bytes) -> Blob:
        """The reverse of `encode`. Raises ParameterError, which says where it does not fit."""
        if data[:1] != bytes((_VERSION,)):
            raise ParameterError(f"it begins with {data[:1].hex()!r}, expected 13 (version, nodes)")
        reader = _Reader(data[1:])
        total = reader.number(2, "total length")
        if total != len(data):
            raise ParameterError(f"the total length is {total}, but {len(data)} bytes came")
        if nodes := reader.node(0xF1):
            raise ParameterError(f"node F1 has {len(nodes)} bytes, expected none")
        net, log = reader.node(0xF2), _Reader(reader.node(0xF3))
        reader.end("node F3")
        debug, buffer = log.number(1, "debug"), log.number(2, "log buffer")
        log_userdata = log.text("user data of the log")
        log.end("the log's user data")
        tail = debug, buffer, log_userdata
        try:
            return cls._net(net, tail, with_byte=False)
        except ParameterError as error:
            try:
                return cls._net(net, tail, with_byte=True)
            except ParameterError:
                raise error from None

    @classmethod
    def _net(cls, net: bytes, log: tuple[int, int, str], *, with_byte: bool) -> Blob:
        reader = _Reader(net)
        mtu, link_band = reader.number(2, "MTU"), reader.number(1, "link and band")
        bootstrap = False
        if with_byte:
            flag = reader.number(1, "bootstrap")
            if flag not in (0, 0x80):
                raise ParameterError(f"the bootstrap byte is {flag:#04x}, expected 0x80 or 0")
            bootstrap = bool(flag)
        apn, user, password = (reader.text(name) for name in ("APN", "user", "password"))
        length = reader.number(2, "length of the host")
        bootstrap = bootstrap or bool(length & _BOOTSTRAP)
        host = reader.ascii(length & ~_BOOTSTRAP, "host")
        userdata = reader.text("user data")
        reader.end("the user data")
        link, band = divmod(link_band, 16)
        return cls(
            host=host,
            bootstrap=bootstrap,
            mtu=mtu,
            link=link,
            band=band,
            apn=apn,
            user=user,
            password=password,
            userdata=userdata,
            debug=log[0],
            log_buffer=log[1],
            log_userdata=log[2],
            bootstrap_byte=with_byte,
        )


def _counted(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def _node(kind: int, content: bytes) -> bytes:
    return struct.pack(">BH", kind, 3 + len(content)) + content


class _Reader:
    """Takes values off the front of bytes."""

    def __init__(self, data: bytes) -> None:
        self._left = data

    def take(self, size: int, what: str) -> bytes:
        if size > len(self._left):
            raise ParameterError(
                f"{what}: {size} bytes expected, but only {len(self._left)} follow"
            )
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def number(self, size: int, what: str) -> int:
        return int.from_bytes(self.take(size, what), "big")

    def ascii(self, size: int, what: str) -> str:
        data = self.take(size, what)
        try:
            return data.decode("ascii")
        except UnicodeDecodeError:
            raise ParameterError(f"the {what} {shortened(repr(data), 60)} is not ASCII") from None

    def text(self, what: str) -> str:
        return self.ascii(self.number(2, f"length of the {what}"), what)

    def node(self, kind: int) -> bytes:
        found = self.number(1, f"node {kind:X}")
        if found != kind:
            raise ParameterError(f"node {found:X} came, expected {kind:X}")
        length = self.number(2, f"length of node {kind:X}")
        if length < 3:
            raise ParameterError(f"the length of node {kind:X} is {length}, expected 3 or more")
        return self.take(length - 3, f"node {kind:X}")

    def end(self, what: str) -> None:
        if self._left:
            raise ParameterError(f"{len(self._left)} bytes follow {what}, expected none")
