"""True UDP behind the module's sockets: kept on this machine, bounded, never a surprise."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from emulator.module.general.udp import Datagram
from emulator.simulation.internet import Internet

pytestmark = pytest.mark.realtime


class Modem:
    """What the module would be told."""

    def __init__(self, *, allowed: bool = False) -> None:
        self.got: list[tuple[int, str, int, bytes]] = []
        self.notes: list[str] = []
        self._news = asyncio.Event()
        self.net = Internet(self._hear, self.notes.append, allowed=allowed)

    def _hear(self, *datagram: object) -> None:
        self.got.append(datagram)  # type: ignore[arg-type]
        self._news.set()

    async def gets(self, count: int) -> None:
        while len(self.got) < count:
            self._news.clear()
            await self._news.wait()


@contextmanager
def modem(*, allowed: bool = False) -> Iterator[Modem]:
    made = Modem(allowed=allowed)
    try:
        yield made
    finally:
        made.net.close()


@contextmanager
def server() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(5)
        yield made


def free_port() -> int:
    with server() as taken:
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("allowed", [False, True])
async def test_a_datagram_goes_out_and_its_answer_comes_back(allowed: bool) -> None:
    port = free_port()
    with modem(allowed=allowed) as it, server() as far:
        it.net.settle({3: port})
        assert it.net.port_of(port) == port
        it.net.send(Datagram(port, "127.0.0.1", far.getsockname()[1], b"hello"))
        data, origin = far.recvfrom(100)
        assert (data, origin[1]) == (b"hello", port)
        far.sendto(b"world", origin)
        await it.gets(1)
        assert it.got == [(3, "127.0.0.1", far.getsockname()[1], b"world")]
        assert it.notes == []


async def test_a_socket_that_is_closed_is_closed_here_too() -> None:
    port = free_port()
    with modem() as it:
        it.net.settle({0: port})
        it.net.settle({})
        assert it.net.port_of(port) is None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", port))


async def test_a_socket_opened_used_and_closed_at_once_has_sent() -> None:
    with modem() as it, server() as far:
        it.net.send(Datagram(free_port(), "127.0.0.1", far.getsockname()[1], b"hello"))
        it.net.settle({})
        assert far.recv(100) == b"hello"


async def test_a_port_that_is_taken_is_another_one() -> None:
    with modem() as it, server() as taken, server() as far:
        port = taken.getsockname()[1]
        it.net.settle({0: port})
        other = it.net.port_of(port)
        assert other not in (None, port)
        note = f"UDP port {port}: Address already in use; reached at 127.0.0.1:{other} instead"
        assert it.notes == [note]
        far.sendto(b"in", ("127.0.0.1", other))
        await it.gets(1)
        assert it.got[0][0] == 0


async def test_nothing_leaves_this_machine_unless_allowed() -> None:
    with modem() as it:
        it.net.settle({0: free_port()})
        it.net.send(Datagram(1, "192.0.2.1", 5683, b"x"))
        assert it.notes == [
            "datagram to 192.0.2.1:5683 dropped: --allow-network lets it leave this machine"
        ]


async def test_what_the_system_refuses_is_lost_and_noted() -> None:
    with modem(allowed=True) as it:
        it.net.send(Datagram(free_port(), "255.255.255.255", 9, b"x"))  # no broadcasts
        assert it.notes == ["datagram to 255.255.255.255:9 lost: Permission denied"]


async def test_a_datagram_too_long_for_the_module_is_noted() -> None:
    port = free_port()
    with modem() as it, server() as far:
        it.net.settle({0: port})
        far.sendto(b"x" * 513, ("127.0.0.1", port))
        await it.gets(1)
        assert it.notes == ["datagram of 513 bytes lost: the module takes 512"]


async def test_a_flood_leaves_room_for_others() -> None:
    port = free_port()
    with modem() as it, server() as far:
        it.net.settle({0: port})
        for number in range(40):
            far.sendto(bytes([number]), ("127.0.0.1", port))
        it.net._read(port)
        assert len(it.got) == 16
        await it.gets(40)
        assert [data[0] for *_, data in it.got] == list(range(40))


async def test_a_socket_closed_by_what_it_heard_is_read_no_more() -> None:
    port = free_port()
    with modem() as it, server() as far:
        it.net.settle({0: port})
        for _ in range(3):
            far.sendto(b"close", ("127.0.0.1", port))
        it.net._on_datagram = lambda *_: it.net.settle({})
        it.net._read(port)
        assert it.net.port_of(port) is None


async def test_what_cannot_be_read_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with modem() as it:
        it.net.settle({0: port})

        class Broken:
            def recvfrom(self, _size: int) -> None:
                raise OSError(5, "Input/output error")

        with monkeypatch.context() as patched:
            patched.setitem(it.net._open, port, Broken())
            it.net._read(port)
        assert it.notes == [f"UDP port {port}: Input/output error"]
