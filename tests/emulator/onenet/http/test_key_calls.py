"""Keys of the API, over real sockets: what a device key sees and may do."""

from __future__ import annotations

import pytest

from tests.support.fake_device import IMEI
from tests.support.served_api import NEW, READ, ServedApi, served_api

pytestmark = pytest.mark.realtime

SUCCESS = {"errno": 0, "error": "succ"}
AUTH_FAILED = {"errno": 3, "error": "auth failed"}
ALL = ["get", "put", "post", "delete"]
POINT = {"datastreams": [{"id": "gps", "datapoints": [{"value": 1}]}]}
OTHER_POINT = {"datastreams": [{"id": "other", "datapoints": [{"value": 2}]}]}


async def created(api: ServedApi, methods: list[str], *resources: dict[str, str]) -> str:
    permissions = [{"resources": list(resources), "access_methods": methods}]
    made = await api.call("POST", "/keys", body={"title": "t", "permissions": permissions})
    assert (made["errno"], list(made["data"])) == (0, ["key"])
    return str(made["data"]["key"])


async def second(api: ServedApi) -> str:
    return str((await api.call("POST", "/devices", body=NEW))["data"]["device_id"])


async def test_key_of_a_device_sees_that_device_only() -> None:
    async with served_api() as api:
        one, other = api.device.id, await second(api)
        key = await created(api, ALL, {"dev_id": one})
        for path in ("", "/datapoints", "/datastreams"):
            assert (await api.call("GET", f"/devices/{one}{path}", key=key))["errno"] == 0
            assert await api.call("GET", f"/devices/{other}{path}", key=key) == AUTH_FAILED
        by_imei = {"imei": IMEI}
        assert (await api.call("GET", "/devices/getbyimei", by_imei, key=key))["errno"] == 0
        (imei,) = NEW["auth_info"]
        by_imei = {"imei": imei}
        assert await api.call("GET", "/devices/getbyimei", by_imei, key=key) == AUTH_FAILED
        both = {"devIds": f"{one},{other}"}
        for path in ("/devices/status", "/devices/datapoints", "/devices"):
            data = (await api.call("GET", path, both if path != "/devices" else {}, key=key))[
                "data"
            ]
            assert [device["id"] for device in data["devices"]] == [one]
        for method in ("PUT", "DELETE"):
            path = f"/devices/{other}"
            assert await api.call(method, path, body={}, key=key) == AUTH_FAILED
        assert await api.call("PUT", f"/devices/{one}", body={"title": "x"}, key=key) == SUCCESS
        assert await api.call("DELETE", f"/devices/{one}", key=key) == SUCCESS
        assert await api.call("GET", f"/devices/{one}", key=key) == AUTH_FAILED


async def test_key_of_a_device_may_not_use_what_is_the_products() -> None:
    async with served_api() as api:
        api.log_in()
        key = await created(api, ALL, {"dev_id": api.device.id})
        for method, path, query, body in [
            ("POST", "/devices", {}, NEW),
            ("GET", "/nbiot", READ, None),
            ("POST", "/nbiot", READ | {"mode": "2"}, {"data": [{"res_id": 5700, "val": 1}]}),
            ("POST", "/nbiot/execute", READ, None),
            ("GET", "/nbiot/resources", {"imei": IMEI}, None),
            ("GET", "/keys", {}, None),
            ("POST", "/keys", {}, {}),
            ("DELETE", f"/keys/{key}", {}, None),
        ]:
            assert await api.call(method, path, query, body, key=key) == AUTH_FAILED


@pytest.mark.parametrize("allowed", ALL)
async def test_key_may_do_what_its_methods_say(allowed: str) -> None:
    async with served_api() as api:
        path = f"/devices/{api.device.id}"
        key = await created(api, [allowed], {"dev_id": api.device.id})
        for method, where, body in [
            ("get", path, None),
            ("get", f"{path}/datapoints", None),
            ("put", path, {"title": "x"}),
            ("post", f"{path}/datapoints", POINT),
            ("delete", path, None),
        ]:
            answer = await api.call(method.upper(), where, body=body, key=key)
            assert answer["errno"] == (0 if method == allowed else 3), (method, where)


