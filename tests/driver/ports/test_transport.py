"""The two transports: nothing blocks, nothing leaks, and a pulled plug is a loss, not a bug."""

from __future__ import annotations

import asyncio
import os
import queue
import threading
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import serial
from serial.urlhandler import protocol_socket

from m5310.ports import transport as room
from m5310.ports.transport import DescriptorTransport, ThreadTransport, connect, release


@dataclass
class Heard(asyncio.Protocol):
    """What a protocol is told."""

    made: int = 0
    data: bytes = b""
    lost: list[Exception | None] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.made += 1
        self.changed.set()

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)
        self.changed.set()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        yield master, os.ttyname(slave)
    finally:
        os.close(slave)
        os.close(master)


def joined(port: room.Port) -> tuple[Heard, asyncio.Transport]:
    heard = Heard()
    return heard, connect(asyncio.get_running_loop(), heard, port)


def unhandled() -> list[dict[str, Any]]:
    """What asyncio would log as unhandled, from now on."""
    found: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: found.append(context))
    return found


# --- by descriptor ---------------------------------------------------------------------------


@pytest.mark.realtime
async def test_bytes_go_both_ways(pty: tuple[int, str]) -> None:
    master, name = pty
    heard, transport = joined(serial.Serial(name))
    assert isinstance(transport, DescriptorTransport)
    transport.write(b"AT\r")
    assert os.read(master, 100) == b"AT\r"  # it was written at once
    os.write(master, b"\r\nOK\r\n")
    await heard.until(lambda: heard.data)
    assert heard.data == b"\r\nOK\r\n"
    transport.abort()
    await heard.until(lambda: heard.lost)
    assert heard.lost == [None]
    transport.write(b"AT\r")  # harmless


@pytest.mark.realtime
async def test_more_than_the_kernel_takes_is_written_in_order(pty: tuple[int, str]) -> None:
    master, name = pty
    heard, transport = joined(serial.Serial(name))
    wanted = bytes(range(256)) * 1000
    transport.write(wanted)
    assert transport.get_write_buffer_size() > 0
    transport.write(b"end")
    os.set_blocking(master, False)
    came = b""
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def readable() -> None:
        nonlocal came
        came += os.read(master, 65536)
        if came.endswith(b"end"):
            done.set_result(None)

    loop.add_reader(master, readable)
    await asyncio.wait_for(done, 5)
    loop.remove_reader(master)
    assert came == wanted + b"end"
    transport.abort()
    await heard.until(lambda: heard.lost)


@pytest.mark.realtime
async def test_closing_does_not_wait_for_a_line_that_never_drains(pty: tuple[int, str]) -> None:
    _, name = pty
    heard, transport = joined(serial.Serial(name))
    transport.write(bytes(100_000))
    loop = asyncio.get_running_loop()
    began = loop.time()
    transport.abort()
    await heard.until(lambda: heard.lost)
    assert loop.time() - began < 0.5


@pytest.mark.realtime
async def test_a_hang_up_is_a_loss_and_logs_nothing() -> None:
    master, slave = os.openpty()
    port = serial.Serial(os.ttyname(slave))
    os.close(slave)
    unexpected = unhandled()
    heard, _ = joined(port)
    await heard.until(lambda: heard.made)
    os.close(master)
    await heard.until(lambda: heard.lost)
    assert isinstance(heard.lost[0], serial.SerialException)
    assert not port.is_open
    assert unexpected == []


@pytest.mark.realtime
async def test_a_failing_write_is_a_loss_and_logs_nothing() -> None:
    master, slave = os.openpty()
    port = serial.Serial(os.ttyname(slave))
    os.close(slave)
    unexpected = unhandled()
    heard, transport = joined(port)
    await heard.until(lambda: heard.made)
    transport.pause_reading()
    os.close(master)
    transport.write(b"AT\r")
    await heard.until(lambda: heard.lost)
    assert "writing failed" in str(heard.lost[0])
    assert len(heard.lost) == 1
    assert not port.is_open
    assert unexpected == []


@pytest.mark.realtime
async def test_a_write_that_fails_later_is_a_loss_and_logs_nothing() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    port = serial.Serial(os.ttyname(slave))
    os.close(slave)
    unexpected = unhandled()
    heard, transport = joined(port)
    await heard.until(lambda: heard.made)
    transport.pause_reading()
    transport.write(bytes(100_000))
    os.close(master)
    await heard.until(lambda: heard.lost)
    assert heard.lost[0] is not None
    assert unexpected == []


