"""The two transports: the loop is not blocked, nothing leaks, a pulled plug is a lost port."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
import time
import tty
from dataclasses import dataclass
from typing import Any

import pytest
import serial
from serial.urlhandler import protocol_socket

from m5310.ports import transport as transport_module
from m5310.ports.transport import DescriptorTransport, ThreadTransport, connect, release
from tests.support.patience import PATIENCE
from tests.support.recorder import Recorder


def connected(port: transport_module.Port) -> tuple[Recorder, asyncio.Transport]:
    protocol = Recorder()
    return protocol, connect(asyncio.get_running_loop(), protocol, port)


def unhandled() -> list[dict[str, Any]]:
    """Filled with the errors that asyncio would log as unhandled."""
    found: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: found.append(context))
    return found


# --- descriptor ------------------------------------------------------------------------------


@pytest.mark.realtime
async def test_descriptor_transport_reads_and_writes(pty: tuple[int, str]) -> None:
    master, name = pty
    protocol, transport = connected(serial.Serial(name))
    assert isinstance(transport, DescriptorTransport)
    transport.write(b"AT\r")
    assert os.read(master, 100) == b"AT\r"  # written without waiting for the loop
    os.write(master, b"\r\nOK\r\n")
    await protocol.until(lambda: protocol.data)
    assert protocol.data == b"\r\nOK\r\n"
    transport.abort()
    await protocol.closed()
    transport.write(b"AT\r")  # no effect


@pytest.mark.realtime
async def test_bytes_beyond_the_kernel_buffer_are_written_in_order(pty: tuple[int, str]) -> None:
    master, name = pty
    protocol, transport = connected(serial.Serial(name))
    wanted = bytes(range(256)) * 1000
    transport.write(wanted)
    assert transport.get_write_buffer_size() > 0
    transport.write(b"end")
    os.set_blocking(master, False)
    received = b""
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def readable() -> None:
        nonlocal received
        received += os.read(master, 65536)
        if received.endswith(b"end"):
            done.set_result(None)

    loop.add_reader(master, readable)
    await asyncio.wait_for(done, PATIENCE)
    loop.remove_reader(master)
    assert received == wanted + b"end"
    transport.abort()
    await protocol.until(lambda: protocol.lost)


@pytest.mark.realtime
async def test_abort_does_not_wait_for_unsent_bytes(pty: tuple[int, str]) -> None:
    _, name = pty
    protocol, transport = connected(serial.Serial(name))
    transport.write(bytes(100_000))
    loop = asyncio.get_running_loop()
    began = loop.time()
    transport.abort()
    await protocol.until(lambda: protocol.lost)
    assert loop.time() - began < 10  # the kernel waits up to 30 s for a port of hardware


@pytest.mark.realtime
async def test_hang_up_ends_in_connection_lost_without_log() -> None:
    master, slave = os.openpty()
    port = serial.Serial(os.ttyname(slave))
    os.close(slave)
    unexpected = unhandled()
    protocol, _ = connected(port)
    await protocol.until(lambda: protocol.transport)
    os.close(master)
    await protocol.until(lambda: protocol.lost)
    assert isinstance(protocol.lost[0], serial.SerialException)
    assert not port.is_open
    assert unexpected == []


@pytest.mark.realtime
async def test_failed_write_ends_in_connection_lost_without_log() -> None:
    master, slave = os.openpty()
    port = serial.Serial(os.ttyname(slave))
    os.close(slave)
    unexpected = unhandled()
    protocol, transport = connected(port)
    await protocol.until(lambda: protocol.transport)
    transport.pause_reading()
    os.close(master)
    transport.write(b"AT\r")
    await protocol.until(lambda: protocol.lost)
    assert "writing failed" in str(protocol.lost[0])
    assert len(protocol.lost) == 1
    assert not port.is_open
    assert unexpected == []


@pytest.mark.realtime
async def test_failed_buffered_write_ends_in_connection_lost_without_log() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    port = serial.Serial(os.ttyname(slave))
    os.close(slave)
    unexpected = unhandled()
    protocol, transport = connected(port)
    await protocol.until(lambda: protocol.transport)
    transport.pause_reading()
    transport.write(bytes(100_000))
    os.close(master)
    await protocol.until(lambda: protocol.lost)
    assert protocol.lost[0] is not None
    assert unexpected == []


class EchoServer:
    """A TCP server that sends back what it reads, and hangs up when it reads `quit`."""

    async def __aenter__(self) -> str:
        self._tasks: list[asyncio.Task[None] | None] = []
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"socket://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()
        await asyncio.wait([task for task in self._tasks if task is not None], timeout=PATIENCE)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.append(asyncio.current_task())
        while (data := await reader.read(100)) and data != b"quit":
            writer.write(data)
        writer.close()
        await writer.wait_closed()


@pytest.mark.realtime
async def test_socket_uses_its_descriptor_and_closes_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    async with EchoServer() as url:
        protocol, transport = connected(await asyncio.to_thread(serial.serial_for_url, url))
        assert isinstance(transport, DescriptorTransport)
        transport.write(b"AT\r")
        await protocol.until(lambda: protocol.data == b"AT\r")
        monkeypatch.setattr(time, "sleep", slept.append)  # pyserial's own close() sleeps 0.3 s
        transport.abort()
        await protocol.until(lambda: protocol.lost)
        assert slept == []


@pytest.mark.realtime
async def test_socket_closed_by_its_peer_leaks_nothing() -> None:
    async with EchoServer() as url:
        protocol, transport = connected(await asyncio.to_thread(serial.serial_for_url, url))
        transport.write(b"quit")
        await protocol.until(lambda: protocol.lost)
        assert "hung up" in str(protocol.lost[0])


@dataclass
class DescriptorPort:
    """A port of which only the descriptor is used."""

    number: int

    def fileno(self) -> int:
        return self.number


def test_descriptor_above_1023_is_readable() -> None:
    """pyserial's own read uses select(), which fails there."""
    fcntl, resource = pytest.importorskip("fcntl"), pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    reading, writing = os.pipe()
    high = fcntl.fcntl(reading, fcntl.F_DUPFD, 2000)
    try:
        os.write(writing, b"OK")
        assert transport_module._Descriptor(DescriptorPort(high)).read(1) == b"OK"  # type: ignore[arg-type]
    finally:
        for number in (reading, writing, high):
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_descriptor_that_is_not_ready_reads_and_writes_nothing() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    try:
        assert transport_module._Descriptor(DescriptorPort(reading)).read(1) == b""  # type: ignore[arg-type]
        out = transport_module._Descriptor(DescriptorPort(writing))  # type: ignore[arg-type]
        while out.write(bytes(65536)):
            pass
    finally:
        os.close(reading)
        os.close(writing)


