"""HTTP/1 on one connection: aiohttp's, for programs that write their requests by hand, too.

Heads are completed (`heads`), what cannot be read gets an answer of the API, and a client that ends
its side of the connection gets its answer before the other side ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from emulator.onenet.errors import ApiError, Reason, invalid
from emulator.onenet.http.answers import Answer, encoded
from emulator.onenet.http.heads import Heads

logger = logging.getLogger("emulator.http")
_server_logger = logger.getChild("server")
# aiohttp answers these faults of clients itself, and would log a traceback of each.
_server_logger.addFilter(
    lambda record: (
        not record.exc_info
        or not isinstance(record.exc_info[1], HttpProcessingError | web.RequestPayloadError)
    )
)

# As captured: no charset. Nor has the body blanks: programs look for `"errno":0`.
HEAD = {
    "Content-Type": "application/json",
    "Server": "Apache-Coyote/1.1",
    "Pragma": "no-cache",
}
# Bytes that are read at once, about: they may be thousands of chunks or of requests.
READ = 16 * 1024
# Bytes of a request line: 1000 ids of devices (guide 4.2.11), with commas as %2C.
_MAX_LINE = 16 * 1024
# Seconds for the header of the first request to arrive.
_HEADER_TIMEOUT = 10.0
# Seconds from an answer to the next request's header on the same connection.
_IDLE_TIMEOUT = 75.0
# Seconds in which a client that has ended its side of the connection still gets its answer. It may
# have left instead, which looks the same: then its request to a device is not to be repeated, and
# the first repetition comes after 5 s or later (`years`).
_HALF_CLOSED = 5.0
# Characters of what a client sent, in an error.
_MAX_SHOWN = 200

Refuse = Callable[[ApiError], Answer]


class Protocol(web.RequestHandler):
    """`refuse` makes the answer to what is no request that can be read."""

    def __init__(
        self, server: web.Server, refuse: Refuse, *, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(
            server,
            loop=loop,
            # Some bytes of gzip are a body of megabytes; guess: Tomcat, as OneNET uses it, does not
            # decompress either.
            auto_decompress=False,
            access_log=None,  # type: ignore[arg-type]
            logger=_server_logger,
            keepalive_timeout=_IDLE_TIMEOUT,
            max_line_size=_MAX_LINE,
            read_bufsize=READ // 2,
        )
        self._heads = Heads()
        self._parts: deque[bytes] = deque()  # that wait until requests before them are served
        self._refuse = refuse
        self._body: Any = None  # of the request that is served
        self._half_closed = False  # no more requests come
        # Drops it if the first header, or the last answer of a client that ended its side, is late.
        self._timer = loop.call_later(_HEADER_TIMEOUT, self.force_close)

    def begin(self, body: Any) -> None:
        """A request with this body is served from now on."""
        if not self._half_closed:
            self._timer.cancel()
        self._body = body
        self._close_after_last()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._force_close or self._close:
            return  # this was the last request
        if data:
            self._parts.extend(self._heads.feed(data))
        else:  # aiohttp asks itself to go on with what it has
            super().data_received(data)
        while self._parts and not self._is_full():
            super().data_received(self._parts.popleft())
        # A request follows once the body before has come, or if that cannot be read.
        self._end_bodies(self._bodies()[:-1], "expected chunks (RFC 9112 7.1)")

    def _is_full(self) -> bool:
        """Whether aiohttp does not read on: as many requests, or bytes of a body, wait as may."""
        return self._reading_paused or len(self._messages) >= self._max_msg_queue_size

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer a client that only ended its side, as `nc -N` does (RFC 9112 9.6)."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            return False  # no request is open: close
        self._end_bodies(self._bodies(), "the connection ends before it does")
        self._half_closed = True
        self._close_after_last()
        self._timer.cancel()
        self._timer = self._loop.call_later(_HALF_CLOSED, self.force_close)
        return True

    def _close_after_last(self) -> None:
        if self._half_closed and not self._messages:
            self.close()  # when the request that is served has its answer

    def _bodies(self) -> list[Any]:
        """Of the request that is served and of those that wait; the last one may be incomplete."""
        return [self._body, *(body for _, body in self._messages)]

    def _end_bodies(self, bodies: list[Any], error: str) -> None:
        """Who reads an incomplete one of `bodies` would wait for the rest of it."""
        for body in bodies:
            if body is not None and not body.is_eof():
                body.set_exception(web.RequestPayloadError(f"the body: {error}"))

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The API's answer, with HTTP status 200, to what aiohttp would refuse with 400 or 500."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already")
        if status == HTTPStatus.BAD_REQUEST:
            # guess: the numbers; what the real platform answers is not known.
            detail = f"malformed HTTP request: {_shown(message or '')}"
            large = isinstance(exc, LineTooLong)
            error = ApiError(Reason.BODY_TOO_LARGE, detail) if large else invalid(detail)
        else:
            logger.error("a request failed", exc_info=exc)
            error = ApiError(Reason.INTERNAL)
        response = web.Response(body=b"".join(encoded(self._refuse(error))), headers=HEAD)
        response.force_close()
        return response


def _shown(message: str) -> str:
    """A message of aiohttp in one line: it marks the wrong byte in a line of its own."""
    text = " ".join(message.split()).removesuffix(" ^")
    text = text.encode("ascii", "backslashreplace").decode()
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."
