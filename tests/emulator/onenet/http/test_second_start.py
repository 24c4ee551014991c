"""What a second start on the same file shows: the same as before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.onenet.store.database import Database
from tests.support.fake_device import IMEI
from tests.support.served_api import NEW, ServedApi, served_api

pytestmark = pytest.mark.realtime


async def shown(api: ServedApi, key: str, device: str) -> list[str]:
    """Answers to the master key and to a device key."""
    calls: list[tuple[str, dict[str, str], str]] = [
        ("/devices", {}, "secret"),
        ("/devices", {}, key),
        ("/keys", {}, "secret"),
        (f"/devices/{device}", {}, "secret"),
        (f"/devices/{device}", {}, key),
        ("/devices/getbyimei", {"imei": IMEI}, "secret"),
        (f"/devices/{device}/datapoints", {"limit": "10"}, key),
        (f"/devices/{device}/datastreams", {}, key),
    ]
    return [await api.text("GET", path, query, key=used) for path, query, used in calls]


async def test_second_start_shows_devices_keys_and_points(tmp_path: Path) -> None:
    database = Database(tmp_path / "platform.db")
    async with served_api(database=database) as api:
        api.log_in()
        device = (await api.call("POST", "/devices", body=NEW))["data"]["device_id"]
        await api.call("PUT", f"/devices/{device}", body={"title": "new", "other": {"a": 1}})
        points = [{"value": {"t": 22.5}}, {"value": "x", "at": "2015-12-01T17:06:23"}]
        body = {"datastreams": [{"id": "gps", "datapoints": points}]}
        await api.call("POST", f"/devices/{device}/datapoints", body=body)
        stream = {"id": "speed", "unit": "m/s"}
        await api.call("POST", f"/devices/{device}/datastreams", body=stream)
        permissions = [{"resources": [{"dev_id": device}], "access_methods": ["get"]}]
        made = await api.call("POST", "/keys", body={"title": "t", "permissions": permissions})
        key = made["data"]["key"]
        gone = (await api.call("POST", "/devices", body=NEW | {"auth_info": {"1": "1"}}))["data"]
        await api.call("DELETE", f"/devices/{gone['device_id']}")
        before = await shown(api, key, device)
        assert all(text.startswith('{"errno":0,') for text in before)
    database.close()
    database = Database(tmp_path / "platform.db")
    async with served_api(database=database) as api:
        assert await shown(api, key, device) == before
        refused = await api.call("GET", f"/devices/{gone['device_id']}")
        assert refused == {"errno": 3, "error": "auth failed"}
    database.close()
