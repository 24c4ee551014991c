"""The shell around `Receiver.answer`: a handler for aiohttp."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from m5310.onenet.push.messages import Message, PushAnswer

READ_SECONDS = 10.0
"""For a body to arrive. OneNET itself waits 5 s for the answer."""

IN_LOOP = 1 << 14
"""Bytes of a body that is checked in the event loop; a longer one is in a thread."""

Handler = Callable[[web.Request], Awaitable[web.Response]]


def make_handler(
    answer: Callable[[str, Mapping[str, str], bytes], PushAnswer],
    on_message: Callable[[Message], Awaitable[None] | None],
) -> Handler:
    """See `Receiver.aiohttp_handler`."""

    async def handler(request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(READ_SECONDS):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408, text=f"expected the body within {READ_SECONDS:g} s")
        asked = request.method, request.query, body
        if len(body) > IN_LOOP:
            status, text, messages = await asyncio.to_thread(answer, *asked)
        else:
            status, text, messages = answer(*asked)
        for message in messages:
            waiting = on_message(message)
            if waiting is not None:
                await waiting
        return web.Response(status=status, text=text)

    return handler