class Echo:
    """A TCP server that sends back what it reads, and hangs up when told `quit`."""

    async def __aenter__(self) -> str:
        self._tasks: list[asyncio.Task[None] | None] = []
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"socket://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()
        await asyncio.wait([task for task in self._tasks if task is not None], timeout=5)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.append(asyncio.current_task())
        while (data := await reader.read(100)) and data != b"quit":
            writer.write(data)
        writer.close()
        await writer.wait_closed()


@pytest.mark.realtime
async def test_a_socket_is_read_by_descriptor_and_closed_without_a_pause() -> None:
    async with Echo() as url:
        heard, transport = joined(await asyncio.to_thread(serial.serial_for_url, url))
        assert isinstance(transport, DescriptorTransport)
        transport.write(b"AT\r")
        await heard.until(lambda: heard.data == b"AT\r")
        loop = asyncio.get_running_loop()
        began = loop.time()
        transport.abort()
        await heard.until(lambda: heard.lost)
        assert loop.time() - began < 0.2  # pyserial's own close() sleeps 0.3 s


@pytest.mark.realtime
async def test_a_socket_whose_peer_hangs_up_first_leaves_nothing_behind() -> None:
    async with Echo() as url:
        heard, transport = joined(await asyncio.to_thread(serial.serial_for_url, url))
        transport.write(b"quit")
        await heard.until(lambda: heard.lost)
        assert "hung up" in str(heard.lost[0])


@dataclass
class Numbered:
    """A port that is nothing but a descriptor."""

    number: int

    def fileno(self) -> int:
        return self.number


def test_a_descriptor_above_1023_can_be_read() -> None:
    """Which pyserial's own select() cannot."""
    fcntl, resource = pytest.importorskip("fcntl"), pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    reading, writing = os.pipe()
    high = fcntl.fcntl(reading, fcntl.F_DUPFD, 2000)
    try:
        os.write(writing, b"OK")
        assert room._Descriptor(Numbered(high)).read(1) == b"OK"  # type: ignore[arg-type]
    finally:
        for number in (reading, writing, high):
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_descriptor_that_is_not_ready_gives_and_takes_nothing() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    try:
        assert room._Descriptor(Numbered(reading)).read(1) == b""  # type: ignore[arg-type]
        out = room._Descriptor(Numbered(writing))  # type: ignore[arg-type]
        while out.write(bytes(65536)):
            pass
    finally:
        os.close(reading)
        os.close(writing)


def test_a_descriptor_that_fails_says_so() -> None:
    reading, writing = os.pipe()
    gone = room._Descriptor(Numbered(reading))  # type: ignore[arg-type]
    os.close(writing)
    with pytest.raises(serial.SerialException, match="hung up"):
        gone.read(1)
    os.close(reading)
    with pytest.raises(serial.SerialException, match=r"reading failed: .*Bad file descriptor"):
        gone.read(1)
    with pytest.raises(serial.SerialException, match=r"writing failed: .*Bad file descriptor"):
        gone.write(b"AT\r")


def test_elsewhere_than_on_posix_no_descriptor_is_watched(
    pty: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serial.Serial(pty[1]) as port:
        assert room._has_descriptor(port)
        monkeypatch.setattr(room.os, "name", "nt")  # type: ignore[attr-defined]
        assert not room._has_descriptor(port)
        monkeypatch.undo()


def test_a_port_is_released_once(pty: tuple[int, str]) -> None:
    port = serial.Serial(pty[1])
    release(port)
    assert not port.is_open
    release(port)


def test_a_closed_socket_port_is_left_alone() -> None:
    port = protocol_socket.Serial()
    release(port)
    assert not port.is_open


# --- by threads ------------------------------------------------------------------------------


class FakePort:
    """A port without a descriptor: `incoming` is what it reads, None that it is gone."""

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


def threaded(port: object) -> tuple[Heard, ThreadTransport]:
    heard, transport = joined(port)  # type: ignore[arg-type]
    assert isinstance(transport, ThreadTransport)
    return heard, transport


def m5310_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("m5310")]


@pytest.mark.realtime
async def test_threads_carry_bytes_both_ways() -> None:
    port = FakePort()
    heard, transport = threaded(port)
    await heard.until(lambda: heard.made)
    transport.write(b"AT\r")
    assert await asyncio.to_thread(port.written.get, timeout=5) == b"AT\r"
    port.incoming.put(b"\r\nOK\r\n")
    await heard.until(lambda: len(heard.data) == 6)
    assert heard.data == b"\r\nOK\r\n"
    assert transport.get_extra_info("serial") is port
    transport.close()
    transport.abort()
    assert transport.is_closing()
    transport.write(b"AT\r")
    await heard.until(lambda: heard.lost)
    assert heard.lost == [None]
    assert port.closed == 1  # before connection_lost, not after
    assert port.written.empty()


