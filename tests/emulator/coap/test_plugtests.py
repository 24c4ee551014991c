"""The ETSI CoAP plugtests that apply, with our client and with aiocoap's as the client.

Identifiers and titles as in the test descriptions of the CoAP#4 plugtests. TD_COAP_XXX_nn is
`test_xxx_nn` below. The tests of proxies and caches (CORE_24 to CORE_30) do not apply; there is no
OBS_03.

TD_COAP_CORE_01  GET, CON
TD_COAP_CORE_02  DELETE, CON
TD_COAP_CORE_03  PUT, CON
TD_COAP_CORE_04  POST, CON
TD_COAP_CORE_05  GET, NON
TD_COAP_CORE_06  DELETE, NON
TD_COAP_CORE_07  PUT, NON
TD_COAP_CORE_08  POST, NON
TD_COAP_CORE_09  GET with separate response, CON, no piggyback
TD_COAP_CORE_10  GET with token
TD_COAP_CORE_11  GET with token and separate response
TD_COAP_CORE_12  GET with empty token
TD_COAP_CORE_13  GET with several Uri-Path options
TD_COAP_CORE_14  GET with several Uri-Query options
TD_COAP_CORE_15  GET, CON, piggybacked response, datagrams lost
TD_COAP_CORE_16  GET, CON, separate response, datagrams lost
TD_COAP_CORE_17  GET with separate response, NON
TD_COAP_CORE_18  POST, response with several Location-Path options
TD_COAP_CORE_19  POST, response with several Location-Query options
TD_COAP_CORE_20  GET with Accept
TD_COAP_CORE_21  GET with ETag
TD_COAP_CORE_22  GET with ETag, PUT with If-Match
TD_COAP_CORE_23  PUT with If-None-Match
TD_COAP_CORE_31  Ping
TD_COAP_LINK_01  Discovery of the well-known resource
TD_COAP_LINK_02  Discovery filtered by rt
TD_COAP_LINK_03  Discovery of all resources with an rt
TD_COAP_LINK_04  Discovery filtered by another rt
TD_COAP_LINK_05  Discovery filtered by the beginning of if
TD_COAP_LINK_06  Discovery of all resources with a size
TD_COAP_LINK_07  Discovery filtered by href
TD_COAP_LINK_08  Discovery filtered by the beginning of href
TD_COAP_LINK_09  Link descriptions in a hierarchy
TD_COAP_BLOCK_01  GET of a large resource, early negotiation
TD_COAP_BLOCK_02  GET of a large resource, late negotiation
TD_COAP_BLOCK_03  PUT of a large resource
TD_COAP_BLOCK_04  POST that creates a large resource
TD_COAP_BLOCK_05  POST, large both ways
TD_COAP_BLOCK_06  GET of a large resource, blocks of 16 bytes
TD_COAP_OBS_01  Observation, CON
TD_COAP_OBS_02  Observation, NON
TD_COAP_OBS_04  Client detects the end by Max-Age
TD_COAP_OBS_05  Server detects that the client is off
TD_COAP_OBS_06  Server detects the end by RST
TD_COAP_OBS_07  DELETE ends the observation
TD_COAP_OBS_08  Another content format ends the observation
TD_COAP_OBS_09  Update of the observed resource
TD_COAP_OBS_10  GET does not cancel the observation
TD_COAP_OBS_11  Observation, CON, datagrams lost
TD_COAP_OBS_12  GET with Observe 1 cancels the observation
TD_COAP_OBS_13  Observation of a large resource
TD_COAP_OBS_14  Observation of a large resource of different size
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import wraps
from typing import Any, Protocol

import aiocoap
import pytest
from aiocoap import Message
from aiocoap.numbers import Code, TransportTuning, Type

from emulator.coap.description import describe
from emulator.coap.tuning import Tuning
from tests.support.coap import message
from tests.support.coap_socket import CoapSocket, coap_socket
from tests.support.patience import PATIENCE
from tests.support.plugtest_site import JSON, LARGE, LINKS, TEXT, XML, Site

pytestmark = pytest.mark.realtime

PATIENT = Tuning(ack_timeout=20)  # nothing is repeated, however late it is
FAST = Tuning(ack_timeout=0.1, max_retransmit=2)  # where something is lost


def of_aiocoap(tuning: Tuning, *, confirmable: bool) -> TransportTuning:
    made = TransportTuning()
    made.ACK_TIMEOUT = tuning.ack_timeout
    if not confirmable:
        made.reliability = False
    return made


class Client(Protocol):
    """A client of the site."""

    async def ask(self, request: Message) -> Message: ...

    async def observe(self, request: Message) -> tuple[Message, asyncio.Queue[Message]]: ...


class Ours:
    def __init__(self, socket: CoapSocket, site: str) -> None:
        self.socket, self._site = socket, site

    async def ask(self, request: Message, **options: Any) -> Message:
        return await self.socket.ask(self._site, request, **options)

    async def observe(self, request: Message) -> tuple[Message, asyncio.Queue[Message]]:
        queue: asyncio.Queue[Message] = asyncio.Queue()
        response = await self.ask(
            request,
            on_notification=lambda _peer, notification, _now: queue.put_nowait(notification),
        )
        return response, queue

    def forget(self) -> None:
        """The next notification gets a reset."""
        for token in list(self.socket.endpoint.observations):
            self.socket.endpoint.forget_observation(token)


class Foreign:
    """aiocoap's client."""

    def __init__(self, context: Any, site: str, tuning: Tuning) -> None:
        self._context, self._site, self._tuning = context, site, tuning
        self._collecting: asyncio.Task[None] | None = None

    def _sent(self, request: Message) -> Any:
        tuning = of_aiocoap(self._tuning, confirmable=request.mtype is not Type.NON)
        sent = Message(code=request.code, payload=request.payload, transport_tuning=tuning)
        sent.opt = request.opt
        sent.unresolved_remote = self._site
        return self._context.request(sent)

    async def ask(self, request: Message) -> Message:
        return await self._sent(request).response

    async def observe(self, request: Message) -> tuple[Message, asyncio.Queue[Message]]:
        queue: asyncio.Queue[Message] = asyncio.Queue()
        asked = self._sent(request)

        async def collect() -> None:
            with suppress(aiocoap.error.Error):  # the end of the observation
                async for notification in asked.observation:
                    queue.put_nowait(notification)

        response = await asked.response
        self._collecting = asyncio.create_task(collect())
        return response, queue

    async def close(self) -> None:
        if self._collecting is not None:
            self._collecting.cancel()
            await asyncio.wait([self._collecting])
        await self._context.shutdown()


