"""Internet: real UDP sockets behind the module's sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from emulator.module.general.udp import Datagram
from emulator.simulation.internet import Internet
from tests.support.free_ports import free_port
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.realtime


class ModuleSockets:
    """The module's side of `internet`: the datagrams and notes that it receives."""

    def __init__(self, *, allowed: bool = False) -> None:
        self.received: list[tuple[int, str, int, bytes]] = []
        self.notes: list[str] = []
        self._changed = asyncio.Event()
        self.internet = Internet(self._on_datagram, self.notes.append, allowed=allowed)

    def _on_datagram(self, number: int, address: str, port: int, data: bytes) -> None:
        self.received.append((number, address, port, data))
        self._changed.set()

    def bound_port(self, port: int) -> int:
        """The port of this machine behind the module's `port`."""
        return int(self.internet.sockets[port].getsockname()[1])

    async def wait_for(self, count: int) -> None:
        """Wait until `count` datagrams are received."""
        while len(self.received) < count:
            self._changed.clear()
            await self._changed.wait()


@contextmanager
def open_sockets(*, allowed: bool = False) -> Iterator[ModuleSockets]:
    module = ModuleSockets(allowed=allowed)
    try:
        yield module
    finally:
        module.internet.close()


@contextmanager
def server() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(PATIENCE)
        yield made


@pytest.mark.parametrize("allowed", [False, True])
async def test_datagram_is_sent_and_answer_is_received(allowed: bool) -> None:
    port = free_port()
    with open_sockets(allowed=allowed) as module, server() as peer:
        module.internet.settle({3: port})
        assert module.bound_port(port) == port
        module.internet.send(Datagram(port, "127.0.0.1", peer.getsockname()[1], b"hello"))
        data, origin = peer.recvfrom(100)
        assert (data, origin[1]) == (b"hello", port)
        peer.sendto(b"world", origin)
        await module.wait_for(1)
        assert module.received == [(3, "127.0.0.1", peer.getsockname()[1], b"world")]
        assert module.notes == []


async def test_settle_closes_socket_that_module_closed() -> None:
    port = free_port()
    with open_sockets() as module:
        module.internet.settle({0: port})
        module.internet.settle({})
        assert module.internet.sockets == {}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", port))


async def test_datagram_is_sent_from_socket_that_is_closed_at_once() -> None:
    with open_sockets() as module, server() as peer:
        module.internet.send(Datagram(free_port(), "127.0.0.1", peer.getsockname()[1], b"hello"))
        module.internet.settle({})
        assert peer.recv(100) == b"hello"


async def test_taken_port_is_replaced_by_free_one_and_noted() -> None:
    with open_sockets() as module, server() as taken, server() as peer:
        port = taken.getsockname()[1]
        module.internet.settle({0: port})
        other = module.bound_port(port)
        assert other != port
        note = f"UDP port {port}: Address already in use; reached at 127.0.0.1:{other} instead"
        assert module.notes == [note]
        peer.sendto(b"in", ("127.0.0.1", other))
        await module.wait_for(1)
        assert module.received[0][0] == 0


async def test_datagram_to_other_machine_is_dropped_and_noted_unless_allowed() -> None:
    with open_sockets() as module:
        module.internet.settle({0: free_port()})
        module.internet.send(Datagram(1, "192.0.2.1", 5683, b"x"))
        assert module.notes == [
            "datagram to 192.0.2.1:5683 dropped: --allow-network lets it leave this machine"
        ]


async def test_send_error_of_system_is_noted() -> None:
    with open_sockets(allowed=True) as module:
        module.internet.send(Datagram(free_port(), "255.255.255.255", 9, b"x"))  # no broadcasts
        assert module.notes == ["datagram to 255.255.255.255:9 lost: Permission denied"]


async def test_datagram_longer_than_512_bytes_is_noted() -> None:
    port = free_port()
    with open_sockets() as module, server() as peer:
        module.internet.settle({0: port})
        peer.sendto(b"x" * 513, ("127.0.0.1", port))
        await module.wait_for(1)
        assert module.notes == ["datagram of 513 bytes lost: the module takes 512"]


async def test_one_read_receives_at_most_16_datagrams() -> None:
    port = free_port()
    with open_sockets() as module, server() as peer:
        module.internet.settle({0: port})
        for number in range(40):
            peer.sendto(bytes([number]), ("127.0.0.1", port))
        module.internet._read(port)
        assert len(module.received) == 16
        await module.wait_for(40)
        assert [data[0] for *_, data in module.received] == list(range(40))


async def test_socket_closed_by_received_datagram_is_not_read_again() -> None:
    port = free_port()
    with open_sockets() as module, server() as peer:
        module.internet.settle({0: port})
        for _ in range(3):
            peer.sendto(b"close", ("127.0.0.1", port))
        module.internet._on_datagram = lambda *_: module.internet.settle({})
        module.internet._read(port)
        assert module.internet.sockets == {}


async def test_read_error_of_system_is_noted() -> None:
    port = free_port()
    with open_sockets() as module:
        module.internet.settle({0: port})
        # Only a connected UDP socket gets the error that its peer's port is closed.
        own = module.internet.sockets[port]
        own.connect(("127.0.0.1", free_port()))
        own.send(b"x")
        module.internet._read(port)
        assert module.notes == [f"UDP port {port}: Connection refused"]