def test_failed_descriptor_raises_serial_exception() -> None:
    reading, writing = os.pipe()
    gone = transport_module._Descriptor(DescriptorPort(reading))  # type: ignore[arg-type]
    os.close(writing)
    with pytest.raises(serial.SerialException, match="hung up"):
        gone.read(1)
    os.close(reading)
    with pytest.raises(serial.SerialException, match=r"reading failed: .*Bad file descriptor"):
        gone.read(1)
    with pytest.raises(serial.SerialException, match=r"writing failed: .*Bad file descriptor"):
        gone.write(b"AT\r")


def test_no_descriptor_is_used_outside_posix(
    pty: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serial.Serial(pty[1]) as port:
        assert transport_module._has_descriptor(port)
        monkeypatch.setattr(transport_module.os, "name", "nt")  # type: ignore[attr-defined]
        assert not transport_module._has_descriptor(port)
        monkeypatch.undo()


def test_release_closes_a_port_once(pty: tuple[int, str]) -> None:
    port = serial.Serial(pty[1])
    release(port)
    assert not port.is_open
    release(port)


def test_release_ignores_a_closed_socket_port() -> None:
    port = protocol_socket.Serial()
    release(port)
    assert not port.is_open


# --- threads ---------------------------------------------------------------------------------


class FakePort:
    """A port without a descriptor: it reads the items of `incoming`; None: the port is gone."""

    def __init__(self, *, cancels: bool = True) -> None:
        self.is_open = True
        self.incoming: queue.Queue[bytes | None] = queue.Queue()
        self.written: queue.Queue[bytes] = queue.Queue()
        self.failure: Exception | None = None
        self.closed = 0
        self.cancelled = 0
        self._rest = b""
        if cancels:
            self.cancel_read = self._cancel_read

    @property
    def in_waiting(self) -> int:
        return len(self._rest)

    def read(self, size: int = 1) -> bytes:
        if not self._rest and size == 1:
            data = self.incoming.get()
            if data is None:
                if self.failure is not None:
                    raise self.failure
                return b""
            self._rest = data
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def write(self, data: bytes) -> int:
        if self.failure is not None:
            raise self.failure
        self.written.put(data)
        return len(data)

    def _cancel_read(self) -> None:
        self.cancelled += 1
        if self.cancelled == 1:
            raise OSError("not reading yet")  # the read begins right after it was cancelled
        self.incoming.put(None)

    def close(self) -> None:
        self.closed += 1
        self.is_open = False
        self.incoming.put(None)


def threaded(port: object) -> tuple[Recorder, ThreadTransport]:
    protocol, transport = connected(port)  # type: ignore[arg-type]
    assert isinstance(transport, ThreadTransport)
    return protocol, transport


def m5310_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("m5310")]


