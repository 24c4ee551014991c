"""Opening ports: never blocking the loop, never leaking one, and with a reason when it fails."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
import tty
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import serial
from serial import rfc2217
from serial.tools import list_ports

from m5310.at.modem import Modem
from m5310.errors import Code, ParameterError, PortError
from m5310.ports import open as room
from m5310.ports.open import open_port


class Silent(asyncio.Protocol):
    """Notes that it was connected and lost."""

    def __init__(self) -> None:
        self.transport: asyncio.BaseTransport | None = None
        self.data = b""
        self.came = asyncio.Event()
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.came.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(exc)


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        yield master, os.ttyname(slave)
    finally:
        os.close(slave)
        os.close(master)


def opened(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let every local port fail to open with this error."""

    def fail(_: serial.Serial) -> None:
        raise error

    monkeypatch.setattr(serial.Serial, "open", fail)


async def reason(url: str) -> str:
    with pytest.raises(PortError) as failed:
        await open_port(url, 9600, Silent())
    assert failed.value.code is Code.SOCKET
    assert isinstance(failed.value, OSError)
    assert failed.value.__cause__ is not None
    return str(failed.value)


@pytest.mark.realtime
async def test_an_open_port_is_connected_when_open_port_returns(pty: tuple[int, str]) -> None:
    protocol = Silent()
    transport = await open_port(pty[1], 115200, protocol)
    assert protocol.transport is transport
    transport.abort()
    assert await protocol.lost is None


@pytest.mark.realtime
async def test_a_port_may_be_opened_again_after_closing(pty: tuple[int, str]) -> None:
    for _ in range(3):
        protocol = Silent()
        (await open_port(pty[1], 9600, protocol)).abort()
        assert await protocol.lost is None


@pytest.mark.realtime
async def test_a_port_in_use_is_busy(pty: tuple[int, str]) -> None:
    protocol = Silent()
    transport = await open_port(pty[1], 9600, protocol)
    text = await reason(pty[1])
    assert f"{pty[1]} is busy: this or another program holds it" in text
    transport.abort()
    await protocol.lost


@pytest.mark.realtime
async def test_a_port_that_does_not_exist_says_which_do(monkeypatch: pytest.MonkeyPatch) -> None:
    there = SimpleNamespace(device="/dev/ttyUSB7", description="CP2102 USB to UART")
    also = SimpleNamespace(device="/dev/ttyACM0", description="n/a")
    monkeypatch.setattr(list_ports, "comports", lambda: [there, also])
    assert await reason("/dev/no-such-port") == (
        "/dev/no-such-port does not exist; there is /dev/ttyACM0, /dev/ttyUSB7 (CP2102 USB to UART)"
    )
    monkeypatch.setattr(list_ports, "comports", list)
    assert "no serial port is plugged in" in await reason("/dev/no-such-port")


@pytest.mark.realtime
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (serial.SerialException(errno.EACCES, "denied"), "usermod -aG dialout"),
        (serial.SerialException(errno.EPERM, "denied"), "no permission to open"),
        (serial.SerialException(errno.EBUSY, "busy"), "is busy"),
        (serial.SerialException("PermissionError(13, 'Access is denied.')"), "is busy"),
        (serial.SerialException("FileNotFoundError(2, 'not found')"), "does not exist"),
        (ValueError("Invalid baud rate: 31"), "cannot be opened: Invalid baud rate: 31"),
    ],
)
async def test_each_reason_comes_with_what_to_try(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(monkeypatch, error)
    assert said in await reason("/dev/ttyUSB0")


@pytest.mark.realtime
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("/dev/null", "cannot be opened"),
        ("carrier-pigeon://roof", "names no port"),
        ("hwgrep://no such thing at all", "names no port"),
        ("socket://nowhere", "cannot be opened"),
    ],
)
async def test_what_is_no_port_is_a_port_error(url: str, said: str) -> None:
    assert said in await reason(url)


@pytest.mark.realtime
async def test_nobody_listens_on_the_socket() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        number = unused.getsockname()[1]
        assert "refused" in await reason(f"socket://127.0.0.1:{number}")


