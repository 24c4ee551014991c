"""One page of Chromium, driven by the Chrome DevTools protocol over a web socket."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from contextlib import AsyncExitStack
from itertools import count
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
_WAIT = 60.0  # seconds for one command; a busy machine is slow
_LARGEST = 64 * 1024 * 1024  # bytes of one answer


class Page:
    """A window of 1200 x 900 CSS pixels, without a screen."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._socket: aiohttp.ClientWebSocketResponse

    async def open(self, stack: AsyncExitStack) -> None:
        """`stack` ends the browser."""
        assert PROGRAM is not None, "whoever opens a page has looked"
        profile = stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True))
        words = [PROGRAM, "--headless=new", "--disable-gpu", "--remote-debugging-port=0"]
        words += [f"--user-data-dir={profile}", "--window-size=1200,900", "--no-first-run"]
        if os.geteuid() == 0:  # its sandbox needs another user
            words.append("--no-sandbox")
        child = await asyncio.create_subprocess_exec(
            *words, "about:blank", stderr=asyncio.subprocess.PIPE
        )
        stack.push_async_callback(child.wait)
        stack.callback(child.terminate)
        assert child.stderr is not None
        listening = b""
        while b"ws://" not in listening:
            listening = await asyncio.wait_for(child.stderr.readline(), _WAIT)
            if not listening:
                raise RuntimeError(f"{PROGRAM} ended with status {await child.wait()}")
        host = listening.split(b"ws://")[1].partition(b"/")[0].decode()
        client = await stack.enter_async_context(aiohttp.ClientSession())
        async with client.get(f"http://{host}/json/list") as response:
            pages = [one for one in await response.json() if one["type"] == "page"]
        self._socket = await stack.enter_async_context(
            client.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=_LARGEST)
        )
        await self.command("Performance.enable", timeDomain="threadTicks")
        await self.command("Page.enable")

    async def command(self, method: str, **parameters: object) -> Any:
        """The result of a command. Raises RuntimeError if the browser refuses it."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(_WAIT):
            while True:
                answer = json.loads(await self._socket.receive_str())
                if answer.get("id") == number:
                    break
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    async def go(self, url: str) -> None:
        """As in a new tab: nothing of the page before is left."""
        await self.command("Page.navigate", url="about:blank")
        await self.command("Page.navigate", url=url)

    async def script(self, text: str) -> Any:
        """The value of an expression; of a promise, what comes of it."""
        done = await self.command(
            "Runtime.evaluate", expression=text, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in done:
            raise RuntimeError(f"{text}: {done['exceptionDetails']}")
        return done["result"].get("value")

    async def memory(self) -> float:
        """Bytes of JavaScript objects that are in use."""
        await self.command("HeapProfiler.collectGarbage")
        return (await self._metrics())["JSHeapUsedSize"]

    async def busy(self) -> float:
        """Processor seconds of the page's thread so far."""
        return (await self._metrics())["TaskDuration"]

    async def _metrics(self) -> dict[str, float]:
        found = await self.command("Performance.getMetrics")
        return {one["name"]: one["value"] for one in found["metrics"]}