class Bed:
    """The site, its server and a client."""

    def __init__(self, site: Site, server: CoapSocket, client: Client) -> None:
        self.site, self.server, self.client = site, server, client

    async def gets(self, path: str, **options: Any) -> Message:
        return await self.client.ask(message(Code.GET, path, **options))

    def sent(self) -> list[str]:
        """What the server sent, in words."""
        return [describe(datagram) for datagram in self.server.sent]

    def change(self, path: str, payload: bytes) -> None:
        self.site.change(path, payload, time.time())


@asynccontextmanager
async def bed(kind: str, tuning: Tuning = PATIENT) -> AsyncIterator[Bed]:
    async with coap_socket(tuning=tuning) as server:
        site = Site(server.endpoint)
        if kind == "ours":
            async with coap_socket(tuning=tuning) as socket:
                yield Bed(site, server, Ours(socket, server.address))
            return
        context = await aiocoap.Context.create_client_context(transports=["simple6"])
        foreign = Foreign(context, server.address, tuning)
        try:
            yield Bed(site, server, foreign)
        finally:
            await foreign.close()


Body = Callable[[Bed], Coroutine[Any, Any, None]]
Test = Callable[[str], Coroutine[Any, Any, None]]


def plugtest(body: Body, tuning: Tuning = PATIENT) -> Test:
    """Run a test with each client."""

    @pytest.mark.parametrize("kind", ["ours", "aiocoap"])
    @wraps(body)
    async def test(kind: str) -> None:
        async with asyncio.timeout(PATIENCE), bed(kind, tuning) as made:
            await body(made)

    del test.__wrapped__  # type: ignore[attr-defined]
    return test


def lossy_plugtest(body: Body) -> Test:
    """The same, for a test in which datagrams are lost."""
    return plugtest(body, FAST)


def plug_one(code: Code, expected: Code, *, confirmable: bool) -> Body:
    async def body(bed: Bed) -> None:
        payload = b"new" if code in (Code.PUT, Code.POST) else b""
        request = message(code, "test", payload, confirmable=confirmable)
        response = await bed.client.ask(request)
        assert response.code == expected
        assert (response.payload == b"plugtest") == (code == Code.GET)
        (sent,) = bed.sent()
        assert sent.startswith("ACK" if confirmable else "NON")

    return body


