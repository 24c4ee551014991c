"""Requests of HTTP to applications: the shell of pushes and triggers, with aiohttp."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from ipaddress import ip_address

import aiohttp
from yarl import URL

from emulator.onenet.platform import Act
from emulator.onenet.posting import MAX_REPLY, TIMEOUT, Post, Reply

# guess: bounds what is open. Requests beyond them wait for the end of others, within their time: so
# an application that does not answer holds up those on its own host and port only.
_MAX_CONNECTIONS, _MAX_OF_HOST = 256, 16
# Headers that aiohttp adds by itself; the captured requests have none but those of `Post`.
_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Posts:
    """Sends requests; each has its reply, or an error, within `timeout` seconds of real time.

    Only to this machine unless `allow_network`: the address is checked when it is connected to, so
    that no name can lead elsewhere. Redirects are not followed. Replies are given to the platform
    by `act`. Needs the event loop; used as `emulator.onenet.posting.Send`.
    """

    def __init__(self, act: Act, *, allow_network: bool, timeout: float = TIMEOUT) -> None:
        self._act = act
        self._allow_network = allow_network
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None
        self._open: set[asyncio.Task[None]] = set()

    def __call__(self, post: Post, on_reply: Callable[[Reply, float], None]) -> None:
        """Send `post`; `on_reply` gets the reply and the time. Nothing after `close`."""
        task = asyncio.get_running_loop().create_task(self._run(post, on_reply))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def close(self) -> None:
        """Drop all requests; their replies do not come."""
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _run(self, post: Post, on_reply: Callable[[Reply, float], None]) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                reply = await self._reply(post)
        except TimeoutError:
            reply = Reply(None, error=f"no answer within {self._timeout:g} s")
        except aiohttp.ClientConnectorError as error:
            reply = Reply(None, error=_reason(error.os_error))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            reply = Reply(None, error=str(error) or type(error).__name__)
        self._act(lambda now: on_reply(reply, now))

    async def _reply(self, post: Post) -> Reply:
        session = self._session = self._session or self._new_session()
        request = session.request(
            post.method,
            URL(post.url, encoded=True),
            data=post.body or None,
            headers=post.headers,
            allow_redirects=False,
        )
        async with request as response:
            body = b""
            while len(body) < MAX_REPLY and (more := await response.content.read(MAX_REPLY)):
                body += more
            if not response.content.at_eof():
                response.close()  # the rest is not read
            return Reply(response.status, body[:MAX_REPLY])

    def _new_session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=_MAX_CONNECTIONS,
                limit_per_host=_MAX_OF_HOST,
                socket_factory=self._socket,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),  # `_run` limits it
            skip_auto_headers=_ADDED,
            auto_decompress=False,
        )

    def _socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for a connection to `address`, after the look-up of its name."""
        family, kind, protocol, _, place = address
        host = str(place[0])
        if not self._allow_network and not ip_address(host.partition("%")[0]).is_loopback:
            raise PermissionError(
                errno.EACCES,
                f"{host} is another machine: expected this one, or --allow-network"
                " (allow_network=True)",
            )
        return socket.socket(family, kind, protocol)


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "no program listens there"
    return error.strerror or str(error)