@pytest.mark.realtime
@pytest.mark.parametrize("baudrate", [0, -9600, "9600", 9600.0, True, None])
async def test_a_speed_that_is_none(baudrate: int) -> None:
    with pytest.raises(ParameterError, match=f"{baudrate!r} baud"):
        await open_port("/dev/ttyUSB0", baudrate, Silent())
    with pytest.raises(ParameterError, match=f"{baudrate!r} baud"):
        await Modem.open("/dev/ttyUSB0", baudrate)


class SlowPort:
    """A port whose opening takes until `go` is set."""

    def __init__(self, error: Exception | None = None) -> None:
        self.go = threading.Event()
        self.begun = threading.Event()
        self.is_open = False
        self.error = error
        self.closed = threading.Event()

    def open(self) -> None:
        self.begun.set()
        assert self.go.wait(10)
        if self.error is not None:
            raise self.error
        self.is_open = True

    def close(self) -> None:
        self.is_open = False
        self.closed.set()


def slow(monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> SlowPort:
    port = SlowPort(error)
    monkeypatch.setattr(room, "_port", lambda *_: port)
    return port


@pytest.mark.realtime
async def test_opening_blocks_nobody_and_can_be_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    port = slow(monkeypatch)
    protocol = Silent()
    task = asyncio.create_task(open_port("slow", 9600, protocol))
    await asyncio.to_thread(port.begun.wait, 5)  # the loop goes on
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    port.go.set()
    assert await asyncio.to_thread(port.closed.wait, 5)  # it opened meanwhile, and was closed
    assert not port.is_open
    assert protocol.transport is None


@pytest.mark.realtime
async def test_given_up_and_failed_is_nobodys_error(monkeypatch: pytest.MonkeyPatch) -> None:
    unexpected: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unexpected.append(context))
    port = slow(monkeypatch, OSError("no"))
    task = asyncio.create_task(open_port("slow", 9600, Silent()))
    await asyncio.to_thread(port.begun.wait, 5)
    task.cancel()
    await asyncio.wait([task])
    port.go.set()
    await asyncio.to_thread(lambda: None)
    await loop.shutdown_default_executor()
    assert unexpected == []
    assert not port.closed.is_set()


@pytest.mark.realtime
async def test_given_up_in_the_moment_it_is_connected(pty: tuple[int, str]) -> None:
    class Cancelling(Silent):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            task.cancel()

    protocol = Cancelling()
    task = asyncio.create_task(open_port(pty[1], 9600, protocol))
    await asyncio.wait([task])
    assert task.cancelled()
    assert await protocol.lost is None


# --- RFC 2217 --------------------------------------------------------------------------------


class Server:
    """An RFC 2217 server for one client, over pyserial's own; what it reads it sends back."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self._listening.getsockname()[1]}"
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def write(self, data: bytes) -> None:
        with self._lock:
            self._client.sendall(data)

    def hang_up(self) -> None:
        self._client.shutdown(socket.SHUT_RDWR)

    def join(self) -> None:
        self._thread.join(5)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        self._client, _ = self._listening.accept()
        self._listening.close()
        local = serial.serial_for_url("loop://")
        manager = rfc2217.PortManager(local, self)
        while data := self._client.recv(1024):
            for byte in manager.filter(data):
                self.write(b"".join(manager.escape(byte)))
        local.close()
        self._client.close()


@pytest.mark.realtime
@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
async def test_rfc2217_carries_bytes_and_is_closed() -> None:
    server = Server()
    protocol = Silent()
    transport = await open_port(server.url, 115200, protocol)
    transport.write(b"AT\r")
    while protocol.data != b"AT\r":
        protocol.came.clear()
        await asyncio.wait_for(protocol.came.wait(), 5)
    transport.abort()
    assert await protocol.lost is None
    await asyncio.to_thread(server.join)


@pytest.mark.realtime
@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
async def test_rfc2217_whose_server_hangs_up_is_lost_at_once() -> None:
    server = Server()
    protocol = Silent()
    await open_port(server.url, 115200, protocol)
    server.hang_up()
    error = await asyncio.wait_for(protocol.lost, 1)
    assert isinstance(error, serial.SerialException)
    await asyncio.to_thread(server.join)
