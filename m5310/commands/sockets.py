"""UDP sockets of the module: AT+NSOCR, NSOST, NSOSTF, NSORF, NSOCL, and IP addresses."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from m5310.at.codec import Quoted
from m5310.at.table import CommandTable, Match, Values
from m5310.commands.general import within
from m5310.errors import AnswerError, ParameterError, Text, listed

SOCKETS: Final = range(7)
"""An eighth socket is refused (seen)."""
DATAGRAM_LIMIT: Final = 512
"""Bytes one AT+NSOST carries (seen)."""
_PORTS = range(65536)
_UDP = 17  # IANA protocol number

TABLE: Final = CommandTable()


@dataclass(frozen=True, slots=True)
class Datagram:
    """The answer to AT+NSORF; `remaining` bytes of the same datagram are still to be fetched."""

    socket: int
    address: str
    port: int
    data: bytes
    remaining: int


@dataclass(frozen=True, slots=True)
class DatagramWaiting:
    """+NSONMI: `length` bytes wait on `socket`; comes once for each datagram."""

    socket: int
    length: int


class Release(IntFlag):
    """Release assistance of AT+NSOSTF (China Mobile's page on the M5310): when the network may
    release the connection to the cell, so that the module sleeps sooner.
    """

    EXCEPTION = 0x100
    """The datagram is an exception report, which is sent with priority."""
    AFTER_SENDING = 0x200
    AFTER_ANSWER = 0x400
    """After the next datagram that the module receives."""


def ip_address(text: str) -> str:
    """An IP address in its canonical form (`2001:DB8::1` becomes `2001:db8::1`).

    Raises ParameterError on any other text, and on a scope, which has a meaning only on the host.
    """
    try:
        if "%" in text:
            raise ValueError
        return str(ipaddress.ip_address(text))
    except (ValueError, TypeError):
        raise ParameterError(
            f"{text!r} is not an IP address like '183.230.40.40'; the module resolves no names"
        ) from None


def _describe_create(values: Sequence[str]) -> str:
    port = values[2] if len(values) > 2 else "0"
    if port == "0":
        return Text("open a UDP socket")
    return Text("open a UDP socket on port {port}", port=port)


@TABLE.request(
    "+NSOCR",
    '"DGRAM",17,<port>,1',
    Text("open a UDP socket"),
    re.compile(r"[0-6]"),
    lambda matches: int(matches[0][0]),
    describe=_describe_create,
    describe_result=lambda socket: Text("socket {socket}", socket=socket),
)
def create(port: int = 0, *, receive: bool = True) -> Values:
    """Returns the socket's number.

    `port` is the local one, 0..65535 (else ParameterError); 0: the module chooses. `receive`
    False: the socket only sends.
    """
    return Quoted("DGRAM"), _UDP, within("port", port, _PORTS), int(receive)


def _describe_send(values: Sequence[str]) -> str:
    socket, address, port, length, _ = values
    return Text(
        "send {length} bytes to {address}:{port} from socket {socket}",
        length=length,
        address=address,
        port=port,
        socket=socket,
    )


@TABLE.request(
    "+NSOST",
    "<socket>,<ip>,<port>,<length>,<hex>",
    Text("send a datagram"),
    re.compile(r"([0-6]),([0-9]{1,4})"),
    lambda matches: int(matches[0][2]),
    describe=_describe_send,
    describe_result=lambda accepted: Text("{count} bytes accepted", count=accepted),
)
def send(socket: int, address: str, port: int, data: bytes) -> Values:
    """One datagram of 1..512 bytes. Returns the number of bytes that the module accepted.

    Raises ParameterError on values out of range and on an `address` that is not an IP address.
    """
    return _datagram(socket, address, port, data)


def _datagram(socket: int, address: str, port: int, data: bytes) -> tuple[int, str, int, int, str]:
    within("socket", socket, SOCKETS)
    within("port", port, _PORTS)
    address = ip_address(address)
    if not 1 <= len(data) <= DATAGRAM_LIMIT:
        raise ParameterError(f"a datagram of {len(data)} bytes; expected 1..{DATAGRAM_LIMIT}")
    return socket, address, port, len(data), data.hex().upper()


_RELEASES: Final = {
    Release.EXCEPTION: Text("as an exception report"),
    Release.AFTER_SENDING: Text("released after it"),
    Release.AFTER_ANSWER: Text("released after the next datagram received"),
}


def _describe_send_and_release(values: Sequence[str]) -> str:
    socket, address, port, flags, length, data = values
    release = Release(int(flags, 16))
    sent = _describe_send((socket, address, port, length, data))
    return listed((sent, *(words for each, words in _RELEASES.items() if each in release)))


@TABLE.request(
    "+NSOSTF",
    "<socket>,<ip>,<port>,<flags>,<length>,<hex>",
    Text("send a datagram, then release the connection"),
    re.compile(r"([0-6]),([0-9]{1,4})"),
    lambda matches: int(matches[0][2]),
    describe=_describe_send_and_release,
    describe_result=lambda accepted: Text("{count} bytes accepted", count=accepted),
)
def send_and_release(socket: int, address: str, port: int, data: bytes, release: Release) -> Values:
    """As `send`, with release assistance."""
    _, address, _, length, digits = _datagram(socket, address, port, data)
    return socket, address, port, f"0x{release:03X}", length, digits


def _received(matches: Sequence[Match]) -> Datagram | None:
    """None if no datagram was waiting. Raises AnswerError if length and data disagree."""
    if not matches:
        return None
    match = matches[0]
    data = bytes.fromhex(match[5])
    if len(data) != int(match[4]):
        raise AnswerError(f"{match[0]!r} announces {match[4]} bytes but holds {len(data)}")
    address = match[2]
    with contextlib.suppress(ParameterError):  # a strange address is no reason to lose the data
        address = ip_address(address)  # so that it equals what a program passed to `send`
    return Datagram(int(match[1]), address, int(match[3]), data, int(match[6]))


def _describe_receive(values: Sequence[str]) -> str:
    socket, length = values
    return Text("fetch up to {length} bytes of socket {socket}", length=length, socket=socket)


def _describe_received(datagram: Datagram | None) -> str:
    if datagram is None:
        return Text("no datagram")
    found = Text(
        "{size} bytes from {address}:{port} on socket {socket}",
        size=len(datagram.data),
        address=datagram.address,
        port=datagram.port,
        socket=datagram.socket,
    )
    if not datagram.remaining:
        return found
    return listed((found, Text("{count} more bytes wait", count=datagram.remaining)))


@TABLE.request(
    "+NSORF",
    "<socket>,<length>",
    Text("fetch a datagram"),
    re.compile(
        r'([0-6]),"?([0-9A-Fa-f.:]+)"?,([0-9]{1,5}),([0-9]{1,4}),((?:[0-9A-Fa-f]{2})*),([0-9]{1,5})'
    ),
    _received,
    describe=_describe_receive,
    describe_result=_describe_received,
    required=False,
)
def receive(socket: int, length: int) -> Values:
    """Up to `length` bytes (1..65535, else ParameterError), which the module then drops."""
    within("socket", socket, SOCKETS)
    return socket, within("length", length, range(1, 65536))


def _describe_close(values: Sequence[str]) -> str:
    (socket,) = values
    return Text("close socket {socket}", socket=socket)


@TABLE.setting("+NSOCL", "<socket>", Text("close a socket"), describe=_describe_close)
def close(socket: int) -> Values:
    """`socket` is 0..6, else ParameterError."""
    return (within("socket", socket, SOCKETS),)


def waiting(line: str) -> DatagramWaiting | None:
    """An unsolicited +NSONMI parsed; None for any other line."""
    match = _WAITING.fullmatch(line)
    return DatagramWaiting(int(match[1]), int(match[2])) if match else None


_WAITING = re.compile(r"\+NSONMI: ?([0-6]),([0-9]{1,5})")
