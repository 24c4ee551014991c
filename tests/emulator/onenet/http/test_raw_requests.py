"""Requests of programs with a raw socket, and bytes that are no request: each gets an answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Iterable
from typing import Any

import pytest

from emulator.onenet.devices import Device
from tests.support.fake_device import IMEI
from tests.support.peers import until
from tests.support.served_api import ServedApi, served_api

pytestmark = pytest.mark.realtime

KEY = b"api-key: secret\r\n"
HOST = b"Host: localhost\r\n"
GET = b"GET /devices/500000001 HTTP/1.1\r\n" + KEY
WRITE = f"POST /nbiot?imei={IMEI}&obj_id=3303&obj_inst_id=0&mode=2 HTTP/1.1\r\n".encode() + KEY
BODY = b'{"data":[{"res_id":5700,"val":1.5}]}'
LENGTH = f"Content-Length: {len(BODY)}\r\n\r\n".encode()
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


async def open_to(api: ServedApi) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = api.url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


async def answer(reader: asyncio.StreamReader) -> dict[str, Any]:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.split(b" ")[1] == b"200"
    assert b"Content-Type: application/json\r\n" in head
    (length,) = re.findall(rb"(?i)content-length: (\d+)", head)
    found: dict[str, Any] = json.loads(await reader.readexactly(int(length)))
    return found


async def answers(api: ServedApi, pieces: Iterable[bytes], count: int = 1) -> list[dict[str, Any]]:
    """The first `count` answers to what is sent on one connection, in pieces."""
    reader, writer = await open_to(api)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)
    found = [await answer(reader) for _ in range(count)]
    writer.close()
    return found


def errnos(found: Iterable[dict[str, Any]]) -> list[int]:
    return [one["errno"] for one in found]


def byte_by_byte(text: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in text]


# Written by hand ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_text",
    [
        GET + b"\r\n",
        GET + b"Host:\r\n\r\n",
        (GET + HOST + b"\r\n").replace(b"\r\n", b"\n"),
        (GET + b"\r\n").replace(b"\r\n", b"\n"),
        GET + HOST + b"\n",
        b"\r\n\n" + GET + b"\r\n",
        b"GET http://api.heclouds.com/devices/500000001 HTTP/1.1\r\n" + KEY + b"\r\n",
        "GET /devices?key_words=智慧 HTTP/1.1\r\n".encode() + KEY + HOST + b"\r\n",
        WRITE + LENGTH + BODY,
        (WRITE + LENGTH).replace(b"\r\n", b"\n") + BODY,
        WRITE + CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
    ],
)
async def test_request_written_by_hand_is_served(request_text: bytes) -> None:
    """Without Host, with LF, with UTF-8 as curl sends it; again on the same connection."""
    async with served_api() as api:
        api.log_in()
        count = 1 if CHUNKED in request_text else 3  # see test_heads
        assert errnos(await answers(api, [request_text * count], count)) == [0] * count
        assert errnos(await answers(api, byte_by_byte(request_text))) == [0]


async def test_utf_8_in_a_target_is_searched_for() -> None:
    async with served_api() as api:
        for title in ("智慧井盖", "mydevice"):
            body = {
                "title": title,
                "protocol": "LWM2M",
                "auth_info": {title[:2].encode().hex(): "1"},
            }
            assert (await api.call("POST", "/devices", body=body))["errno"] == 0
        target = "GET /devices?key_words=智慧 HTTP/1.1\r\n".encode()
        (found,) = await answers(api, [target + KEY + b"\r\n"])
        assert [device["title"] for device in found["data"]["devices"]] == ["智慧井盖"]


@pytest.mark.parametrize("close", [b"", b"Connection: close\r\n"])
@pytest.mark.parametrize(
    "junk", [b"\0", b"garbage", b"\r\n", b"\r\n\r\n\0", b"x y\r\n\r\n", b"}\n"]
)
async def test_bytes_beyond_the_body_do_not_take_its_answer_away(junk: bytes, close: bytes) -> None:
    """A program that counts its terminating zero, or whose Content-Length is too small."""
    async with served_api() as api:
        api.log_in()
        assert errnos(await answers(api, [WRITE + close + LENGTH + BODY + junk])) == [0]


@pytest.mark.parametrize("first", [GET + b"\r\n", WRITE + LENGTH + BODY])
@pytest.mark.parametrize(
    ("close", "second"),
    [
        (b"Connection: close\r\n", GET + HOST + b"\r\n"),  # not to be processed (RFC 9112 9.6)
        (b"", GET + b"x\r\n\r\n"),
        (b"", GET + HOST + HOST + b"\r\n"),
        (b"", WRITE + b"Content-Length: x\r\n\r\n"),
        (b"", GET.replace(b"1.1", b"1.2") + b"\r\n"),
    ],
)
async def test_request_that_cannot_be_served_does_not_take_the_answer_before_it_away(
    first: bytes, close: bytes, second: bytes
) -> None:
    """A client may send its requests together (RFC 9112 9.3.2)."""
    async with served_api() as api:
        api.log_in()
        method, _, rest = first.partition(b"\r\n")
        text = method + b"\r\n" + close + rest + second
        found = await answers(api, [text], 1 if close else 2)
        assert errnos(found) == ([0] if close else [0, 6])


async def test_of_many_requests_at_once_most_wait_unparsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes some KB, and to parse all of them at once would hold the loop."""
    async with served_api() as api:
        waiting, device = [], api.platform.device

        def counted(number: str) -> Device | None:
            waiting.append(sum(len(one._messages) for one in served(api)))  # type: ignore[attr-defined]
            return device(number)

        monkeypatch.setattr(api.platform, "device", counted)
        found = await answers(api, [(GET + b"\r\n") * 300 + GET + b"x\r\n\r\n"], 301)
        assert errnos(found) == [0] * 300 + [6]
        assert 0 < max(waiting) <= 32


