"""Capture in the format pcapng: the datagrams of the air and the bytes of serial lines. Pure."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import pack

from emulator.air.addresses import split
from emulator.recording.format import Chunks, Side

# draft-ietf-opsawg-pcapng: block types, and options of an interface.
_SECTION = 0x0A0D0D0A
_INTERFACE = 1
_NAMES = 4
_PACKET = 6
_INTERFACE_NAME = 2
_BYTE_ORDER = 0x1A2B3C4D
_NO_LENGTH = 0xFFFF_FFFF_FFFF_FFFF  # of the section: until the end of the file
_NAME_OF_IPV4 = 1  # a record of a block of names

# Link types: IP packets without a frame; a packet with the name of its dissector before it.
_RAW_IP = 101
_UPPER_PDU = 252
_DISSECTOR_NAME = 12
_DIRECTION = 35
AT_DISSECTOR = "m5310.at"
"""The name of the dissector of the serial lines, `tools/m5310_at.lua`."""

_UDP = 17
_HOPS = 64
_MAX_PAYLOAD = 65_535 - 40 - 8  # of an IP packet, minus the headers
# RFC 5737: addresses for documentation. They stand for names of hosts.
_NAMED = int(IPv4Address("192.0.2.0"))
_MAX_NAMES = 254  # further ones share the last address

IPAddress = IPv4Address | IPv6Address


class Capture:
    """Calls `write` with the blocks of one capture; all times are POSIX seconds of one clock.

    `datagram` adds a datagram as IP packet, `serial` bytes of a serial line as packets of one line
    of text each. Each line has an interface of its own. `close` writes an unfinished line.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._lines: dict[str, Chunks] = {}
        self._names: dict[str, IPv4Address] = {}
        self._interfaces = 0
        write(_block(_SECTION, pack("<IHHQ", _BYTE_ORDER, 1, 0, _NO_LENGTH)))
        self._air = self._interface(_RAW_IP, "air")

    def datagram(self, source: str, destination: str, datagram: bytes, now: float) -> None:
        """Add a datagram between two addresses, `host:port`.

        A name of a host is shown by an address of 192.0.2.0/24, with the name in the file. Raises
        ValueError for an invalid address.
        """
        here, there = self._endpoint(source), self._endpoint(destination)
        self._packet(self._air, ip_packet(here, there, datagram[:_MAX_PAYLOAD]), now)

    def serial(self, name: str, side: Side, data: bytes, now: float) -> None:
        """Add bytes that `side` has sent by `now` on the line with this name."""
        chunks = self._lines.get(name)
        if chunks is None:
            number = self._interface(_UPPER_PDU, name)
            chunks = self._lines[name] = Chunks(
                lambda at, side, data: self._packet(number, _at_packet(side, data), at)
            )
        chunks.sent(side, data, now)

    def close(self) -> None:
        for chunks in self._lines.values():
            chunks.flush()

    def _endpoint(self, address: str) -> tuple[IPAddress, int]:
        host, port = split(address)
        try:
            return ip_address(host.partition("%")[0]), port
        except ValueError:
            return self._names.get(host) or self._name(host), port

    def _name(self, host: str) -> IPv4Address:
        if len(self._names) == _MAX_NAMES:
            return IPv4Address(_NAMED + 255)
        address = self._names[host] = IPv4Address(_NAMED + len(self._names) + 1)
        record = address.packed + host.encode("utf-8", "backslashreplace") + b"\0"
        names = pack("<HH", _NAME_OF_IPV4, len(record)) + _padded(record) + bytes(4)
        self._write(_block(_NAMES, names))
        return address

    def _interface(self, link_type: int, name: str) -> int:
        text = name.encode("utf-8", "backslashreplace")
        options = pack("<HH", _INTERFACE_NAME, len(text)) + _padded(text) + bytes(4)
        self._write(_block(_INTERFACE, pack("<HHI", link_type, 0, 0) + options))
        self._interfaces += 1
        return self._interfaces - 1

    def _packet(self, interface: int, packet: bytes, now: float) -> None:
        microseconds = max(round(now * 1e6), 0)
        high, low = divmod(microseconds, 1 << 32)
        size = len(packet)
        self._write(_block(_PACKET, pack("<IIIII", interface, high, low, size, size) + packet))


def ip_packet(
    source: tuple[IPAddress, int], destination: tuple[IPAddress, int], payload: bytes
) -> bytes:
    """UDP over IPv4, or over IPv6 if one of the ends has such an address (RFC 768, 791, 8200)."""
    (here, from_port), (there, to_port) = source, destination
    if here.version != there.version:
        here, there = _as_ipv6(here), _as_ipv6(there)
    length = 8 + len(payload)
    ends = here.packed + there.packed
    pseudo_header = ends + pack(">II", length, _UDP)
    ports = pack(">HHH", from_port, to_port, length)
    # RFC 768: a sum of 0 is sent as 0xFFFF, because 0 says that there is none.
    checksum = _checksum(pseudo_header + ports + b"\0\0" + payload) or 0xFFFF
    udp = ports + pack(">H", checksum) + payload
    if here.version == 6:
        return pack(">IHBB", 6 << 28, length, _UDP, _HOPS) + ends + udp
    start = pack(">BBHIBB", 0x45, 0, 20 + length, 0x4000, _HOPS, _UDP)  # not to be fragmented
    return start + pack(">H", _checksum(start + b"\0\0" + ends)) + ends + udp


def _as_ipv6(address: IPAddress) -> IPAddress:
    """The IPv4-mapped address (RFC 4291 section 2.5.5.2)."""
    if address.version == 6:
        return address
    return IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of `data`, which is not all zeros."""
    total = int.from_bytes(data + b"\0" * (len(data) % 2)) % 0xFFFF
    return 0xFFFF - (total or 0xFFFF)


def _at_packet(side: Side, data: bytes) -> bytes:
    """Bytes of a serial line with the name of their dissector; the host is the one that sends."""
    name = AT_DISSECTOR.encode()
    tags = pack(">HH", _DISSECTOR_NAME, len(name)) + _padded(name)
    tags += pack(">HHI", _DIRECTION, 4, 0 if side is Side.HOST else 1)
    return tags + bytes(4) + data


def _block(kind: int, body: bytes) -> bytes:
    body = _padded(body)
    size = len(body) + 12
    return pack("<II", kind, size) + body + pack("<I", size)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