async def test_key_of_a_stream_sees_that_stream_only() -> None:
    async with served_api() as api:
        path = f"/devices/{api.device.id}"
        key = await created(api, ALL, {"dev_id": api.device.id, "ds_id": "gps"})
        for body in (POINT, OTHER_POINT):
            assert await api.call("POST", f"{path}/datapoints", body=body) == SUCCESS
        assert await api.call("POST", f"{path}/datapoints", body=POINT, key=key) == SUCCESS
        refused = await api.call("POST", f"{path}/datapoints", body=OTHER_POINT, key=key)
        assert refused == AUTH_FAILED
        for query in ({}, {"start": "2015-01-01T00:00:00"}, {"datastream_id": "gps,other"}):
            data = (await api.call("GET", f"{path}/datapoints", query, key=key))["data"]
            assert [stream["id"] for stream in data["datastreams"]] == ["gps"]
        other = {"datastream_id": "other"}
        assert (await api.call("GET", f"{path}/datapoints", other, key=key))["data"]["count"] == 0
        listed = (await api.call("GET", f"{path}/datastreams", key=key))["data"]
        assert [stream["id"] for stream in listed] == ["gps"]
        assert (await api.call("GET", f"{path}/datastreams/gps", key=key))["errno"] == 0
        assert (await api.call("GET", f"{path}/datastreams/other", key=key))["errno"] == 8
        for stream, errno in (("other", 3), ("third", 3), ("gps", 11)):
            made = await api.call("POST", f"{path}/datastreams", body={"id": stream}, key=key)
            assert made["errno"] == errno
        detail = (await api.call("GET", path, key=key))["data"]
        assert [stream["id"] for stream in detail["datastreams"]] == ["gps"]
        newest = await api.call("GET", "/devices/datapoints", {"devIds": api.device.id}, key=key)
        (device,) = newest["data"]["devices"]
        assert [stream["id"] for stream in device["datastreams"]] == ["gps"]
        # The device itself is not this key's.
        assert await api.call("PUT", path, body={"title": "x"}, key=key) == AUTH_FAILED
        assert await api.call("DELETE", path, key=key) == AUTH_FAILED


async def test_keys_are_listed_by_page_key_and_device() -> None:
    async with served_api() as api:
        other = await second(api)
        keys = [await created(api, ["get"], {"dev_id": other}) for _ in range(11)]
        last = await created(api, ["get"], {"dev_id": api.device.id, "ds_id": "gps"})
        first = (await api.call("GET", "/keys"))["data"]
        assert list(first) == ["per_page", "total_count", "keys", "page"]
        assert (first["per_page"], first["total_count"], first["page"]) == (10, 12, 1)
        assert [one["key"] for one in first["keys"]] == keys[:10]
        rest = (await api.call("GET", "/keys", {"page": "2"}))["data"]["keys"]
        assert [one["key"] for one in rest] == [keys[10], last]
        (one,) = (await api.call("GET", "/keys", {"key": last}))["data"]["keys"]
        assert list(one) == ["create_time", "permissions", "title", "key"]
        assert one["permissions"] == [
            {
                "access_methods": ["get"],
                "resources": [{"ds_id": "gps", "dev_id": api.device.id}],
            }
        ]
        found = (await api.call("GET", "/keys", {"device_id": api.device.id}))["data"]
        assert (found["total_count"], found["keys"]) == (1, [one])


async def test_deleted_key_opens_nothing() -> None:
    async with served_api() as api:
        key = await created(api, ALL, {"dev_id": api.device.id})
        assert await api.call("DELETE", f"/keys/{key}") == SUCCESS
        assert await api.call("GET", f"/devices/{api.device.id}", key=key) == AUTH_FAILED
        assert (await api.call("DELETE", f"/keys/{key}"))["errno"] == 8
        assert (await api.call("DELETE", "/keys/secret"))["errno"] == 8
        assert (await api.call("GET", f"/devices/{api.device.id}"))["errno"] == 0


async def test_wrong_key_body_is_refused() -> None:
    async with served_api() as api:
        assert await api.call("POST", "/keys", body={"title": "t"}) == {
            "errno": 7,
            "error": "parameter required: permissions",
        }
        assert (await api.call("POST", "/keys"))["errno"] == 9
