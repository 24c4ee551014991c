"""The two asyncio transports of an open port: by file descriptor, or by threads."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections.abc import Callable
from socket import SHUT_RDWR
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import serial
from serial.urlhandler import protocol_socket

if TYPE_CHECKING:  # untyped: what is used of it

    class SerialTransport(asyncio.Transport):
        serial: Any

        def __init__(
            self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, serial_instance: Any
        ) -> None: ...
        def _abort(self, exc: Exception) -> None: ...
else:
    try:
        from serial_asyncio import SerialTransport
    except ImportError:  # where its fork is installed in its place, as in Home Assistant
        from serial_asyncio_fast import SerialTransport

if os.name == "posix":
    import fcntl

T = TypeVar("T")

_READ_SIZE = 4096

_CANCEL_INTERVAL = 0.1
"""Seconds between two attempts to end a read that had not begun when it was cancelled."""

_LAST_WRITE = 1.0
"""Seconds that closing waits for a write that does not end (loop:// blocks for ever when full)."""


class Port(Protocol):
    """Common part of pyserial's port classes; not all of them are `serial.Serial`."""

    is_open: bool

    @property
    def in_waiting(self) -> int: ...
    def open(self) -> None: ...
    def close(self) -> None: ...
    def fileno(self) -> int: ...
    def read(self, size: int = 1, /) -> bytes: ...
    def write(self, b: bytes, /) -> int | None: ...
    def reset_output_buffer(self) -> None: ...


def connect(
    loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, port: Port
) -> asyncio.Transport:
    """Join an open port and a protocol; `connection_made` is called in the loop's next round."""
    if _has_descriptor(port):
        return DescriptorTransport(loop, protocol, _Descriptor(port))
    return ThreadTransport(loop, protocol, port)


def release(port: Port) -> None:
    """Close a port. Does not block for one with a descriptor; no effect the second time."""
    if not port.is_open:
        return
    socket = getattr(port, "_socket", None)
    if isinstance(port, protocol_socket.Serial):
        # pyserial 3.5 sleeps 0.3 s in close(): mark it as closed, and close the socket below.
        port.is_open = False
    else:
        if os.name == "posix" and isinstance(port, serial.Serial):
            # The kernel would wait up to 30 s to send the rest.
            with contextlib.suppress(Exception):  # the device may be gone
                port.reset_output_buffer()
            # A forked child may hold the port as well, and with it pyserial's lock.
            with contextlib.suppress(Exception):
                fcntl.flock(port.fileno(), fcntl.LOCK_UN)
        port.close()
    if socket is not None:
        with contextlib.suppress(OSError):  # for a forked child too
            socket.shutdown(SHUT_RDWR)
        # pyserial 3.5 does not close it when the peer hung up first.
        socket.close()


def _has_descriptor(port: Port) -> bool:
    """Whether the loop can watch it and `os.read` reads what `port.read` would."""
    if os.name != "posix":
        return False
    # spy:// and alt:// inherit the descriptor, but have a `read` of their own.
    return isinstance(port, protocol_socket.Serial) or (
        isinstance(port, serial.Serial) and type(port).read is serial.Serial.read
    )


class _Descriptor:
    """The methods that pyserial-asyncio calls on a port, without two faults of pyserial's own.

    Its `read` uses select(), which fails for descriptors above 1023; its `flush` waits at closing
    until all is sent, possibly for ever. Every error here is a SerialException, the only one that
    pyserial-asyncio handles.
    """

    def __init__(self, port: Port) -> None:
        self.port = port
        # pyserial-asyncio sets both to 0; unused here.
        self.timeout: float | None = 0
        self.write_timeout: float | None = 0
        self._number: int = port.fileno()

    def fileno(self) -> int:
        return self._number

    def read(self, _size: int) -> bytes:
        try:
            data = os.read(self._number, _READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError as error:
            raise serial.SerialException(f"reading failed: {error}") from error
        if not data:
            raise serial.SerialException("the other side hung up")
        return data

    def write(self, data: bytes | bytearray | memoryview) -> int:
        try:
            return os.write(self._number, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise serial.SerialException(f"writing failed: {error}") from error

    def flush(self) -> None:
        """No effect: unsent bytes are dropped at closing."""

    def close(self) -> None:
        release(self.port)


class DescriptorTransport(SerialTransport):
    """pyserial-asyncio's transport over a descriptor."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, port: _Descriptor
    ) -> None:
        super().__init__(loop, protocol, port)
        self._descriptor = port

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write what the kernel accepts now, the rest when it accepts more."""
        # The parent waits for writability first: two system calls and a round of the loop more
        # for each command.
        if not self.is_closing() and not self.get_write_buffer_size():
            try:
                written = self._descriptor.write(data)
            except serial.SerialException as error:
                self._fatal_error(error)
                return
            if written == len(data):
                return
            data = data[written:]
        super().write(data)

    def _fatal_error(self, exc: Exception, message: str = "") -> None:  # noqa: ARG002
        """Report a lost port to the protocol only; the parent logs a traceback too."""
        self._abort(exc)


class ThreadTransport(asyncio.Transport):
    """For ports that the loop cannot watch: Windows, loop://, rfc2217://, spy://.

    One thread reads, one writes, neither polls. `connection_lost` is called at once when the port
    is lost, and after `close()` when the port is closed. Unsent bytes are dropped in both cases.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, port: Port
    ) -> None:
        super().__init__({"serial": port})
        self._loop = loop
        self._protocol = protocol
        self._port = port
        self._closing = False
        self._output: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="m5310 reader", daemon=True)
        self._writer = threading.Thread(target=self._write, name="m5310 writer", daemon=True)
        loop.call_soon(self._begin)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing:
            self._output.put(bytes(data))

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._end(lambda: self._post(self._protocol.connection_lost, None))

    abort = close

    def _begin(self) -> None:
        self._reader.start()
        self._writer.start()
        self._protocol.connection_made(self)

    def _received(self, data: bytes) -> None:
        if not self._closing:
            self._protocol.data_received(data)

    def _lost(self, error: Exception) -> None:
        if not self._closing:
            self._end(lambda: None)
            self._protocol.connection_lost(error)

    def _end(self, ended: Callable[[], None]) -> None:
        self._closing = True
        threading.Thread(target=self._shut, args=(ended,), name="m5310 closer", daemon=True).start()

    # --- in the threads -----------------------------------------------------------------------

    def _read(self) -> None:
        error: Exception = serial.SerialException("the other side hung up")
        try:
            while not self._closing:
                data = self._port.read(1)
                waiting = self._port.in_waiting
                more = self._port.read(waiting) if data else b""
                if data:
                    self._post(self._received, data + more)
                if not data or len(more) < waiting:
                    break  # without a timeout, a short read means that the port is gone
        except Exception as failure:  # a port that was closed raises any type
            error = failure
        self._post(self._lost, error)

    def _write(self) -> None:
        try:
            while (data := self._output.get()) is not None:
                self._port.write(data)
        except Exception as failure:
            self._post(self._lost, failure)

    def _shut(self, ended: Callable[[], None]) -> None:
        self._output.put(None)
        cancel = getattr(self._port, "cancel_read", None)
        while cancel is not None and self._reader.is_alive():
            with contextlib.suppress(OSError, queue.Full):
                cancel()
            self._reader.join(_CANCEL_INTERVAL)
        release(self._port)  # ends the read if the port has no `cancel_read`
        self._reader.join()
        self._writer.join(_LAST_WRITE)
        ended()

    def _post(self, callback: Callable[[T], object], value: T) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: no protocol to call
            self._loop.call_soon_threadsafe(callback, value)
