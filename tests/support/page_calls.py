"""The page's calls over a real socket, in front of a whole emulator."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from emulator import Emulator

_NONE: Mapping[str, str] = {}


class Events:
    """Server-sent events, one after the other."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def next(self) -> tuple[str, Any]:
        """The name and the data of the next one; comments are skipped."""
        name = ""
        async for line in self._response.content:
            if line.startswith(b"event: "):
                name = line[7:].decode().strip()
            elif line.startswith(b"data: "):
                return name, json.loads(line[6:])
        raise EOFError("the stream has ended")


class PageCalls:
    """Calls the API of `it` with its key."""

    def __init__(self, it: Emulator, client: aiohttp.ClientSession) -> None:
        self.it = it
        self._client = client

    async def answer(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] = _NONE
    ) -> dict[str, Any]:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {"api-key": self.it.api_key, **headers}
        url = f"{self.it.http_url}{path}"
        async with self._client.request(method, url, data=data, headers=headers) as response:
            assert response.status == 200
            return json.loads(await response.read())  # type: ignore[no-any-return]

    async def data(self, method: str, path: str, body: object = None) -> Any:
        """The data of an answer to a call that succeeds."""
        answer = await self.answer(method, path, body)
        assert answer["errno"] == 0, answer
        return answer["data"]

    async def get(self, path: str) -> Any:
        return await self.data("GET", path)

    @asynccontextmanager
    async def stream(self, path: str) -> AsyncIterator[Events]:
        """The server-sent events of `path`."""
        headers = {"api-key": self.it.api_key}
        async with self._client.get(f"{self.it.http_url}{path}", headers=headers) as response:
            assert response.content_type == "text/event-stream", await response.text()
            yield Events(response)

    async def refusal(self, method: str, path: str, body: object = None) -> str:
        """The text of the error, which is one line."""
        answer = await self.answer(method, path, body)
        assert answer["errno"] not in (0, 1), answer
        assert "\n" not in answer["error"]
        return str(answer["error"])


@asynccontextmanager
async def page_calls(**parameters: Any) -> AsyncIterator[PageCalls]:
    """A running emulator with the page, on an unpaced line unless `parameters` say otherwise."""
    settings = {"page": True, "baud": None, "latency": 0.001, **parameters}
    async with Emulator(**settings) as it, aiohttp.ClientSession() as client:
        yield PageCalls(it, client)
