"""Who may call: requests for this machine, and no web page of somebody else."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.http.gate import Gate
from tests.support.peers import until
from tests.support.served_api import ServedApi, raw, served_api

pytestmark = pytest.mark.realtime

HERE = "192.0.2.5"  # where the request came in


def gate(*names: str) -> Gate:
    made = Gate(names)
    made.port = 8080
    return made


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        *("localhost", "LOCALHOST:8080", "localhost.", "127.0.0.1", "127.0.0.1:1", "127.8.9.1"),
        *("[::1]", "[::1]:8080", HERE, f"{HERE}:8080"),
        *("api.heclouds.com", "API.HECLOUDS.COM:80", "heclouds.com", "api.heclouds.com."),
        *("emulator.test", "Emulator.Test:8080", "emulator.test."),
    ],
)
def test_host_that_means_this_server_is_taken(host: str | None) -> None:
    gate("emulator.test").check(host, None, HERE)


@pytest.mark.parametrize(
    "host",
    [
        *("evil.com", "192.0.2.6", "[2001:db8::1]", "127.0.0.1.evil.com", "localhost.evil.com"),
        *("evilheclouds.com", "heclouds.com.evil.com", "x", "[::1", "[", "@", "evil.com:x"),
        *("localhost@evil.com", "evil.com@localhost", "localhost/evil.com", "localhost#.evil.com"),
        *("2130706433", "0177.0.0.1", "test", "sub.emulator.test"),
    ],
)
def test_host_of_another_machine_is_refused_by_name(host: str) -> None:
    with pytest.raises(ApiError) as refused:
        gate("emulator.test").check(host, None, HERE)
    assert refused.value.reason is Reason.AUTH_FAILED
    assert host in refused.value.detail
    assert "--allow-host" in refused.value.detail


@pytest.mark.parametrize(
    "origin",
    [
        *("http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"),
        *(f"http://{HERE}:8080", "http://emulator.test:8080"),
    ],
)
def test_origin_of_this_server_is_taken(origin: str) -> None:
    gate("emulator.test").check("localhost", origin, HERE)


@pytest.mark.parametrize(
    "origin",
    [
        *("", "null", "http://evil.com", "http://evil.com:8080", "http://localhost"),
        *("http://localhost:3000", "https://localhost:8080", "file://", "http://api.heclouds.com"),
        *("http://localhost:8080@evil.com:8080", "http://[", "localhost:8080", "http://x:99999"),
        "chrome-extension://abc:8080",
    ],
)
def test_foreign_origin_is_refused_by_name(origin: str) -> None:
    with pytest.raises(ApiError) as refused:
        gate("emulator.test").check("localhost", origin, HERE)
    assert refused.value.reason is Reason.AUTH_FAILED
    assert origin in refused.value.detail


@given(st.text(max_size=50), st.text(max_size=50), st.sampled_from([HERE, "::1", ""]))
def test_any_text_is_taken_or_refused(host: str, origin: str, address: str) -> None:
    try:
        gate().check(host, origin, address)
    except ApiError as error:
        assert len(error.detail) < 120  # noqa: PT017 - it need not be raised


# Over HTTP ---------------------------------------------------------------------------------------


async def asked(api: ServedApi, headers: str, method: str = "GET") -> tuple[str, dict[str, object]]:
    """Head and body of the answer."""
    request = f"{method} /devices/1 HTTP/1.0\r\n{headers}\r\n"
    head, _, body = (await raw(api, request.encode())).decode().partition("\r\n\r\n")
    return head, json.loads(body)


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
@pytest.mark.parametrize("year", [2018, 2019])
async def test_page_of_another_origin_is_refused_without_cors(method: str, year: int) -> None:
    """With the key, too: a page may have it from the address line of a colleague."""
    async with served_api(year) as api:
        for key in ("", "api-key: secret\r\n"):
            head, body = await asked(api, f"Origin: http://evil.com\r\n{key}", method)
            assert head.startswith("HTTP/1.0 200 OK")
            assert body == {
                "errno": 3,
                "error": 'auth failed: Origin "http://evil.com": web pages may not call this API',
            }
            assert not re.search("(?i)access-control", head)


async def test_own_origin_and_onenets_name_are_served() -> None:
    async with served_api() as api:
        port = api.url.rpartition(":")[2]
        for headers in (
            f"Origin: http://127.0.0.1:{port}\r\n",
            f"Host: 127.0.0.1:{port}\r\n",
            "Host: api.heclouds.com\r\n",
        ):
            _, body = await asked(api, f"{headers}api-key: secret\r\n")
            assert body["error"] == "auth failed"  # no such device


async def test_name_that_leads_here_is_refused() -> None:
    async with served_api() as api:
        _, body = await asked(api, "Host: evil.com\r\napi-key: secret\r\n")
        assert body["errno"] == 3
        assert 'Host "evil.com" is no name of this server' in str(body["error"])


# Bounds ------------------------------------------------------------------------------------------


async def test_connections_are_bounded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("emulator.onenet.http.connections.MAX_CONNECTIONS", 3)
    async with served_api() as api:
        host, port = api.url.removeprefix("http://").split(":")
        some = []
        for number in range(5):
            some.append(await asyncio.open_connection(host, int(port)))
            await until(lambda number=number: len(connections(api)) == min(number + 1, 3))
        for reader, _ in some[3:]:
            assert await reader.read() == b""
        lines = [record.getMessage() for record in caplog.records]
        assert lines == ["connections are refused: there are 3"]
        some[0][1].close()
        await until(lambda: len(connections(api)) < 3)
        assert (await api.call("GET", "/devices/1"))["errno"] == 3
        for _, writer in some:
            writer.close()


async def test_client_that_asks_on_but_takes_no_answer_gets_no_more_of_them() -> None:
    """Requests of 60 bytes whose answers have 60 KB: what waits to be sent is bounded."""
    async with served_api() as api:
        body = b'{"title":"' + b"x" * 60_000 + b'","protocol":"LWM2M","auth_info":{"1":"2"}}'
        made = await api.call("POST", "/devices", body=body)
        target = f"/devices/{made['data']['device_id']}"
        host, port = api.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=1)
        transport = writer.transport
        transport.pause_reading()  # type: ignore[attr-defined]
        request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\napi-key: secret\r\n\r\n".encode()
        writer.write(request * 400)
        await until(lambda: waiting(api) > 0)
        for _ in range(500):
            await asyncio.sleep(0)
            assert waiting(api) < 200_000
        transport.abort()


async def test_answers_that_no_client_takes_are_bounded_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Long ones are refused meanwhile, short ones are not."""
    monkeypatch.setattr("emulator.onenet.http.connections.MAX_HELD", 8_000_000)
    async with served_api() as api:
        rows = [(int(api.device.id), "a", "x" * 1000, n) for n in range(5000)]
        api.platform.points.add_many(rows, api.now)
        path = f"/devices/{api.device.id}/datapoints"
        host, port = api.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port), limit=1)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        head = f"GET {path}?limit=5000 HTTP/1.1\r\nHost: localhost\r\napi-key: secret\r\n\r\n"
        writer.write(head.encode())
        await until(lambda: waiting(api) > 0)
        assert await api.call("GET", path, {"limit": "5000"}) == {
            "errno": 13,
            "error": "system limit: answers of 8000000 bytes wait to be taken",
        }
        assert (await api.call("GET", path))["errno"] == 0
        writer.transport.abort()
        await until(lambda: len(connections(api)) == 1)
        assert (await api.call("GET", path, {"limit": "5000"}))["data"]["count"] == 5000


def connections(api: ServedApi) -> list[Any]:
    assert api.http._listener is not None
    return api.http._listener._runner.server.connections  # type: ignore[union-attr]


def waiting(api: ServedApi) -> int:
    """Bytes that the connections of the API have to send."""
    return sum(one.transport.get_write_buffer_size() for one in connections(api) if one.transport)
