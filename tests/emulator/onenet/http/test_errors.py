"""Every error that a call of the API can end with, in each year."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from aiocoap.numbers import Code

from tests.support.fake_device import IMEI, IMSI, refusing, silent
from tests.support.served_api import NEW, READ, ServedApi, served_api

pytestmark = pytest.mark.realtime

MISFIT = "'warm' is no Float: expected a finite number, in 4 or 8 bytes"

AUTH_FAILED = {"errno": 3, "error": "auth failed"}
BOTH_YEARS = pytest.mark.parametrize("year", [2018, 2019])

# Devices -----------------------------------------------------------------------------------------


@BOTH_YEARS
@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (None, {"errno": 9, "error": "entity data required"}),
        ({}, {"errno": 7, "error": "parameter required: title"}),
        ({"title": "x"}, {"errno": 7, "error": "parameter required: protocol"}),
        ([], {"errno": 6, "error": "invalid parameter: the body is not a JSON object"}),
        (b"title=x", {"errno": 4, "error": "invalid JSON"}),
        (b'{"title": "x"', {"errno": 4, "error": "invalid JSON"}),
        (
            NEW | {"auth_info": {IMEI: IMSI}},
            {"errno": 6, "error": f"invalid parameter: auth_info exists::{IMEI}"},
        ),
        (
            NEW | {"protocol": "EDP"},
            {"errno": 22, "error": 'invalid protocol: "EDP", expected LWM2M'},
        ),
        (
            b" " * 65537,
            {
                "errno": 5,
                "error": "request entity too large: the body has more than 65536 bytes",
            },
        ),
    ],
)
async def test_invalid_device_is_not_created(
    body: object, answer: dict[str, object], year: int
) -> None:
    async with served_api(year) as api:
        assert await api.call("POST", "/devices", body=body) == answer


@BOTH_YEARS
async def test_device_beyond_the_limit_is_not_created(
    year: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.onenet.devices.MAX_DEVICES", 1)
    async with served_api(year) as api:
        assert await api.call("POST", "/devices", body=NEW) == {
            "errno": 19,
            "error": "device count limit by account policy: 1 devices exist",
        }


# Requests to the device --------------------------------------------------------------------------

Call = Callable[[ServedApi, dict[str, str]], Any]
CALLS: list[Call] = [
    lambda api, query: api.call("GET", "/nbiot", query),
    lambda api, query: api.call(
        "POST", "/nbiot", query | {"mode": "2"}, {"data": [{"res_id": 1, "val": 1}]}
    ),
    lambda api, query: api.call("POST", "/nbiot/execute", query),
]
THREE = pytest.mark.parametrize("call", CALLS, ids=["read", "write", "execute"])


@THREE
@pytest.mark.parametrize(
    ("year", "refused"),
    [
        (2018, {"errno": 10, "error": "device not online: {id}", "data": None}),
        (2019, {"errno": 2001, "error": "device not online"}),
    ],
)
async def test_request_to_offline_device_is_refused(
    call: Call, year: int, refused: dict[str, Any]
) -> None:
    async with served_api(year) as api:
        expected = refused | {"error": refused["error"].format(id=api.device.id)}
        answer = await call(api, READ)
        assert list(answer.items()) == list(expected.items())


@THREE
@pytest.mark.parametrize(("year", "errno"), [(2018, 3), (2019, 1)])
async def test_unknown_imei_is_refused(call: Call, year: int, errno: int) -> None:
    async with served_api(year) as api:
        refused = {"errno": errno, "error": "auth failed"}
        assert await call(api, READ | {"imei": "1"}) == refused


@THREE
@pytest.mark.parametrize(("year", "missing", "invalid"), [(2018, 7, 6), (2019, 3, 5108)])
async def test_invalid_parameters_send_no_request(
    call: Call, year: int, missing: int, invalid: int
) -> None:
    async with served_api(year) as api:
        api.log_in()
        sent = len(api.module.requests)
        nameless = {name: value for name, value in READ.items() if name != "imei"}
        assert await call(api, nameless) == {
            "errno": missing,
            "error": "parameter required: imei or ep_name",
        }
        assert await call(api, READ | {"obj_id": "temperature"}) == {
            "errno": invalid,
            "error": 'invalid parameter: obj_id "temperature", expected 0 to 65535',
        }
        assert len(api.module.requests) == sent


@pytest.mark.parametrize(
    ("body", "of_2018", "of_2019"),
    [
        (None, (9, "entity data required"), (3, "parameter required: the body")),
        ({}, (7, "parameter required: data"), (3, "parameter required: data")),
        (b'{"data": [', (4, "invalid JSON"), (5108, "invalid parameter: the body is not JSON")),
        (
            {"data": [{"res_id": 1, "val": "x" * 1001}]},
            (13, "system limit: more than 1000 bytes"),
            (5006, "system logic limit: more than 1000 bytes"),
        ),
        (
            {"data": [{"res_id": 5700, "val": "warm"}]},
            (6, f"invalid parameter: {MISFIT}"),
            (5108, f"invalid parameter: {MISFIT}"),
        ),
        (
            b" " * 65537,
            (5, "request entity too large: the body has more than 65536 bytes"),
            (5006, "system logic limit: the body has more than 65536 bytes"),
        ),
    ],
)
@BOTH_YEARS
async def test_invalid_write_is_not_sent(
    body: object, of_2018: tuple[int, str], of_2019: tuple[int, str], year: int
) -> None:
    async with served_api(year) as api:
        api.log_in()
        sent = len(api.module.requests)
        answer = await api.call("POST", "/nbiot", READ | {"mode": "2"}, body)
        assert (answer["errno"], answer["error"]) == (of_2018 if year == 2018 else of_2019)
        assert len(api.module.requests) == sent


@THREE
@pytest.mark.parametrize(
    ("year", "errno", "text"), [(2018, 16, "unsuccess: {} null"), (2019, 5106, "unsuccess: {}")]
)
@pytest.mark.parametrize(
    "code",
    [
        Code.BAD_REQUEST,
        Code.UNAUTHORIZED,
        Code.FORBIDDEN,
        Code.NOT_FOUND,
        Code.METHOD_NOT_ALLOWED,
        Code.NOT_ACCEPTABLE,
        Code.UNSUPPORTED_CONTENT_FORMAT,
        Code.INTERNAL_SERVER_ERROR,
    ],
    ids=lambda code: code.name,
)
async def test_refusal_of_device_is_named(
    call: Call, code: Code, year: int, errno: int, text: str
) -> None:
    async with served_api(year) as api:
        api.log_in()
        api.module.answer = refusing(code)
        assert await call(api, READ) == {"errno": errno, "error": text.format(code.name)}


@THREE
@pytest.mark.parametrize(
    ("year", "timed_out"),
    [
        (2018, {"errno": 16, "error": "unsuccess: TIME_OUT null"}),
        (2019, {"errno": 5106, "error": "unsuccess: TIME_OUT"}),
    ],
)
async def test_request_to_silent_device_times_out(
    call: Call, year: int, timed_out: dict[str, object]
) -> None:
    async with served_api(year) as api:
        api.log_in()
        api.module.answer = silent
        api.changed.clear()
        answer = asyncio.ensure_future(call(api, READ))
        await api.changed.wait()
        for _ in range(3):
            api.step(10)
        assert await answer == timed_out


@pytest.mark.parametrize(
    ("year", "refused"),
    [
        (2018, {"errno": 14, "error": "network latency: network latency or device offline"}),
        (2019, {"errno": 5106, "error": "unsuccess: OFFLINE"}),
    ],
)
async def test_device_that_logs_out_before_its_answer(
    year: int, refused: dict[str, object]
) -> None:
    async with served_api(year) as api:
        api.log_in()
        api.module.answer = silent
        answer = await api.begin_read()
        api.module.deregister()
        api.step()
        assert await answer == refused


@pytest.mark.parametrize(
    ("year", "refused"),
    [
        (2018, (13, "system limit: 20 requests wait for this device")),
        (2019, (5006, "system logic limit: 20 requests wait for this device")),
    ],
)
async def test_more_requests_than_the_limit_are_refused(
    year: int, refused: tuple[int, str]
) -> None:
    async with served_api(year) as api:
        api.log_in()
        api.module.answer = silent
        waiting = [await api.begin_read() for _ in range(20)]
        answer = await api.call("GET", "/nbiot", READ)
        assert (answer["errno"], answer["error"]) == refused
        for call in waiting:
            call.cancel()


# Around every call -------------------------------------------------------------------------------


@BOTH_YEARS
@pytest.mark.parametrize("key", [None, "", "Secret", "secret2", "sécret"])
async def test_call_without_the_key_is_refused(key: str | None, year: int) -> None:
    refused = AUTH_FAILED if key else {"errno": 2, "error": "api-key required"}
    nbiot = {"errno": 1, "error": "auth failed"} if year == 2019 else refused
    async with served_api(year) as api:
        for method, path in [("GET", "/nbiot"), ("POST", "/nbiot/execute")]:
            assert await api.call(method, path, key=key) == nbiot
        for method, path in [("POST", "/devices"), ("GET", "/nowhere")]:
            assert await api.call(method, path, key=key) == refused


@pytest.mark.parametrize(
    ("year", "errno", "reason"), [(2018, 8, "not found"), (2019, 5108, "invalid parameter")]
)
async def test_call_that_is_not_served_is_refused(year: int, errno: int, reason: str) -> None:
    async with served_api(year) as api:
        for method, path in [("GET", "/nowhere"), ("GET", "/"), ("POST", "/devices/")]:
            assert await api.call(method, path) == {
                "errno": 8,
                "error": f"not found: {method} {path} is not served",
            }
        assert await api.call("POST", "/devices/5") == {
            "errno": 8,
            "error": "not found: POST /devices/5 is not served, expected DELETE or GET or PUT",
        }
        assert await api.call("GET", "/nbiot/nowhere") == {
            "errno": errno,
            "error": f"{reason}: GET /nbiot/nowhere is not served",
        }
        assert await api.call("PUT", "/nbiot") == {
            "errno": errno,
            "error": f"{reason}: PUT /nbiot is not served, expected GET or POST",
        }


@BOTH_YEARS
async def test_internal_error_is_answered_and_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, year: int
) -> None:
    async with served_api(year) as api:

        def broken(_: object) -> bool:
            raise ZeroDivisionError

        monkeypatch.setattr(api.platform, "online", broken)
        with caplog.at_level(logging.ERROR, "emulator.http"):
            of_devices = await api.call("GET", f"/devices/{api.device.id}")
            of_nbiot = await api.call("GET", "/nbiot", READ)
        classic = {"errno": 1, "error": "internal server error"}
        assert of_devices == classic
        assert of_nbiot == (
            classic if year == 2018 else {"errno": 7, "error": "service internal error"}
        )
        assert caplog.text.count("\nZeroDivisionError\n") == 2