async def test_long_bodies_of_requests_at_once_are_read_in_turn() -> None:
    async with served_api() as api:
        api.log_in()
        long = BODY + b" " * 50_000
        text = WRITE + f"Content-Length: {len(long)}\r\n\r\n".encode() + long
        assert errnos(await answers(api, [text * 5], 5)) == [0] * 5


async def test_body_without_a_length_is_missing() -> None:
    async with served_api() as api:
        first, second = await answers(api, [WRITE + b"\r\n" + BODY], 2)
        assert first == {"errno": 9, "error": "entity data required"}
        assert second["error"].startswith("invalid parameter: malformed HTTP request: ")


@pytest.mark.parametrize("text", [GET + b"\r\n", WRITE + LENGTH + BODY])
async def test_client_that_ends_its_side_gets_its_answer(
    text: bytes,
) -> None:
    """As `nc -N`, `ncat` and `socat` do at the end of their input."""
    async with served_api() as api:
        api.log_in()
        for count in (1, 3):
            reader, writer = await open_to(api)
            writer.write(text * count)
            writer.write_eof()
            assert errnos([await answer(reader) for _ in range(count)]) == [0] * count
            assert await reader.read() == b""
            writer.close()


async def test_client_that_ends_its_side_within_a_body_is_told() -> None:
    async with served_api() as api:
        reader, writer = await open_to(api)
        writer.write(WRITE + LENGTH + BODY[:-1])
        writer.write_eof()
        assert await answer(reader) == {
            "errno": 6,
            "error": "invalid parameter: the body: the connection ends before it does",
        }
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize("text", [b"", b"GET", GET, GET + HOST + b"\r\n" + GET])
async def test_connection_without_an_open_request_ends_with_its_client(text: bytes) -> None:
    async with served_api() as api:
        reader, writer = await open_to(api)
        writer.write(text)
        if b"\r\n\r\n" in text:
            await answer(reader)
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()