test_core_01 = plugtest(plug_one(Code.GET, Code.CONTENT, confirmable=True))
test_core_02 = plugtest(plug_one(Code.DELETE, Code.DELETED, confirmable=True))
test_core_03 = plugtest(plug_one(Code.PUT, Code.CHANGED, confirmable=True))
test_core_04 = plugtest(plug_one(Code.POST, Code.CREATED, confirmable=True))
test_core_05 = plugtest(plug_one(Code.GET, Code.CONTENT, confirmable=False))
test_core_06 = plugtest(plug_one(Code.DELETE, Code.DELETED, confirmable=False))
test_core_07 = plugtest(plug_one(Code.PUT, Code.CHANGED, confirmable=False))
test_core_08 = plugtest(plug_one(Code.POST, Code.CREATED, confirmable=False))


@plugtest
async def test_core_09(bed: Bed) -> None:
    response = await bed.gets("separate")
    assert (response.code, response.payload) == (Code.CONTENT, b"separate")
    acknowledgement, answer = bed.sent()
    assert acknowledgement.startswith("ACK empty")
    assert answer.startswith("CON 2.05")


@plugtest
async def test_core_10(bed: Bed) -> None:
    response = await bed.gets("test")
    assert f"token {response.token.hex()}" in bed.sent()[0]


@plugtest
async def test_core_11(bed: Bed) -> None:
    response = await bed.gets("separate")
    assert f"token {response.token.hex()}" in bed.sent()[1]


@plugtest
async def test_core_12(bed: Bed) -> None:
    if isinstance(bed.client, Ours):
        response = await bed.client.ask(message(Code.GET, "test"), token=b"")
        assert response.token == b""
        assert "token" not in bed.sent()[0]
    else:
        assert (await bed.gets("test")).payload == b"plugtest"  # it always has a token


@plugtest
async def test_core_13(bed: Bed) -> None:
    assert (await bed.gets("seg1/seg2/seg3")).payload == b"three segments"


@plugtest
async def test_core_14(bed: Bed) -> None:
    response = await bed.gets("query", uri_query=("first=1", "second=2"))
    assert response.payload == b"first=1&second=2"


@lossy_plugtest
async def test_core_15(bed: Bed) -> None:
    bed.server.lose = 1
    assert (await bed.gets("test")).payload == b"plugtest"
    lost, again, *more = bed.sent()
    assert {lost} == {again, *more}


@lossy_plugtest
async def test_core_16(bed: Bed) -> None:
    bed.server.lose = 2
    assert (await bed.gets("separate")).payload == b"separate"
    assert len(bed.sent()) >= 3


@plugtest
async def test_core_17(bed: Bed) -> None:
    response = await bed.client.ask(message(Code.GET, "separate", confirmable=False))
    assert response.payload == b"separate"
    assert [words[:8] for words in bed.sent()] == ["NON 2.05"]


@plugtest
async def test_core_18(bed: Bed) -> None:
    response = await bed.client.ask(message(Code.POST, "test", b"new", content_format=TEXT))
    assert response.code == Code.CREATED
    assert response.opt.location_path == ("location1", "location2", "location3")


@plugtest
async def test_core_19(bed: Bed) -> None:
    response = await bed.client.ask(message(Code.POST, "location-query", b"new"))
    assert response.code == Code.CREATED
    assert response.opt.location_query == ("first=1", "second=2")


@plugtest
async def test_core_20(bed: Bed) -> None:
    for accept, payload in ((TEXT, b"text"), (XML, b"<text/>")):
        response = await bed.gets("multi-format", accept=accept)
        assert (response.opt.content_format, response.payload) == (accept, payload)
    assert (await bed.gets("multi-format", accept=JSON)).code == Code.NOT_ACCEPTABLE


@plugtest
async def test_core_21(bed: Bed) -> None:
    etag = (await bed.gets("validate")).opt.etag
    assert (await bed.gets("validate", etags=(etag,))).code == Code.VALID
    await bed.client.ask(message(Code.PUT, "validate", b"new"))
    changed = await bed.gets("validate", etags=(etag,))
    assert changed.code == Code.CONTENT
    assert changed.opt.etag not in {None, etag}


