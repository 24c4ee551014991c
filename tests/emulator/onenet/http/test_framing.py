"""Bytes of requests and answers, over raw sockets: as programs of small machines use them."""

from __future__ import annotations

import asyncio
import re

import pytest

from emulator.lwm2m.model import Path
from tests.support.fake_device import IMEI
from tests.support.served_api import ServedApi, raw, served_api

pytestmark = pytest.mark.realtime

WRITE = f"/nbiot?imei={IMEI}&obj_id=3303&obj_inst_id=0&mode=2"
BODY = '{"data":[{"res_id":5700,"val":1.5}]}'
# Captured, beside date and length.
CAPTURED_HEAD = ("Content-Type: application/json", "Server: Apache-Coyote/1.1", "Pragma: no-cache")
WRITTEN = b"\xe4\x16\x44\x3f\xc0\x00\x00"  # 5700 is 1.5
DONE = b'{"errno":0,"error":"succ"}'


async def answered(api: ServedApi, request: str) -> tuple[bytes, bytes]:
    """Head and body of the answer."""
    head, _, body = (await raw(api, request.encode())).partition(b"\r\n\r\n")
    return head, body


def written(api: ServedApi) -> bytes:
    assert api.module.operations()[-1] == "Write /3303/0"
    payload: bytes = api.module.requests[-1].payload
    return payload


@pytest.mark.parametrize(
    ("version", "headers", "body"),
    [
        ("1.1", "Content-Type: application/json", BODY),
        ("1.1", "", BODY),
        ("1.1", "Content-Type: application/x-www-form-urlencoded", BODY),
        ("1.1", "Content-Type: text/plain; charset=no-such-charset", BODY),
        ("1.1", "Content-Type: multipart/form-data", BODY),
        ("1.1", "Content-Type: ;;", BODY),
        ("1.1", "Content-Type:", BODY),
        ("1.1", "Connection: close", BODY),
        ("1.1", "Accept: text/html", BODY),
        ("1.0", "", BODY),
        ("1.0", "Connection: keep-alive", BODY),
        ("1.1", "", '{"data":[{"res_id":5700,"val":1.5,},],}'),
        ("1.1", "", f"\r\n {BODY} \r\n"),
    ],
)
async def test_request_is_taken_leniently(version: str, headers: str, body: str) -> None:
    async with served_api() as api:
        api.log_in()
        lines = [
            f"POST {WRITE} HTTP/{version}",
            "Host: localhost",
            "api-key: secret",
            *filter(None, [headers]),
        ]
        lines.append(f"Content-Length: {len(body)}")
        head, answer = await answered(api, "\r\n".join(lines) + f"\r\n\r\n{body}")
        assert head.startswith(f"HTTP/{version} 200 OK\r\n".encode())
        assert answer == DONE
        assert written(api) == WRITTEN


@pytest.mark.parametrize(
    ("target", "host"),
    [(WRITE, ""), (f"http://api.heclouds.com{WRITE}", "Host: api.heclouds.com\r\n")],
)
async def test_host_header_and_absolute_target_make_no_difference(target: str, host: str) -> None:
    """Programs for OneNET name it in the request line, too (RFC 9112 3.2.2)."""
    async with served_api() as api:
        api.log_in()
        request = f"POST {target} HTTP/1.0\r\n{host}API-KEY:secret\r\nContent-Length: {len(BODY)}"
        assert (await answered(api, f"{request}\r\n\r\n{BODY}"))[1] == DONE
        assert written(api) == WRITTEN


@pytest.mark.parametrize("pieces", [[BODY], list(BODY), [BODY[:7], BODY[7:]]], ids=len)
async def test_chunked_body_is_taken(pieces: list[str]) -> None:
    async with served_api() as api:
        api.log_in()
        head = f"POST {WRITE} HTTP/1.1\r\nHost: localhost\r\napi-key: secret\r\n"
        head += "Transfer-Encoding: chunked"
        chunks = "".join(f"{len(piece):x}\r\n{piece}\r\n" for piece in pieces)
        assert (await answered(api, f"{head}\r\n\r\n{chunks}0\r\n\r\n"))[1] == DONE
        assert written(api) == WRITTEN


