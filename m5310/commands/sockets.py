"""UDP sockets of the module: AT+NSOCR, NSOST, NSORF, NSOCL."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import Final

from m5310.at.codec import Answer, Command, Quoted
from m5310.commands.address import ip_address
from m5310.commands.general import query, read, setting, within
from m5310.errors import AnswerError, ParameterError

SOCKETS: Final = range(7)
"""An eighth socket is refused (seen)."""
DATAGRAM_LIMIT: Final = 512
"""Bytes one AT+NSOST carries (seen)."""
_PORTS = range(65536)
_UDP = 17  # IANA protocol number

_NUMBER = re.compile(r"[0-6]")
_SENT = re.compile(r"([0-6]),([0-9]{1,4})")
_RECEIVED = re.compile(
    r'([0-6]),"?([0-9A-Fa-f.:]+)"?,([0-9]{1,5}),([0-9]{1,4}),((?:[0-9A-Fa-f]{2})*),([0-9]{1,5})'
)
_WAITING = re.compile(r"\+NSONMI: ?([0-6]),([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Datagram:
    """What AT+NSORF brought; `remaining` bytes of the same datagram are still to be fetched."""

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


def create(port: int = 0, *, receive: bool = True) -> Command:
    """`port` is the local one, 0 = the module's choice; `receive` False: it only sends."""
    within("port", port, _PORTS)
    values = (Quoted("DGRAM"), _UDP, port, int(receive))
    return query("+NSOCR", _NUMBER, *values, repeatable=False)


def created(answer: Answer) -> int:
    """The socket's number."""
    return int(read(answer, _NUMBER)[0])


def send(socket: int, address: str, port: int, data: bytes) -> Command:
    """One datagram of 1..512 bytes."""
    within("socket", socket, SOCKETS)
    within("port", port, _PORTS)
    address = ip_address(address)
    if not 1 <= len(data) <= DATAGRAM_LIMIT:
        raise ParameterError(f"a datagram of {len(data)} bytes; expected 1..{DATAGRAM_LIMIT}")
    values = (socket, address, port, len(data), data.hex().upper())
    return query("+NSOST", _SENT, *values, repeatable=False)


def sent(answer: Answer) -> int:
    """Bytes the module took."""
    return int(read(answer, _SENT)[2])


def receive(socket: int, length: int) -> Command:
    """Up to `length` bytes; nothing but OK if nothing waits."""
    within("socket", socket, SOCKETS)
    within("length", length, range(1, 65536))
    # What is fetched is gone from the module.
    return query("+NSORF", _RECEIVED, socket, length, required=False, repeatable=False)


def received(answer: Answer) -> Datagram | None:
    """None if nothing waited. Raises AnswerError if length and data disagree."""
    if not answer.lines:
        return None
    match = read(answer, _RECEIVED)
    data = bytes.fromhex(match[5])
    if len(data) != int(match[4]):
        raise AnswerError(f"{match[0]!r} announces {match[4]} bytes and brings {len(data)}")
    return Datagram(int(match[1]), _origin(match[2]), int(match[3]), data, int(match[6]))


def _origin(text: str) -> str:
    """As `ip_address` writes it, so that it equals what a program asked for."""
    with contextlib.suppress(ParameterError):  # no reason to lose the datagram
        return ip_address(text)
    return text


def close(socket: int) -> Command:
    return setting("+NSOCL", within("socket", socket, SOCKETS))


def waiting(line: str) -> DatagramWaiting | None:
    """What +NSONMI says; None for any other line."""
    match = _WAITING.fullmatch(line)
    return DatagramWaiting(int(match[1]), int(match[2])) if match else None
