"""The receiver mounted in aiohttp, with pushes over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import BytesIO

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from m5310.onenet import Message, Online, Point, Receiver
from m5310.onenet.push import handler
from tests.support.onenet_sender import AES_KEY, TOKEN, address_check, encrypted, plain

pytestmark = pytest.mark.realtime

OnMessage = Callable[[Message], Awaitable[None] | None]
POINT = '{"at":1466133706841,"imei":"8","type":1,"ds_id":"1_0_2","value":%d,"dev_id":20}'
ONLINE = '{"at":1,"login_type":10,"imei":"8","type":2,"dev_id":20,"status":1}'
HEADERS = {"User-Agent": "OneNET", "Content-Type": "application/json; charset=utf-8"}


@asynccontextmanager
async def mounted(on_message: OnMessage) -> AsyncIterator[TestClient]:
    app = web.Application()
    app.router.add_route("*", "/push", Receiver(TOKEN, AES_KEY).aiohttp_handler(on_message))
    async with TestClient(TestServer(app)) as client:
        yield client


async def post(client: TestClient, body: bytes) -> tuple[int, str]:
    async with client.post("/push", data=BytesIO(body), headers=HEADERS) as response:
        return response.status, await response.text()


async def test_the_address_check_is_answered_with_its_text() -> None:
    async with mounted(lambda _: None) as client:
        # The query as OneNET writes it: the signature is not escaped.
        text = f"GET /push?{address_check('1466133706841')} HTTP/1.1\r\nHost: x\r\n\r\n"
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(text.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(13)
        writer.close()
        await writer.wait_closed()

    assert (head[:15], body) == (b"HTTP/1.1 200 OK", b"1466133706841")
    assert b"Content-Type: text/plain" in head


async def test_messages_arrive_in_order_at_a_function() -> None:
    got: list[Message] = []
    async with mounted(got.append) as client:
        assert await post(client, plain(f"[{POINT % 1},{POINT % 2},{ONLINE}]")) == (200, "ok")
        assert await post(client, encrypted(POINT % 3)) == (200, "ok")

    assert [each.value for each in got if isinstance(each, Point)] == [1, 2, 3]
    assert [type(each) for each in got] == [Point, Point, Online, Point]


async def test_messages_arrive_at_a_coroutine_function_before_the_answer() -> None:
    order: list[str] = []

    async def on_message(_: Message) -> None:
        await asyncio.sleep(0)
        order.append("message")

    async with mounted(on_message) as client:
        await post(client, plain(f"[{POINT % 1},{POINT % 2}]"))
        order.append("answer")

    assert order == ["message", "message", "answer"]


async def test_a_long_batch_is_checked_beside_the_event_loop() -> None:
    got: list[Message] = []
    batch = ",".join(POINT % n for n in range(5000))
    assert len(batch) > handler.IN_LOOP
    async with mounted(got.append) as client:
        assert await post(client, plain(f"[{batch}]")) == (200, "ok")

    assert [each.value for each in got if isinstance(each, Point)] == list(range(5000))


async def test_strangers_get_an_error_and_bring_nothing() -> None:
    got: list[Message] = []
    async with mounted(got.append) as client:
        assert (await post(client, plain(POINT % 1, token="another")))[0] == 403
        assert (await post(client, b"{}"))[0] == 400
        assert (await post(client, b" " * (2 << 20)))[0] == 413
        assert (await client.put("/push", data=b"")).status == 405
        assert (await client.get("/push")).status == 400

    assert got == []


async def test_a_function_that_fails_makes_onenet_push_again() -> None:
    def on_message(_: Message) -> None:
        raise OSError("the disk is full")

    async with mounted(on_message) as client:
        assert (await post(client, plain(POINT % 1)))[0] == 500


async def test_a_body_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "READ_SECONDS", 0.05)
    async with mounted(lambda _: None) as client:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(b"POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        head = await reader.readline()
        writer.close()
        await writer.wait_closed()

    assert head.split()[1] == b"408"