@plugtest
async def test_core_22(bed: Bed) -> None:
    etag = (await bed.gets("validate")).opt.etag
    for payload, code in ((b"new", Code.CHANGED), (b"newer", Code.PRECONDITION_FAILED)):
        request = message(Code.PUT, "validate", payload, if_match=(etag,))
        assert (await bed.client.ask(request)).code == code
    assert (await bed.gets("validate")).payload == b"new"


@plugtest
async def test_core_23(bed: Bed) -> None:
    for code in (Code.CREATED, Code.PRECONDITION_FAILED):
        request = message(Code.PUT, "create1", b"x", if_none_match=True)
        assert (await bed.client.ask(request)).code == code


async def test_core_31() -> None:
    """aiocoap has no call for a ping."""
    async with coap_socket(tuning=PATIENT) as server, coap_socket(tuning=PATIENT) as client:
        alive: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        client.endpoint.ping(server.address, lambda up, _: alive.set_result(up), time.time())
        assert await alive


def plug_link(query: str, *found: str) -> Body:
    async def body(bed: Bed) -> None:
        options = {"uri_query": (query,)} if query else {}
        response = await bed.gets(".well-known/core", **options)
        assert response.opt.content_format == LINKS
        assert set(re.findall("<(.*?)>", response.payload.decode())) == set(found)

    return body


ALL = ("/test", "/large", "/obs", "/link1", "/link2", "/link3", "/path")
test_link_01 = plugtest(plug_link("", *ALL))
test_link_02 = plugtest(plug_link("rt=Type1", "/large", "/link1", "/link3"))
test_link_03 = plugtest(plug_link("rt=*", "/test", "/large", "/link1", "/link2", "/link3"))
test_link_04 = plugtest(plug_link("rt=Type2", "/large", "/link1", "/link2"))
test_link_05 = plugtest(plug_link("if=If*", "/link1", "/link2"))
test_link_06 = plugtest(plug_link("sz=*", "/large"))
test_link_07 = plugtest(plug_link("href=/link1", "/link1"))
test_link_08 = plugtest(plug_link("href=/link*", "/link1", "/link2", "/link3"))


@plugtest
async def test_link_09(bed: Bed) -> None:
    response = await bed.gets("path")
    assert response.opt.content_format == LINKS
    for path in re.findall("<(.*?)>", response.payload.decode()):
        assert (await bed.gets(path)).payload == path[6:].encode()


def blocks(words: list[str]) -> list[str]:
    return [re.findall(r"Block. (\S+)", line)[-1] for line in words]


@plugtest
async def test_block_01(bed: Bed) -> None:
    assert (await bed.gets("large", block2=(0, False, 2))).payload == LARGE
    assert blocks(bed.sent()) == [f"{n}/{int(n < 31)}/64" for n in range(32)]


@plugtest
async def test_block_02(bed: Bed) -> None:
    assert (await bed.gets("large")).payload == LARGE
    assert blocks(bed.sent()) == ["0/1/1024", "1/0/1024"]


@plugtest
async def test_block_03(bed: Bed) -> None:
    body = LARGE[::-1]
    response = await bed.client.ask(message(Code.PUT, "large-update", body))
    assert response.code == Code.CHANGED
    assert (await bed.gets("large-update")).payload == body


@plugtest
async def test_block_04(bed: Bed) -> None:
    response = await bed.client.ask(message(Code.POST, "large-create", LARGE))
    assert response.code == Code.CREATED
    assert (await bed.gets("/".join(response.opt.location_path))).payload == LARGE


@plugtest
async def test_block_05(bed: Bed) -> None:
    response = await bed.client.ask(message(Code.POST, "large-post", LARGE))
    assert (response.code, response.payload) == (Code.CHANGED, LARGE.upper())


@plugtest
async def test_block_06(bed: Bed) -> None:
    assert (await bed.gets("large", block2=(0, False, 0))).payload == LARGE
    assert blocks(bed.sent()) == [f"{n}/{int(n < 124)}/16" for n in range(125)]


def observing(path: str) -> Message:
    return message(Code.GET, path, observe=0)


def plug_observe(path: str, kind: str) -> Body:
    async def body(bed: Bed) -> None:
        response, notifications = await bed.client.observe(observing(path))
        assert response.opt.observe is not None
        for payload in (b"1", b"2", b"3"):
            bed.change("/" + path, payload)
            assert (await notifications.get()).payload == payload
        assert [words[:8] for words in bed.sent()[1:]] == [f"{kind} 2.05"] * 3

    return body


