"""Requests to applications over real sockets: slow, closing, refusing and endless ones."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
from aiohttp import web

from emulator.onenet.posting import MAX_REPLY, Post, Reply
from emulator.onenet.posts import Posts
from tests.support.push_server import push_server

pytestmark = pytest.mark.realtime

T = TypeVar("T")
HEADERS = {
    "User-Agent": "OneNET",
    "Content-Type": "application/json; charset=utf-8",
    "Accept-Encoding": "*",
    "Connection": "Keep-Alive",
}


class Sender:
    def __init__(self, *, allow_network: bool, timeout: float) -> None:
        self.posts = Posts(self._act, allow_network=allow_network, timeout=timeout)

    def _act(self, call: Callable[[float], T]) -> T:
        return call(5.0)

    async def post(self, url: str, body: bytes = b"{}", method: str = "POST") -> Reply:
        done: asyncio.Future[tuple[Reply, float]] = asyncio.get_running_loop().create_future()
        post = Post(method, url, HEADERS, body)
        self.posts(post, lambda reply, now: done.set_result((reply, now)))
        reply, now = await done
        assert now == 5.0
        return reply


@asynccontextmanager
async def sender(*, allow_network: bool = False, within: float = 5.0) -> AsyncIterator[Sender]:
    made = Sender(allow_network=allow_network, timeout=within)
    try:
        yield made
    finally:
        await made.posts.close()


async def answered(text: bytes) -> asyncio.Server:
    """A server that sends `text` to each connection once its header has come, and closes it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


def url_of(server: asyncio.Server) -> str:
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_a_request_goes_out_as_it_is() -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(2))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, sender() as it:
        url = f"{url_of(server)}p?msg=1&signature=a+b/c=="
        assert await it.post(url) == Reply(200, b"ok")
    host = url.split("/")[2]
    first, *lines = seen[0].decode().split("\r\n")
    assert first == "POST /p?msg=1&signature=a+b/c== HTTP/1.1"
    assert sorted(lines[: lines.index("")]) == sorted(
        [f"Host: {host}", "Content-Length: 2", *(f"{k}: {v}" for k, v in HEADERS.items())]
    )
    assert lines[-1] == "{}"


async def test_one_connection_serves_many_requests() -> None:
    async with push_server() as server, sender() as it:
        server.answer = lambda _request: _ok()
        peers = set()
        for _ in range(5):
            await it.post(server.url)
            transport = server.requests[-1][0].transport
            peers.add(None if transport is None else transport.get_extra_info("peername"))
        assert len(peers) == 1


async def _ok() -> web.Response:
    return web.Response(text="ok")


@pytest.mark.parametrize("status", [204, 404, 500])
async def test_the_status_is_given_back(status: int) -> None:
    async with push_server() as server, sender() as it:

        async def refuse(_request: web.Request) -> web.Response:
            return web.Response(status=status)

        server.answer = refuse
        assert (await it.post(server.url)).status == status


async def test_a_redirect_is_not_followed() -> None:
    async with push_server() as server, sender() as it:

        async def redirect(_request: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": server.url})

        server.answer = redirect
        assert (await it.post(server.url)).status == 302
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000,
    ],
    ids=["closed", "cut", "bad chunk", "no http", "long header"],
)
async def test_a_broken_answer_is_an_error(text: bytes) -> None:
    async with await answered(text) as server, sender() as it:
        reply = await it.post(url_of(server))
        assert reply.status is None
        assert reply.error


async def test_a_slow_application_has_no_answer_within_the_time() -> None:
    gone = asyncio.Event()

    async def wait(_request: web.Request) -> web.Response:
        await gone.wait()
        return web.Response()

    async with push_server() as server, sender(within=0.05) as it:
        server.answer = wait
        assert await it.post(server.url) == Reply(None, error="no answer within 0.05 s")
        gone.set()


async def test_applications_that_do_not_answer_hold_up_no_other_one() -> None:
    gone = asyncio.Event()

    async def wait(_request: web.Request) -> web.Response:
        await gone.wait()
        return web.Response()

    async with push_server() as silent, push_server() as good, sender() as it:
        silent.answer, good.answer = wait, lambda _request: _ok()
        waiting = [asyncio.ensure_future(it.post(silent.url)) for _ in range(100)]
        await asyncio.sleep(0)
        assert (await it.post(good.url)).delivered
        assert not any(one.done() for one in waiting)
        gone.set()
        assert all(reply.delivered for reply in await asyncio.gather(*waiting))


async def test_the_rest_of_an_answer_that_never_ends_is_not_read() -> None:
    ended = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"a" * 65536)
        finally:
            ended.set()

    async with push_server() as server, sender() as it:
        server.answer = endless
        assert await it.post(server.url) == Reply(200, b"a" * MAX_REPLY)
        await ended.wait()


async def test_a_refused_connection_is_an_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        async with sender() as it:
            reply = await it.post(f"http://127.0.0.1:{port}/")
    assert "no program listens there" in reply.error


@pytest.mark.parametrize("host", ["192.0.2.1", "0.0.0.0", "[2001:db8::1]"])
async def test_nothing_leaves_this_machine_unless_it_may(host: str) -> None:
    async with sender() as it:
        reply = await it.post(f"http://{host}:9/")
    assert reply.status is None
    assert "another machine: expected this one, or --allow-network" in reply.error


async def test_a_name_is_judged_by_the_address_that_it_leads_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def look_up(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 80))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    async with sender() as it:
        reply = await it.post("http://localhost:80/")
    assert "192.0.2.7 is another machine" in reply.error


async def test_with_the_network_another_address_is_tried() -> None:
    async with sender(allow_network=True, within=0.05) as it:
        reply = await it.post("http://192.0.2.1:9/")
    assert reply.status is None
    assert "another machine" not in reply.error


async def test_close_drops_what_is_open() -> None:
    replies: list[Reply] = []
    async with push_server() as server:
        waiting, gone = asyncio.Event(), asyncio.Event()

        async def wait(_request: web.Request) -> web.Response:
            waiting.set()
            await gone.wait()
            return web.Response()

        server.answer = wait
        async with sender() as it:
            it.posts(Post("POST", server.url, {}, b""), lambda reply, _now: replies.append(reply))
            await waiting.wait()
        gone.set()
    assert replies == []
