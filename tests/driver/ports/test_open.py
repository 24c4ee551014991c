"""Opening ports: the loop is not blocked, no port leaks, an error has a reason."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
from types import SimpleNamespace

import pytest
import serial
from serial import rfc2217
from serial.tools import list_ports

from m5310.at.modem import Modem
from m5310.errors import Code, ParameterError, PortError
from m5310.ports import open as open_module
from m5310.ports.open import open_port
from tests.support.patience import PATIENCE
from tests.support.recorder import Recorder


def fail_to_open(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Every local port fails to open with this error."""

    def fail(_: serial.Serial) -> None:
        raise error

    monkeypatch.setattr(serial.Serial, "open", fail)


async def error_text(url: str) -> str:
    with pytest.raises(PortError) as failed:
        await open_port(url, 9600, Recorder())
    assert failed.value.code is Code.SOCKET
    assert isinstance(failed.value, OSError)
    assert failed.value.__suppress_context__  # one traceback, not a chain of three
    return str(failed.value)


@pytest.mark.realtime
async def test_connection_is_made_before_open_port_returns(pty: tuple[int, str]) -> None:
    protocol = Recorder()
    transport = await open_port(pty[1], 115200, protocol)
    assert protocol.transport is transport
    transport.abort()
    await protocol.closed()


@pytest.mark.realtime
async def test_port_can_be_opened_again_after_abort(pty: tuple[int, str]) -> None:
    for _ in range(3):
        protocol = Recorder()
        (await open_port(pty[1], 9600, protocol)).abort()
        await protocol.closed()


@pytest.mark.realtime
async def test_port_in_use_is_busy(pty: tuple[int, str]) -> None:
    protocol = Recorder()
    transport = await open_port(pty[1], 9600, protocol)
    text = await error_text(pty[1])
    assert f"{pty[1]} is busy: this or another program holds it" in text
    transport.abort()
    await protocol.closed()


@pytest.mark.realtime
async def test_missing_port_error_lists_existing_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    described = SimpleNamespace(device="/dev/ttyUSB7", description="CP2102 USB to UART")
    undescribed = SimpleNamespace(device="/dev/ttyACM0", description="n/a")
    monkeypatch.setattr(list_ports, "comports", lambda: [described, undescribed])
    assert await error_text("/dev/no-such-port") == (
        "/dev/no-such-port does not exist; there is /dev/ttyACM0, /dev/ttyUSB7 (CP2102 USB to UART)"
    )
    monkeypatch.setattr(list_ports, "comports", list)
    assert "no serial port is plugged in" in await error_text("/dev/no-such-port")


@pytest.mark.realtime
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (serial.SerialException(errno.EACCES, "denied"), "usermod -aG dialout"),
        (serial.SerialException(errno.EPERM, "denied"), "no permission to open"),
        (serial.SerialException(errno.EBUSY, "busy"), "is busy"),
        (serial.SerialException("PermissionError(13, 'Access is denied.')"), "is busy"),
        (serial.SerialException("FileNotFoundError(2, 'not found')"), "does not exist"),
        (ValueError("Invalid baud rate: 31"), "cannot be opened: Invalid baud rate: 31"),
    ],
)
async def test_error_of_opening_says_what_to_try(
    error: Exception, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_to_open(monkeypatch, error)
    assert text in await error_text("/dev/ttyUSB0")


@pytest.mark.realtime
@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("/dev/null", "cannot be opened"),
        ("carrier-pigeon://roof", "is not a port"),
        ("hwgrep://no such thing at all", "is not a port"),
        ("socket://nowhere", "cannot be opened"),
    ],
)
async def test_invalid_url_raises_port_error(url: str, text: str) -> None:
    assert text in await error_text(url)


@pytest.mark.realtime
async def test_refused_socket_raises_port_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        number = unused.getsockname()[1]
        assert "refused" in await error_text(f"socket://127.0.0.1:{number}")


