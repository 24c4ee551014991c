"""Internet: UDP sockets of this machine behind the module's sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address

from emulator.module.general.udp import Datagram

_LOOPBACK = "127.0.0.1"
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - only where the user has allowed the network
# Datagrams read from one socket before other events are served.
_AT_ONCE = 16
_READ_SIZE = 65_536


class Internet:
    """`on_datagram` receives datagrams: socket number, the sender's address and port, the bytes.

    Each socket of the module is a socket of this machine at the same port if that is free, else at
    another one, which `on_note` names. Nothing leaves this machine unless `allowed`. `limit`: bytes
    of a datagram that the module takes. `sockets` are the open ones, by the module's port.
    """

    def __init__(
        self,
        on_datagram: Callable[[int, str, int, bytes], None],
        on_note: Callable[[str], None],
        *,
        allowed: bool = False,
        limit: int = 512,
    ) -> None:
        self._on_datagram = on_datagram
        self._on_note = on_note
        self._allowed = allowed
        self._limit = limit
        self.sockets: dict[int, socket.socket] = {}
        self._numbers: dict[int, int] = {}  # the module's socket at each port

    def settle(self, ports: Mapping[int, int]) -> None:
        """Open and close sockets for the module's present ones: local port by number."""
        self._numbers = {port: number for number, port in ports.items()}
        for port in self.sockets.keys() - self._numbers.keys():
            self._close(port)
        for port in self._numbers.keys() - self.sockets.keys():
            self._open_at(port)

    def send(self, datagram: Datagram) -> None:
        """Send `datagram`, or note why it is lost."""
        where = f"{datagram.address}:{datagram.port}"
        if not self._allowed and not IPv4Address(datagram.address).is_loopback:
            self._on_note(
                f"datagram to {where} dropped: --allow-network lets it leave this machine"
            )
            return
        here = self.sockets.get(datagram.local_port) or self._open_at(datagram.local_port)
        try:
            here.sendto(datagram.data, (datagram.address, datagram.port))
        except OSError as error:
            self._on_note(f"datagram to {where} lost: {error.strerror}")

    def close(self) -> None:
        """Close all sockets."""
        self.settle({})

    def _open_at(self, port: int) -> socket.socket:
        host = _EVERYWHERE if self._allowed else _LOOPBACK
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setblocking(False)
        try:
            made.bind((host, port))
        except OSError as error:
            made.bind((host, 0))
            other = made.getsockname()[1]
            self._on_note(f"UDP port {port}: {error.strerror}; reached at {host}:{other} instead")
        self.sockets[port] = made
        asyncio.get_running_loop().add_reader(made, self._read, port)
        return made

    def _close(self, port: int) -> None:
        made = self.sockets.pop(port)
        asyncio.get_running_loop().remove_reader(made)
        made.close()

    def _read(self, port: int) -> None:
        for _ in range(_AT_ONCE):
            here, number = self.sockets.get(port), self._numbers.get(port)
            if here is None or number is None:  # closed by an earlier datagram
                return
            try:
                data, (address, sender) = here.recvfrom(_READ_SIZE)
            except BlockingIOError:
                return
            except OSError as error:
                self._on_note(f"UDP port {port}: {error.strerror}")
                return
            if len(data) > self._limit:
                self._on_note(f"datagram of {len(data)} bytes lost: the module takes {self._limit}")
            self._on_datagram(number, address, sender, data)
