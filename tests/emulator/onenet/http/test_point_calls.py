"""Calls about data points, over real sockets: guide 4.2.12 to 4.2.16, and later documents."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from emulator.lwm2m.model import Path
from emulator.onenet.store.points import MAX_STREAMS
from tests.support.peers import until
from tests.support.served_api import ServedApi, counting_turns, served_api

pytestmark = pytest.mark.realtime

SUCCESS = {"errno": 0, "error": "succ"}
AUTH_FAILED = {"errno": 3, "error": "auth failed"}


def points(api: ServedApi) -> str:
    return f"/devices/{api.device.id}/datapoints"


async def post(api: ServedApi, **streams: object) -> None:
    """Store points: of each stream a list of values, or of (value, time)."""
    body = {
        "datastreams": [
            {
                "id": name,
                "datapoints": [
                    {"value": one[0], "at": one[1]} if isinstance(one, tuple) else {"value": one}
                    for one in given
                ],
            }
            for name, given in streams.items()
            if isinstance(given, list)
        ]
    }
    assert await api.call("POST", points(api), body=body) == SUCCESS


def shown(answer: dict[str, Any]) -> dict[str, list[object]]:
    """The values by stream."""
    assert answer["errno"] == 0, answer
    return {
        stream["id"]: [point["value"] for point in stream["datapoints"]]
        for stream in answer["data"]["datastreams"]
    }


async def test_guide_4_2_13_note_1_newest_point_of_each_stream() -> None:
    async with served_api() as api:
        await post(api, a=[1, 2], b=[3], c=["x", "y"])
        answer = await api.call("GET", points(api))
        assert shown(answer) == {"a": [2], "b": [3], "c": ["y"]}
        assert list(answer["data"]) == ["count", "datastreams"]
        assert answer["data"]["count"] == 3
        assert list(answer["data"]["datastreams"][0]) == ["datapoints", "id"]


async def test_guide_4_2_13_note_2_limit_is_of_each_stream() -> None:
    async with served_api() as api:
        await post(api, a=list(range(20)), b=list(range(5)))
        answer = await api.call("GET", points(api), {"limit": "10"})
        assert shown(answer) == {"a": list(range(10, 20)), "b": list(range(5))}
        assert answer["data"]["count"] == 15


async def test_guide_4_2_13_notes_3_to_5_one_stream() -> None:
    async with served_api() as api:
        api.log_in()
        for value in (20.5, 21.5):
            api.module.notify(Path(3303, 0, 5700), value)
            api.step(1)
        await post(api, other=[1], third=[2])
        one = {"datastream_id": "3303_0_5700"}
        assert shown(await api.call("GET", points(api), one)) == {"3303_0_5700": [21.5]}
        ten = await api.call("GET", points(api), one | {"limit": "10"})
        assert shown(ten) == {"3303_0_5700": [20.5, 21.5]}
        two = await api.call("GET", points(api), {"datastream_id": "other,none,third"})
        assert shown(two) == {"other": [1], "third": [2]}
        none = await api.call("GET", points(api), {"datastream_id": "none"})
        assert none["data"] == {"count": 0, "datastreams": []}


async def test_guide_4_2_13_note_6_span_of_time() -> None:
    async with served_api() as api:
        hours = [(hour, f"2013-05-12T{hour:02}:00:00") for hour in range(24)]
        await post(api, a=list(hours))

        async def between(start: str | None, end: str | None) -> list[object]:
            query = {"start": start, "end": end}
            given = {name: f"2013-05-12T{time}" for name, time in query.items() if time}
            return shown(await api.call("GET", points(api), given)).get("a", [])

        assert await between("05:00:00", "07:00:00") == [5, 6, 7]
        assert await between("05:00:01", "06:59:59") == [6]
        assert await between("21:30:00", None) == [22, 23]
        assert await between(None, "05:00:00") == [23]  # `end` alone is ignored
        assert await between("07:00:00", "05:00:00") == []


async def test_guide_4_2_13_note_6_span_of_more_than_a_year() -> None:
    async with served_api() as api:
        await post(api, a=[(1, "2013-05-12T17:12:33"), (2, "2014-05-12T17:12:33")])
        query = {"start": "2013-05-12T17:12:33", "end": "2014-05-12T17:12:33"}
        assert shown(await api.call("GET", points(api), query)) == {"a": [1, 2]}
        query["end"] = "2033-05-12T17:12:33"
        await post(api, a=[(3, "2014-05-14T17:12:33")])
        assert shown(await api.call("GET", points(api), query)) == {"a": [1, 2]}


@pytest.mark.parametrize(
    "time",
    ["2013-05-12 17:12:33", "2013-05-12T17:12", "20130512T171233", "2013-02-30T17:12:33", "now"],
)
@pytest.mark.parametrize("name", ["start", "end"])
async def test_guide_4_2_13_note_6_format_of_times(name: str, time: str) -> None:
    async with served_api() as api:
        refused = await api.call("GET", points(api), {name: time})
        assert refused["errno"] == 6
        assert f'{name} "{time}", expected a time such as' in refused["error"]


async def test_guide_4_2_13_note_7_default_and_most() -> None:
    async with served_api() as api:
        rows = [(int(api.device.id), "ab"[n % 2], n, 1_400_000_000_000 + n) for n in range(6001)]
        api.platform.points.add_many(rows, api.now)
        start = {"start": "2014-01-01T00:00:00"}
        hundred = await api.call("GET", points(api), start)
        assert (hundred["data"]["count"], "cursor" in hundred["data"]) == (100, True)
        most = await api.call("GET", points(api), start | {"limit": "6000"})
        assert most["data"]["count"] == 6000
        rest = await api.call("GET", points(api), {"cursor": most["data"]["cursor"]})
        assert shown(rest) == {"a": [6000]}
        for limit in ("0", "6001", "-1", "x", ""):
            refused = await api.call("GET", points(api), {"limit": limit})
            assert refused["errno"] == 6, limit


@pytest.mark.parametrize("cursor", ["XXAABBCCDD", "1_1_1", "25971_564280_1448961024981", ""])
async def test_cursor_of_another_device_is_refused(cursor: str) -> None:
    async with served_api() as api:
        refused = await api.call("GET", points(api), {"cursor": cursor})
        assert (refused["errno"], "cursor" in refused["error"]) == (6, True)


# Later documents ---------------------------------------------------------------------------------

VALUES = [0, -5, 19, 1.5, 1e300, "", "39", "智慧", "/", True, False, [1, {"a": None}], {"t": 22.5}]


@pytest.mark.parametrize("value", VALUES)
async def test_value_is_kept_as_it_was_posted(value: object) -> None:
    async with served_api() as api:
        await post(api, gps=[value])
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        assert f'"value":{text}}}' in await api.text("GET", points(api))
        number = {"devIds": api.device.id}
        assert f'"value":{text}}}' in await api.text("GET", "/devices/datapoints", number)
        streams = await api.text("GET", f"/devices/{api.device.id}/datastreams")
        assert f'"current_value":{text}}}' in streams


@pytest.mark.parametrize(
    "at", ["0001-01-01 00:00:00.000", "1970-01-01 07:59:59.999", "9999-12-31 23:59:59.999"]
)
async def test_any_time_comes_back(at: str) -> None:
    async with served_api() as api:
        await post(api, a=[(1, at)])
        (stream,) = (await api.call("GET", points(api)))["data"]["datastreams"]
        assert stream["datapoints"] == [{"at": at, "value": 1}]
        (stream,) = (await api.call("GET", f"/devices/{api.device.id}/datastreams"))["data"]
        assert stream["update_at"] == at[:19]


async def test_point_without_a_time_has_the_present_one() -> None:
    async with served_api() as api:
        await post(api, a=[1, (2, "2015-12-01T17:06:23"), (3, "2015-12-01 17:06:23.536")])
        assert shown(await api.call("GET", points(api), {"limit": "9"})) == {"a": [2, 1, 3]}


@pytest.mark.parametrize(
    ("stream", "errno", "text"),
    [
        ({"datapoints": [{"value": 1}]}, 7, "parameter required: id"),
        ({"id": "", "datapoints": [{"value": 1}]}, 6, 'id "", expected 1 to 100 characters'),
        ({"id": "a,b", "datapoints": [{"value": 1}]}, 6, 'id "a,b", expected'),
        ({"id": 5, "datapoints": [{"value": 1}]}, 6, "id 5, expected"),
        ({"id": "a"}, 7, "parameter required: datapoints"),
        ({"id": "a", "datapoints": []}, 6, 'datapoints of "a", expected a list of {at, value}'),
        ({"id": "a", "datapoints": [5]}, 6, 'datapoints of "a", expected'),
        ({"id": "a", "datapoints": [{}]}, 7, "parameter required: value"),
        ({"id": "a", "datapoints": [{"value": None}]}, 7, "parameter required: value"),
        ({"id": "a", "datapoints": [{"value": 1, "at": 5}]}, 6, "at 5, expected a time such as"),
        ({"id": "a", "datapoints": [{"value": 1, "at": "0000-01-01T00:00:00"}]}, 6, "expected a"),
        ({"id": "a", "datapoints": [{"value": 1, "on": 5}]}, 6, '"on" is not served'),
        ({"id": "a", "unit": "K", "datapoints": [{"value": 1}]}, 6, '"unit" is not served'),
        ({"id": "a", "datapoints": [{"value": 1}] * 200}, 13, "201 data points, expected at most"),
        (5, 6, "datastreams, expected a list of {id, datapoints}"),
    ],
)
async def test_wrong_points_are_refused_together(stream: object, errno: int, text: str) -> None:
    async with served_api() as api:
        good = {"id": "good", "datapoints": [{"value": 1}]}
        refused = await api.call("POST", points(api), body={"datastreams": [good, stream]})
        assert (refused["errno"], text in refused["error"]) == (errno, True), refused
        assert shown(await api.call("GET", points(api))) == {}


async def test_number_of_posted_points_is_limited() -> None:
    """They are stored in one turn of the event loop."""
    async with served_api() as api:
        many = [{"id": f"{n}", "datapoints": [{"value": n}] * 4} for n in range(50)]
        body = {"datastreams": many}
        assert await api.call("POST", points(api), body=body) == SUCCESS
        body["datastreams"].append({"id": "50", "datapoints": [{"value": 1}]})
        assert await api.call("POST", points(api), body=body) == {
            "errno": 13,
            "error": "system limit: 51 streams, expected at most 50",
        }


@pytest.mark.parametrize(
    ("body", "errno"),
    [(None, 9), ({}, 7), ({"datastreams": []}, 6), ({"datastreams": {}}, 6), (b'{"datastr', 4)],
)
async def test_body_without_points_is_refused(body: object, errno: int) -> None:
    async with served_api() as api:
        assert (await api.call("POST", points(api), body=body))["errno"] == errno


async def test_streams_are_listed_with_their_newest_point() -> None:
    async with served_api() as api:
        path = f"/devices/{api.device.id}/datastreams"
        assert await api.call("GET", path) == {"errno": 0, "data": [], "error": "succ"}
        await post(api, gps=[1, ({"lon": 5}, "2016-12-01T17:06:29")], b=[2])
        gps, b = sorted((await api.call("GET", path))["data"], key=lambda one: -len(one["id"]))
        assert list(gps) == ["update_at", "id", "create_time", "uuid", "current_value"]
        detail = (await api.call("GET", f"/devices/{api.device.id}"))["data"]
        assert gps.pop("uuid") in [stream["uuid"] for stream in detail["datastreams"]]
        assert gps == {
            "update_at": "2016-12-01 17:06:29",
            "id": "gps",
            "create_time": "2015-12-01 17:06:23",
            "current_value": {"lon": 5},
        }
        chosen = (await api.call("GET", path, {"datastream_ids": "b,none"}))["data"]
        assert chosen == [b]
        assert (await api.call("GET", f"{path}/b"))["data"] == b
        assert await api.call("GET", f"{path}/none") == {
            "errno": 8,
            "error": "not found: datastream none",
        }


SPEED = {"id": "speed", "unit": "m/s", "unit_symbol": "v", "tags": ["mobile"]}
UNITS = {"unit": "m/s", "unit_symbol": "v", "tags": ["mobile"]}


async def test_stream_is_created_before_its_first_point() -> None:
    """OneNET's documents of 2018, "add data stream"; its SDKs call it."""
    async with served_api() as api:
        path = f"/devices/{api.device.id}/datastreams"
        made = await api.call("POST", path, body=SPEED)
        assert list(made["data"]) == ["ds_uuid"]
        uuid = {"uuid": made["data"]["ds_uuid"]}
        shown = {"id": "speed", "create_time": "2015-12-01 17:06:23", **uuid, **UNITS}
        assert (await api.call("GET", path))["data"] == [shown]
        assert (await api.call("GET", f"{path}/speed"))["data"] == shown
        detail = (await api.call("GET", f"/devices/{api.device.id}"))["data"]
        assert detail["datastreams"] == [shown]
        assert (await api.call("GET", points(api)))["data"] == {"count": 0, "datastreams": []}
        again = await api.call("POST", path, body={"id": "speed"})
        assert again == {"errno": 11, "error": "datastream already exists: speed"}
        await post(api, speed=[5], other=[1])
        assert (await api.call("POST", path, body={"id": "other"}))["errno"] == 11
        newest = {"update_at": "2015-12-01 17:06:23", "current_value": 5}
        assert (await api.call("GET", f"{path}/speed"))["data"] == shown | newest