@pytest.mark.realtime
async def test_thread_transport_reads_and_writes() -> None:
    port = FakePort()
    protocol, transport = threaded(port)
    await protocol.until(lambda: protocol.transport)
    transport.write(b"AT\r")
    assert await asyncio.to_thread(port.written.get, timeout=PATIENCE) == b"AT\r"
    port.incoming.put(b"\r\nOK\r\n")
    await protocol.until(lambda: len(protocol.data) == 6)
    assert protocol.data == b"\r\nOK\r\n"
    assert transport.get_extra_info("serial") is port
    transport.close()
    transport.abort()
    assert transport.is_closing()
    transport.write(b"AT\r")
    await protocol.closed()
    assert port.closed == 1  # before connection_lost, not after
    assert port.written.empty()


@pytest.mark.realtime
async def test_port_without_cancel_read_is_closed_while_it_reads() -> None:
    port = FakePort(cancels=False)
    protocol, transport = threaded(port)
    await protocol.until(lambda: protocol.transport)
    transport.close()
    await protocol.closed()
    assert port.closed == 1


@pytest.mark.realtime
@pytest.mark.parametrize("failure", [None, serial.SerialException("gone"), TypeError("closed")])
async def test_failed_or_ended_read_ends_in_connection_lost(failure: Exception | None) -> None:
    port = FakePort()
    protocol, _ = threaded(port)
    await protocol.until(lambda: protocol.transport)
    port.failure = failure
    port.incoming.put(None)
    await protocol.until(lambda: protocol.lost)
    assert len(protocol.lost) == 1
    assert str(protocol.lost[0]) == (str(failure) if failure else "the other side hung up")
    await asyncio.to_thread(lambda: [thread.join(PATIENCE) for thread in m5310_threads()])
    assert port.closed == 1


@pytest.mark.realtime
async def test_failed_thread_write_ends_in_connection_lost() -> None:
    port = FakePort()
    protocol, transport = threaded(port)
    await protocol.until(lambda: protocol.transport)
    port.failure = OSError("unplugged")
    transport.write(b"AT\r")
    await protocol.until(lambda: protocol.lost)
    assert str(protocol.lost[0]) == "unplugged"


@pytest.mark.realtime
async def test_read_shorter_than_in_waiting_is_the_last() -> None:
    class EndingPort(FakePort):
        @property
        def in_waiting(self) -> int:
            return super().in_waiting + 1  # rfc2217 counts its end marker

    port = EndingPort()
    protocol, _ = threaded(port)
    await protocol.until(lambda: protocol.transport)
    port.incoming.put(b"last bytes")
    await protocol.until(lambda: protocol.lost)
    assert protocol.data == b"last bytes"


@pytest.mark.realtime
async def test_bytes_and_errors_while_closing_are_dropped() -> None:
    port = FakePort()
    protocol, transport = threaded(port)
    await protocol.until(lambda: protocol.transport)
    transport.close()
    transport._received(b"late")
    transport._lost(OSError("late"))
    await protocol.until(lambda: protocol.lost)
    assert protocol.data == b""
    assert protocol.lost == [None]


@pytest.mark.realtime
async def test_close_gives_up_a_write_that_never_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport_module, "_LAST_WRITE", 0.01)

    class StuckPort(FakePort):
        def __init__(self) -> None:
            super().__init__()
            self.begun = threading.Event()
            self.go = threading.Event()

        def write(self, data: bytes) -> int:
            self.begun.set()
            self.go.wait(10)
            return len(data)

    port = StuckPort()
    protocol, transport = threaded(port)
    await protocol.until(lambda: protocol.transport)
    transport.write(b"AT\r")
    await asyncio.to_thread(port.begun.wait, 5)
    transport.close()
    await protocol.until(lambda: protocol.lost)
    assert port.closed == 1
    port.go.set()


@pytest.mark.realtime
async def test_loop_url_is_read_by_threads() -> None:
    protocol, transport = threaded(serial.serial_for_url("loop://"))
    await protocol.until(lambda: protocol.transport)
    transport.write(b"AT\r")
    await protocol.until(lambda: protocol.data == b"AT\r")
    transport.close()
    await protocol.until(lambda: protocol.lost)
    assert transport.is_closing()


@pytest.mark.realtime
async def test_spy_url_is_read_by_its_own_method(
    pty: tuple[int, str], capsys: pytest.CaptureFixture[str]
) -> None:
    master, name = pty
    protocol, transport = threaded(serial.serial_for_url(f"spy://{name}"))
    await protocol.until(lambda: protocol.transport)
    os.write(master, b"OK\r\n")
    await protocol.until(lambda: protocol.data == b"OK\r\n")
    transport.close()
    await protocol.until(lambda: protocol.lost)
    assert "RX" in capsys.readouterr().err


@pytest.mark.realtime
async def test_loop_closed_before_the_port_causes_no_error() -> None:
    port = FakePort()
    loop = asyncio.new_event_loop()
    protocol = Recorder()
    transport = ThreadTransport(loop, protocol, port)  # type: ignore[arg-type]

    def run() -> None:
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    await asyncio.to_thread(run)
    port.incoming.put(b"OK")
    transport.close()
    await asyncio.to_thread(lambda: [thread.join(PATIENCE) for thread in m5310_threads()])
    assert port.closed == 1
    assert protocol.lost == []
