"""Connections of the API: limits of time, long answers, clients that leave or send no HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket

import pytest

from emulator.onenet.devices import Device
from emulator.onenet.http.protocol import Protocol
from tests.support.patience import PATIENCE
from tests.support.peers import until
from tests.support.served_api import READ, ServedApi, counting_turns, raw, served_api

pytestmark = pytest.mark.realtime


async def test_connection_without_a_header_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served_api() as api:
        host, port = api.url.removeprefix("http://").split(":")
        good = b"GET /nbiot HTTP/1.1\r\nHost: localhost\r\n\r\n"
        kept_reader, kept = await asyncio.open_connection(host, int(port))
        kept.write(good)
        await kept_reader.readuntil(b"}")
        monkeypatch.setattr("emulator.onenet.http.protocol._HEADER_TIMEOUT", 0.2)
        connections = [await asyncio.open_connection(host, int(port)) for _ in range(29)]
        for number, (_, writer) in enumerate(connections):
            writer.write(good[: number % 3 * 10])  # nothing, or a part
        for reader, writer in connections:
            assert await reader.read() == b""
            writer.close()
        kept.write(good)  # an idle connection is kept for longer
        assert b"api-key required" in await kept_reader.readuntil(b"}")
        kept.close()


@pytest.mark.parametrize("text", [b"", b"GET", b"\0", b"GET / HTTP/1.1\r\n\r\n"])
async def test_connection_that_has_ended_is_forgotten(text: bytes) -> None:
    """Not only when the time for its header is over: many would hold much memory."""
    async with served_api() as api:
        host, port = api.url.removeprefix("http://").split(":")
        for _ in range(20):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(text)
            writer.write_eof()
            await reader.read()
            writer.close()
        await until(lambda: not connections(api))
        gc.collect()
        assert not any(isinstance(each, Protocol) for each in gc.get_objects())


async def test_idle_connection_is_dropped_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.onenet.http.protocol._IDLE_TIMEOUT", 0.1)
    async with served_api() as api:
        host, port = api.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /nbiot HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"}")
        writer.write(b"GET /nbiot HT")
        assert await reader.read() == b""
        writer.close()


def connections(api: ServedApi) -> list[object]:
    assert api.http._listener is not None
    return api.http._listener._runner.server.connections  # type: ignore[union-attr,return-value]


def fill(api: ServedApi, points: int, streams: int) -> None:
    device, begin = int(api.device.id), round(api.now * 1000)
    rows = [
        (device, f"3303_{number % streams}_5700", number / 8, begin + number * 1000)
        for number in range(points)
    ]
    api.platform.points.add_many(rows, api.now)


@pytest.mark.parametrize(
    ("path", "points", "streams", "least"),
    [
        ("/datapoints?limit=6000", 10_000, 17, 60),
        ("", 1000, 1000, 1000),
        ("/datapoints", 1000, 1000, 1000),
    ],
)
async def test_long_answer_does_not_hold_the_loop(
    path: str, points: int, streams: int, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other events may run after each piece; they do after each _TURN, 0 here."""
    monkeypatch.setattr("emulator.onenet.http.connections._TURN", 0)
    async with served_api() as api:
        fill(api, points, streams)
        call = api.call("GET", f"/devices/{api.device.id}{path}")
        answer, turns = await counting_turns(call)
        assert answer["errno"] == 0
        assert len(answer["data"]["datastreams"]) == streams
        assert turns > least