@pytest.mark.parametrize(
    ("body", "errno", "text"),
    [
        (None, 9, "entity data required"),
        ({"unit": "m"}, 7, "parameter required: id"),
        ({"id": "a/b"}, 6, 'id "a/b", expected 1 to 100 characters'),
        ({"id": 5}, 6, "id 5, expected"),
        ({"id": "a", "unit": 5}, 6, "unit 5, expected a text"),
        ({"id": "a", "unit_symbol": "x" * 101}, 6, "expected at most 100 characters"),
        ({"id": "a", "tags": "x"}, 6, "tags, expected a list of texts"),
        ({"id": "a", "tags": ["x" * 101]}, 6, "expected at most 100 characters"),
        ({"id": "a", "cmd": "01"}, 6, '"cmd" is not served, expected id, unit'),
    ],
)
async def test_invalid_stream_is_not_created(body: object, errno: int, text: str) -> None:
    async with served_api() as api:
        path = f"/devices/{api.device.id}/datastreams"
        answer = await api.call("POST", path, body=body)
        assert (answer["errno"], text in answer["error"]) == (errno, True)
        assert (await api.call("GET", path))["data"] == []


async def test_streams_of_a_device_are_bounded() -> None:
    async with served_api() as api:
        rows = [(int(api.device.id), str(number), 1, number) for number in range(MAX_STREAMS)]
        api.platform.points.add_many(rows, api.now)
        answer = await api.call("POST", f"/devices/{api.device.id}/datastreams", body=SPEED)
        assert answer == {"errno": 13, "error": "system limit: the device has 1000 streams"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/devices/5/datapoints"),
        ("POST", "/devices/5/datapoints"),
        ("GET", "/devices/5/datastreams"),
        ("POST", "/devices/5/datastreams"),
        ("GET", "/devices/5/datastreams/a"),
    ],
)
async def test_points_of_no_device(method: str, path: str) -> None:
    async with served_api() as api:
        body = {"datastreams": []} if method == "POST" else None
        assert await api.call(method, path, body=body) == AUTH_FAILED


