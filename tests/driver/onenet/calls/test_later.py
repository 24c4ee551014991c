"""The calls that came after the guide, and those that only SDKs name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from m5310.onenet import (
    BEIJING,
    Cancelled,
    DeviceKey,
    DevicePage,
    Location,
    OneNetSync,
    Stream,
)
from tests.support.onenet_recorder import Recorder

DEVICE = (
    '{"id":"500000001","auth_info":{"865820030013978":"460041234567890"},"private":true,'
    '"create_time":"2018-06-01 10:22:22","act_time":"2018-06-02 10:22:22","obsv":true,'
    '"obsv_st":true,"title":"lamp","tags":[],"protocol":"LWM2M","online":false,'
    '"location":{"lon":106,"lat":29},"datastreams":[],"other":{"version":"1"}}'
)


def test_list_and_search(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [
        '{"errno":0,"data":{"per_page":30,"devices":[' + DEVICE + '],"total_count":1,"page":1},'
        '"error":"succ"}'
    ]

    page = cloud.devices(
        "la",
        device_ids=["500000001", 2],
        auth_info="865820030013978",
        tag="china",
        online=False,
        private=True,
        begin=datetime(2018, 6, 1, tzinfo=BEIJING),
        end=datetime(2018, 6, 2, tzinfo=UTC),
        page=1,
        per_page=30,
    )

    (device,) = page.devices
    assert page == DevicePage(1, 1, 30, (device,))
    assert (device.id, device.imei, device.imsi, device.online, device.location) == (
        *("500000001", "865820030013978", "460041234567890", False),
        Location(106, 29),
    )
    assert (device.active, device.other) == (
        datetime(2018, 6, 2, 10, 22, 22, tzinfo=BEIJING),
        {"version": "1"},
    )
    assert server.requested() == (
        "GET",
        "/devices",
        {
            "key_words": "la",
            "auth_info": "865820030013978",
            "tag": "china",
            "online": "false",
            "private": "true",
            "page": "1",
            "per_page": "30",
            "device_id": "500000001,2",
            "begin": "2018-06-01T00:00:00",
            "end": "2018-06-02T08:00:00",
        },
        None,
    )


def test_by_imei(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [f'{{"errno":0,"data":{DEVICE},"error":"succ"}}']

    assert cloud.device_by_imei("865820030013978").title == "lamp"
    assert server.requested() == (
        "GET",
        "/devices/getbyimei",
        {"imei": "865820030013978"},
        None,
    )


def test_update(server: Recorder, cloud: OneNetSync) -> None:
    cloud.update_device(
        "500000001",
        title="t",
        description="d",
        tags=[],
        location=Location(1.5, 2.5),
        private=False,
        imei="8",
        imsi="4",
        other={},
    )

    body = {
        "title": "t",
        "desc": "d",
        "tags": [],
        "location": {"lon": 1.5, "lat": 2.5},
        "private": False,
        "auth_info": {"8": "4"},
        "other": {},
    }
    assert server.requested() == ("PUT", "/devices/500000001", {}, body)


def test_update_with_half_of_the_identity(cloud: OneNetSync) -> None:
    with pytest.raises(ValueError, match="expected imei and imsi together"):
        cloud.update_device("1", imei="8")


def test_streams(server: Recorder, cloud: OneNetSync) -> None:
    stream = (
        '{"id":"3200_0_5750","create_time":"2018-06-01 10:22:22","uuid":"u","current_value":20.5,'
        '"update_at":"2018-06-01 10:22:23"}'
    )
    server.answers = [
        f'{{"errno":0,"data":[{stream}],"error":"succ"}}',
        f'{{"errno":0,"data":{stream},"error":"succ"}}',
    ]
    at = datetime(2018, 6, 1, 10, 22, 22, tzinfo=BEIJING)

    expected = Stream("3200_0_5750", "u", at, None, None, 20.5, at.replace(second=23))
    assert cloud.streams("1") == (expected,)
    assert cloud.stream("1", "3200_0_5750") == expected
    assert [each.path for each in server.requests] == [
        "/devices/1/datastreams",
        "/devices/1/datastreams/3200_0_5750",
    ]


def test_discover(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [
        '{"errno":0,"data":[{"obj_inst_id":0,"res_id":[5700,5701]},{"obj_inst_id":1,"res_id":[]}],'
        '"error":"succ"}'
    ]

    assert cloud.discover("8", "3303") == {0: (5700, 5701), 1: ()}
    assert server.requested() == (
        "GET",
        "/nbiot/discover",
        {"imei": "8", "obj_id": "3303"},
        None,
    )


def test_cancel_all(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [
        '{"errno":0,"data":{"succ":["a","b"],"failed":["c"],"total":3},"error":"succ"}'
    ]

    assert cloud.cancel_all_offline("8") == Cancelled(("a", "b"), ("c",))
    assert server.requested() == ("PUT", "/nbiot/offline/cancel/all", {"imei": "8"}, None)


def test_keys(server: Recorder, cloud: OneNetSync) -> None:
    permission = {
        "resources": [{"dev_id": "1", "ds_id": "x"}, {"dev_id": "2", "ds_id": "x"}],
        "access_methods": ["get", "put"],
    }
    server.answers = [
        '{"errno":0,"data":{"key":"aB*c=d="},"error":"succ"}',
        '{"errno":0,"data":{"keys":[{"title":"t","key":"aB*c=d=","permissions":[{}],'
        '"create_time":"2018-06-01 10:22:22"}]},"error":"succ"}',
    ]

    assert cloud.create_key("t", ["1", 2], ["get", "put"], stream="x") == "aB*c=d="
    created = datetime(2018, 6, 1, 10, 22, 22, tzinfo=BEIJING)
    assert cloud.keys(page=1, per_page=10) == (DeviceKey("aB*c=d=", "t", ({},), created),)
    cloud.delete_key("aB*c=d=")

    assert [(each.method, each.path, each.body) for each in server.requests] == [
        ("POST", "/keys", {"title": "t", "permissions": [permission]}),
        ("GET", "/keys", None),
        ("DELETE", "/keys/aB*c=d=", None),
    ]


def test_authentication_and_dtls_key_of_a_new_device(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = ['{"errno":0,"data":{"device_id":"1"},"error":"succ"}']

    cloud.create_device("d", "8", "4", auth="abc123", psk="abcdefgh")

    assert server.request().body == {
        "title": "d",
        "protocol": "LWM2M",
        "auth_info": {"8": "4"},
        "auth": "abc123",
        "psk": "abcdefgh",
    }
