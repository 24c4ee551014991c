"""The HTTP API over real sockets, with an application's client; the device answers at once."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp
import pytest

from emulator.air.memory import Air
from emulator.air.messages import Execute, Read, Write
from emulator.air.model import Code, Item, Path
from emulator.onenet.devices import Description
from emulator.onenet.http.answers import Year
from emulator.onenet.http.api import HttpApi
from emulator.onenet.platform import Platform
from emulator.simulation.simulation import Simulation
from tests.support.stations import FakeDevice, refusing, silent, well

pytestmark = pytest.mark.realtime

T = TypeVar("T")
IMEI, IMSI = "867726030000001", "460040000000001"
READ = {"imei": IMEI, "obj_id": "3303", "obj_inst_id": "0", "res_id": "5700"}
AUTH_FAILED = {"errno": 1, "error": "auth failed"}


class Cloud:
    """The API with one device behind it, and a clock that stands unless it is moved."""

    def __init__(self, year: Year) -> None:
        self.now = 1448960783.535
        self.platform = Platform(subscribed_read=False)
        self.simulation = Simulation(self.platform.server, Air(latency=0))
        self.module = FakeDevice()
        self.simulation.add(self.module)
        self.device = self.platform.create_device(Description("a device", IMEI, IMSI), self.now)
        self.changed = asyncio.Event()
        self.api = HttpApi(self.platform, key="secret", act=self.act, year=year)
        self.url = ""
        self.client: aiohttp.ClientSession

    def act(self, call: Callable[[float], T]) -> T:
        try:
            return call(self.now)
        finally:
            self.step()

    def step(self, seconds: float = 0) -> None:
        self.now += seconds
        self.simulation.step(self.now)
        self.changed.set()

    def log_in(self, *objects: Path) -> None:
        self.module.register(*(objects or (Path(3303, 0),)))
        self.step()

    async def call(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: object = None,
        *,
        key: str | None = "secret",
        status: int = 200,
    ) -> dict[str, Any]:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {} if key is None else {"api-key": key}
        asked = self.client.request(
            method, self.url + path, params=query, data=data, headers=headers
        )
        async with asked as response:
            assert response.status == status
            assert response.content_type == "application/json"
            assert response.charset == "utf-8"
            answer = json.loads(await response.read())
        assert list(answer) in (["errno", "error"], ["errno", "data", "error"])
        return answer  # type: ignore[no-any-return]


@asynccontextmanager
async def cloud(year: Year = 2019) -> AsyncIterator[Cloud]:
    made = Cloud(year)
    made.url = await made.api.start("127.0.0.1", 0)
    made.client = aiohttp.ClientSession()
    try:
        yield made
    finally:
        await made.client.close()
        await made.api.close()


async def raw(it: Cloud, text: bytes) -> bytes:
    """Bytes for the API's port, and all that comes back."""
    host, _, port = it.url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(text)
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = re.findall(rb"(?i)content-length: (\d+)", head)
        return head + await reader.readexactly(int(length))
    finally:
        writer.close()
        await writer.wait_closed()


# Devices -----------------------------------------------------------------------------------------

NEW = {
    "title": "智慧井盖",
    "protocol": "LWM2M",
    "auth_info": {"867726030000002": "460040000000002"},
    "tags": ["中国", "mobile"],
}


async def test_a_device_is_created_shown_and_deleted() -> None:
    async with cloud() as it:
        made = await it.call("POST", "/devices", body=NEW)
        assert made["errno"] == 0
        path = f"/devices/{made['data']['device_id']}"
        shown = (await it.call("GET", path))["data"]
        assert (shown["title"], shown["tags"], shown["online"]) == (
            "智慧井盖",
            ["中国", "mobile"],
            False,
        )
        assert shown["create_time"] == "2015-12-01 17:06:23"
        assert await it.call("DELETE", path) == {"errno": 0, "error": "succ"}
        assert await it.call("GET", path) == AUTH_FAILED
        assert await it.call("DELETE", path) == AUTH_FAILED


async def test_a_created_device_can_log_in() -> None:
    async with cloud() as it:
        newcomer = FakeDevice("867726030000002;460040000000002")
        it.simulation.add(newcomer)
        newcomer.register(Path(3303, 0))
        it.step()
        assert newcomer.response().code is Code.FORBIDDEN
        made = await it.call("POST", "/devices", body=NEW)
        newcomer.register(Path(3303, 0))
        it.step()
        assert newcomer.response().code is Code.CREATED
        shown = await it.call("GET", f"/devices/{made['data']['device_id']}")
        assert shown["data"]["online"] is True


