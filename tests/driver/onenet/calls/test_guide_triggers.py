"""OneNET guide 4.2.10: each table's request, and its answer."""

from __future__ import annotations

from datetime import datetime

from m5310.onenet import BEIJING, OneNetSync, Trigger, TriggerPage
from tests.support.onenet_recorder import Recorder


def test_4_2_10_1_create(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = ['{"errno":0,"error":"succ","data":{"trigger_id":233444}}']

    trigger_id = cloud.create_trigger(
        "http://xx.bb.com",
        "inout",
        {"lolmt": 40, "uplmt": 52},
        stream="3300_0_5505",
        device_ids=["1027", 23456],
        title="wen du jian kong",
    )

    assert trigger_id == 233444
    assert server.requested() == (
        "POST",
        "/triggers",
        {},
        {
            "title": "wen du jian kong",
            "ds_id": "3300_0_5505",
            "dev_ids": ["1027", "23456"],
            "url": "http://xx.bb.com",
            "type": "inout",
            "threshold": {"lolmt": 40, "uplmt": 52},
        },
    )


def test_4_2_10_1_change_has_no_threshold(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = ['{"errno":0,"error":"succ","data":{"trigger_id":1}}']

    cloud.create_trigger("http://xx.bb.com", "change", stream="3300_0_5505")

    assert server.request().body == {
        "ds_id": "3300_0_5505",
        "url": "http://xx.bb.com",
        "type": "change",
    }


def test_4_2_10_2_update(server: Recorder, cloud: OneNetSync) -> None:
    cloud.update_trigger(
        233444, title="wen du jian kong", url="http://xx.bb.com", type=">=", threshold=100
    )

    assert server.requested() == (
        "PUT",
        "/triggers/233444",
        {},
        {"title": "wen du jian kong", "url": "http://xx.bb.com", "type": ">=", "threshold": 100},
    )


def test_4_2_10_3_look_at_one(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [
        '{"errno":0,"error":"succ","data":{"id":1,"title":"wen du jian kong","url":"xx.bb.com",'
        '"type":">","threshold":100,"invalid":true,"create_time":"2018-06-01 10:22:22"}}'
    ]

    created = datetime(2018, 6, 1, 10, 22, 22, tzinfo=BEIJING)
    assert cloud.trigger(1) == Trigger(
        1, "wen du jian kong", "xx.bb.com", ">", 100, None, (), True, created
    )
    assert server.requested() == ("GET", "/triggers/1", {}, None)


def test_4_2_10_3_look_at_many(server: Recorder, cloud: OneNetSync) -> None:
    """The trigger is a captured one (with other identities of the same length)."""
    server.answers = [
        '{"errno":0,"error":"succ","data":{"total_count":600,"per_page":30,"page":1,"triggers":['
        '{"invalid":true,"dev_ids":["500001"],"threshold":20,"id":11608,"title":"hightemp",'
        '"type":">=","ds_id":"wendu","url":"http://api.heclouds.com/devices/500001"}]}}'
    ]

    page = cloud.triggers("name", page=1, per_page=30)

    url = "http://api.heclouds.com/devices/500001"
    assert page == TriggerPage(
        600,
        1,
        30,
        (Trigger(11608, "hightemp", url, ">=", 20, "wendu", ("500001",), True, None),),
    )
    assert server.requested() == (
        "GET",
        "/triggers",
        {"title": "name", "page": "1", "per_page": "30"},
        None,
    )


def test_4_2_10_4_delete(server: Recorder, cloud: OneNetSync) -> None:
    cloud.delete_trigger(233444)

    assert server.requested() == ("DELETE", "/triggers/233444", {}, None)
