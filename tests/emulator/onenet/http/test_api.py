"""The HTTP API over real sockets; the device answers at once unless a test changes that."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket

import aiohttp
import pytest
from aiocoap import Message
from aiocoap.numbers import Code

from emulator.lwm2m.model import Path
from emulator.onenet.http.api import HttpApi
from emulator.onenet.http.call import Call
from emulator.onenet.keys import Master
from emulator.onenet.lwm2m.operations import Read
from emulator.onenet.platform import Platform
from tests.support.fake_device import (
    IMEI,
    IMSI,
    TLV,
    FakeDevice,
    silent,
    success,
)
from tests.support.served_api import NEW, READ, raw, served_api

pytestmark = pytest.mark.realtime

AUTH_FAILED = {"errno": 3, "error": "auth failed"}

# Devices -----------------------------------------------------------------------------------------


async def test_device_is_created_shown_and_deleted() -> None:
    async with served_api() as api:
        made = await api.call("POST", "/devices", body=NEW)
        assert made["errno"] == 0
        path = f"/devices/{made['data']['device_id']}"
        shown = (await api.call("GET", path))["data"]
        assert (shown["title"], shown["tags"], shown["online"]) == (
            "智慧井盖",
            ["中国", "mobile"],
            False,
        )
        assert shown["create_time"] == "2015-12-01 17:06:23"
        assert await api.call("DELETE", path) == {"errno": 0, "error": "succ"}
        assert await api.call("GET", path) == AUTH_FAILED
        assert await api.call("DELETE", path) == AUTH_FAILED


async def test_created_device_can_register() -> None:
    async with served_api() as api:
        newcomer = FakeDevice("867726030000002;460040000000002")
        api.simulation.add(newcomer)
        newcomer.register(Path(3303, 0))
        api.step()
        assert newcomer.response().code == Code.FORBIDDEN
        made = await api.call("POST", "/devices", body=NEW)
        newcomer.register(Path(3303, 0))
        api.step()
        assert newcomer.response().code == Code.CREATED
        shown = await api.call("GET", f"/devices/{made['data']['device_id']}")
        assert shown["data"]["online"] is True


# Data points -------------------------------------------------------------------------------------


async def test_reports_are_read_as_data_points() -> None:
    async with served_api() as api:
        api.log_in()
        for value in (20.5, 21.5, 22.5):
            api.module.notify(Path(3303, 0, 5700), value)
            api.step(1)
        api.module.notify(Path(3303, 0, 5701), "摄氏")
        api.step(1)
        path = f"/devices/{api.device.id}/datapoints"
        newest = await api.call("GET", path)
        assert newest["data"] == {
            "count": 2,
            "datastreams": [
                {
                    "datapoints": [{"at": "2015-12-01 17:06:26.535", "value": 22.5}],
                    "id": "3303_0_5700",
                },
                {
                    "datapoints": [{"at": "2015-12-01 17:06:27.535", "value": "摄氏"}],
                    "id": "3303_0_5701",
                },
            ],
        }
        two = await api.call("GET", path, {"limit": "2", "datastream_id": "3303_0_5700"})
        (stream,) = two["data"]["datastreams"]
        assert [point["value"] for point in stream["datapoints"]] == [21.5, 22.5]
        for query in ({"limit": "0"}, {"limit": "x"}, {"start": "yesterday"}):
            assert (await api.call("GET", path, query))["errno"] == 6


# Read, write, execute ----------------------------------------------------------------------------


async def test_guide_4_2_4_read_returns_the_values() -> None:
    async with served_api() as api:
        api.log_in()
        assert await api.call("GET", "/nbiot", READ) == {
            "errno": 0,
            "data": [{"res": [{"val": 20.123, "res_id": 5700}], "obj_inst_id": 0}],
            "error": "succ",
        }
        assert api.module.operations()[-1] == "Read /3303/0/5700"


async def test_device_may_be_named_by_its_endpoint() -> None:
    async with served_api() as api:
        api.log_in()
        query = {"ep_name": f"{IMEI};{IMSI}", "obj_id": "3303"}
        assert (await api.call("GET", "/nbiot", query))["errno"] == 0
        assert api.module.operations()[-1] == "Read /3303"


async def test_guide_4_2_5_write_is_sent_to_the_instance() -> None:
    async with served_api() as api:
        api.log_in()
        body = {"data": [{"res_id": 5850, "val": True}, {"res_id": 5701, "val": "摄氏"}]}
        for mode in ("1", "2"):
            answer = await api.call("POST", "/nbiot", READ | {"mode": mode}, body)
            assert answer == {"errno": 0, "error": "succ"}
            request = api.module.requests[-1]
            assert api.module.operations()[-1] == "Write /3303/0"
            assert request.code == (Code.PUT if mode == "1" else Code.POST)
            assert request.payload == b"\xe1\x16\xda\x01\xe6\x16\x45" + "摄氏".encode()


async def test_bytes_that_were_read_can_be_written_back() -> None:
    async with served_api() as api:
        api.log_in()
        tlv = b"\xe3\x16\x44\x0a\x64\xff"
        api.module.answer = lambda _: Message(code=Code.CONTENT, content_format=TLV, payload=tlv)
        (instance,) = (await api.call("GET", "/nbiot", READ))["data"]
        assert instance["res"] == [{"val": [10, 100, 255], "res_id": 5700}]
        api.module.answer = success
        for data in (instance["res"], [{"res_id": 5700, "val": "0A64FF", "type": 1}]):
            answer = await api.call("POST", "/nbiot", READ | {"mode": "2"}, {"data": data})
            assert answer == {"errno": 0, "error": "succ"}
            assert api.module.requests[-1].payload == tlv


@pytest.mark.parametrize(("body", "sent"), [({"args": "ping"}, b"ping"), ({}, b""), (None, b"")])
async def test_guide_4_2_6_execute_is_sent_to_the_resource(body: object, sent: bytes) -> None:
    async with served_api() as api:
        api.log_in()
        assert await api.call("POST", "/nbiot/execute", READ, body) == {"errno": 0, "error": "succ"}
        assert api.module.operations()[-1] == "Execute /3303/0/5700"
        assert api.module.requests[-1].payload == sent


async def test_request_is_cancelled_when_the_client_disconnects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("emulator.onenet.http.protocol._HALF_CLOSED", 0.05)
    async with served_api() as api:
        api.log_in()
        api.module.answer = silent
        cancelled = asyncio.Event()
        cancel = api.platform.cancel
        api.platform.cancel = lambda request: (cancel(request), cancelled.set())[0]  # type: ignore[method-assign]
        answer = await api.begin_read()
        answer.cancel()
        await api.client.close()
        await cancelled.wait()
        sent = len(api.module.requests)
        api.step(10)
        assert len(api.module.requests) == sent


async def test_answer_while_the_client_disconnects_is_ignored() -> None:
    async with served_api() as api:
        api.log_in()
        api.module.answer = silent
        asked = Call(api.platform, api.act, Master(), "get", {}, {}, {})
        call = asyncio.ensure_future(asked.request(api.device, Read(Path(3303))))
        api.changed.clear()
        await api.changed.wait()
        call.cancel()
        request = api.module.requests[-1]
        api.module.respond(request, success(request))
        api.step()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_concurrent_calls_get_their_own_answers() -> None:
    async with served_api() as api:
        api.log_in(*(Path(3303, instance) for instance in range(10)))
        answers = await asyncio.gather(
            *(api.call("GET", "/nbiot", READ | {"obj_inst_id": str(n)}) for n in range(10))
        )
        assert [answer["data"][0]["obj_inst_id"] for answer in answers] == list(range(10))


# Resources ---------------------------------------------------------------------------------------


async def test_guide_4_2_7_list_of_resources() -> None:
    async with served_api() as api:
        assert (await api.call("GET", "/nbiot/resources", {"imei": IMEI}))["data"] == {
            "total_count": 0,
            "item": [],
        }
        api.log_in(Path(3303, 0), Path(3200, 0))
        listed = (await api.call("GET", "/nbiot/resources", {"imei": IMEI}))["data"]
        assert listed["total_count"] == 2
        assert [entry["obj_id"] for entry in listed["item"]] == [3200, 3303]
        one = await api.call("GET", "/nbiot/resources", {"imei": IMEI, "obj_id": "3303"})
        assert one["data"] == {
            "total_count": 1,
            "item": [{"obj_id": 3303, "instances": [{"inst_id": 0, "resources": [5700]}]}],
        }


# Around every call -------------------------------------------------------------------------------


async def test_parameter_that_has_no_effect_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with served_api() as api:
        api.log_in()
        for _ in range(2):
            answer = await api.call("GET", "/nbiot", READ | {"mode": "1"})
            assert answer["errno"] == 0
        assert [record.getMessage() for record in caplog.records] == [
            "GET /nbiot: the parameter 'mode' has no effect, expected: imei, ep_name, obj_id,"
            " obj_inst_id, res_id, timeout, bin2hex"
        ]


@pytest.mark.parametrize(
    ("headers", "body", "wrong"),
    [
        ("Content-Length: 50", '{"args": ', "not come within 0.05 s"),
        ("Transfer-Encoding: chunked", "2\r\n{}\r\n", "not come within 0.05 s"),
    ],
)
async def test_body_that_contradicts_its_headers_is_refused(
    headers: str, body: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.onenet.http.api._BODY_TIMEOUT", 0.05)
    async with served_api() as api:
        head = f"POST /devices HTTP/1.1\r\nHost: localhost\r\napi-key: secret\r\n{headers}"
        answer = json.loads(
            (await raw(api, f"{head}\r\n\r\n{body}".encode())).partition(b"\r\n\r\n")[2]
        )
        assert answer["errno"] == 6
        assert wrong in answer["error"]


async def test_compressed_body_is_not_unpacked() -> None:
    """10 KB of gzip are 10 MB, which would take long: it is judged as it is, no JSON."""
    async with served_api() as api:
        for name in ("gzip", "deflate"):
            body = gzip.compress(bytes(10_000_000))
            head = "POST /devices HTTP/1.1\r\nHost: localhost\r\napi-key: secret\r\n"
            head += f"Content-Encoding: {name}\r\nContent-Length: {len(body)}\r\n\r\n"
            answer = await raw(api, head.encode() + body)
            assert answer.endswith(b'{"errno":4,"error":"invalid JSON"}')


async def test_texts_of_clients_are_cut_and_in_one_line_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with served_api() as api:
        for path in (
            f"/keys?{'n' * 9000}=1",
            f"/msg_group/{'%0Aerror' * 900}/status?a=1",
            f"/nowhere{'%0Aerror' * 900}",
        ):
            head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\napi-key: secret\r\n\r\n"
            assert len(await raw(api, head.encode())) < 500
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert all("\n" not in line and len(line) < 300 for line in lines)


# Start and end -----------------------------------------------------------------------------------


async def test_taken_port_raises() -> None:
    async with served_api() as api:
        port = int(api.url.rpartition(":")[2])
        second = HttpApi(api.platform, key="k", act=lambda call: call(0.0))
        with pytest.raises(OSError, match=f"HTTP on 127.0.0.1:{port}: "):
            await second.start("127.0.0.1", port)
        await second.close()


async def test_foreign_address_raises() -> None:
    api = HttpApi(Platform(), key="k", act=lambda call: call(0.0))
    with pytest.raises(OSError, match=r"HTTP on 192\.0\.2\.1:0: "):
        await api.start("192.0.2.1", 0)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
async def test_url_of_ipv6_address_has_brackets() -> None:
    api = HttpApi(Platform(), key="k", act=lambda call: call(0.0))
    try:
        assert (await api.start("::1", 0)).startswith("http://[::1]:")
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    finally:
        await api.close()
        await api.close()


async def test_close_during_a_call_does_not_wait_for_the_device() -> None:
    async with served_api() as api:
        api.log_in()
        api.module.answer = silent
        answer = await api.begin_read()
        async with asyncio.timeout(20):  # a device has 25 s
            await api.http.close()
            with pytest.raises(aiohttp.ClientError):
                await answer


async def test_disk_that_takes_nothing_is_an_internal_error_until_it_does_again() -> None:
    async with served_api() as api:
        api.platform.database.execute("PRAGMA query_only = 1")
        for _ in range(2):
            answer = await api.call("POST", "/devices", None, NEW)
            assert answer == {"errno": 1, "error": "internal server error"}
        assert (await api.call("GET", f"/devices/{api.device.id}"))["errno"] == 0
        api.platform.database.execute("PRAGMA query_only = 0")
        assert (await api.call("POST", "/devices", None, NEW))["errno"] == 0