@pytest.mark.parametrize(
    ("body", "errno"),
    [
        (None, 3),
        ({}, 3),
        ({"title": "x"}, 3),
        ([], 5108),
        (b"title=x", 5108),
        (NEW | {"auth_info": {IMEI: IMSI}}, 5108),
        (NEW | {"protocol": "EDP"}, 5108),
        (b" " * 65537, 5006),
    ],
)
async def test_what_is_no_device_is_not_created(body: object, errno: int) -> None:
    async with cloud() as it:
        answer = await it.call("POST", "/devices", body=body)
        assert (answer["errno"], "data" in answer) == (errno, False)


# Data points -------------------------------------------------------------------------------------


async def test_reports_are_read_as_data_points() -> None:
    async with cloud() as it:
        it.log_in()
        for value in (20.5, 21.5, 22.5):
            it.module.notify(Path(3303, 0, 5700), value)
            it.step(1)
        it.module.notify(Path(3303, 0, 5701), "摄氏")
        it.step(1)
        path = f"/devices/{it.device.id}/datapoints"
        newest = await it.call("GET", path)
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
        two = await it.call("GET", path, {"limit": "2", "datastream_id": "3303_0_5700"})
        (stream,) = two["data"]["datastreams"]
        assert [point["value"] for point in stream["datapoints"]] == [21.5, 22.5]
        for query in ({"limit": "0"}, {"limit": "x"}, {"start": "2015-01-10T08:00:35"}):
            assert (await it.call("GET", path, query))["errno"] == 5108


# Read, write, execute ----------------------------------------------------------------------------


async def test_a_read_shows_the_values() -> None:
    async with cloud() as it:
        it.log_in()
        assert await it.call("GET", "/nbiot", READ) == {
            "errno": 0,
            "data": [{"res": [{"val": 20.123, "res_id": 5700}], "obj_inst_id": 0}],
            "error": "succ",
        }
        assert isinstance(it.module.asked[-1], Read)
        assert it.module.asked[-1].path == Path(3303, 0, 5700)


async def test_a_read_of_an_object_names_the_device_by_its_endpoint() -> None:
    async with cloud() as it:
        it.log_in()
        query = {"ep_name": f"{IMEI};{IMSI}", "obj_id": "3303"}
        assert (await it.call("GET", "/nbiot", query))["errno"] == 0
        assert it.module.asked[-1].path == Path(3303)


async def test_a_write_reaches_the_instance() -> None:
    async with cloud() as it:
        it.log_in()
        body = {"data": [{"res_id": 5850, "val": True}, {"res_id": 5701, "val": "摄氏"}]}
        for mode in ("1", "2"):
            answer = await it.call("POST", "/nbiot", READ | {"mode": mode}, body)
            assert answer == {"errno": 0, "error": "succ"}
            asked = it.module.asked[-1]
            assert isinstance(asked, Write)
            assert asked.path == Path(3303, 0)
            assert asked.replace is (mode == "1")
            assert asked.items == (
                Item(Path(3303, 0, 5850), True),
                Item(Path(3303, 0, 5701), "摄氏"),
            )


@pytest.mark.parametrize(("body", "sent"), [({"args": "ping"}, b"ping"), ({}, b""), (None, b"")])
async def test_an_execute_reaches_the_resource(body: object, sent: bytes) -> None:
    async with cloud() as it:
        it.log_in()
        assert await it.call("POST", "/nbiot/execute", READ, body) == {"errno": 0, "error": "succ"}
        asked = it.module.asked[-1]
        assert isinstance(asked, Execute)
        assert (asked.path, asked.arguments) == (Path(3303, 0, 5700), sent)


CALLS: list[Callable[[Cloud, dict[str, str]], Any]] = [
    lambda it, query: it.call("GET", "/nbiot", query),
    lambda it, query: it.call(
        "POST", "/nbiot", query | {"mode": "2"}, {"data": [{"res_id": 1, "val": 1}]}
    ),
    lambda it, query: it.call("POST", "/nbiot/execute", query),
]
THREE = pytest.mark.parametrize("call", CALLS, ids=["read", "write", "execute"])


@THREE
async def test_a_device_that_is_not_online(call: Callable[[Cloud, dict[str, str]], Any]) -> None:
    async with cloud() as it:
        assert await call(it, READ) == {"errno": 2001, "error": "device not online"}


@THREE
async def test_an_unknown_imei(call: Callable[[Cloud, dict[str, str]], Any]) -> None:
    async with cloud() as it:
        assert await call(it, READ | {"imei": "1"}) == AUTH_FAILED


