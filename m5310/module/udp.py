"""UDP sockets of the module as asyncio datagram endpoints.

Any asyncio datagram protocol runs over the module unchanged. What the module refuses is reported
to the protocol's `error_received`, as the refusals of a kernel are.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

from m5310.at.codec import Command, Execute
from m5310.at.tasks import begin, finish
from m5310.commands import sockets
from m5310.commands.sockets import Release, ip_address
from m5310.errors import AnswerError, M5310Error, ParameterError, PortError

BACKLOG: Final = 64
"""Datagrams that wait to be sent: more than a minute of a 9600 baud line at 512 bytes each. The
next one is dropped and reported as ENOBUFS, as a kernel does when its queue is full."""
REASSEMBLY_LIMIT: Final = 65535
"""Bytes of one incoming datagram, the limit of UDP: bounds a remainder that never ends."""
CLOSE_TIMEOUT: Final = 10.0
"""Seconds to close all sockets; a module that does not answer must not block `close` for long."""
# guess: seven commands take a tenth of it.

_log = logging.getLogger("m5310.datagrams")

Address = tuple[str, int]
T = TypeVar("T")
P = TypeVar("P", bound=asyncio.DatagramProtocol)


class ModuleDatagramTransport(asyncio.DatagramTransport):
    """One UDP socket of the module; `Datagrams.open` makes it.

    `get_extra_info` has `sockname` (with an empty host), `peername` and `number` (0..6).
    """

    def __init__(
        self,
        execute: Execute,
        number: int,
        protocol: asyncio.DatagramProtocol,
        *,
        local_port: int,
        remote: Address | None,
        closed: Callable[[], object],
    ) -> None:
        super().__init__(
            {"number": number, "sockname": ("", local_port), "peername": remote},
        )
        self._execute = execute
        self._number = number
        self._protocol = protocol
        self._remote = remote
        self._closed = closed
        self._outgoing: deque[tuple[Command[int], int]] = deque()  # each with its length
        self._arrived = False  # a datagram waits in the module
        self._closing = False
        self._work = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.task: Final = begin(self._run())

    # --- called by the protocol --------------------------------------------------------------

    def sendto(self, data: Any, addr: Any = None, *, release: Release | None = None) -> None:
        """Queue one datagram of 1..512 bytes for `(address, port)`, an IP address.

        `release`: when the network may release the connection afterwards; None: it decides.

        Raises ParameterError if the module cannot send it. Ignored after `close`.
        """
        target = addr or self._remote
        if target is None:
            raise ParameterError("sendto() needs an address: this socket has no remote address")
        host, port = ip_address(target[0]), target[1]
        if self._remote is not None and (host, port) != self._remote:
            raise ParameterError(f"sendto() to {addr}: this socket sends to {self._remote} only")
        datagram = memoryview(data).tobytes()
        if release is None:
            command = sockets.send(self._number, host, port, datagram)
        else:
            command = sockets.send_and_release(self._number, host, port, datagram, release)
        if self._closing:
            return
        if len(self._outgoing) >= BACKLOG:
            full = OSError(
                errno.ENOBUFS, f"datagram dropped: {BACKLOG} are waiting; send more slowly"
            )
            self._loop.call_soon(self._protocol.error_received, full)
            return
        self._outgoing.append((command, len(datagram)))
        self._work.set()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        """Close after the queued datagrams are sent; `connection_lost(None)` follows."""
        self._closing = True
        self._work.set()

    def abort(self) -> None:
        """Close without sending the queued datagrams."""
        self._outgoing.clear()
        self.close()

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    # --- called by Datagrams -----------------------------------------------------------------

    def arrived(self) -> None:
        """+NSONMI: a datagram waits in the module."""
        self._arrived = True
        self._work.set()

    def lost(self, error: M5310Error) -> None:
        """The socket is gone: the port was lost, or the module restarted. Call it once."""
        self._closing = True
        self.task.cancel()
        self._end(error)

    # --- the task of the socket --------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self._transfer()
            await self._try(sockets.close(self._number))
        except PortError as error:
            self._closing = True
            self._end(error)
        else:
            self._end(None)

    async def _transfer(self) -> None:
        """Fetch one, send one, until closed and all is sent: neither direction blocks the other."""
        while self._outgoing or not self._closing:
            if self._arrived and not self._closing:
                self._arrived = False
                await self._fetch()
            if self._outgoing:
                await self._send(*self._outgoing.popleft())
            elif not self._arrived and not self._closing:
                self._work.clear()
                await self._work.wait()

    async def _send(self, command: Command[int], length: int) -> None:
        accepted = await self._try(command)
        if accepted is not None and accepted != length:
            error = AnswerError(f"the module accepted {accepted} of {length} bytes of a datagram")
            self._report(error)

    async def _fetch(self) -> None:
        """Fetch one datagram; if there was one, fetch again at the next turn.

        So no datagram is missed if the module announces only the first of several, or if an
        announcement is lost.
        """
        parts = bytearray()
        while not self._closing:
            datagram = await self._try(sockets.receive(self._number, sockets.DATAGRAM_LIMIT))
            if datagram is None:
                return
            parts += datagram.data
            if not datagram.remaining:
                self._deliver(bytes(parts), (datagram.address, datagram.port))
                self._arrived = True
                return
            if not datagram.data or len(parts) > REASSEMBLY_LIMIT:
                self._report(
                    AnswerError(
                        f"datagram dropped: {datagram.remaining} bytes remain after {len(parts)}, "
                        f"but the last answer had {len(datagram.data)}"
                    )
                )
                return

    def _deliver(self, data: bytes, origin: Address) -> None:
        if self._remote is None or origin == self._remote:
            # not called here: the loop reports what a protocol raises, as in asyncio
            self._loop.call_soon(self._protocol.datagram_received, data, origin)
        else:
            _log.debug("ignoring datagram from %s: the remote address is %s", origin, self._remote)

    async def _try(self, command: Command[T]) -> T | None:
        """Execute a command; None if it failed, which is reported. Raises PortError."""
        try:
            return await self._execute(command)
        except PortError:
            raise
        except M5310Error as error:
            self._report(error)
            return None

    def _report(self, error: M5310Error) -> None:
        # asyncio documents an OSError here; its cause is the driver's error
        reported = OSError(errno.EIO, str(error))
        reported.__cause__ = error
        self._loop.call_soon(self._protocol.error_received, reported)

    def _end(self, error: M5310Error | None) -> None:
        self._closed()
        self._loop.call_soon(self._protocol.connection_lost, error)


class Datagrams:
    """The open sockets of one module, by number."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._open: dict[int, ModuleDatagramTransport] = {}
        self._early: set[int] = set()  # announced before the socket's number was known

    async def open(
        self,
        protocol_factory: Callable[[], P],
        *,
        local_port: int,
        remote: Address | None,
    ) -> tuple[ModuleDatagramTransport, P]:
        """A new socket with a protocol on it; see `Module.create_datagram_endpoint`."""
        if remote is not None:
            host, port, *_ = remote  # a list, as from a configuration file, is accepted too
            sockets.send(0, host, port, b"\0")  # raises here what each sendto() would raise
            remote = (ip_address(host), port)  # as `_deliver` compares it
        transport: ModuleDatagramTransport | None = None

        async def create() -> tuple[ModuleDatagramTransport, P]:
            nonlocal transport
            protocol = protocol_factory()
            number = await self._execute(sockets.create(local_port))
            transport = ModuleDatagramTransport(
                self._execute,
                number,
                protocol,
                local_port=local_port,
                remote=remote,
                closed=lambda: self._open.pop(number, None),
            )
            self._open[number] = transport
            protocol.connection_made(transport)
            if number in self._early:  # announced between the OK and this line
                self._early.discard(number)
                transport.arrived()
            return transport, protocol

        try:
            return await finish(create())
        except BaseException:
            if transport is not None:
                transport.abort()
            raise

    def arrived(self, number: int) -> None:
        """+NSONMI: a datagram waits on this socket, which may be one that is still being opened."""
        if number in self._open:
            self._open[number].arrived()
        else:
            self._early.add(number)

    def lost(self, error: M5310Error) -> None:
        """All sockets are gone."""
        for transport in tuple(self._open.values()):
            transport.lost(error)

    async def close(self) -> None:
        """Close all sockets; queued datagrams are not sent."""
        transports = tuple(self._open.values())
        for transport in transports:
            transport.abort()
        if transports:
            await asyncio.wait({one.task for one in transports}, timeout=CLOSE_TIMEOUT)
        self.lost(PortError("the module was closed"))
