"""Answers byte for byte as captured of the real OneNET, and as the examples of the guide.

Other are only identities, and the first number of a cursor. The zone of the machine has no effect.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.onenet.devices import Description
from tests.support.served_api import ServedApi, served_api

pytestmark = pytest.mark.realtime

ANSWERS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "wire" / "onenet" / "http_answers.json").read_text("utf-8")
)
CAPTURED: dict[str, str] = ANSWERS["captured"]["bodies"]
GUIDE = ANSWERS["guide"]
# The query of guide 4.2.14 to 4.2.16; in 4.2.14 the id of the stream has a digit too many.
EXAMPLE = {
    "datastream_id": "3200_0_5501",
    "start": "2015-11-30T17:12:33",
    "end": "2015-12-01T17:22:33",
}
STREAM = "3200_0_5501"


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Shanghai"], autouse=True)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def points(*rows: tuple[str, object, str]) -> dict[str, object]:
    return {
        "datastreams": [
            {"id": name, "datapoints": [{"at": at, "value": value}]} for name, value, at in rows
        ]
    }


async def post(api: ServedApi, *rows: tuple[str, object, str]) -> str:
    path = f"/devices/{api.device.id}/datapoints"
    return await api.text("POST", path, body=points(*rows))


async def test_posted_points() -> None:
    async with served_api() as api:
        good = await post(api, ("a", 1, "2016-05-04 13:05:05"))
        assert good == CAPTURED["post datapoints, good"]
        path = f"/devices/{api.device.id}/datapoints"
        assert await api.text("POST", path, body=b'{"datastreams":[{') == CAPTURED["bad json"]


async def test_created_device_and_a_second_one_with_its_auth_info() -> None:
    async with served_api() as api:
        new = {"title": "x", "protocol": "LWM2M", "auth_info": {"abc00000000": "1"}}
        made = await api.text("POST", "/devices", body=new)
        # Ours have nine digits.
        assert re.sub(r"\d{9}", "50000001", made) == CAPTURED["create"]
        assert await api.text("POST", "/devices", body=new) == CAPTURED["auth_info exists"]


async def test_imei_of_no_device() -> None:
    async with served_api() as api:
        wrong = {"imei": "1", "obj_id": "3303"}
        assert await api.text("GET", "/nbiot", wrong) == CAPTURED["wrong imei"]


async def test_newest_data_points() -> None:
    async with served_api() as api:
        await post(
            api,
            ("wendu", 30, "2016-05-04 13:05:05.704"),
            ("shidu", 19, "2016-05-04 13:05:05.701"),
        )
        path = f"/devices/{api.device.id}/datapoints"
        assert await api.text("GET", path) == CAPTURED["datapoints newest"]


async def test_newest_data_of_several_devices() -> None:
    async with served_api() as api:
        api.platform.update_device(api.device, Description("BC26", "1", "2"))
        await post(api, ("T", "x", "2022-11-04 18:03:46.999"))
        newest = await api.text("GET", "/devices/datapoints", {"devIds": api.device.id})
        assert newest.replace(api.device.id, "5000000003") == CAPTURED["latest of many"]


def example(rows: list[list[str]], device: str, cursor: str | None) -> str:
    """An answer of guide 4.2.14 to 4.2.16, of its points."""
    first = "" if cursor is None else f'"cursor":"{cursor}",'
    shown = ",".join(f'{{"at":"{at}","value":"{value}"}}' for at, value in rows)
    return (
        f'{{"errno":0,"data":{{{first}"count":{len(rows)},"datastreams":[{{"datapoints":[{shown}],'
        f'"id":"{STREAM}"}}]}},"error":"succ"}}'
    ).replace("564280", device)


async def test_guide_4_2_14_15_and_16_examples() -> None:
    rows: list[list[str]] = GUIDE["4.2.14"]
    async with served_api() as api:
        path = f"/devices/{api.device.id}/datapoints"
        await post(api, *((STREAM, value, at) for at, value in rows), ("other", 1, rows[3][0]))
        assert await api.text("GET", path, EXAMPLE) == example(rows, api.device.id, None)
        query = EXAMPLE | {"limit": "5"}
        for section, begin in (("4.2.15", 0), ("4.2.16", 5)):
            text = await api.text("GET", path, query)
            number, _, _ = json.loads(text)["data"]["cursor"].partition("_")
            cursor = GUIDE[section]["cursor"]
            expected = example(rows[begin : begin + 5], api.device.id, cursor)
            assert text == expected.replace("25971_", f"{number}_")
            query["cursor"] = json.loads(text)["data"]["cursor"]


async def test_times_of_devices_and_keys() -> None:
    async with served_api() as api:
        detail = await api.call("GET", f"/devices/{api.device.id}")
        assert detail["data"]["create_time"] == "2015-12-01 17:06:23"
        new = {"title": "t", "permissions": [{"resources": [{"dev_id": api.device.id}]}]}
        assert (await api.call("POST", "/keys", body=new))["errno"] == 0
        (key,) = (await api.call("GET", "/keys"))["data"]["keys"]
        assert key["create_time"] == "2015-12-01 17:06:23"
