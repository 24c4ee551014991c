"""A serial port on the network: one host at a time, which may leave and come back."""

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
# What the system may keep of what a host has not read yet: a serial driver's buffer, not a file's.
_SEND_BUFFER = 16_384
# Bytes taken from the line at once; the rest waits there until these have been sent.
_CHUNK = 16_384
# Bytes of a protocol's own that wait for a host; one that lets so many wait is no partner.
_MAX_OWED = 65_536


class ProtocolViolation(Exception):
    """What the host sent is not of the protocol; the text says what it is instead."""


class Session(Protocol):
    """What one connection speaks around the bytes of the line."""

    @property
    def frame(self) -> Frame | None: ...

    def decode(self, data: bytes) -> bytes:
        """The line's bytes among those that came. Raises ProtocolViolation."""

    def encode(self, data: bytes) -> bytes: ...


class RawSession:
    """Nothing but the line's bytes, as pyserial's `socket://` has it."""

    frame: Frame | None = None

    def __init__(self, owe: Callable[[bytes], None]) -> None:
        """It has nothing of its own to say."""

    def decode(self, data: bytes) -> bytes:
        return data

    def encode(self, data: bytes) -> bytes:
        return data


class _Host:
    """A connection; `owed` is what it has not taken yet."""

    def __init__(self, connection: socket.socket, session: Callable[..., Session]) -> None:
        self.connection = connection
        self.owed = bytearray()
        self.ended = False  # it sends nothing more, and may still read
        self.session = session(self.owed.extend)


def _hung_up(connection: socket.socket) -> bool:
    """Whether the other end sends no more, with or without bytes of it left to read."""
    poll = select.poll()
    poll.register(connection, getattr(select, "POLLRDHUP", 0))  # elsewhere than on Linux: 0
    return bool(poll.poll(0))


class TcpPort:
    """A second host is refused as long as the first is there: a port is open once."""

    def __init__(
        self,
        address: Address,
        session: Callable[[Callable[[bytes], None]], Session],
        on_data: Callable[[bytes], None],
        on_note: Callable[[str], None],
    ) -> None:
        """Needs a running event loop. Raises OSError, which names `address`."""
        self._session = session
        self._on_data = on_data
        self._on_note = on_note
        self._loop = asyncio.get_running_loop()
        self._host: _Host | None = None
        self._paused = False
        self._writable: Callable[[], None] | None = None
        try:
            family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
            self._door = socket.create_server((address.host, address.number), family=family)
        except OSError as error:  # a name that does not resolve has no number of the system's
            number = error.errno or 0
            reason = os.strerror(number) if number > 0 else error.strerror
            raise OSError(number, f"{address}: {reason}") from error
        self._door.setblocking(False)
        self.address = replace(address, number=self._door.getsockname()[1])
        self._loop.add_reader(self._door, self._knocked)

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
        if host is None or host.owed:
            return 0
        taken = data[:_CHUNK]
        host.owed += host.session.encode(taken)
        self._pay(host)
        return len(taken)

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
        self._knocked()
        if self._host is not None and not self._host.ended and not self._paused:
            self._read()

    def close(self) -> None:
        self._loop.remove_reader(self._door)
        self._writable = None
        self._leave()
        self._door.close()

    # A host comes and goes -----------------------------------------------------------------------

    def _knocked(self) -> None:
        try:
            connection, origin = self._door.accept()
        except BlockingIOError:
            return
        except OSError as error:  # it has gone again, or there is no descriptor left for it
            self._on_note(f"a host could not come in: {error.strerror}")
            return
        self._see_off()
        who = f"{origin[0]}:{origin[1]}"
        if self._host is not None and not self._host.ended:
            connection.close()
            self._on_note(f"{who} refused: another host has the port open")
            return
        self._leave()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self._host = _Host(connection, self._session)
        self._on_note(f"{who} has opened the port")
        self._watch_reading()
        self._pay(self._host)

    def _see_off(self) -> None:
        """Whoever comes may be who has just left, of whom not all has been read: as much of it as
        there is room for is read now, and the rest is lost.
        """
        host = self._host
        if host is None or not _hung_up(host.connection):
            return
        while self._host is host and not (host.ended or self._paused):
            self._read()
        host.ended = True

    def _leave(self) -> None:
        host, self._host = self._host, None
        if host is None:
            return
        self._loop.remove_reader(host.connection)
        self._loop.remove_writer(host.connection)
        host.connection.close()
        self._on_note("the host has closed the port")
        if self._writable is not None:  # what waits for it need not wait any longer
            self._loop.call_soon(self._wake)

    # Bytes ---------------------------------------------------------------------------------------

    def _read(self) -> None:
        host = self._host
        assert host is not None, "a host that has left is not watched"
        try:
            data = host.connection.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            self._leave()
            return
        if not data:
            host.ended = True
            self._watch_reading()
            return
        try:
            decoded = host.session.decode(data)
        except ProtocolViolation as violation:
            self._on_note(f"the host is sent away: {violation}")
            self._leave()
            return
        self._pay(host)
        if decoded:
            self._on_data(decoded)

    def _pay(self, host: _Host) -> None:
        """Send what is owed, as much of it as is taken now."""
        try:
            while host.owed:
                del host.owed[: host.connection.send(host.owed)]
        except BlockingIOError:
            pass
        except OSError:
            self._leave()
            return
        if len(host.owed) > _MAX_OWED:
            self._on_note("the host is sent away: it does not read the answers to what it asks")
            self._leave()
            return
        self._watch_writing()

    def _wrote(self) -> None:
        host = self._host
        assert host is not None, "a host that has left is not watched"
        self._pay(host)
        self._wake()

    def _wake(self) -> None:
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
        if self._host.owed or self._writable is not None:
            self._loop.add_writer(self._host.connection, self._wrote)
        else:
            self._loop.remove_writer(self._host.connection)
