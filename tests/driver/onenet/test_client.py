"""The two clients over real sockets: the same requests, typed errors, nothing sent twice."""

from __future__ import annotations

import asyncio
import inspect
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest

from m5310.onenet import (
    BadAnswer,
    DataPoint,
    NoAnswer,
    NotConnected,
    OneNet,
    OneNetError,
    OneNetSync,
    client,
)
from tests.support.free_ports import free_port
from tests.support.onenet_recorder import KEY, Recorder

AT = datetime(2018, 3, 8, 9, 30, tzinfo=UTC)
TIMES = {"valid": AT, "expires": AT + timedelta(days=1)}
SUCCESS = b'HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n{"errno":0,"error":"succ"}'

# Every method of both, with arguments for it.
CALLS: dict[str, tuple[tuple[object, ...], dict[str, object]]] = {
    "create_device": (("d", "8", "4"), {"tags": ["x"], "private": True}),
    "device": ((1,), {}),
    "device_by_imei": (("8",), {}),
    "devices": (("x",), {"online": True, "begin": AT}),
    "update_device": (("1",), {"title": "温度"}),
    "delete_device": (("1",), {}),
    "device_status": ((["1", "2"],), {}),
    "streams": (("1",), {}),
    "stream": (("1", "3200_0_5750"), {}),
    "points_page": (("1", ["3200_0_5750"]), {"start": AT, "limit": 5}),
    "newest_points": ((["1"],), {}),
    "read": (("8", "3311/0/5850"), {"timeout": 5}),
    "write": (("8", "3311/0", {5850: True}), {"replace": True}),
    "execute": (("8", "3311/0/5850", "ping"), {}),
    "resources": (("8",), {}),
    "observe": (("8", "3311/0/5850"), {"gt": 1.5}),
    "discover": (("8", "3311"), {}),
    "offline_read": (("8", "3311"), TIMES),
    "offline_write": (("8", "3311/0", {5850: b"\0"}), TIMES),
    "offline_execute": (("8", "3311/0/5850"), TIMES),
    "offline_history": (("8", AT), {}),
    "offline_command": (("8", "u"), {}),
    "cancel_offline": (("8", "u"), {}),
    "cancel_all_offline": (("8",), {}),
    "create_trigger": (("http://x", ">", 5), {"stream": "3200_0_5750"}),
    "update_trigger": ((1,), {"title": "t"}),
    "trigger": ((1,), {}),
    "triggers": (("t",), {}),
    "delete_trigger": ((1,), {}),
    "create_key": (("t", ["1"]), {}),
    "keys": ((), {}),
    "delete_key": (("k*=",), {}),
}


def methods(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def test_both_clients_have_the_same_methods() -> None:
    assert methods(OneNet) == methods(OneNetSync) == {*CALLS, "points", "close", "send"}
    for name in CALLS:
        assert getattr(OneNet, name) is getattr(OneNetSync, name)  # one signature, one description
        assert inspect.getdoc(getattr(OneNet, name))
    bound = OneNet(KEY).write
    assert inspect.signature(bound) == inspect.signature(OneNet.write)
    assert inspect.getdoc(bound) == inspect.getdoc(OneNet.write)


@pytest.mark.realtime
@pytest.mark.parametrize("name", CALLS)
async def test_both_clients_send_the_same(name: str, server: Recorder) -> None:
    args, options = CALLS[name]
    server.answers = ['{"errno":3,"error":"auth failed"}'] * 2

    def block() -> None:
        with OneNetSync(KEY, server.url) as cloud, pytest.raises(OneNetError):
            getattr(cloud, name)(*args, **options)

    await asyncio.to_thread(block)
    async with OneNet(KEY, server.url) as cloud:
        with pytest.raises(OneNetError):
            await getattr(cloud, name)(*args, **options)

    first, second = server.requests
    assert first == second
    assert first.headers == second.headers


@pytest.mark.realtime
async def test_walk_through_points_with_asyncio(server: Recorder) -> None:
    page = (
        '{"errno":0,"data":{%s"datastreams":[{"id":"x","datapoints":'
        '[{"at":"2018-03-08 17:30:0%d","value":%d}]}]},"error":"succ"}'
    )
    server.answers = [page % ('"cursor":"a",', 0, 0), page % ('"cursor":"b",', 1, 1)]
    server.answers += [page % ("", 2, 2)]

    async with OneNet(KEY, server.url) as cloud:
        found = [point async for point in cloud.points("1", start=AT)]

    assert found == [DataPoint("x", AT + timedelta(seconds=n), n) for n in range(3)]
    assert [dict(each.query).get("cursor") for each in server.requests] == [None, "a", "b"]
    assert {dict(each.query)["limit"] for each in server.requests} == {"6000"}


def test_a_walk_that_would_not_end(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = ['{"errno":0,"data":{"cursor":"a","datastreams":[]},"error":"succ"}'] * 3

    with pytest.raises(BadAnswer, match="expected another cursor than a, which was asked with"):
        list(cloud.points("1", start=AT))
    assert len(server.requests) == 2


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[str]:
    """The URL of a server that does this with each connection, and then closes it."""

    tasks = set()

    async def each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        with suppress(ConnectionError):
            await serve(reader, writer)
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(each, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)


def answering(answer: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    return serve


@pytest.mark.realtime
async def test_nothing_listens_there() -> None:
    port = free_port(socket.SOCK_STREAM)
    async with OneNet(KEY, f"http://127.0.0.1:{port}") as cloud:
        with pytest.raises(NotConnected, match=f"GET /nbiot: no connection to .*:{port}"):
            await cloud.read("8", "3")


@pytest.mark.realtime
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        SUCCESS[:-1],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
    ],
)
async def test_a_connection_that_breaks_is_not_tried_again(answer: bytes) -> None:
    """Some GETs are commands: sent again, the device would do them twice."""
    connections = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)

    async with serving(serve) as url, OneNet(KEY, url) as cloud:
        with pytest.raises(NotConnected):
            await cloud.offline_read("8", "3", **TIMES)

    assert len(connections) == 1


