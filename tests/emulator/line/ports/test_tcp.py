"""TCP port: one host at a time; connections, flow control, errors."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import serial

from emulator.line.ports import tcp
from emulator.line.ports.port import parse_address
from emulator.line.ports.tcp import RawSession, TcpPort
from tests.support.patience import PATIENCE
from tests.support.peers import Recorder, peer

pytestmark = pytest.mark.realtime


@contextmanager
def opened(recorder: Recorder, name: str = "socket://127.0.0.1:0") -> Iterator[TcpPort]:
    port = TcpPort(parse_address(name), RawSession, recorder.receive, recorder.note)
    try:
        yield port
    finally:
        port.close()


@pytest.mark.parametrize("name", ["socket://127.0.0.1:0", "socket://[::1]:0"])
async def test_bytes_pass_both_ways_unchanged(name: str) -> None:
    every = bytes(range(256))
    recorder = Recorder()
    with opened(recorder, name) as port:
        assert not port.opened
        assert port.frame is None
        assert port.write(b"to no host") == 0
        async with peer(port.name) as host:
            await host.send(every)
            await recorder.wait_for(every)
            assert port.opened
            assert port.frame is None
            assert port.write(every) == 256
            await host.reads(every)


async def test_hosts_connect_one_after_another() -> None:
    recorder = Recorder()
    with opened(recorder) as port:
        for number in range(3):
            async with peer(port.name) as host:
                await host.send(b"AT%d\r" % number)
                await recorder.wait_for(b"AT%d\r" % number)
                assert port.write(b"OK%d" % number) == 3
                await host.reads(b"OK%d" % number)


async def test_second_host_is_refused() -> None:
    recorder = Recorder()
    with opened(recorder) as port:
        async with peer(port.name) as first:
            await recorder.wait_for_note("has opened the port")
            async with peer(port.name) as second:
                await second.is_left()
            await recorder.wait_for_note("another host has the port open")
            await first.send(b"AT\r")
            await recorder.wait_for(b"AT\r")
            assert port.opened


@pytest.mark.parametrize("paused", [False, True])
async def test_host_reconnects_at_once(paused: bool) -> None:
    """A program that is ended and started again, while its last bytes are still being read."""
    recorder = Recorder()
    with opened(recorder) as port:
        async with peer(port.name) as first:
            await first.send(b"AT\r")
            await recorder.wait_for(b"AT\r")
        if paused:
            port.pause()
        number = int(port.name.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", number)) as first_again:
            port.poll()
            first_again.sendall(b"last bytes")
        with socket.create_connection(("127.0.0.1", number)) as second:
            port.poll()
            port.resume()
            assert port.opened
            second.sendall(b"AT+CSQ\r")
            await recorder.wait_for(b"AT+CSQ\r" if paused else b"last bytesAT+CSQ\r")
        assert not any("refusing" in note for note in recorder.notes)


async def test_half_closed_host_reads_until_the_next_connects() -> None:
    recorder = Recorder()
    with opened(recorder) as port:
        async with peer(port.name) as first:
            await first.send(b"AT\r")
            first.connection.shutdown(socket.SHUT_WR)
            await recorder.wait_for(b"AT\r")
            port.write(b"OK")
            await first.reads(b"OK")
            async with peer(port.name) as second:
                await first.is_left()
                await second.send(b"ATI\r")
                await recorder.wait_for(b"ATI\r")
                assert port.write(b"OK") == 2
                await second.reads(b"OK")


async def test_connection_reset_ends_the_host() -> None:
    recorder = Recorder()
    with opened(recorder) as port:
        async with peer(port.name) as host:
            await recorder.wait_for_note("has opened the port")
            # Zero seconds of linger: the connection is reset.
            host.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await recorder.wait_for_note("has closed the port")
        assert not port.opened


async def test_write_to_closed_host_ends_the_host() -> None:
    recorder = Recorder()
    with opened(recorder) as port:
        async with peer(port.name) as host:
            await host.send(b"x")
            await recorder.wait_for(b"x")
            port.pause()
            host.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        port.write(b"OK")
        await recorder.wait_for_note("has closed the port")
        assert not port.opened


async def test_host_that_does_not_read_fills_the_port() -> None:
    recorder = Recorder()
    with opened(recorder) as port:
        async with peer(port.name) as host:
            await recorder.wait_for_note("has opened the port")
            sent = 0
            while taken := port.write(b"x" * 50_000):
                sent += taken
            room = asyncio.Event()
            port.when_writable(room.set)
            while len(host.seen) < sent:
                host.seen += await asyncio.get_running_loop().sock_recv(host.connection, 65_536)
            await room.wait()
            port.stop_waiting()
            assert port.write(b"more") == 4
            await host.reads(b"more")


async def test_late_reader_gets_all_bytes() -> None:
    recorder = Recorder()
    with opened(recorder) as port:
        async with peer(port.name) as host:
            await recorder.wait_for_note("has opened the port")
            sent = 0
            while taken := port.write(b"x" * 50_000):
                sent += taken
            await host.reads(b"x" * sent)
            assert port.write(b"more") == 4


async def test_waiting_writer_is_called_when_host_leaves() -> None:
    recorder = Recorder()
    with opened(recorder) as port:
        gone = asyncio.Event()
        port.when_writable(gone.set)
        async with peer(port.name) as host:
            await recorder.wait_for_note("has opened the port")
            host.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await recorder.wait_for_note("has closed the port")
        await gone.wait()
        assert not port.opened


async def test_paused_port_reads_nothing_until_resume() -> None:
    recorder = Recorder()
    with opened(recorder) as port:
        port.pause()
        async with peer(port.name) as host:
            await host.send(b"AT\r")
            await recorder.wait_for_note("has opened the port")
            port.poll()
            assert recorder.data == b""
            port.resume()
            port.poll()
            assert recorder.data == b"AT\r"
            port.poll()  # nothing to read


async def test_poll_accepts_and_reads() -> None:
    recorder = Recorder()
    with opened(recorder) as port:
        port.poll()
        connection = socket.create_connection(("127.0.0.1", port.address.number))
        with connection:
            connection.sendall(b"AT\r")
            port.poll()
            assert recorder.data == b"AT\r"


async def test_failed_accept_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    with opened(recorder) as port:

        class Full:
            def accept(self) -> None:
                raise OSError(24, "Too many open files")

        with monkeypatch.context() as patched:
            patched.setattr(port, "_listener", Full())
            port._accept()
        assert recorder.notes == ["a host could not connect: Too many open files"]


class Chatty(RawSession):
    """Answers with more bytes than any host reads."""

    def __init__(self, send: object) -> None:
        assert callable(send)
        self._send = send

    def decode(self, data: bytes) -> bytes:
        if data == b"!":
            raise tcp.ProtocolViolation("an exclamation mark")
        self._send(b"x" * 10_000_000)
        return b""


@pytest.mark.parametrize(
    ("sent", "reason"),
    [(b"!", "disconnecting the host: an exclamation mark"), (b"?", "it does not read its answers")],
)
async def test_protocol_violation_disconnects_the_host(sent: bytes, reason: str) -> None:
    recorder = Recorder()
    port = TcpPort(parse_address("socket://127.0.0.1:0"), Chatty, recorder.receive, recorder.note)
    async with peer(port.name) as host:
        await host.send(sent)
        await recorder.wait_for_note(reason)
        assert not port.opened
    port.close()


async def test_port_in_use_is_named() -> None:
    recorder = Recorder()
    with (
        opened(recorder) as port,
        pytest.raises(OSError, match=f"{port.name}: Address already in use"),
    ):
        TcpPort(port.address, RawSession, recorder.receive, recorder.note)
    with pytest.raises(OSError, match=r"socket://no-such-host\.invalid:7000: "):
        TcpPort(
            parse_address("socket://no-such-host.invalid:7000"),
            RawSession,
            recorder.receive,
            recorder.note,
        )


async def test_pyserial_opens_socket_url() -> None:
    recorder = Recorder()
    with opened(recorder) as port:

        def talk() -> bytes:
            with serial.serial_for_url(port.name, timeout=PATIENCE) as host:
                host.write(b"AT\r")
                return bytes(host.read(6))

        talking = asyncio.get_running_loop().run_in_executor(None, talk)
        await recorder.wait_for(b"AT\r")
        port.write(b"\r\nOK\r\n")
        assert await talking == b"\r\nOK\r\n"
        await asyncio.get_running_loop().shutdown_default_executor()
