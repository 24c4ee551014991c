"""Guide 4.2.10: create, update, show, list and delete triggers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.lwm2m.model import Item, Path
from emulator.onenet.posting import Post, Reply
from tests.support.served_api import ServedApi, raw, served_api

pytestmark = pytest.mark.realtime

DONE = {"errno": 0, "error": "succ"}
URL = "http://127.0.0.1:8000/devices/500001"
NEW: dict[str, Any] = {
    "title": "hightemp",
    "ds_id": "3303_0_5700",
    "url": URL,
    "type": ">=",
    "threshold": 20,
}
# Captured of the real API, but for its identities.
CAPTURED = (
    b'{"errno":0,"data":{"invalid":true,"dev_ids":["500000001"],"threshold":20,"id":1,'
    b'"title":"hightemp","type":">=","ds_id":"wendu","url":"http://127.0.0.1:8000/devices/500001"}'
    b',"error":"succ"}'
)


async def create(api: ServedApi, **body: object) -> int:
    answer = await api.call("POST", "/triggers", body={**NEW, **body})
    assert answer == {**DONE, "data": {"trigger_id": answer["data"]["trigger_id"]}}
    number = answer["data"]["trigger_id"]
    assert type(number) is int
    return number


async def test_guide_4_2_10_1_trigger_calls_the_application_at_a_report() -> None:
    posts: list[Post] = []
    async with served_api() as api:
        api.platform.send = lambda post, _: posts.append(post)
        number = await create(api)
        api.log_in()
        for value in (19, 21):
            item = Item(Path(3303, 0, 5700), value)
            api.act(lambda now, item=item: api.platform.report(api.device.endpoint, (item,), now))
        detail = (await api.call("GET", f"/devices/{api.device.id}"))["data"]
    (post,) = posts
    assert (post.method, post.url) == ("POST", URL)
    (stream,) = [one for one in detail["datastreams"] if one["id"] == "3303_0_5700"]
    assert json.loads(post.body) == {
        "trigger": {"id": number, "threshold": 20, "type": ">="},
        "current_data": [
            {
                "dev_id": api.device.id,
                "ds_id": "3303_0_5700",
                "ds_uuid": stream["uuid"],
                "at": "2015-12-01T09:06:23.535000Z",
                "value": 21,
            }
        ],
    }


async def test_guide_4_2_10_1_remark_3_expression_of_an_object() -> None:
    posts: list[Post] = []
    threshold = "$val[0][‘temperature’] > 30 && $val[0][‘humidity’]< 33 "
    values = [{"temperature": 22, "humidity": 56}, {"temperature": 31, "humidity": 32}]
    async with served_api() as api:
        api.platform.send = lambda post, _: posts.append(post)
        await create(api, ds_id="climate", type="exp", threshold=threshold)
        for value in values:
            body = {"datastreams": [{"id": "climate", "datapoints": [{"value": value}]}]}
            path = f"/devices/{api.device.id}/datapoints"
            assert await api.call("POST", path, body=body) == DONE
    (post,) = posts
    assert json.loads(post.body)["trigger"]["threshold"] == threshold
    assert json.loads(post.body)["current_data"][0]["value"] == values[1]


async def test_message_is_repeated_after_a_failure() -> None:
    posts: list[Post] = []

    def send(post: Post, on_reply: Any) -> None:
        posts.append(post)
        replies.append(on_reply)

    replies: list[Any] = []
    async with served_api() as api:
        api.platform.send = send
        await create(api, type="change", threshold=None)
        for value in (1, 2):
            item = Item(Path(3303, 0, 5700), value)
            api.act(lambda now, item=item: api.platform.report(api.device.endpoint, (item,), now))
        api.act(lambda now: replies.pop()(Reply(None, error="refused"), now))
        assert len(posts) == 1
        api.step(1)
        assert len(posts) == 2


async def test_frozen_fires_by_the_clock_of_the_platform() -> None:
    posts: list[Post] = []
    async with served_api() as api:
        api.platform.send = lambda post, _: posts.append(post)
        await create(api, type="frozen", threshold=3600)
        item = Item(Path(3303, 0, 5700), 5)
        api.act(lambda now: api.platform.report(api.device.endpoint, (item,), now))
        api.step(3599)
        assert posts == []
        api.step(1)
        assert len(posts) == 1


async def test_guide_4_2_10_2_update() -> None:
    async with served_api() as api:
        number = await create(api)
        body = {"title": "wen du jian kong", "url": "http://127.0.0.1", "type": "inout"}
        limits = {"lolmt": 40, "uplmt": 52}
        path = f"/triggers/{number}"
        assert await api.call("PUT", path, body={**body, "threshold": limits}) == DONE
        data = (await api.call("GET", path))["data"]
    assert data == {
        "create_time": "2015-12-01 17:06:23",
        "threshold": limits,
        "id": number,
        "title": "wen du jian kong",
        "type": "inout",
        "ds_id": "3303_0_5700",
        "url": "http://127.0.0.1",
    }


async def test_guide_4_2_10_2_type_without_threshold_is_refused() -> None:
    async with served_api() as api:
        path = f"/triggers/{await create(api)}"
        for body, missing in [({"type": ">"}, "threshold"), ({"threshold": 1}, "type")]:
            answer = await api.call("PUT", path, body=body)
            assert answer["errno"] == 7
            assert answer["error"].startswith(f"parameter required: {missing}")


async def test_guide_4_2_10_3_show_has_the_captured_form() -> None:
    async with served_api() as api:
        number = await create(api, ds_id="wendu", dev_ids=[api.device.id])
        shown = await raw_body(api, f"/triggers/{number}")
        assert b'"invalid"' not in shown
        assert b'"create_time":"2015-12-01 17:06:23"' in shown
        await api.call("DELETE", f"/devices/{api.device.id}")
        shown = await raw_body(api, f"/triggers/{number}")
    assert shown == CAPTURED


async def raw_body(api: ServedApi, path: str) -> bytes:
    answer = await raw(api, f"GET {path} HTTP/1.0\r\napi-key: secret\r\n\r\n".encode())
    return answer.partition(b"\r\n\r\n")[2]


async def test_guide_4_2_10_3_change_is_shown_without_threshold() -> None:
    async with served_api() as api:
        number = await create(api, type="change", threshold=5)
        assert "threshold" not in (await api.call("GET", f"/triggers/{number}"))["data"]


async def test_guide_4_2_10_3_list() -> None:
    async with served_api() as api:
        numbers = [await create(api, title=f"title {n % 2}") for n in range(12)]
        pages = [
            (await api.call("GET", "/triggers", query))["data"]
            for query in (
                {},
                {"page": "2"},
                {"page": "3"},
                {"per_page": "100"},
                {"title": "title 1", "page": "2", "per_page": "4"},
                {"title": "title"},
            )
        ]
    assert [list(page) for page in pages] == [["total_count", "per_page", "page", "triggers"]] * 6
    assert [(page["total_count"], page["per_page"], page["page"]) for page in pages] == [
        *((12, 10, 1), (12, 10, 2), (12, 10, 3), (12, 100, 1)),
        *((6, 4, 2), (0, 10, 1)),
    ]
    shown = [[trigger["id"] for trigger in page["triggers"]] for page in pages]
    odd = [number for n, number in enumerate(numbers) if n % 2]
    assert shown == [numbers[:10], numbers[10:], [], numbers, odd[4:], []]


@pytest.mark.parametrize("query", [{"per_page": "101"}, {"per_page": "0"}, {"page": "0"}])
async def test_guide_4_2_10_3_page_out_of_range_is_refused(query: dict[str, str]) -> None:
    async with served_api() as api:
        assert (await api.call("GET", "/triggers", query))["errno"] == 6


async def test_guide_4_2_10_4_delete() -> None:
    async with served_api() as api:
        number = await create(api)
        assert await api.call("DELETE", f"/triggers/{number}") == DONE
        for method in ("GET", "DELETE", "PUT"):
            answer = await api.call(method, f"/triggers/{number}", body=b"{}")
            assert answer == {"errno": 8, "error": f"not found: trigger {number}"}
        answer = await api.call("GET", f"/triggers/{'9' * 5000}")
        assert answer["errno"] == 8


async def test_ds_uuids_are_those_of_the_device() -> None:
    async with served_api() as api:
        item = Item(Path(3303, 0, 5700), 5)
        api.act(lambda now: api.platform.report(api.device.endpoint, (item,), now))
        (stream,) = (await api.call("GET", f"/devices/{api.device.id}"))["data"]["datastreams"]
        number = await create(api, ds_id=None, ds_uuids=[stream["uuid"]])
        data = (await api.call("GET", f"/triggers/{number}"))["data"]
        assert data["ds_uuids"] == [stream["uuid"]]
        answer = await api.call("POST", "/triggers", body={**NEW, "ds_id": None, "ds_uuids": ["x"]})
        assert answer["error"] == ('invalid parameter: ds_uuids "x", expected the uuid of a stream')
        await api.call("DELETE", f"/devices/{api.device.id}")
        assert await api.call("PUT", f"/triggers/{number}", body={"title": "gone"}) == DONE
        assert (await api.call("GET", f"/triggers/{number}"))["data"]["invalid"] is True


@pytest.mark.parametrize(
    ("year", "body", "errno", "error"),
    [
        (2018, {"type": "=="}, 0, "succ"),
        (2019, {"type": "=="}, 6, 'type "==", expected > >= < <= inout change frozen live'),
        (2019, {"type": "exp", "threshold": "$val[0]"}, 6, 'type "exp", expected'),
        (2018, {"type": "exp", "threshold": "$val[0"}, 6, 'threshold "$val[0" of type exp'),
        (2018, {"threshold": None}, 7, "parameter required: threshold"),
        (2018, {"url": None}, 7, "parameter required: url"),
        (2018, {"dev_ids": ["500009999"]}, 3, "auth failed"),
        (2018, {"url": "http://a b"}, 6, "expected a URL such as"),
    ],
)
async def test_wrong_trigger_is_refused_by_number_and_text(
    year: int, body: dict[str, object], errno: int, error: str
) -> None:
    async with served_api(year) as api:
        answer = await api.call("POST", "/triggers", body={**NEW, **body})
    assert answer["errno"] == errno
    assert error in answer["error"]


async def test_calls_need_the_master_key() -> None:
    async with served_api() as api:
        for method, path in [("GET", "/triggers"), ("POST", "/triggers"), ("GET", "/triggers/1")]:
            assert (await api.call(method, path, key="other"))["errno"] == 3