@THREE
async def test_a_missing_imei_and_ids_that_are_none(
    call: Callable[[Cloud, dict[str, str]], Any],
) -> None:
    async with cloud() as it:
        it.log_in()
        asked = len(it.module.asked)
        nameless = {name: value for name, value in READ.items() if name != "imei"}
        assert (await call(it, nameless))["errno"] == 3
        assert (await call(it, READ | {"obj_id": "temperature"}))["errno"] == 5108
        assert len(it.module.asked) == asked


@THREE
@pytest.mark.parametrize(
    "code", [code for code in Code if not code.success], ids=lambda code: code.name
)
async def test_a_refusal_of_the_device(
    call: Callable[[Cloud, dict[str, str]], Any], code: Code
) -> None:
    async with cloud() as it:
        it.log_in()
        it.module.answer = refusing(code)
        assert await call(it, READ) == {"errno": 5106, "error": f"unsuccess: {code.name}"}


@THREE
async def test_a_silent_device(call: Callable[[Cloud, dict[str, str]], Any]) -> None:
    async with cloud() as it:
        it.log_in()
        it.module.answer = silent
        it.changed.clear()
        answer = asyncio.ensure_future(call(it, READ))
        await it.changed.wait()
        for _ in range(3):
            it.step(10)
        assert await answer == {"errno": 5106, "error": "unsuccess: TIME_OUT"}


async def test_the_errors_of_2018() -> None:
    async with cloud(2018) as it:
        assert await it.call("GET", "/nbiot", READ) == {
            "errno": 14,
            "error": "network latency: network latency or device offline",
        }
        assert await it.call("GET", "/nbiot", READ | {"imei": "1"}) == {
            "errno": 3,
            "error": "auth failed",
        }
        it.log_in()
        it.module.answer = silent
        it.changed.clear()
        answer = asyncio.ensure_future(it.call("GET", "/nbiot", READ))
        await it.changed.wait()
        it.step(30)
        it.step(30)
        assert await answer == {"errno": 16, "error": "unsuccess: TIME_OUT null"}


async def test_a_caller_that_hangs_up_leaves_no_question_open() -> None:
    async with cloud() as it:
        it.log_in()
        it.module.answer = silent
        it.changed.clear()
        answer = asyncio.ensure_future(it.call("GET", "/nbiot", READ))
        await it.changed.wait()
        taken_back = asyncio.Event()
        cancel = it.platform.cancel
        it.platform.cancel = lambda request: (cancel(request), taken_back.set())[0]  # type: ignore[method-assign]
        answer.cancel()
        await it.client.close()
        await taken_back.wait()
        asked = len(it.module.asked)
        it.step(10)
        assert len(it.module.asked) == asked


async def test_an_answer_in_the_moment_of_hanging_up_harms_nobody() -> None:
    async with cloud() as it:
        it.log_in()
        it.module.answer = silent
        call = asyncio.ensure_future(it.api._request(it.device, Read(0, Path(3303))))
        it.changed.clear()
        await it.changed.wait()
        call.cancel()
        it.module.send(well(it.module.asked[-1]))
        it.step()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_calls_at_once_have_each_their_own_answer() -> None:
    async with cloud() as it:
        it.log_in(*(Path(3303, instance) for instance in range(10)))
        answers = await asyncio.gather(
            *(it.call("GET", "/nbiot", READ | {"obj_inst_id": str(n)}) for n in range(10))
        )
        assert [answer["data"][0]["obj_inst_id"] for answer in answers] == list(range(10))


# Resources ---------------------------------------------------------------------------------------


async def test_the_list_of_resources() -> None:
    async with cloud() as it:
        assert (await it.call("GET", "/nbiot/resources", {"imei": IMEI}))["data"] == {
            "total_count": 0,
            "item": [],
        }
        it.log_in(Path(3303, 0), Path(3200, 0))
        listed = (await it.call("GET", "/nbiot/resources", {"imei": IMEI}))["data"]
        assert listed["total_count"] == 2
        assert [entry["obj_id"] for entry in listed["item"]] == [3200, 3303]
        one = await it.call("GET", "/nbiot/resources", {"imei": IMEI, "obj_id": "3303"})
        assert one["data"] == {
            "total_count": 1,
            "item": [{"obj_id": 3303, "instances": [{"inst_id": 0, "resources": [5700]}]}],
        }


# Around every call -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, "", "Secret", "secret2", "sécret"])
async def test_without_the_key_nothing_is_served(key: str | None) -> None:
    async with cloud() as it:
        for method, path in [("GET", "/nbiot"), ("POST", "/devices"), ("GET", "/nowhere")]:
            assert await it.call(method, path, key=key) == AUTH_FAILED


