"""UDP sockets of the module as asyncio's own datagram endpoints.

One API, and it is asyncio's transport and protocol, because whatever speaks over UDP in Python
is written against it and runs over the module unchanged. What the module refuses arrives where a
kernel's refusal would: in the protocol's `error_received`.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

from m5310.at.codec import Command, Execute
from m5310.at.tasks import finish
from m5310.commands import sockets
from m5310.commands.sockets import ip_address
from m5310.errors import AnswerError, M5310Error, ParameterError, PortError

BACKLOG: Final = 64
"""Datagrams that wait to be sent: more than a minute of a 9600 baud line at 512 bytes each. One
more is dropped and told as ENOBUFS, which is what a kernel does when its queue is full."""
REASSEMBLY_LIMIT: Final = 65535
"""Bytes of one incoming datagram, UDP's own limit: a remainder that never ends must end."""

CLOSE: Final = 10.0
"""Seconds to give all sockets back. A guess: seven commands take a tenth of it, and a module that
does not answer must not hold up who leaves."""

_log = logging.getLogger("m5310.datagrams")

Address = tuple[str, int]
T = TypeVar("T")
P = TypeVar("P", bound=asyncio.DatagramProtocol)


class ModuleDatagramTransport(asyncio.DatagramTransport):
    """One UDP socket of the module; made by `Datagrams.open`.

    `get_extra_info` knows `sockname` (with an empty host), `peername` and `number`.
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
        self._outgoing: deque[tuple[Command[int], int]] = deque()  # each with its datagram's bytes
        self._arrived = False  # something waits in the module to be fetched
        self._closing = False
        self._work = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.task: Final = self._loop.create_task(self._serve())

    # --- what a protocol calls ---------------------------------------------------------------

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Queue one datagram of 1..512 bytes for `(address, port)`, an IP address.

        Raises ParameterError on one that the module cannot send. Ignored once closing.
        """
        target = addr or self._remote
        if target is None:
            raise ParameterError("sendto() without an address; this socket has no remote one")
        host, port = ip_address(target[0]), target[1]
        if self._remote is not None and (host, port) != self._remote:
            raise ParameterError(f"sendto() to {addr}; this socket sends to {self._remote} only")
        datagram = memoryview(data).tobytes()
        command = sockets.send(self._number, host, port, datagram)
        if self._closing:
            return
        if len(self._outgoing) >= BACKLOG:
            full = OSError(errno.ENOBUFS, f"{BACKLOG} datagrams wait already, this one is dropped")
            self._loop.call_soon(self._protocol.error_received, full)
            return
        self._outgoing.append((command, len(datagram)))
        self._work.set()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        """Close once everything queued is sent; `connection_lost(None)` follows."""
        self._closing = True
        self._work.set()

    def abort(self) -> None:
        """Close without sending what is queued."""
        self._outgoing.clear()
        self.close()

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    # --- what the module's owner calls -------------------------------------------------------

    def arrived(self) -> None:
        """+NSONMI: a datagram waits in the module."""
        self._arrived = True
        self._work.set()

    def lost(self, error: M5310Error) -> None:
        """The socket is gone: the port with it, or the module restarted. Once."""
        self._closing = True
        self.task.cancel()
        self._end(error)

    # --- the one task ------------------------------------------------------------------------

    async def _serve(self) -> None:
        try:
            await self._work_in_turns()
            await self._told(sockets.close(self._number))
        except PortError as error:
            self._closing = True
            self._end(error)
        else:
            self._end(None)

    async def _work_in_turns(self) -> None:
        """Fetch one, send one, until closing and done: neither direction starves the other."""
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
        taken = await self._told(command)
        if taken is not None and taken != length:
            error = AnswerError(f"{taken} bytes of a datagram of {length} are said to be taken")
            self._tell_error(error)

    async def _fetch(self) -> None:
        """Fetch one datagram, and if there was one, look again at the next turn.

        So it is right whether the module announces each datagram or only the first of several,
        and an announcement that noise swallowed costs no datagram.
        """
        parts = bytearray()
        while not self._closing:
            datagram = await self._told(sockets.receive(self._number, sockets.DATAGRAM_LIMIT))
            if datagram is None:
                return
            parts += datagram.data
            if not datagram.remaining:
                self._deliver(bytes(parts), (datagram.address, datagram.port))
                self._arrived = True
                return
            if not datagram.data or len(parts) > REASSEMBLY_LIMIT:
                self._tell_error(
                    AnswerError(
                        f"{datagram.remaining} bytes are said to remain of a datagram after "
                        f"{len(parts)}, the last answer brought {len(datagram.data)}"
                    )
                )
                return

    def _deliver(self, data: bytes, origin: Address) -> None:
        if self._remote is None or origin == self._remote:
            # not called here: what a protocol raises is the loop's to report, as in asyncio
            self._loop.call_soon(self._protocol.datagram_received, data, origin)
        else:
            _log.debug("a datagram of %s is not from %s: dropped", origin, self._remote)

    async def _told(self, command: Command[T]) -> T | None:
        """Execute a command; None if it failed, which the protocol hears."""
        try:
            return await self._execute(command)
        except PortError:
            raise
        except M5310Error as error:
            self._tell_error(error)
            return None

    def _tell_error(self, error: M5310Error) -> None:
        # asyncio promises an OSError; whose it is stands in its cause
        told = OSError(errno.EIO, str(error))
        told.__cause__ = error
        self._loop.call_soon(self._protocol.error_received, told)

    def _end(self, error: M5310Error | None) -> None:
        self._closed()
        self._loop.call_soon(self._protocol.connection_lost, error)


class Datagrams:
    """The open sockets of one module, by number."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._open: dict[int, ModuleDatagramTransport] = {}
        self._early: set[int] = set()  # announced for a socket that nobody holds (yet)

    async def open(
        self,
        protocol_factory: Callable[[], P],
        *,
        local_port: int,
        remote: Address | None,
    ) -> tuple[ModuleDatagramTransport, P]:
        """A new socket with a protocol on it; see `Module.create_datagram_endpoint`."""
        if remote is not None:
            host, port, *_ = remote  # a list in a program's configuration is as good as a tuple
            sockets.send(0, host, port, b"\0")  # raises now what every sendto() would
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
            if number in self._early:  # right behind the OK, before we could read the number
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
        """+NSONMI; of a socket that an earlier program left open it is nobody's."""
        if number in self._open:
            self._open[number].arrived()
        else:
            self._early.add(number)

    def lost(self, error: M5310Error) -> None:
        """All sockets are gone."""
        for transport in tuple(self._open.values()):
            transport.lost(error)

    async def close(self) -> None:
        """Give all sockets back to the module; what is queued is not sent."""
        transports = tuple(self._open.values())
        for transport in transports:
            transport.abort()
        if transports:
            await asyncio.wait({one.task for one in transports}, timeout=CLOSE)
        self.lost(PortError("the module was closed"))