# No request --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (GET + HOST + HOST + b"\r\n", "Duplicate 'Host' header found."),
        (GET + b"Host:\r\n localhost\r\n\r\n", "Invalid header value char: b' localhost'"),
        (GET + b"Host : localhost\r\n\r\n", "Invalid header token: b'Host : localhost'"),
        (GET + HOST + b"x\r\n\r\n", "Invalid header token: b'x'"),
        (GET + HOST + b"x: \0\r\n\r\n", "Invalid header value char"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "Received HTTPS traffic on an HTTP port"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ""),
        (b"FOO / HTTP/1.1\r\n\r\n", "Invalid method encountered: b'FOO / HTTP/1.1'"),
        (b"get / HTTP/1.1\r\n\r\n", "Invalid method"),
        (b"GET / HTTP/1.2\r\n\r\n", "Invalid HTTP version"),
        (b"GET /a b HTTP/1.1\r\n\r\n", "b'GET /a b HTTP/1.1'"),
        (b"GET * HTTP/1.1\r\n\r\n", "*"),
        (b"GET http://[/x HTTP/1.1\r\n\r\n", "http://[/x"),
        (b"GET localhost:80 HTTP/1.1\r\n\r\n", "Unexpected char in url schema"),
        (b"GET / HTTP/1.1\rHost: a\r\r", "Expected CRLF after version"),
        (b"AT+CGMR\r\n", "Invalid method encountered: b'AT+CGMR'"),
        (WRITE + b"Content-Length: -5\r\n\r\n", "Invalid character in Content-Length"),
        (WRITE + b"Content-Length: 99999999999999999999\r\n\r\n", "Content-Length overflow"),
        (WRITE + b"Content-Length: 2\r\n" + CHUNKED, "Transfer-Encoding"),
        (WRITE + CHUNKED + b"zz\r\n", "Invalid character in chunk size: b'zz'"),
        (GET + b"x: y\r\n" * 20_000 + b"\r\n", "Too many headers received"),
    ],
)
async def test_what_is_no_request_gets_an_answer_of_the_api(
    text: bytes, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not the bare 400 of an HTTP server, and no traceback."""
    async with served_api() as api:
        (found,) = await answers(api, [text])
        assert found["errno"] == 6
        assert found["error"].startswith("invalid parameter: malformed HTTP request: ")
        assert shown in found["error"]
        assert len(found["error"]) < 300
        assert not caplog.records
        assert (await api.call("GET", f"/devices/{api.device.id}"))["errno"] == 0


@pytest.mark.parametrize(
    "text",
    [
        b"GET /nbiot?imei=" + b"1" * 17_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        GET + b"x: " + b"y" * 9000 + b"\r\n\r\n",
        GET + b"x: " + b"y" * 100_000,
    ],
)
async def test_line_that_is_too_long_is_refused(text: bytes) -> None:
    async with served_api() as api:
        (found,) = await answers(api, [text])
        assert found["errno"] == 5
        assert found["error"].startswith("request entity too large: malformed HTTP request: ")


@pytest.mark.parametrize("text", [b"x: y\r\n", b"y", b"\r\n", b"\n"])
async def test_endless_head_is_bounded(text: bytes) -> None:
    """Empty lines before a head are ignored, until the time for a head is over."""
    async with served_api() as api:
        reader, writer = await open_to(api)
        head = GET if text.strip() else b""
        writer.write(head + text * (2_000_000 // len(text)))
        if head:
            with contextlib.suppress(ConnectionError):  # it is closed while the rest is sent
                assert (await answer(reader))["errno"] in (5, 6)
        assert (await api.call("GET", f"/devices/{api.device.id}"))["errno"] == 0
        writer.transport.abort()


async def test_chunks_that_cannot_be_read_are_refused_at_once() -> None:
    """Also when the head has come before them: nothing waits for the rest of such a body."""
    async with served_api() as api:
        reader, writer = await open_to(api)
        writer.write(WRITE + CHUNKED)
        await until(lambda: bool(served(api)))
        writer.write(b"zz\r\n")
        assert await answer(reader) == {
            "errno": 6,
            "error": "invalid parameter: the body: expected chunks (RFC 9112 7.1)",
        }
        assert await reader.read() == b""
        writer.close()


def served(api: ServedApi) -> list[object]:
    """Connections with a request that is being served."""
    assert api.http._listener is not None
    found = api.http._listener._runner.server.connections  # type: ignore[union-attr]
    return [one for one in found if one._current_request is not None]


async def test_error_shows_bytes_that_are_not_utf_8() -> None:
    async with served_api() as api:
        (found,) = await answers(api, [GET + b"Host: \xff\xe4\xbd\xa0\r\n\r\n"])
        assert found["errno"] == 3
        assert found["error"].startswith('auth failed: Host "\\udcff你" is no name of this server')


async def test_tunnel_is_refused() -> None:
    """A proxy's client would take 200 for an open tunnel (RFC 9110 9.3.6)."""
    async with served_api() as api:
        reader, writer = await open_to(api)
        writer.write(b"CONNECT api.heclouds.com:443 HTTP/1.1\r\n" + KEY + b"\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 405 ")
        assert b'"errno":8' in await reader.readuntil(b"}")
        writer.close()