async def test_an_unknown_path_or_method_is_answered_in_json_too() -> None:
    async with cloud() as it:
        assert await it.call("GET", "/triggers", status=404) == {
            "errno": 5108,
            "error": "invalid parameter: GET /triggers is not served",
        }
        assert (await it.call("PUT", "/nbiot", status=405))["errno"] == 5108
        response = await it.client.put(it.url + "/nbiot", headers={"api-key": "secret"})
        assert response.headers["Allow"] == "GET,POST"
        response.release()


@pytest.mark.parametrize(
    ("headers", "body", "wrong"),
    [
        ("Content-Encoding: gzip\r\nContent-Length: 4", "abcd", "not encoded as its headers say"),
        ("Content-Length: 50", '{"args": ', "not come within 0.05 s"),
        ("Transfer-Encoding: chunked", "2\r\n{}\r\n", "not come within 0.05 s"),
    ],
)
async def test_a_body_that_does_not_come_as_announced(
    headers: str, body: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.onenet.http.api._BODY_TIMEOUT", 0.05)
    async with cloud() as it:
        head = f"POST /devices HTTP/1.1\r\nHost: x\r\napi-key: secret\r\n{headers}\r\n\r\n{body}"
        answer = json.loads((await raw(it, head.encode())).partition(b"\r\n\r\n")[2])
        assert answer["errno"] == 5108
        assert wrong in answer["error"]


@pytest.mark.parametrize(
    "text",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "GET /devices/é HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        b"GET /nbiot?imei=" + b"1" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /nbiot HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused_without_a_traceback(
    text: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with cloud() as it:
        assert (await raw(it, text)).startswith(b"HTTP/1.0 400 Bad Request\r\n")
        assert not caplog.records
        assert (await it.call("GET", f"/devices/{it.device.id}"))["errno"] == 0


@pytest.mark.parametrize(
    ("query", "body", "text"),
    [
        ({"obj_id": ""}, None, 'obj_id "", expected'),
        ({}, {"data": [{"res_id": "5700", "val": 1}]}, 'res_id "5700", expected'),
        ({}, {"data": [{"res_id": True, "val": 1}]}, "res_id true, expected"),
    ],
)
async def test_what_was_wrong_is_shown_as_it_was_written(
    query: dict[str, str], body: object, text: str
) -> None:
    async with cloud() as it:
        it.log_in()
        answer = await it.call("POST", "/nbiot", {**READ, "mode": "2", **query}, body or {})
        assert (answer["errno"], text in answer["error"]) == (5108, True)


async def test_a_fault_of_our_own_is_errno_7_and_no_traceback(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with cloud() as it:

        def broken(_: object) -> bool:
            raise ZeroDivisionError

        monkeypatch.setattr(it.platform, "online", broken)
        with caplog.at_level(logging.ERROR, "emulator.http"):
            answer = await it.call("GET", f"/devices/{it.device.id}")
        assert answer == {"errno": 7, "error": "service internal error"}
        assert "ZeroDivisionError" in caplog.text


async def test_a_device_that_answers_what_json_cannot_say_is_errno_7(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with cloud() as it:
        it.log_in()
        it.module.notify(Path(3303, 0, 5700), float("nan"))
        it.step()
        answer = await it.call("GET", f"/devices/{it.device.id}/datapoints")
        assert answer["errno"] == 7
        assert caplog.records


# Start and end -----------------------------------------------------------------------------------


async def test_a_port_that_is_taken_is_an_error_that_says_so() -> None:
    async with cloud() as it:
        port = int(it.url.rpartition(":")[2])
        second = HttpApi(it.platform, key="k", act=lambda call: call(0.0))
        with pytest.raises(OSError, match=f"HTTP on 127.0.0.1:{port}: "):
            await second.start("127.0.0.1", port)
        await second.close()


async def test_an_address_of_nobody_is_an_error_that_says_so() -> None:
    api = HttpApi(Platform(), key="k", act=lambda call: call(0.0))
    with pytest.raises(OSError, match=r"HTTP on 192\.0\.2\.1:0: "):
        await api.start("192.0.2.1", 0)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
async def test_an_ipv6_address_has_its_brackets() -> None:
    api = HttpApi(Platform(), key="k", act=lambda call: call(0.0))
    try:
        assert (await api.start("::1", 0)).startswith("http://[::1]:")
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    finally:
        await api.close()
        await api.close()


async def test_to_close_amid_a_call_does_not_wait_for_the_device() -> None:
    async with cloud() as it:
        it.log_in()
        it.module.answer = silent
        it.changed.clear()
        answer = asyncio.ensure_future(it.call("GET", "/nbiot", READ))
        await it.changed.wait()
        async with asyncio.timeout(3):
            await it.api.close()
            with pytest.raises(aiohttp.ClientError):
                await answer
