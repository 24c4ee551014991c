"""Calls about devices, over real sockets: guide 4.2.1 to 4.2.3, 4.2.11, and later documents."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from emulator.lwm2m.model import Path
from emulator.onenet.devices import Description
from tests.support.fake_device import IMEI, IMSI, FakeDevice
from tests.support.served_api import (
    GUIDE_4_2_1,
    NEW,
    created,
    served_api,
)

pytestmark = pytest.mark.realtime

AUTH_FAILED = {"errno": 3, "error": "auth failed"}
SUCCESS = {"errno": 0, "error": "succ"}
# Captured of a device that had logged in; without the keys of other modules and years.
ORDER = (
    "private create_time act_time obsv auth_info imsi title tags obsv_st protocol online location"
    " id datastreams desc"
)


async def test_guide_4_2_1_create_a_device() -> None:
    async with served_api() as api:
        made = await api.call("POST", "/devices", body=GUIDE_4_2_1)
        number = made["data"]["device_id"]
        assert made == {"errno": 0, "data": {"device_id": number}, "error": "succ"}
        assert (type(number), number.isdecimal()) == (str, True)


@pytest.mark.parametrize("name", ["title", "protocol", "auth_info"])
async def test_guide_4_2_1_required_parameters(name: str) -> None:
    async with served_api() as api:
        body = {key: value for key, value in GUIDE_4_2_1.items() if key != name}
        refused = {"errno": 7, "error": f"parameter required: {name}"}
        assert await api.call("POST", "/devices", body=body) == refused


@pytest.mark.parametrize(
    ("identity", "good"),
    [
        ({"8" * 17: "4" * 16}, True),
        ({"a1B2": "c3D4"}, True),
        ({"8" * 18: "4"}, False),
        ({"8": "4" * 17}, False),
        ({"8-": "4"}, False),
        ({"8": ""}, False),
        ({}, False),
        ({"8": "4", "9": "4"}, False),
    ],
)
async def test_guide_4_2_1_note_2_imei_and_imsi(identity: dict[str, str], good: bool) -> None:
    """Up to 17 and up to 16 digits or letters."""
    async with served_api() as api:
        made = await api.call("POST", "/devices", body=GUIDE_4_2_1 | {"auth_info": identity})
        assert made["errno"] == (0 if good else 6)
        assert ("data" in made) is good


async def test_guide_4_2_2_show_a_device() -> None:
    async with served_api() as api:
        number = await created(api)
        assert await api.call("GET", f"/devices/{number}") == {
            "errno": 0,
            "data": {
                "private": True,
                "create_time": "2015-12-01 17:06:23",
                "obsv": True,
                "auth_info": {"867726030000002": "460040000000002"},
                "imsi": "460040000000002",
                "title": "mydevice",
                "tags": ["china", "mobile"],
                "obsv_st": False,
                "protocol": "LWM2M",
                "online": False,
                "location": {"lon": 106, "lat": 29, "ele": 370},
                "id": number,
                "datastreams": [],
                "desc": "some description",
                "other": {"version": "1.0.0", "manu": "china mobile"},
            },
            "error": "succ",
        }


async def test_detail_has_the_keys_of_a_captured_one_in_their_order() -> None:
    async with served_api() as api:
        api.step(60)
        api.log_in()
        api.module.notify(Path(3303, 0, 5700), 20.5)
        api.step(1)
        detail = (await api.call("GET", f"/devices/{api.device.id}"))["data"]
        assert list(detail) == ORDER.split(" ")
        assert detail["create_time"] == "2015-12-01 17:06:23"
        assert detail["act_time"] == "2015-12-01 17:07:23"
        assert detail["auth_info"] == {IMEI: IMSI}
        assert (detail["online"], detail["obsv_st"]) == (True, True)
        assert (detail["location"], detail["desc"]) == ({"lat": 0, "lon": 0}, "")
        (stream,) = detail["datastreams"]
        assert list(stream) == ["create_time", "uuid", "id"]
        assert (stream["create_time"], stream["id"]) == ("2015-12-01 17:07:24", "3303_0_5700")
        assert UUID(stream["uuid"]).version == 5
        again = (await api.call("GET", f"/devices/{api.device.id}"))["data"]
        assert again == detail


async def test_activation_is_the_first_login() -> None:
    async with served_api() as api:
        api.log_in()
        api.module.deregister()
        api.step(3600)
        api.log_in()
        detail = (await api.call("GET", f"/devices/{api.device.id}"))["data"]
        assert detail["act_time"] == "2015-12-01 17:06:23"


async def test_guide_4_2_3_delete_a_device() -> None:
    async with served_api() as api:
        path = f"/devices/{await created(api)}"
        assert await api.call("DELETE", path) == SUCCESS
        for method in ("GET", "DELETE"):
            assert await api.call(method, path) == AUTH_FAILED
        assert await api.call("PUT", path, body={}) == AUTH_FAILED
        assert await created(api) != path.rpartition("/")[2]


# Status ------------------------------------------------------------------------------------------


async def test_guide_4_2_11_status_of_devices() -> None:
    async with served_api() as api:
        api.log_in()
        one, other = api.device.id, await created(api)
        asked = ",".join([other, one, "12233", one, "x", ""])
        assert await api.text("GET", "/devices/status", {"devIds": asked}) == (
            '{"errno":0,"data":{"total_count":2,"devices":['
            f'{{"id":"{other}","title":"mydevice","online":false}},'
            f'{{"id":"{one}","title":"a device","online":true}}]}},"error":"succ"}}'
        )
        none = await api.call("GET", "/devices/status", {"devIds": "1"})
        assert none["data"] == {"total_count": 0, "devices": []}


@pytest.mark.parametrize(
    ("path", "most"), [("/devices/status", 1000), ("/devices/datapoints", 500)]
)
async def test_guide_4_2_11_and_12_limits(path: str, most: int) -> None:
    async with served_api() as api:
        body = b"devIds=" + b",".join(b"1" for _ in range(most))
        good = await api.call("GET", f"{path}?{body.decode()}")
        assert (good["errno"], good["data"]["devices"]) == (0, [])
        assert await api.call("GET", f"{path}?{body.decode()},1") == {
            "errno": 20,
            "error": "max device count limit is 1000 for one time:"
            f" devIds has {most + 1} entries, expected at most {most}",
        }
        assert await api.call("GET", path) == {
            "errno": 7,
            "error": "parameter required: devIds",
        }


async def test_status_of_a_thousand_devices_fits_into_a_request() -> None:
    async with served_api() as api:
        ids = [
            api.platform.create_device(Description("x", f"{n}", "1"), api.now).id
            for n in range(1000)
        ]
        answer = await api.call("GET", "/devices/status", {"devIds": ",".join(ids)})
        assert answer["errno"] == 0, answer
        assert [device["id"] for device in answer["data"]["devices"]] == ids


async def test_guide_4_2_12_newest_data_of_devices() -> None:
    """The example has the devices of the query, of each stream the newest point."""
    async with served_api() as api:
        one, other = api.device.id, await created(api)
        for number, at in ((11, "2017-02-12T10:22:21"), (12, "2017-02-12T10:22:22")):
            points = [{"at": at, "value": number}]
            body = {"datastreams": [{"id": "temperature", "datapoints": points}]}
            assert await api.call("POST", f"/devices/{one}/datapoints", body=body) == SUCCESS
        asked = {"devIds": f"{one},12233,{other}"}
        assert (await api.call("GET", "/devices/datapoints", asked))["data"] == {
            "devices": [
                {
                    "id": one,
                    "title": "a device",
                    "datastreams": [
                        {"id": "temperature", "at": "2017-02-12 10:22:22", "value": 12}
                    ],
                },
                {"id": other, "title": "mydevice", "datastreams": []},
            ]
        }


# Later documents ---------------------------------------------------------------------------------


async def test_fixed_paths_are_no_devices() -> None:
    async with served_api() as api:
        for path in ("status", "datapoints", "getbyimei"):
            assert (await api.call("DELETE", f"/devices/{path}"))["errno"] == 8
            assert (await api.call("GET", f"/devices/{path}/datapoints"))["errno"] == 8
        assert (await api.call("GET", "/devices/٣"))["errno"] == 8


async def test_device_is_found_by_imei() -> None:
    async with served_api() as api:
        detail = await api.call("GET", f"/devices/{api.device.id}")
        assert await api.call("GET", "/devices/getbyimei", {"imei": IMEI}) == detail
        assert await api.call("GET", "/devices/getbyimei", {"imei": "1"}) == AUTH_FAILED
        assert (await api.call("GET", "/devices/getbyimei"))["errno"] == 7


async def test_update_replaces_what_it_names() -> None:
    async with served_api() as api:
        path = f"/devices/{await created(api)}"
        before = (await api.call("GET", path))["data"]
        assert await api.call("PUT", path, body={}) == SUCCESS
        assert (await api.call("GET", path))["data"] == before
        changes = {
            "title": "智慧井盖",
            "desc": "",
            "tags": [],
            "location": {"lon": 1.5, "lat": 2},
            "private": False,
            "auth_info": {"867726030000009": "460040000000009"},
            "other": {},
        }
        for name, value in changes.items():
            assert await api.call("PUT", path, body={name: value}) == SUCCESS
            before |= {name: value}
            if name == "auth_info":
                before["imsi"] = "460040000000009"
            assert (await api.call("GET", path))["data"] == before


@pytest.mark.parametrize(
    ("body", "errno", "text"),
    [
        ({"title": ""}, 6, 'title "", expected a text that is not empty'),
        ({"title": 5}, 6, "title 5, expected a text"),
        ({"tags": "x"}, 6, "tags, expected a list of texts"),
        ({"private": "true"}, 6, 'private "true", expected true or false'),
        ({"location": [1]}, 6, "location [1], expected an object"),
        ({"protocol": "LWM2M"}, 6, '"protocol" is not served, expected title, desc'),
        ({"auth_info": {IMEI: "1"}}, 6, f"auth_info exists::{IMEI}"),
        (None, 9, "entity data required"),
    ],
)
async def test_wrong_update_changes_nothing(body: object, errno: int, text: str) -> None:
    async with served_api() as api:
        path = f"/devices/{await created(api)}"
        before = await api.call("GET", path)
        refused = await api.call("PUT", path, body=body)
        assert (refused["errno"], text in refused["error"]) == (errno, True), refused
        assert await api.call("GET", path) == before


async def test_device_that_got_another_sim_registers_under_its_new_name() -> None:
    async with served_api() as api:
        path = f"/devices/{await created(api)}"
        first = FakeDevice("867726030000002;460040000000002")
        second = FakeDevice("867726030000002;460040000000003")
        for module in (first, second):
            api.simulation.add(module)
        first.register(Path(3303, 0))
        api.step()
        assert (await api.call("GET", path))["data"]["online"] is True
        changed = {"auth_info": {"867726030000002": "460040000000003"}}
        assert await api.call("PUT", path, body=changed) == SUCCESS
        assert (await api.call("GET", path))["data"]["online"] is False
        second.register(Path(3303, 0))
        api.step()
        assert (await api.call("GET", path))["data"]["online"] is True


async def test_created_device_with_a_key_shows_it() -> None:
    """OneNET's documents of 2019."""
    async with served_api() as api:
        made = await api.call("POST", "/devices", body=NEW | {"psk": "abcdefgh12345678"})
        assert list(made["data"]) == ["device_id", "psk"]
        assert made["data"]["psk"] == "abcdefgh12345678"


