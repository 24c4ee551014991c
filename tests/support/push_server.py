"""A real HTTP server that gets pushes: checks them as OneNET's receivers do, and keeps them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.support import push_receivers

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PushServer:
    """`url`: where it listens. `messages`: what it took; `requests`: all that came, with bodies."""

    def __init__(self, token: str, aes_key: str | None = None) -> None:
        self.token, self.aes_key = token, aes_key
        self.url = ""
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        self.requests: list[tuple[web.Request, bytes]] = []
        self.answer: Handler = self.receive

    async def receive(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if request.method == "GET":
            return web.Response(text=push_receivers.checked(dict(request.query), self.token))
        if self.aes_key is None:
            text = push_receivers.plain(body, self.token)
        else:
            text = push_receivers.encrypted(body, self.token, self.aes_key)
        if text is None:
            return web.Response(status=401)
        self.messages.put_nowait(json.loads(text))
        return web.Response(text="ok")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request, await request.read()))
        return await self.answer(request)


@asynccontextmanager
async def push_server(
    token: str = "a token", aes_key: str | None = None, port: int = 0
) -> AsyncIterator[PushServer]:
    server = PushServer(token, aes_key)
    runner = web.ServerRunner(web.Server(server.handle), shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/push"
    try:
        yield server
    finally:
        await runner.cleanup()
