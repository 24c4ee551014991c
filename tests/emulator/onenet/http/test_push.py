"""The calls of the push, with a real application."""

from __future__ import annotations

import socket

import pytest

from tests.support.fake_device import IMEI, TEMPERATURE
from tests.support.free_ports import free_port
from tests.support.peers import until
from tests.support.push_server import push_server
from tests.support.served_api import ServedApi, served_api

pytestmark = pytest.mark.realtime

PUSH = "/emulator/push"
KEY = "whBx2ZwAU5LOHVimPj1MPx56QRe3OsGGWRe4dr17crV"
DONE = {"errno": 0, "error": "succ"}


async def status(api: ServedApi) -> object:
    group = await api.call("GET", "/msg_group/1111/status")
    product = await api.call("GET", "/third/platform/status", {"pid": "23344"})
    assert group == product
    return product["data"]["status"]


@pytest.mark.parametrize("key", [None, KEY])
async def test_push_is_set_used_shown_and_deleted(key: str | None) -> None:
    async with served_api() as api, push_server(aes_key=key) as application:
        assert await status(api) is False
        settings = {"url": application.url, "token": "a token", "aes_key": key}
        assert await api.call("PUT", PUSH, body=settings) == DONE
        assert await status(api) is True
        api.log_in()
        login = await application.messages.get()
        assert (login["type"], login["status"], login["imei"]) == (2, 1, IMEI)
        api.module.notify(TEMPERATURE, 20.25)
        api.step()
        point = await application.messages.get()
        assert (point["ds_id"], point["value"]) == ("3303_0_5700", 20.25)
        await until(lambda: not api.platform.push.waiting)
        assert (await api.call("GET", PUSH))["data"] == {
            "state": "on",
            "url": application.url,
            "encrypted": key is not None,
            "pad": 16,
            "batch_seconds": None,
            "batch_count": None,
            "waiting": 0,
            "dropped": 0,
            "failures": 0,
            "problem": "",
        }
        assert await api.call("DELETE", PUSH) == DONE
        assert (await api.call("GET", PUSH))["data"] == {"state": "off"}
        assert await status(api) is False


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (22.0, "22"),
        (-0.0, "0"),
        (21.5, "21.5"),
        (float("nan"), "'nan'"),
        (2.0**60, "1.152921504606847e+18"),
        (b"\x01", "[1]"),
        ({"t": 22.0, "all": [1.0, 2.5]}, "{'t': 22, 'all': [1, 2.5]}"),
    ],
)
async def test_a_point_has_one_form_in_pushes_and_answers(value: object, shown: str) -> None:
    async with served_api() as api, push_server() as application:
        await api.call("PUT", PUSH, body={"url": application.url, "token": "a token"})
        api.act(lambda now: api.platform.record(api.device, [("a", value, round(now * 1000))], now))
        found = [(await application.messages.get())["value"]]
        device = f"/devices/{api.device.id}"
        (stream,) = (await api.call("GET", f"{device}/datapoints"))["data"]["datastreams"]
        found += [point["value"] for point in stream["datapoints"]]
        query = {"start": "2015-12-01T00:00:00"}
        (stream,) = (await api.call("GET", f"{device}/datapoints", query))["data"]["datastreams"]
        found += [point["value"] for point in stream["datapoints"]]
        found.append((await api.call("GET", f"{device}/datastreams/a"))["data"]["current_value"])
        newest = await api.call("GET", "/devices/datapoints", {"devIds": api.device.id})
        found.append(newest["data"]["devices"][0]["datastreams"][0]["value"])
        assert [repr(each) for each in found] == [shown] * 5


async def test_an_application_with_another_token_fails_the_check() -> None:
    async with served_api() as api, push_server("another") as application:
        answer = await api.call("PUT", PUSH, body={"url": application.url, "token": "a token"})
        assert answer["errno"] == 6
        assert answer["error"].startswith(
            f"invalid parameter: url {application.url}: its answer was '', expected the text of msg"
        )
        assert (await api.call("GET", PUSH))["data"] == {"state": "off"}


async def test_an_application_that_is_not_there_is_named() -> None:
    url = f"http://127.0.0.1:{free_port(socket.SOCK_STREAM)}/"
    async with served_api() as api:
        answer = await api.call("PUT", PUSH, body={"url": url, "token": "a token"})
        assert answer["errno"] == 6
        assert url in answer["error"]
        assert "no program listens there" in answer["error"]


@pytest.mark.parametrize(
    ("body", "errno", "error"),
    [
        ({"token": "a"}, 7, "parameter required: url"),
        ({"url": "http://127.0.0.1/"}, 7, "parameter required: token"),
        ({"url": "x", "token": "a"}, 6, "expected a URL such as"),
        ({"url": "http://127.0.0.1/", "token": "a", "pad": 3}, 6, "pad 3: expected 16 or 32"),
        ({"url": "http://127.0.0.1/", "token": "a", "x": 1}, 6, "x is unknown: expected url"),
        (b"", 9, "entity data required"),
    ],
)
async def test_wrong_settings_are_refused_by_name(body: object, errno: int, error: str) -> None:
    async with served_api() as api:
        answer = await api.call("PUT", PUSH, body=body)
        assert answer["errno"] == errno
        assert error in answer["error"]


async def test_the_state_of_a_product_needs_its_id() -> None:
    async with served_api() as api:
        answer = await api.call("GET", "/third/platform/status")
        assert answer == {"errno": 7, "error": "parameter required: pid"}


async def test_a_platform_without_a_way_to_applications_refuses_settings() -> None:
    async with served_api() as api:
        api.platform.send = None
        body = {"url": "http://127.0.0.1/", "token": "a"}
        answer = await api.call("PUT", PUSH, body=body)
        assert answer["error"] == (
            "invalid parameter: url: this platform has no way to applications"
        )
