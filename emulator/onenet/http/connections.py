"""Connections of the HTTP API: listening, limits of time, and answers sent piece by piece.

No client holds a connection that it does not use, and no answer holds the event loop: the serial
lines of all modules run in the same loop.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from aiohttp import web

from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.http.answers import Answer, encoded
from emulator.onenet.http.protocol import HEAD, READ, Protocol, Refuse, logger

# Seconds for a client to take one piece of a long answer.
_SEND_TIMEOUT = 10.0
# Seconds; a call that still waits for a device at shutdown is dropped.
_SHUTDOWN_TIMEOUT = 0.1
# Seconds after which the encoding of an answer lets other events run.
_TURN = 0.001
# Connections whose calls may all begin in one turn: together they take less than 5 ms.
_FEW = 4
# Bytes of one piece of a long answer.
_PIECE = 64 * 1024

# guess: connections at a time; the real limit is not published. Further ones are closed.
MAX_CONNECTIONS = 500
# guess: bytes of answers that are made or sent at a time; the largest one has some 25 MB.
MAX_HELD = 64 * 1024 * 1024

T = TypeVar("T")
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Listener:
    """Serves a handler at one address.

    `port`: where it listens, once it does.
    """

    port = 0

    def __init__(self) -> None:
        self._runner: web.ServerRunner | None = None
        self._make: Callable[[], Protocol]
        self._server: asyncio.Server | None = None
        self._full = False  # it has been; that is logged once
        self._held = 0  # bytes of answers that are made or sent
        self._turn_end: float | None = None  # of the calls in this turn of the loop

    async def start(
        self, handler: Handler, refuse: Refuse, max_body: int, host: str, port: int
    ) -> str:
        """Listen, and return the URL. Raises OSError if the address cannot be used.

        `refuse`: makes the answer to what is no request that can be read. `max_body`: bytes of a
        body; `BaseRequest.read` raises for a larger one.
        """
        loop = asyncio.get_running_loop()
        # A client that disconnects cancels its handler, which cancels its request to the device.
        server = web.Server(
            handler, request_factory=partial(_request, max_body), handler_cancellation=True
        )
        self._make = partial(Protocol, server, refuse, loop=loop)
        self._runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_TIMEOUT)
        await self._runner.setup()
        try:
            self._server = await loop.create_server(self._connect, host, port)
            for listening in self._server.sockets:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, READ)
        except UnicodeError as error:  # the name has a label that DNS cannot have (RFC 1035)
            await self.close()
            raise OSError(
                0, f"HTTP on {host}:{port}: expected the name or the address of a host"
            ) from error
        except OSError as error:
            await self.close()
            # asyncio's own text repeats the address; a name that does not resolve has no errno.
            number = error.errno or 0
            reason = os.strerror(number) if number > 0 else error.strerror
            raise OSError(number, f"HTTP on {host}:{port}: {reason}") from error
        bound, self.port = self._server.sockets[0].getsockname()[:2]
        return f"http://{f'[{bound}]' if ':' in bound else bound}:{self.port}"

    async def close(self) -> None:
        """Stop listening and drop all calls."""
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def turn(self) -> None:
        """Wait until a call may begin: of many that come at once, some begin after other events."""
        if self._open() <= _FEW:
            return
        loop = asyncio.get_running_loop()
        while self._turn_end is not None and loop.time() >= self._turn_end:  # noqa: ASYNC110
            await asyncio.sleep(0)
        if self._turn_end is None:
            self._turn_end = loop.time() + _TURN
            loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._turn_end = None

    async def respond(self, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        """Encode `answer` and send it if it is long, in turn with other events.

        Raises TypeError for a value without a JSON form, ApiError for a long answer while
        MAX_HELD bytes of others wait for their clients.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + _TURN
        body = bytearray()
        try:
            for part in encoded(answer):
                body += part
                self._held += len(part)
                if self._held > MAX_HELD and len(body) > _PIECE:
                    raise ApiError(Reason.LIMIT, f"answers of {MAX_HELD} bytes wait to be taken")
                if loop.time() >= end:
                    await asyncio.sleep(0)
                    end = loop.time() + _TURN
            transport = request.transport
            # A client that takes no answers, but asks for more of them, waits for the first ones.
            waiting = 0 if transport is None else transport.get_write_buffer_size()
            if len(body) + waiting <= _PIECE:
                # 200 would open a tunnel (RFC 9110 9.3.6).
                status = 405 if request.method == "CONNECT" else 200
                return web.Response(status=status, body=bytes(body), headers=HEAD)
            return await _sent(request, body)
        finally:
            self._held -= len(body)

    @staticmethod
    def address(request: web.BaseRequest) -> str:
        """Of this machine, where the request came in; "" if its connection has ended."""
        transport = request.transport
        return "" if transport is None else transport.get_extra_info("sockname")[0]

    def _connect(self) -> asyncio.BaseProtocol:
        if self._open() >= MAX_CONNECTIONS:
            if not self._full:
                self._full = True
                logger.warning("connections are refused: there are %d", MAX_CONNECTIONS)
            return _Refused()
        return self._make()

    def _open(self) -> int:
        """How many connections there are."""
        assert self._runner is not None, "it has been started"
        assert self._runner.server is not None, "the runner is set up"
        return len(self._runner.server.connections)


def _request(
    max_body: int, message: Any, body: Any, protocol: Protocol, writer: Any, task: Any
) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    protocol.begin(body)
    return web.BaseRequest(message, body, protocol, writer, task, loop, client_max_size=max_body)


class _Refused(asyncio.Protocol):
    """A connection beyond the limit: it is closed at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


async def _sent(request: web.BaseRequest, body: bytearray) -> web.StreamResponse:
    """The response, which is sent already, piece by piece."""
    response = web.StreamResponse(headers=HEAD)
    response.content_length = len(body)
    writer = await response.prepare(request)
    assert writer is not None, "it was not prepared before"
    try:
        for begin in range(0, len(body), _PIECE):
            async with asyncio.timeout(_SEND_TIMEOUT):
                await writer.drain()
                await response.write(body[begin : begin + _PIECE])
            await asyncio.sleep(0)
    except (TimeoutError, ConnectionError):
        if request.transport is not None:
            request.transport.abort()
    return response


async def go_on(request: web.BaseRequest) -> None:
    """Tell a client that asks before it sends the body to send it (RFC 9110 10.1.1)."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


async def gathered(entries: Iterable[T]) -> list[T]:
    """All entries; other events run after each _TURN."""
    loop, found = asyncio.get_running_loop(), []
    end = loop.time() + _TURN
    for entry in entries:
        found.append(entry)
        if loop.time() >= end:
            await asyncio.sleep(0)
            end = loop.time() + _TURN
    return found


async def in_turns(entries: Iterable[T]) -> AsyncIterator[T]:
    """The same entries; other events run after each _TURN."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _TURN
    for entry in entries:
        yield entry
        if loop.time() >= end:
            await asyncio.sleep(0)
            end = loop.time() + _TURN
