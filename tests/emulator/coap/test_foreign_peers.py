"""Our endpoint with libcoap's client and server, and with aiocoap's server, over UDP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiocoap
import pytest
from aiocoap import Message, resource
from aiocoap.numbers import Code

from emulator.coap.description import describe
from emulator.coap.tuning import Tuning
from tests.support.coap import message
from tests.support.coap_socket import CoapSocket, coap_socket
from tests.support.foreign import libcoap, running
from tests.support.free_ports import free_port
from tests.support.patience import PATIENCE
from tests.support.plugtest_site import LARGE, Site

pytestmark = pytest.mark.realtime

FAST = Tuning(ack_timeout=0.3)


# --- libcoap's client, our server ----------------------------------------------------------------


async def coap_client(site: CoapSocket, path: str, *options: str) -> bytes:
    """What it prints of the answer."""
    command = (libcoap("client"), "-B", "60", *options, f"coap://{site.address}{path}")
    async with asyncio.timeout(PATIENCE), running(*command) as process:
        output, _ = await process.communicate()
        return output


@pytest.mark.parametrize(
    ("path", "options", "printed"),
    [
        ("/test", (), b"plugtest\n"),
        ("/test", ("-N",), b"plugtest\n"),
        ("/test", ("-T", "token"), b"plugtest\n"),
        ("/seg1/seg2/seg3", (), b"three segments\n"),
        ("/query?first=1&second=2", (), b"first=1&second=2\n"),
        ("/separate", (), b"separate\n"),
        ("/multi-format", ("-A", "41"), b"<text/>\n"),
        ("/nothing", (), b"4.04\n"),
        ("/test", ("-m", "put", "-e", "x"), b""),
        ("/test", ("-O", "2049,x"), b"4.02 option 2049\n"),
        ("/large", (), LARGE + b"\n"),
        ("/large", ("-b", "64"), LARGE + b"\n"),
        ("/test", ("-l", "1"), b"plugtest\n"),  # the first datagram is lost
    ],
)
async def test_libcoap_asks(path: str, options: tuple[str, ...], printed: bytes) -> None:
    async with coap_socket(tuning=FAST) as server:
        Site(server.endpoint)
        assert (await coap_client(server, path, *options)).strip() == printed.strip()


@pytest.mark.parametrize("size", ["64", "1024"])
async def test_libcoap_sends_a_long_body(tmp_path: Path, size: str) -> None:
    body = tmp_path / "body"
    body.write_bytes(LARGE[::-1])
    async with coap_socket(tuning=FAST) as server:
        Site(server.endpoint)
        await coap_client(server, "/large-update", "-m", "put", "-b", size, "-f", str(body))
        assert await coap_client(server, "/large-update") == LARGE[::-1] + b"\n"


@pytest.mark.parametrize(("path", "kind"), [("/obs", "CON"), ("/obs-non", "NON")])
async def test_libcoap_observes(path: str, kind: str) -> None:
    """Notifications are acknowledged; in the end it cancels by Observe 1."""
    async with coap_socket(tuning=Tuning(ack_timeout=20)) as server:  # none is repeated
        site = Site(server.endpoint)
        observers = site.watched[path].observers
        asked = asyncio.create_task(coap_client(server, path, "-w", "-s", "1"))
        while not observers:
            await server.acts()
        for payload in (b"one", b"two"):
            site.change(path, payload, time.time())
        assert (await asked).split() == [b"0", b"one", b"two"]
        assert not observers
        assert [words[:3] for words in map(describe, server.sent)] == ["ACK", kind, kind, "ACK"]


# --- libcoap's server, our client ----------------------------------------------------------------


@asynccontextmanager
async def coap_server() -> AsyncIterator[tuple[CoapSocket, str]]:
    """Our client, and the address of libcoap's server."""
    address = f"127.0.0.1:{(port := free_port())}"
    command = (libcoap("server"), "-A", "127.0.0.1", "-p", str(port), "-d", "10")
    async with asyncio.timeout(PATIENCE), coap_socket(tuning=FAST) as client, running(*command):
        alive: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        client.endpoint.ping(address, lambda up, _: alive.set_result(up), time.time())
        assert await alive
        yield client, address