@pytest.mark.realtime
@pytest.mark.parametrize("baudrate", [0, -9600, "9600", 9600.0, True, None])
async def test_invalid_speed_raises_parameter_error(baudrate: int) -> None:
    with pytest.raises(ParameterError, match=f"{baudrate!r} baud"):
        await open_port("/dev/ttyUSB0", baudrate, Recorder())
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


def slow_port(monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> SlowPort:
    port = SlowPort(error)
    monkeypatch.setattr(open_module, "_port", lambda *_: port)
    return port


@pytest.mark.realtime
async def test_opening_does_not_block_the_loop_and_can_be_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = slow_port(monkeypatch)
    protocol = Recorder()
    task = asyncio.create_task(open_port("slow", 9600, protocol))
    await asyncio.to_thread(port.begun.wait, 5)  # the loop runs meanwhile
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    port.go.set()
    assert await asyncio.to_thread(port.closed.wait, 5)  # it was opened and closed again
    assert not port.is_open
    assert protocol.transport is None


@pytest.mark.realtime
async def test_error_after_cancelled_opening_is_not_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    unexpected: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unexpected.append(context))
    port = slow_port(monkeypatch, OSError("no"))
    task = asyncio.create_task(open_port("slow", 9600, Recorder()))
    await asyncio.to_thread(port.begun.wait, 5)
    task.cancel()
    await asyncio.wait([task])
    port.go.set()
    await asyncio.to_thread(lambda: None)
    await loop.shutdown_default_executor()
    assert unexpected == []
    assert not port.closed.is_set()


@pytest.mark.realtime
async def test_opening_cancelled_in_connection_made_closes_the_port(pty: tuple[int, str]) -> None:
    class CancellingRecorder(Recorder):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            task.cancel()

    protocol = CancellingRecorder()
    task = asyncio.create_task(open_port(pty[1], 9600, protocol))
    await asyncio.wait([task])
    assert task.cancelled()
    await protocol.closed()


# --- RFC 2217 --------------------------------------------------------------------------------


class Rfc2217Server:
    """A server for one client, over pyserial's own; it sends back what it reads."""

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
        self._thread.join(PATIENCE)
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
async def test_rfc2217_port_reads_writes_and_closes() -> None:
    server = Rfc2217Server()
    protocol = Recorder()
    transport = await open_port(server.url, 115200, protocol)
    transport.write(b"AT\r")
    await protocol.until(lambda: protocol.data == b"AT\r")
    transport.abort()
    await protocol.closed()
    await asyncio.to_thread(server.join)


@pytest.mark.realtime
@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
async def test_rfc2217_port_is_lost_when_its_server_hangs_up() -> None:
    server = Rfc2217Server()
    protocol = Recorder()
    await open_port(server.url, 115200, protocol)
    server.hang_up()
    await protocol.until(lambda: protocol.lost)
    assert isinstance(protocol.lost[0], serial.SerialException)
    await asyncio.to_thread(server.join)


@pytest.mark.realtime
async def test_closed_port_is_free_while_a_forked_child_holds_it(pty: tuple[int, str]) -> None:
    protocol = Recorder()
    transport = await open_port(pty[1], 9600, protocol)
    held = os.dup(transport.get_extra_info("serial").fileno())  # as a child holds it after fork()
    try:
        transport.abort()
        await protocol.closed()
        again = Recorder()
        (await open_port(pty[1], 9600, again)).abort()
        await again.closed()
    finally:
        os.close(held)


@pytest.mark.realtime
async def test_closed_connection_ends_while_a_forked_child_holds_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        protocol = Recorder()
        transport = await open_port(f"socket://127.0.0.1:{server.getsockname()[1]}", 9600, protocol)
        other, _ = server.accept()
        held = os.dup(transport.get_extra_info("serial").fileno())
        try:
            transport.abort()
            await protocol.closed()
            with other:
                assert other.recv(1) == b""
        finally:
            os.close(held)
