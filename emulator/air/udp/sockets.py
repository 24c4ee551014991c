"""UDP sockets that never block: open, read, send."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from emulator.air.addresses import join, split

# Datagrams read from one socket before other events are served.
_AT_ONCE = 32
_READ_SIZE = 65_536
_RECEIVE_BUFFER = 4_194_304

# What the socket module takes and gives: (host, port), for IPv6 with flow and scope.
SocketAddress = tuple[Any, ...]
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
# Addresses for documentation (RFC 5737, RFC 3849), which are behind the way to the network.
_OUTSIDE = {
    "0.0.0.0": (socket.AF_INET, "192.0.2.1"),  # noqa: S104
    "::": (socket.AF_INET6, "2001:db8::1"),
}


def literal(address: str) -> tuple[socket.AddressFamily, SocketAddress] | None:
    """Family and socket address of an `address` without a name; None if it has one.

    An address for all of this machine (`0.0.0.0`, `[::]`) becomes that of loopback. Raises
    ValueError.
    """
    host, port = split(address)
    try:
        ip_address(host)
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        found = socket.getaddrinfo(
            _WILDCARDS.get(host, host), port, type=socket.SOCK_DGRAM, flags=flags
        )
    except (ValueError, OSError):
        return None
    family, _, _, _, at = found[0]
    return family, at


def text_of(at: SocketAddress) -> str:
    """`host:port` of a socket address."""
    return join(at[0], at[1])


def bind(address: str) -> socket.socket:
    """A socket at `address`: an IP address and port, 0 for a free one.

    Raises OSError, and ValueError unless it is an IP address.
    """
    host, port = split(address)
    try:
        version = ip_address(host).version
    except ValueError:
        raise ValueError(f"address {address}: expected an IP address to listen at") from None
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    try:
        made = socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        raise OSError(
            f"no socket is left for the air ({error.strerror}): start fewer modules, or raise the"
            " limit (ulimit -n)"
        ) from error
    try:
        made.setblocking(False)
        # Many modules may send at once; the system gives what it allows.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        if version == 6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise OSError(error.errno, f"UDP on {address}: {error.strerror}") from error
    return made


def reached_at(address: str) -> str:
    """Where other machines reach a socket at `address`: for one at all addresses of this machine,
    that of the interface to the network, or of loopback without a network.
    """
    host, port = split(address)
    if host not in _WILDCARDS:
        return address
    family, other = _OUTSIDE[host]
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((other, port))  # chooses the interface, sends nothing
        except OSError:
            return join(_WILDCARDS[host], port)
        return join(probe.getsockname()[0], port)


def watch(made: socket.socket, on_readable: Callable[[], object]) -> None:
    asyncio.get_running_loop().add_reader(made, on_readable)


def close(made: socket.socket) -> None:
    """Close a watched socket."""
    asyncio.get_running_loop().remove_reader(made)
    made.close()


def read(made: socket.socket) -> list[tuple[bytes, SocketAddress]]:
    """What has arrived, with its senders; a part of it, if it is much."""
    arrived: list[tuple[bytes, SocketAddress]] = []
    for _ in range(_AT_ONCE):
        try:
            arrived.append(made.recvfrom(_READ_SIZE))
        except BlockingIOError:
            break
        except OSError:  # an earlier datagram was refused (ICMP): says nothing about later ones
            continue
    return arrived