@pytest.mark.realtime
@pytest.mark.parametrize("drip", [b"", b"H", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"])
async def test_no_answer_in_time(drip: bytes) -> None:
    done = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(drip)
        await done.wait()

    async with serving(serve) as url, OneNet(KEY, url, timeout=0.1) as cloud:
        with pytest.raises(NoAnswer, match=r"GET /nbiot: no answer from .* within 0.1 s"):
            await cloud.read("8", "3")
        done.set()


@pytest.mark.realtime
@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
    ],
)
async def test_what_answers_is_not_onenet(answer: bytes) -> None:
    async with serving(answering(answer)) as url, OneNet(KEY, url) as cloud:
        with pytest.raises(BadAnswer, match="GET /nbiot: expected"):
            await cloud.read("8", "3")


@pytest.mark.realtime
async def test_an_answer_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_ANSWER", 1 << 20)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b" " * 100_000)
            await writer.drain()

    async with serving(serve) as url, OneNet(KEY, url) as cloud:
        with pytest.raises(BadAnswer, match="expected an answer of at most 1048576 bytes"):
            await cloud.read("8", "3")


@pytest.mark.realtime
async def test_a_long_answer_is_read_beside_the_event_loop(server: Recorder) -> None:
    points = ",".join(f'{{"at":"2018-03-08 17:30:00","value":{n}}}' for n in range(6000))
    server.answers = [
        f'{{"errno":0,"data":{{"datastreams":[{{"id":"x","datapoints":[{points}]}}]}}}}'
    ]
    assert len(server.answers[0]) > client.IN_LOOP

    async with OneNet(KEY, server.url) as cloud:
        page = await cloud.points_page("1", start=AT, limit=6000)

    assert [each.value for each in page.points] == list(range(6000))


@pytest.mark.realtime
async def test_a_client_that_was_closed_opens_again(server: Recorder) -> None:
    cloud = OneNet(KEY, server.url)
    for _ in range(2):
        await cloud.delete_device("1")
        await cloud.close()
    await cloud.close()

    assert len(server.requests) == 2


def test_a_blocking_client_in_several_threads(server: Recorder, cloud: OneNetSync) -> None:
    threads = [Thread(target=cloud.delete_device, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {each.path for each in server.requests} == {f"/devices/{n}" for n in range(8)}


@pytest.mark.realtime
async def test_a_blocking_client_in_an_event_loop(server: Recorder) -> None:
    cloud = OneNetSync(KEY, server.url)
    with pytest.raises(RuntimeError, match="OneNetSync blocks; expected no event loop here"):
        cloud.delete_device("1")
    assert server.requests == []


@pytest.mark.parametrize("key", ["", "a\r\nX: y", "ä", "a\0"])
def test_a_key_that_no_header_can_hold(key: str) -> None:
    with pytest.raises(ValueError, match="api_key: expected printable ASCII"):
        OneNet(key)


@pytest.mark.parametrize(
    "url", ["", "api.heclouds.com", "ftp://x", "http://", "http://x/y", "http://x:99999"]
)
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(ValueError):
        OneNet(KEY, url)


@pytest.mark.parametrize("missing", ["aiohttp", "cryptography"])
def test_without_the_extra(missing: str) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; import m5310.onenet"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    expected = f"m5310.onenet needs {missing}: pip install m5310[onenet]"
    assert ran.stderr.splitlines()[-1] == f"ImportError: {expected}"


def test_it_loads_nothing_of_the_driver() -> None:
    program = "import sys, m5310.onenet; print(*sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    loaded = set(ran.stdout.split())
    assert "m5310.onenet" in loaded
    assert not loaded & {"serial", "transitions", "m5310.api", "m5310.device", "m5310.errors"}
