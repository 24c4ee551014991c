"""TCP port: a serial port on the network for one host at a time."""

from __future__ import annotations

import asyncio
import os
import select
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from emulator.line.ports.port import Address
from emulator.line.uart_frames import Frame

READ_SIZE = 4096
# Socket send buffer in bytes: about the size of a serial driver's buffer.
_SEND_BUFFER = 16_384
# Bytes accepted from the line at once; further bytes wait in the line.
_CHUNK = 16_384
# Limit of unsent bytes: a host that does not read the protocol's answers is disconnected.
_MAX_UNSENT = 65_536


class ProtocolViolation(Exception):
    """The host broke the protocol; the text describes how."""


class Session(Protocol):
    """The protocol of one connection around the bytes of the line."""

    @property
    def frame(self) -> Frame | None: ...

    def decode(self, data: bytes) -> bytes:
        """The line's bytes in `data`. Raises ProtocolViolation."""

    def encode(self, data: bytes) -> bytes: ...


class RawSession:
    """Only the line's bytes, as with pyserial's `socket://`."""

    frame: Frame | None = None

    def __init__(self, send: Callable[[bytes], None]) -> None:
        """`send` is not used: this protocol has no answers of its own."""

    def decode(self, data: bytes) -> bytes:
        return data

    def encode(self, data: bytes) -> bytes:
        return data


class _Host:
    """One connection; `unsent` are bytes that the socket has not accepted yet."""

    def __init__(self, connection: socket.socket, session: Callable[..., Session]) -> None:
        self.connection = connection
        self.unsent = bytearray()
        self.ended = False  # it sends no more bytes, but may still read
        self.session = session(self.unsent.extend)


def _hung_up(connection: socket.socket) -> bool:
    """Whether the other end has stopped sending; unread bytes may be left."""
    poll = select.poll()
    poll.register(connection, getattr(select, "POLLRDHUP", 0))  # 0 outside Linux
    return bool(poll.poll(0))


class TcpPort:
    """Refuses a second host while the first is connected, like a serial port."""

    def __init__(
        self,
        address: Address,
        session: Callable[[Callable[[bytes], None]], Session],
        on_data: Callable[[bytes], None],
        on_note: Callable[[str], None],
    ) -> None:
        """Needs a running event loop. Raises OSError, with `address` in its text."""
        self._session = session
        self._on_data = on_data
        self._on_note = on_note
        self._loop = asyncio.get_running_loop()
        self._host: _Host | None = None
        self._paused = False
        self._writable: Callable[[], None] | None = None
        try:
            address.host.encode("idna")  # create_server() would not close its socket
            family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
            self._listener = socket.create_server((address.host, address.number), family=family)
        except UnicodeError as error:  # the name has a label that DNS cannot have (RFC 1035)
            raise OSError(0, f"{address}: expected the name or the address of a host") from error
        except OSError as error:  # a name that does not resolve has no errno
            number = error.errno or 0
            reason = os.strerror(number) if number > 0 else error.strerror
            raise OSError(number, f"{address}: {reason}") from error
        self._listener.setblocking(False)
        self.address = replace(address, number=self._listener.getsockname()[1])
        self._loop.add_reader(self._listener, self._accept)

    @property
    def name(self) -> str:
        return str(self.address)

    @property
    def opened(self) -> bool:
        return self._host is not None

    @property
    def frame(self) -> Frame | None:
        return None if self._host is None else self._host.session.frame

    def write(self, data: bytes) -> int:
        host = self._host
        if host is None or host.unsent:
            return 0
        accepted = data[:_CHUNK]
        host.unsent += host.session.encode(accepted)
        self._send_unsent(host)
        return len(accepted)

    def when_writable(self, callback: Callable[[], None]) -> None:
        self._writable = callback
        self._watch_writing()

    def stop_waiting(self) -> None:
        self._writable = None
        self._watch_writing()

    def pause(self) -> None:
        self._paused = True
        self._watch_reading()

    def resume(self) -> None:
        self._paused = False
        self._watch_reading()

    def poll(self) -> None:
        self._accept()
        if self._host is not None and not self._host.ended and not self._paused:
            self._read()

    def close(self) -> None:
        self._loop.remove_reader(self._listener)
        self._writable = None
        self._disconnect()
        self._listener.close()

    # Connections ---------------------------------------------------------------------------------

    def _accept(self) -> None:
        try:
            connection, origin = self._listener.accept()
        except BlockingIOError:
            return
        except OSError as error:  # it has hung up, or no descriptor is free
            self._on_note(f"a host could not connect: {error.strerror}")
            return
        self._end_if_hung_up()
        peer = f"{origin[0]}:{origin[1]}"
        if self._host is not None and not self._host.ended:
            connection.close()
            self._on_note(f"refusing {peer}: another host has the port open")
            return
        self._disconnect()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self._host = _Host(connection, self._session)
        self._on_note(f"{peer} has opened the port")
        self._watch_reading()
        self._send_unsent(self._host)

    def _end_if_hung_up(self) -> None:
        """End the old connection if its host has hung up, so that the host can connect again at
        once. Its last bytes are read unless reading is paused.
        """
        host = self._host
        if host is None or not _hung_up(host.connection):
            return
        while self._host is host and not (host.ended or self._paused):
            self._read()
        host.ended = True

    def _disconnect(self) -> None:
        host, self._host = self._host, None
        if host is None:
            return
        self._loop.remove_reader(host.connection)
        self._loop.remove_writer(host.connection)
        host.connection.close()
        self._on_note("the host has closed the port")
        if self._writable is not None:  # the line must not wait for this host any longer
            self._loop.call_soon(self._notify_writable)

    # Bytes ---------------------------------------------------------------------------------------

    def _read(self) -> None:
        host = self._host
        assert host is not None, "a disconnected host is not watched"
        try:
            data = host.connection.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            self._disconnect()
            return
        if not data:
            host.ended = True
            self._watch_reading()
            return
        try:
            decoded = host.session.decode(data)
        except ProtocolViolation as violation:
            self._on_note(f"disconnecting the host: {violation}")
            self._disconnect()
            return
        self._send_unsent(host)
        if decoded:
            self._on_data(decoded)

    def _send_unsent(self, host: _Host) -> None:
        """Send as many of the unsent bytes as the socket accepts."""
        try:
            while host.unsent:
                del host.unsent[: host.connection.send(host.unsent)]
        except BlockingIOError:
            pass
        except OSError:
            self._disconnect()
            return
        if len(host.unsent) > _MAX_UNSENT:
            self._on_note("disconnecting the host: it does not read its answers")
            self._disconnect()
            return
        self._watch_writing()

    def _on_writable(self) -> None:
        host = self._host
        assert host is not None, "a disconnected host is not watched"
        self._send_unsent(host)
        self._notify_writable()

    def _notify_writable(self) -> None:
        if self._writable is not None:
            self._writable()

    def _watch_reading(self) -> None:
        if self._host is None:
            return
        if self._paused or self._host.ended:
            self._loop.remove_reader(self._host.connection)
        else:
            self._loop.add_reader(self._host.connection, self._read)

    def _watch_writing(self) -> None:
        if self._host is None:
            return
        if self._host.unsent or self._writable is not None:
            self._loop.add_writer(self._host.connection, self._on_writable)
        else:
            self._loop.remove_writer(self._host.connection)