async def test_libcoap_answers() -> None:
    async with coap_server() as (client, server):
        root = await client.ask(server, message(Code.GET))
        assert root.payload.startswith(b"This is a test server made with libcoap")
        assert (await client.ask(server, message(Code.GET, "nothing"))).code == Code.NOT_FOUND
        links = await client.ask(server, message(Code.GET, ".well-known/core"))
        assert b"</time>" in links.payload
        tiny = await client.ask(server, message(Code.GET, ".well-known/core", block2=(0, False, 0)))
        assert tiny.payload == links.payload
        late = await client.ask(server, message(Code.GET, "async", uri_query=("1",)))
        assert late.payload == b"done"


async def test_libcoap_takes_a_long_body() -> None:
    async with coap_server() as (client, server):
        made = await client.ask(server, message(Code.PUT, "made", LARGE))
        assert made.code == Code.CREATED
        assert (await client.ask(server, message(Code.GET, "made"))).payload == LARGE


async def test_libcoap_notifies() -> None:
    """Its clock ticks each second. By Observe 1 with the same token it stops."""
    async with coap_server() as (client, server):
        ticks: asyncio.Queue[Message] = asyncio.Queue()
        answer = await client.ask(
            server,
            message(Code.GET, "time", observe=0),
            token=b"\x01\x02",
            on_notification=lambda _peer, tick, _now: ticks.put_nowait(tick),
        )
        assert answer.opt.observe is not None
        assert (await ticks.get()).payload != answer.payload
        ended = await client.ask(server, message(Code.GET, "time", observe=1), token=b"\x01\x02")
        assert ended.opt.observe is None


# --- aiocoap's server, our client ----------------------------------------------------------------


class Slow(resource.Resource):  # type: ignore[misc]
    """Its answer comes separately."""

    async def render_get(self, request: Message) -> Message:
        await asyncio.sleep(0.3)
        return Message(payload=b"slow")


class Kept(resource.ObservableResource):  # type: ignore[misc]
    """Keeps a body of any length."""

    def __init__(self) -> None:
        super().__init__()
        self.body = LARGE

    async def render_get(self, request: Message) -> Message:
        return Message(payload=self.body)

    async def render_put(self, request: Message) -> Message:
        self.body = request.payload
        self.updated_state()
        return Message(code=Code.CHANGED)


@asynccontextmanager
async def aiocoap_server() -> AsyncIterator[tuple[CoapSocket, str]]:
    port = free_port()
    site = resource.Site()
    site.add_resource(("slow",), Slow())
    site.add_resource(("kept",), Kept())
    context: Any = await aiocoap.Context.create_server_context(
        site, bind=("127.0.0.1", port), transports=["simplesocketserver"]
    )
    try:
        async with asyncio.timeout(PATIENCE), coap_socket(tuning=FAST) as client:
            yield client, f"127.0.0.1:{port}"
    finally:
        await context.shutdown()


async def test_aiocoap_answers() -> None:
    async with aiocoap_server() as (client, server):
        assert (await client.ask(server, message(Code.GET, "slow"))).payload == b"slow"
        assert (await client.ask(server, message(Code.GET, "kept"))).payload == LARGE
        put = message(Code.PUT, "kept", LARGE[::-1])
        assert (await client.ask(server, put)).code == Code.CHANGED
        assert (await client.ask(server, message(Code.GET, "kept"))).payload == LARGE[::-1]
        assert (await client.ask(server, message(Code.GET, "none"))).code == Code.NOT_FOUND
        slow = message(Code.GET, "slow", confirmable=False)
        assert (await client.ask(server, slow)).payload == b"slow"


async def test_aiocoap_notifies() -> None:
    """It sends what is observed in one piece, however long, so this is short."""
    async with aiocoap_server() as (client, server):
        await client.ask(server, message(Code.PUT, "kept", b"first"))
        news: asyncio.Queue[Message] = asyncio.Queue()
        answer = await client.ask(
            server,
            message(Code.GET, "kept", observe=0),
            on_notification=lambda _peer, notification, _now: news.put_nowait(notification),
        )
        assert answer.payload == b"first"
        for body in (b"second", LARGE[:1000]):
            await client.ask(server, message(Code.PUT, "kept", body))
            assert (await news.get()).payload == body