async def test_chip_is_kept() -> None:
    """OneNET's documents of 2019."""
    async with served_api() as api:
        made = await api.call("POST", "/devices", body=NEW | {"chip": 3})
        detail = (await api.call("GET", f"/devices/{made['data']['device_id']}"))["data"]
        assert list(detail.items())[-1] == ("chip", 3)
        for wrong in ("3", True, 1.5):
            refused = await api.call("POST", "/devices", body=NEW | {"chip": wrong})
            assert refused["errno"] == 6
            assert "expected a whole number" in refused["error"]


@pytest.mark.parametrize("opened", ['{"a":', "["])
@pytest.mark.parametrize("depth", [90, 200, 900, 5000, 10_000])
async def test_deeply_nested_body_is_kept_or_refused(depth: int, opened: str) -> None:
    async with served_api() as api:
        nested = opened * depth + "1" + ("}" if opened == '{"a":' else "]") * depth
        text = json.dumps(GUIDE_4_2_1 | {"other": {"x": 5}}, separators=(",", ":"))
        body = text.replace('{"x":5}', f'{{"x":{nested}}}').encode()
        made = await api.call("POST", "/devices", body=body)
        assert made["errno"] == 0 if depth == 90 else made["errno"] in (4, 6)
        if depth == 90:
            shown = await api.text("GET", f"/devices/{made['data']['device_id']}")
            assert f'"other":{{"x":{nested}}}' in shown


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity", "9" * 5000])
async def test_number_that_json_does_not_have_is_refused(number: str) -> None:
    async with served_api() as api:
        body = json.dumps(GUIDE_4_2_1).replace("370", number).encode()
        refused = {"errno": 4, "error": "invalid JSON"}
        assert await api.call("POST", "/devices", body=body) == refused
