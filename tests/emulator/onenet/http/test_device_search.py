"""`GET /devices`: the search for devices, over real sockets (OneNET's documents of 2018)."""

from __future__ import annotations

import json

import pytest

from emulator.onenet.devices import Description
from tests.support.served_api import ServedApi, counting_turns, created, served_api

pytestmark = pytest.mark.realtime


async def search(api: ServedApi, **query: str) -> list[str]:
    answer = await api.call("GET", "/devices", query)
    assert answer["errno"] == 0, answer
    return [device["title"] for device in answer["data"]["devices"]]


async def test_search_by_each_parameter() -> None:
    async with served_api() as api:
        api.step(86_400)
        hall = await created(api, title="hall", auth_info={"1": "1"}, tags=["a"], private=False)
        home = await created(api, title="home", auth_info={"2": "2"}, tags=["a", "b"])
        api.log_in()
        assert await search(api) == ["a device", "hall", "home"]
        assert await search(api, key_words="h") == ["hall", "home"]
        assert await search(api, key_words=home) == ["home"]
        assert await search(api, auth_info="1") == ["hall"]
        assert await search(api, tag="b") == ["home"]
        assert await search(api, tag="b,a") == ["hall", "home"]
        assert await search(api, online="true") == ["a device"]
        assert await search(api, online="false", private="true") == ["home"]
        assert await search(api, device_id=f"{home},{hall},7") == ["hall", "home"]
        # Days in Beijing, both included; created on the 1st and the 2nd of December.
        assert await search(api, begin="2015-12-01", end="2015-12-01") == ["a device"]
        assert await search(api, begin="2015-12-02") == ["hall", "home"]
        assert await search(api, end="2015-11-30") == []


async def test_search_gives_pages_of_details_without_streams() -> None:
    async with served_api() as api:
        for number in range(69):
            api.platform.create_device(Description(f"{number}", f"{number}", "1"), api.now)
        first = (await api.call("GET", "/devices"))["data"]
        assert list(first) == ["per_page", "devices", "total_count", "page"]
        assert (first["per_page"], first["total_count"], first["page"]) == (30, 70, 1)
        assert len(first["devices"]) == 30
        last = (await api.call("GET", "/devices", {"page": "3", "per_page": "30"}))["data"]
        assert [device["title"] for device in last["devices"]] == [f"{n}" for n in range(59, 69)]
        detail = (await api.call("GET", f"/devices/{last['devices'][0]['id']}"))["data"]
        del detail["datastreams"]
        assert json.dumps(last["devices"][0]) == json.dumps(detail)
        beyond = (await api.call("GET", "/devices", {"page": "10000"}))["data"]
        assert (beyond["devices"], beyond["total_count"]) == ([], 70)


@pytest.mark.parametrize(
    ("query", "errno"),
    [
        ({"page": "0"}, 6),
        ({"page": "10001"}, 6),
        ({"per_page": "101"}, 6),
        ({"per_page": "0"}, 6),
        ({"online": "yes"}, 6),
        ({"begin": "2016-02-30"}, 6),
        ({"end": "yesterday"}, 6),
        ({"device_id": ",".join("1" * 101)}, 13),
    ],
)
async def test_wrong_search_is_refused(query: dict[str, str], errno: int) -> None:
    async with served_api() as api:
        (name,) = query
        refused = await api.call("GET", "/devices", query)
        assert (refused["errno"], name in refused["error"]) == (errno, True)


async def test_search_in_thousands_of_devices_does_not_hold_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Other events may run after each device; they do after each _TURN, 0 here."""
    monkeypatch.setattr("emulator.onenet.http.connections._TURN", 0)
    async with served_api() as api:
        for number in range(3000):
            api.platform.create_device(Description("x", f"{number}", "1"), api.now)
        call = api.call("GET", "/devices", {"key_words": "none"})
        answer, turns = await counting_turns(call)
        assert answer["data"]["total_count"] == 0
        assert turns > 3000
