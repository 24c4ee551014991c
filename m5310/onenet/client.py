"""`OneNet`: the calls of OneNET's HTTP API as coroutine methods.

A method is a function of `calls/` with the same parameters: `_Method` sends the `Call` that the
function gives and waits for its result.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from datetime import datetime
from functools import wraps
from types import TracebackType
from typing import Any, Generic, ParamSpec, TypeVar, overload
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from m5310.onenet.calls import devices as of_devices
from m5310.onenet.calls import keys as of_keys
from m5310.onenet.calls import offline as of_offline
from m5310.onenet.calls import points as of_points
from m5310.onenet.calls import resources as of_resources
from m5310.onenet.calls import triggers as of_triggers
from m5310.onenet.calls.call import Call
from m5310.onenet.errors import BadAnswer, NoAnswer, NotConnected

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_URL = "http://api.heclouds.com"
DEFAULT_TIMEOUT = 60.0
"""Seconds for a call. OneNET itself waits up to 40 s for a device (2018: 30 s)."""

MAX_ANSWER = 1 << 25
"""Bytes of an answer.  guess: 6000 points of 5 kB each."""

IN_LOOP = 1 << 14
"""Bytes of an answer that the event loop reads itself; a longer one is read in a thread."""

IDLE_SECONDS = 5.0
"""How long a connection is kept for the next call.  guess: less than OneNET keeps it, so that no
call is lost in a connection that is just being closed."""

MAX_PAGE = 6000
"""The most points of an answer (guide 4.2.13)."""


class _Method(Generic[P, T]):
    """A function that gives a `Call`, as a coroutine method of `OneNet`."""

    def __init__(self, make: Callable[P, Call[T]]) -> None:
        self._make = make

    @overload
    def __get__(self, client: None, owner: type) -> Callable[P, Call[T]]: ...
    @overload
    def __get__(self, client: OneNet, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(
        self, client: OneNet | None, owner: type
    ) -> Callable[P, Call[T]] | Callable[P, Coroutine[Any, Any, T]]:
        if client is None:
            return self._make  # for help() and signatures
        sender = client

        @wraps(self._make)
        async def method(*args: P.args, **kwargs: P.kwargs) -> T:
            return await sender.send(self._make(*args, **kwargs))

        return method


class _Broken(Exception):
    """A connection error that aiohttp does not know."""


async def _once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a GET again when its connection broke: some are commands."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectionError as error:
        raise _Broken(str(error)) from error


class OneNet:
    """OneNET's HTTP API with asyncio.

        async with OneNet(api_key) as cloud:
            device_id = await cloud.create_device("lamp", imei, imsi)
            await cloud.write(imei, "3311/0", {5850: True})
            async for point in cloud.points(device_id, ["3311_0_5850"], start=yesterday):
                print(point.at, point.value)

    Each method is described where it is defined, in `m5310/onenet/calls/`; `help(OneNet.write)`
    shows it. Where that says `Call[str]`, the method gives the `str`.

    Raises (every method):
        OneNetError: OneNET refused the call, or could not do it; see `errno` and `meaning`.
        NotConnected: No connection to `url`, or it broke.
        NoAnswer: No answer within `timeout`.
        BadAnswer: What answered is not OneNET.
        ValueError: An argument is wrong; nothing was sent.

    No call is repeated by itself. After NotConnected and NoAnswer it may have been done.
    """

    def __init__(
        self, api_key: str, url: str = DEFAULT_URL, *, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        """`api_key` is the product's master key, or a device key, which sees its devices only.

        `url` is `http://` or `https://` and a host, with a port if needed. `timeout` is in seconds,
        for a call from the connection to the end of the answer.

        Raises:
            ValueError: No key, a key that no header can hold, or no such URL.
        """
        if not api_key or not (api_key.isascii() and api_key.isprintable()):
            raise ValueError("api_key: expected printable ASCII, as shown by the platform")
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises when it is no port
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise ValueError(f"url: expected such as {DEFAULT_URL}, got {url!r}")
        self._url = f"{parts.scheme}://{parts.netloc}"
        self._headers = {
            "api-key": api_key,
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
        }
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> OneNet:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections. The next call opens them again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(self, call: Call[T]) -> T:
        """Send a call that was made by hand: a function of `m5310.onenet.calls`."""
        name = f"{call.method} {call.target.partition('?')[0]}"
        try:
            async with asyncio.timeout(self._timeout):
                status, body = await self._exchange(call, name)
        except TimeoutError as error:
            raise NoAnswer(
                f"{name}: no answer from {self._url} within {self._timeout:g} s"
            ) from error
        except (_Broken, aiohttp.ClientConnectionError) as error:
            raise NotConnected(f"{name}: no connection to {self._url}: {error}") from error
        except aiohttp.ClientPayloadError as error:
            raise NotConnected(f"{name}: the answer of {self._url} broke off: {error}") from error
        except aiohttp.ClientError as error:
            raise BadAnswer(f"{name}: expected HTTP from {self._url}: {error}") from error
        if len(body) > IN_LOOP:
            return await asyncio.to_thread(call.result, status, body)
        return call.result(status, body)

    async def _exchange(self, call: Call[T], name: str) -> tuple[int, bytes]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                connector=aiohttp.TCPConnector(keepalive_timeout=IDLE_SECONDS),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # see send
                middlewares=(_once,),
                auto_decompress=False,  # nothing that grows
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        url = URL(self._url + call.target, encoded=True)  # exactly this on the wire
        asked = self._session.request(call.method, url, data=call.body, allow_redirects=False)
        body = bytearray()
        async with asked as response:
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > MAX_ANSWER:
                    raise BadAnswer(f"{name}: expected an answer of at most {MAX_ANSWER} bytes")
            return response.status, bytes(body)

    async def points(
        self,
        device_id: str | int,
        streams: Iterable[str] = (),
        *,
        start: datetime,
        end: datetime | None = None,
        per_page: int = MAX_PAGE,
    ) -> AsyncIterator[of_points.DataPoint]:
        """All points of a device, or of some of its streams, from a time on (guide 4.2.13).

        Page by page, `per_page` (1 to 6000) in one answer, through OneNET's cursor; within a page
        stream by stream, each oldest first. See `points_page`.
        """
        asked, cursor = tuple(streams), None
        while True:
            page = await self.points_page(
                device_id, asked, start=start, end=end, limit=per_page, cursor=cursor
            )
            for point in page.points:
                yield point
            cursor = of_points.next_cursor(page, cursor)
            if cursor is None:
                return

    create_device = _Method(of_devices.create_device)
    device = _Method(of_devices.device)
    device_by_imei = _Method(of_devices.device_by_imei)
    devices = _Method(of_devices.devices)
    update_device = _Method(of_devices.update_device)
    delete_device = _Method(of_devices.delete_device)
    device_status = _Method(of_devices.device_status)
    streams = _Method(of_devices.streams)
    stream = _Method(of_devices.stream)

    points_page = _Method(of_points.points_page)
    newest_points = _Method(of_points.newest_points)

    read = _Method(of_resources.read)
    write = _Method(of_resources.write)
    execute = _Method(of_resources.execute)
    resources = _Method(of_resources.resources)
    observe = _Method(of_resources.observe)
    discover = _Method(of_resources.discover)

    offline_read = _Method(of_offline.offline_read)
    offline_write = _Method(of_offline.offline_write)
    offline_execute = _Method(of_offline.offline_execute)
    offline_history = _Method(of_offline.offline_history)
    offline_command = _Method(of_offline.offline_command)
    cancel_offline = _Method(of_offline.cancel_offline)
    cancel_all_offline = _Method(of_offline.cancel_all_offline)

    create_trigger = _Method(of_triggers.create_trigger)
    update_trigger = _Method(of_triggers.update_trigger)
    trigger = _Method(of_triggers.trigger)
    triggers = _Method(of_triggers.triggers)
    delete_trigger = _Method(of_triggers.delete_trigger)

    create_key = _Method(of_keys.create_key)
    keys = _Method(of_keys.keys)
    delete_key = _Method(of_keys.delete_key)