@pytest.mark.realtime
async def test_a_port_that_cannot_cancel_is_closed_under_its_reader() -> None:
    port = FakePort(cancels=False)
    heard, transport = threaded(port)
    await heard.until(lambda: heard.made)
    transport.close()
    await heard.until(lambda: heard.lost)
    assert heard.lost == [None]
    assert port.closed == 1


@pytest.mark.realtime
@pytest.mark.parametrize("failure", [None, serial.SerialException("gone"), TypeError("closed")])
async def test_a_port_that_stops_reading_is_lost(failure: Exception | None) -> None:
    port = FakePort()
    heard, _ = threaded(port)
    await heard.until(lambda: heard.made)
    port.failure = failure
    port.incoming.put(None)
    await heard.until(lambda: heard.lost)
    assert len(heard.lost) == 1
    assert str(heard.lost[0]) == (str(failure) if failure else "the other side hung up")
    await asyncio.to_thread(lambda: [thread.join(5) for thread in m5310_threads()])
    assert port.closed == 1


@pytest.mark.realtime
async def test_a_port_that_stops_writing_is_lost() -> None:
    port = FakePort()
    heard, transport = threaded(port)
    await heard.until(lambda: heard.made)
    port.failure = OSError("unplugged")
    transport.write(b"AT\r")
    await heard.until(lambda: heard.lost)
    assert str(heard.lost[0]) == "unplugged"


@pytest.mark.realtime
async def test_a_read_that_gives_less_than_there_was_is_the_last() -> None:
    class Ending(FakePort):
        @property
        def in_waiting(self) -> int:
            return super().in_waiting + 1  # rfc2217 counts the mark of the end

    port = Ending()
    heard, _ = threaded(port)
    await heard.until(lambda: heard.made)
    port.incoming.put(b"last words")
    await heard.until(lambda: heard.lost)
    assert heard.data == b"last words"


@pytest.mark.realtime
async def test_what_comes_while_closing_is_dropped() -> None:
    port = FakePort()
    heard, transport = threaded(port)
    await heard.until(lambda: heard.made)
    transport.close()
    transport._received(b"late")
    transport._lost(OSError("late"))
    await heard.until(lambda: heard.lost)
    assert heard.data == b""
    assert heard.lost == [None]


@pytest.mark.realtime
async def test_a_write_that_never_ends_does_not_stop_the_closing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "_LAST_WRITE", 0.01)

    class Stuck(FakePort):
        def __init__(self) -> None:
            super().__init__()
            self.begun = threading.Event()
            self.go = threading.Event()

        def write(self, data: bytes) -> int:
            self.begun.set()
            self.go.wait(10)
            return len(data)

    port = Stuck()
    heard, transport = threaded(port)
    await heard.until(lambda: heard.made)
    transport.write(b"AT\r")
    await asyncio.to_thread(port.begun.wait, 5)
    transport.close()
    await heard.until(lambda: heard.lost)
    assert port.closed == 1
    port.go.set()


@pytest.mark.realtime
async def test_loop_url() -> None:
    heard, transport = threaded(serial.serial_for_url("loop://"))
    await heard.until(lambda: heard.made)
    transport.write(b"AT\r")
    await heard.until(lambda: heard.data == b"AT\r")
    transport.close()
    await heard.until(lambda: heard.lost)
    assert transport.is_closing()


@pytest.mark.realtime
async def test_a_port_class_that_reads_in_its_own_way_keeps_it(
    pty: tuple[int, str], capsys: pytest.CaptureFixture[str]
) -> None:
    master, name = pty
    heard, transport = threaded(serial.serial_for_url(f"spy://{name}"))
    await heard.until(lambda: heard.made)
    os.write(master, b"OK\r\n")
    await heard.until(lambda: heard.data == b"OK\r\n")
    transport.close()
    await heard.until(lambda: heard.lost)
    assert "RX" in capsys.readouterr().err  # what spy:// is for


@pytest.mark.realtime
async def test_a_loop_that_is_closed_before_the_port_is_no_error() -> None:
    port = FakePort()
    loop = asyncio.new_event_loop()
    heard = Heard()
    transport = ThreadTransport(loop, heard, port)  # type: ignore[arg-type]

    def run() -> None:
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    await asyncio.to_thread(run)
    port.incoming.put(b"nobody is left")
    transport.close()
    await asyncio.to_thread(lambda: [thread.join(5) for thread in m5310_threads()])
    assert port.closed == 1
    assert heard.lost == []
