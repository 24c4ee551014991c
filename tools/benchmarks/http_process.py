"""The HTTP API of a platform with a device, and bare aiohttp handlers that return the same bytes.

Run as a module: it prints one line of JSON: for each, its port. It ends at the end of stdin.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import sys
from collections.abc import Callable
from typing import TypeVar

import aiohttp
from aiohttp import web

from emulator.lwm2m.model import Item, Path
from emulator.onenet.devices import Description
from emulator.onenet.http.api import HttpApi
from emulator.onenet.platform import Platform

KEY = "the-key-of-the-product-0001="
NOW = 1_700_000_000.0

T = TypeVar("T")


def act(call: Callable[[float], T]) -> T:
    return call(NOW)


# What aiohttp sets itself.
_OWN = ("Content-Length", "Date")


def bare(answers: dict[str, tuple[bytes, dict[str, str]]]) -> web.Application:
    """A handler for each path, which compares the key. `answers`: body and headers."""
    application = web.Application()
    key = KEY.encode()

    def add(pattern: str, body: bytes, headers: dict[str, str]) -> None:
        async def answer(request: web.Request) -> web.Response:
            if not hmac.compare_digest(request.headers.get("api-key", "").encode(), key):
                return web.Response(status=403)
            return web.Response(body=body, headers=headers)

        application.router.add_get(pattern, answer)

    for path, (body, headers) in answers.items():
        parts = [
            "{id:[0-9]+}" if part.isdigit() else part for part in path.split("?")[0].split("/")
        ]
        add("/".join(parts), body, headers)
    return application


async def main() -> None:
    platform = Platform()
    device = platform.create_device(Description("a device", "86", "46"), NOW)
    for value in (20.5, 21.5):
        items = tuple(Item(Path(3303, 0, resource), value) for resource in (5700, 5701, 5601))
        platform.report(device.endpoint, items, NOW)
    api = HttpApi(platform, key=KEY, act=act)
    url = await api.start("127.0.0.1", 0)
    paths = {
        "device": f"/devices/{device.id}",
        "newest points": f"/devices/{device.id}/datapoints",
        "resources": "/nbiot/resources?imei=86",
    }
    answers = {}
    async with aiohttp.ClientSession(headers={"api-key": KEY}) as client:
        for path in paths.values():
            async with client.get(url + path) as answer:
                headers = {
                    name: answer.headers[name] for name in answer.headers if name not in _OWN
                }
                answers[path] = await answer.read(), headers
    runner = web.AppRunner(bare(answers), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    ports = {"ours": int(url.rpartition(":")[2]), "aiohttp": runner.addresses[0][1]}
    print(json.dumps({"ports": ports, "key": KEY, "paths": paths}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
