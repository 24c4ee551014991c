"""The HTTP API over a real socket, in front of a cloud with one device."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp

from emulator.onenet.http.api import HttpApi
from emulator.onenet.posts import Posts
from emulator.onenet.store.database import Database
from tests.support.fake_device import IMEI, CloudWithDevice

T = TypeVar("T")
READ = {"imei": IMEI, "obj_id": "3303", "obj_inst_id": "0", "res_id": "5700"}

NEW = {
    "title": "智慧井盖",
    "protocol": "LWM2M",
    "auth_info": {"867726030000002": "460040000000002"},
    "tags": ["中国", "mobile"],
}

# The body of guide 4.2.1, with an IMEI and an IMSI in place of its crosses.
GUIDE_4_2_1 = {
    "title": "mydevice",
    "desc": "some description",
    "tags": ["china", "mobile"],
    "protocol": "LWM2M",
    "location": {"lon": 106, "lat": 29, "ele": 370},
    "private": True,
    "auth_info": {"867726030000002": "460040000000002"},
    "obsv": True,
    "other": {"version": "1.0.0", "manu": "china mobile"},
}


class ServedApi(CloudWithDevice):
    """The API of a platform with one device, at times that the test sets."""

    def __init__(self, year: int, database: Database | None = None, key: str = "secret") -> None:
        super().__init__(now=1448960783.535, year=year, database=database)
        self.changed = asyncio.Event()
        self.http = HttpApi(self.platform, key=key, act=self.act)
        self.platform.send = self.posts = Posts(self.act, allow_network=False)
        self.url = ""
        self.client: aiohttp.ClientSession

    def act(self, call: Callable[[float], T]) -> T:
        try:
            return call(self.now)
        finally:
            self.step()

    def step(self, seconds: float = 0) -> None:
        super().step(seconds)
        self.changed.set()

    async def begin_read(self) -> asyncio.Future[dict[str, Any]]:
        """Call the API for a read; returns once the request has been sent to the device."""
        self.changed.clear()
        answer = asyncio.ensure_future(self.call("GET", "/nbiot", READ))
        await self.changed.wait()
        return answer

    async def text(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: object = None,
        *,
        key: str | None = "secret",
    ) -> str:
        """The body of the answer."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {} if key is None else {"api-key": key}
        call = self.client.request(
            method, self.url + path, params=query, data=data, headers=headers
        )
        async with call as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "application/json"
            return (await response.read()).decode()

    async def call(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: object = None,
        *,
        key: str | None = "secret",
    ) -> dict[str, Any]:
        answer = json.loads(await self.text(method, path, query, body, key=key))
        orders = (["errno", "error"], ["errno", "data", "error"])
        if path == "/openapi.json" and "errno" not in answer:
            return answer  # type: ignore[no-any-return]
        # The one captured error that has data ends with it.
        assert list(answer) in orders or list(answer.items())[-1] == ("data", None)
        return answer  # type: ignore[no-any-return]


@asynccontextmanager
async def served_api(
    year: int = 2018, *, database: Database | None = None, key: str = "secret"
) -> AsyncIterator[ServedApi]:
    api = ServedApi(year, database, key)
    api.url = await api.http.start("127.0.0.1", 0)
    api.client = aiohttp.ClientSession()
    try:
        yield api
    finally:
        await api.client.close()
        await api.posts.close()
        await api.http.close()


async def raw(api: ServedApi, text: bytes) -> bytes:
    """Send bytes to the API's port; returns the answer."""
    host, _, port = api.url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(text)
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = re.findall(rb"(?i)content-length: (\d+)", head)
        return head + await reader.readexactly(int(length))
    finally:
        writer.close()
        await writer.wait_closed()


async def counting_turns(call: Coroutine[Any, Any, T]) -> tuple[T, int]:
    """What `call` returns, and how many turns of the event loop it took."""
    task, turns = asyncio.ensure_future(call), 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    return task.result(), turns


async def created(api: ServedApi, **changes: object) -> str:
    """The id of a new device, as of the guide but for `changes`."""
    made = await api.call("POST", "/devices", body=GUIDE_4_2_1 | changes)
    assert made["errno"] == 0
    return str(made["data"]["device_id"])