async def test_points_of_an_answer_without_start_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("emulator.onenet.http.calls.points.MAX_ANSWERED", 5)
    async with served_api() as api:
        await post(api, a=[1, 2, 3], b=[4, 5, 6])
        assert await api.call("GET", points(api), {"limit": "3"}) == {
            "errno": 13,
            "error": "system limit: more than 5 data points, expected a lower limit or fewer"
            " streams",
        }
        for query in ({"limit": "2"}, {"limit": "3", "datastream_id": "a"}):
            assert (await api.call("GET", points(api), query))["errno"] == 0


@pytest.mark.parametrize("value", ["x" * 4095, ["x" * 4094], {"a": "x" * 4089}])
async def test_value_of_more_than_4096_characters_is_refused(value: object) -> None:
    async with served_api() as api:
        stream = {"id": "a", "datapoints": [{"value": 1}, {"value": value}]}
        answer = await api.call("POST", points(api), body={"datastreams": [stream]})
        size = len(json.dumps(value, separators=(",", ":")))
        text = f"value of {size} characters of JSON, expected at most 4096"
        assert answer == {"errno": 13, "error": f"system limit: {text}"}
        await post(api, a=["x" * 4094])


async def test_newest_points_of_many_streams_do_not_hold_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("emulator.onenet.http.connections._TURN", 0)
    async with served_api() as api:
        rows = [(int(api.device.id), f"{n}", n, n) for n in range(1000)]
        api.platform.points.add_many(rows, api.now)
        for path in ("/devices/datapoints", f"/devices/{api.device.id}/datastreams"):
            query = {"devIds": api.device.id} if path.endswith("points") else {}
            answer, turns = await counting_turns(api.call("GET", path, query))
            assert answer["errno"] == 0
            assert turns > 1000