async def test_calls_that_come_at_once_begin_in_turn_with_other_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Further calls may wait after each _TURN, 0 here: so one call begins in each turn."""
    monkeypatch.setattr("emulator.onenet.http.connections._TURN", 0)
    async with served_api() as api:
        turn, begun = 0, []
        device = api.platform.device

        def counted(number: str) -> Device | None:
            begun.append(turn)
            return device(number)

        monkeypatch.setattr(api.platform, "device", counted)
        host, port = api.url.removeprefix("http://").split(":")
        opened = [await asyncio.open_connection(host, int(port)) for _ in range(30)]
        get = f"GET /devices/{api.device.id} HTTP/1.1\r\nHost: localhost\r\napi-key: secret\r\n"
        for number, (_, writer) in enumerate(opened):
            more = "Expect: 100-continue\r\n" if number % 2 else ""
            writer.write(f"{get}{more}\r\n".encode())
        while len(begun) < len(opened):
            await asyncio.sleep(0)
            turn += 1
        assert len(set(begun)) == len(opened)
        for reader, writer in opened:
            assert b'"errno":0' in await reader.readuntil(b"}")
            writer.close()


async def test_body_of_thousands_of_chunks_does_not_hold_the_loop() -> None:
    """Each read of the socket takes a part of them."""
    async with served_api() as api:
        body = b'{"datastreams":[{"id":"a","datapoints":[{"value":1}]}]}' + b" " * 40_000
        text = (
            f"POST /devices/{api.device.id}/datapoints HTTP/1.1\r\nHost: localhost\r\n"
            "api-key: secret\r\nTransfer-Encoding: chunked\r\n\r\n"
        ).encode() + b"".join(b"1\r\n%c\r\n" % each for each in body)
        answer, turns = await counting_turns(raw(api, text + b"0\r\n\r\n"))
        assert b'"errno":0' in answer
        assert turns > 25


async def test_client_that_leaves_during_a_long_answer_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with served_api() as api:
        fill(api, 50_000, 17)
        host, port = api.url.removeprefix("http://").split(":")
        target = f"/devices/{api.device.id}/datapoints?limit=6000"
        call = f"GET {target} HTTP/1.1\r\nHost: localhost\r\napi-key: secret\r\n\r\n".encode()
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(call)
        await reader.readexactly(1000)
        writer.transport.abort()
        await until(lambda: not connections(api))
        assert (await api.call("GET", f"/devices/{api.device.id}"))["errno"] == 0
    assert not caplog.records


async def test_client_that_does_not_take_a_long_answer_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("emulator.onenet.http.connections._SEND_TIMEOUT", 0.1)
    async with served_api() as api:
        fill(api, 100_000, 17)
        host, port = api.url.removeprefix("http://").split(":")
        target = f"/devices/{api.device.id}/datapoints?limit=6000"
        call = f"GET {target} HTTP/1.1\r\nHost: localhost\r\napi-key: secret\r\n\r\n".encode()
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as client:
            client.sendall(call)
            await until(lambda: bool(connections(api)))
            await until(lambda: not connections(api))
            received = 0
            with contextlib.suppress(ConnectionResetError):
                while data := client.recv(1 << 20):
                    received += len(data)
            assert 0 < received < 5_000_000


@pytest.mark.parametrize(
    ("query", "body", "text"),
    [
        ({"obj_id": ""}, None, 'obj_id "", expected'),
        ({}, {"data": [{"res_id": "5700", "val": 1}]}, 'res_id "5700", expected'),
        ({}, {"data": [{"res_id": True, "val": 1}]}, "res_id true, expected"),
    ],
)
async def test_invalid_value_is_shown_as_json(
    query: dict[str, str], body: object, text: str
) -> None:
    async with served_api() as api:
        api.log_in()
        answer = await api.call("POST", "/nbiot", {**READ, "mode": "2", **query}, body or {})
        assert (answer["errno"], text in answer["error"]) == (6, True)


async def test_value_without_json_form_is_a_text() -> None:
    async with served_api() as api:
        api.log_in()
        api.platform.points.add(int(api.device.id), "3303_0_5700", float("nan"), 0, api.now)
        answer = await api.call("GET", f"/devices/{api.device.id}/datapoints")
        (stream,) = answer["data"]["datastreams"]
        assert stream["datapoints"][0]["value"] == "nan"
