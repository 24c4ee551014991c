"""An application that takes pushes, with aiohttp, and passes the check of its URL.

Run as a module: it prints its URL as JSON. It ends at the end of stdin.
"""

from __future__ import annotations

import asyncio
import json
import sys

from aiohttp import web


async def take(request: web.BaseRequest) -> web.Response:
    await request.read()
    return web.Response(text=request.query.get("msg", "ok"))


async def main() -> None:
    runner = web.ServerRunner(web.Server(take))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(json.dumps(f"http://127.0.0.1:{runner.addresses[0][1]}/push"), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