test_obs_01 = plugtest(plug_observe("obs", "CON"))
test_obs_02 = plugtest(plug_observe("obs-non", "NON"))


@plugtest
async def test_obs_04(bed: Bed) -> None:
    """The client learns how long an answer is fresh; what it does then is the application's."""
    response, _ = await bed.client.observe(observing("obs"))
    assert response.opt.max_age == 5


async def gone(bed: Bed, path: str) -> None:
    """The site drops its observers."""
    async with asyncio.timeout(PATIENCE):
        while bed.site.watched[path].observers:
            await bed.server.acts()


async def test_obs_05() -> None:
    async with asyncio.timeout(PATIENCE), coap_socket(tuning=FAST) as server:
        site = Site(server.endpoint)
        async with coap_socket(tuning=FAST) as client:
            bed = Bed(site, server, Ours(client, server.address))
            await bed.client.observe(observing("obs"))
        bed.change("/obs", b"1")
        await gone(bed, "/obs")


async def test_obs_06() -> None:
    """aiocoap acknowledges what it does not observe any more."""
    async with asyncio.timeout(PATIENCE), bed("ours") as made:
        assert isinstance(made.client, Ours)
        await made.client.observe(observing("obs"))
        made.client.forget()
        made.change("/obs", b"1")
        await gone(made, "/obs")


@plugtest
async def test_obs_07(bed: Bed) -> None:
    _, notifications = await bed.client.observe(observing("obs"))
    assert (await bed.client.ask(message(Code.DELETE, "obs"))).code == Code.DELETED
    assert not bed.site.watched["/obs"].observers
    if isinstance(bed.client, Ours):  # aiocoap reports the end as an error
        assert (await notifications.get()).code == Code.NOT_FOUND
        assert not bed.client.socket.endpoint.observations


@plugtest
async def test_obs_08(bed: Bed) -> None:
    await bed.client.observe(observing("obs"))
    await bed.client.ask(message(Code.PUT, "obs", b"1", content_format=TEXT))
    assert bed.site.watched["/obs"].observers
    await bed.client.ask(message(Code.PUT, "obs", b"{}", content_format=JSON))
    assert not bed.site.watched["/obs"].observers


@plugtest
async def test_obs_09(bed: Bed) -> None:
    _, notifications = await bed.client.observe(observing("obs"))
    await bed.client.ask(message(Code.PUT, "obs", b"new"))
    assert (await notifications.get()).payload == b"new"


@plugtest
async def test_obs_10(bed: Bed) -> None:
    _, notifications = await bed.client.observe(observing("obs"))
    assert (await bed.gets("obs")).payload == b"0"
    bed.change("/obs", b"1")
    assert (await notifications.get()).payload == b"1"


@lossy_plugtest
async def test_obs_11(bed: Bed) -> None:
    _, notifications = await bed.client.observe(observing("obs"))
    bed.server.lose = 1
    bed.change("/obs", b"1")
    assert (await notifications.get()).payload == b"1"
    bed.change("/obs", b"2")
    assert (await notifications.get()).payload == b"2"


async def test_obs_12() -> None:
    """With the token of the observation; aiocoap cancels by a reset only."""
    async with asyncio.timeout(PATIENCE), coap_socket() as server, coap_socket() as socket:
        site, client = Site(server.endpoint), Ours(socket, server.address)
        await client.observe(observing("obs"))
        (token,) = socket.endpoint.observations
        response = await client.ask(message(Code.GET, "obs", observe=1), token=token)
        assert response.opt.observe is None
        assert not site.watched["/obs"].observers


def plug_large(*payloads: bytes) -> Body:
    async def body(bed: Bed) -> None:
        response, notifications = await bed.client.observe(observing("obs-large"))
        assert response.payload == LARGE
        for payload in payloads:
            bed.change("/obs-large", payload)
            assert (await notifications.get()).payload == payload

    return body


test_obs_13 = plugtest(plug_large(LARGE[::-1], LARGE))
test_obs_14 = plugtest(plug_large(LARGE[:1100], b"short", LARGE[::-1], b""))


def test_each_identifier_has_its_test() -> None:
    identifiers = re.findall(r"^TD_COAP_(\w+)  ", __doc__ or "", re.MULTILINE)
    tests = {name for name in globals() if re.fullmatch(r"test_[a-z]+_\d+", name)}
    assert {f"test_{identifier.lower()}" for identifier in identifiers} == tests
    assert len(identifiers) == 52