async def many_judgements(api: ServedApi) -> dict[str, object]:
    """Points for one stream, each of which is judged by 50 triggers, which fire."""
    trigger = {"url": "http://127.0.0.1:9/", "ds_id": "a", "type": ">", "threshold": -1}
    for _ in range(50):
        await api.call("POST", "/triggers", body=trigger)
    return {"datastreams": [{"id": "a", "datapoints": [{"value": n} for n in range(200)]}]}


async def test_posted_points_that_many_triggers_judge_do_not_hold_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All are stored, and in their order."""
    monkeypatch.setattr("emulator.onenet.http.connections._TURN", 0)
    async with served_api() as api:
        body = await many_judgements(api)
        answer, turns = await counting_turns(api.call("POST", points(api), body=body))
        assert answer == SUCCESS
        assert turns > 50
        stored = shown(await api.call("GET", points(api), {"limit": "200"}))
        assert stored == {"a": list(range(200))}


async def test_posted_points_are_checked_in_turn_with_other_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """None is stored before the last one was checked."""
    monkeypatch.setattr("emulator.onenet.http.connections._TURN", 0)
    async with served_api() as api:
        good = {"id": "a", "datapoints": [{"value": [[]] * 9}] * 198}
        bad = {"id": "b", "datapoints": [{"value": None}]}
        body = {"datastreams": [good, bad]}
        refused, turns = await counting_turns(api.call("POST", points(api), body=body))
        assert refused["error"] == "parameter required: value"
        assert turns > 198
        assert shown(await api.call("GET", points(api))) == {}


async def test_device_that_is_deleted_while_points_are_stored_keeps_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("emulator.onenet.http.connections._TURN", 0)
    async with served_api() as api:
        body = await many_judgements(api)
        posted = asyncio.ensure_future(api.call("POST", points(api), body=body))
        number = int(api.device.id)
        await until(lambda: bool(list(api.platform.points.streams(number))))
        api.platform.delete_device(api.device)
        assert await posted == AUTH_FAILED
        assert not list(api.platform.points.streams(number))