async def test_client_that_asks_before_a_large_body_may_send_it() -> None:
    """As `curl` does (RFC 9110 10.1.1)."""
    async with served_api() as api:
        api.log_in()
        host, port = api.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = (
            f"POST {WRITE} HTTP/1.1\r\nHost: localhost\r\napi-key: secret\r\nConnection: close\r\n"
        )
        writer.write(f"{head}Expect: 100-continue\r\nContent-Length: {len(BODY)}\r\n\r\n".encode())
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(BODY.encode())
        assert (await reader.read()).endswith(b"\r\n\r\n" + DONE)
        assert written(api) == WRITTEN
        writer.close()


@pytest.mark.parametrize("year", [2018, 2019])
@pytest.mark.parametrize(
    ("request_line", "body", "answer"),
    [
        ("POST /devices", '{"title":"x"', '{"errno":4,"error":"invalid JSON"}'),
        (
            "POST /devices",
            '{"title":"x","protocol":"LWM2M","auth_info":{"1":"2"}}',
            '{"errno":0,"data":{"device_id":"500000002"},"error":"succ"}',
        ),
        ("GET /devices/1", "", '{"errno":3,"error":"auth failed"}'),
        ("GET /nowhere", "", '{"errno":8,"error":"not found: GET /nowhere is not served"}'),
        (
            "GET /devices/500000001/datapoints",
            "",
            '{"errno":0,"data":{"count":1,"datastreams":[{"datapoints":'
            '[{"at":"2015-12-01 17:06:23.535","value":21.5}],"id":"3303_0_5700"}]},"error":"succ"}',
        ),
    ],
)
async def test_answer_is_compact_json_of_known_length_without_a_charset(
    request_line: str, body: str, answer: str, year: int
) -> None:
    async with served_api(year) as api:
        api.log_in()
        api.module.notify(Path(3303, 0, 5700), 21.5)
        api.step()
        request = f"{request_line} HTTP/1.1\r\nHost: localhost\r\napi-key: secret\r\n"
        request += f"Content-Length: {len(body)}\r\n\r\n{body}"
        head, received = await answered(api, request)
        assert received.decode() == answer
        lines = head.decode().split("\r\n")
        assert lines[0] == "HTTP/1.1 200 OK"
        assert {*CAPTURED_HEAD} <= {*lines}
        assert f"Content-Length: {len(answer)}" in lines


async def test_not_online_is_as_captured() -> None:
    async with served_api() as api:
        target = WRITE.replace("&mode=2", "")
        _, body = await answered(
            api, f"GET {target} HTTP/1.1\r\nHost: localhost\r\napi-key: secret\r\n\r\n"
        )
        assert body == b'{"errno":10,"error":"device not online: 500000001","data":null}'


async def test_long_answer_has_the_same_head() -> None:
    async with served_api() as api:
        for number in range(3000):
            api.platform.points.add(
                int(api.device.id), "3303_0_5700", number, round(api.now * 1000), api.now
            )
        target = f"/devices/{api.device.id}/datapoints?limit=6000"
        for version in ("1.0", "1.1"):
            head, body = await answered(
                api, f"GET {target} HTTP/{version}\r\nHost: localhost\r\napi-key: secret\r\n\r\n"
            )
            assert len(body) > 65536
            assert body.startswith(
                b'{"errno":0,"data":{"count":3000,"datastreams":[{"datapoints":[{'
            )
            assert b" " not in re.sub(rb'"at":"[^"]*"', b"", body)
            assert head.startswith(f"HTTP/{version} 200 OK\r\n".encode())
            assert {*CAPTURED_HEAD} <= {*head.decode().split("\r\n")}
