"""OneNET guide 4.2.1 to 4.2.3 and 4.2.11 to 4.2.16: each table's request, and its answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from m5310.onenet import (
    BEIJING,
    DataPoint,
    DeviceDetail,
    DevicePoints,
    DeviceStatus,
    Location,
    OneNetError,
    OneNetSync,
    PointsPage,
    Stream,
)
from tests.support.onenet_recorder import Recorder, Request


def beijing(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BEIJING)  # type: ignore[arg-type, misc]


def test_4_2_1_create_a_device(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = ['{"errno":0,"data":{"device_id":"233444"},"error":"succ"}']

    device_id = cloud.create_device(
        "mydevice",
        "865820030013978",
        "460041234567890",
        description="some description",
        tags=["china", "mobile"],
        location=Location(lon=106, lat=29, ele=370),
        private=True,
        observed=False,
        other={"version": "1.0.0", "manu": "china mobile"},
    )

    assert device_id == "233444"
    assert server.requested() == (
        "POST",
        "/devices",
        {},
        {
            "title": "mydevice",
            "desc": "some description",
            "tags": ["china", "mobile"],
            "protocol": "LWM2M",
            "location": {"lon": 106, "lat": 29, "ele": 370},
            "private": True,
            "auth_info": {"865820030013978": "460041234567890"},
            "obsv": False,
            "other": {"version": "1.0.0", "manu": "china mobile"},
        },
    )


def test_4_2_1_what_is_not_given_is_not_sent(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = ['{"errno":0,"data":{"device_id":"1"},"error":"succ"}']

    cloud.create_device("d", "8", "4")

    assert server.request().body == {"title": "d", "protocol": "LWM2M", "auth_info": {"8": "4"}}


def test_4_2_2_look_at_a_device(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [
        """{"errno":0,"error":"succ","data":{"online":true,"protocol":"HTTP",
        "title":"my device1","desc":"some description,ex:url","create_time":"2014-10-22 10:22:22",
        "obsv":true,"private":false,"binary":[{"index":"FJWOPN9023899","at":"2014-10-23 20:22:22",
        "size":2333,"desc":"binary description"}],"tags":["Tag1","Tag2"],
        "location":{"ele":370000,"lat":17.609991828964787,"lon":177.034029968273},
        "datastreams":[{"create_time":"2014-10-23 20:22:22","id":"datastream_id1",
        "unit":"celsius","unit_symbol":"C","uuid":"231a5aa9-9de4-5f2e-9e0f-015181c98429"}]}}"""
    ]

    device = cloud.device("233444")

    assert server.requested() == ("GET", "/devices/233444", {}, None)
    assert device == DeviceDetail(
        id="233444",
        title="my device1",
        description="some description,ex:url",
        tags=("Tag1", "Tag2"),
        protocol="HTTP",
        imei=None,
        imsi=None,
        online=True,
        private=False,
        observed=True,
        created=beijing(2014, 10, 22, 10, 22, 22),
        active=None,
        location=Location(177.034029968273, 17.609991828964787, 370000),
        streams=(
            Stream(
                "datastream_id1",
                "231a5aa9-9de4-5f2e-9e0f-015181c98429",
                beijing(2014, 10, 23, 20, 22, 22),
                "celsius",
                "C",
                None,
                None,
            ),
        ),
        other={},
    )


def test_4_2_3_delete_a_device(server: Recorder, cloud: OneNetSync) -> None:
    assert cloud.delete_device(233444) is None
    assert server.requested() == ("DELETE", "/devices/233444", {}, None)


def test_4_2_11_status_of_many(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [
        '{"errno":0,"error":"succ","data":{"total_count":2,"devices":'
        '[{"id":12323,"title":"daf","online":false},{"id":"1221","title":"x","online":true}]}}'
    ]

    found = cloud.device_status([1221, "12233", 1123])

    assert server.requested() == ("GET", "/devices/status", {"devIds": "1221,12233,1123"}, None)
    assert found == (DeviceStatus("12323", "daf", False), DeviceStatus("1221", "x", True))


def test_4_2_12_newest_points_of_many(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [
        '{"errno":0,"error":"succ","data":{"devices":[{"id":12323,"title":"daf","datastreams":'
        '[{"id":"temperature","at":"2017-02-12 10:22:22","value":12}]}]}}'
    ]

    found = cloud.newest_points(["1221", "12233", "1123"])

    assert server.requested() == ("GET", "/devices/datapoints", {"devIds": "1221,12233,1123"}, None)
    point = DataPoint("temperature", beijing(2017, 2, 12, 10, 22, 22), 12)
    assert found == (DevicePoints("12323", "daf", (point,)),)


def test_4_2_13_points(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [
        """{"errno":0,"error":"succ","data":{"cursor":"XXAABBCCDD","datastreams":[
        {"id":"temperature","datapoints":[{"at":"2017-02-12 10:22:22","value":42},
        {"at":"2017-02-13 10:22:22","value":84}],"statistic":{"at":"2017-02-12 10:22:22",
        "value":42}},{"id":"key","datapoints":[{"at":"2017-02-12 10:22:22","value":{"a":1}}]}]}}"""
    ]

    page = cloud.points_page(
        564280,
        ["3200_0_5501", "key"],
        start=datetime(2013, 5, 12, 9, 12, 33, tzinfo=UTC),  # Beijing is 8 hours ahead
        end=beijing(2013, 6, 12, 17, 22, 33),
        limit=6000,
        cursor="XX",
    )

    assert server.requested() == (
        "GET",
        "/devices/564280/datapoints",
        {
            "datastream_id": "3200_0_5501,key",
            "start": "2013-05-12T17:12:33",
            "end": "2013-06-12T17:22:33",
            "limit": "6000",
            "cursor": "XX",
        },
        None,
    )
    assert page == PointsPage(
        (
            DataPoint("temperature", beijing(2017, 2, 12, 10, 22, 22), 42),
            DataPoint("temperature", beijing(2017, 2, 13, 10, 22, 22), 84),
            DataPoint("key", beijing(2017, 2, 12, 10, 22, 22), {"a": 1}),
        ),
        "XXAABBCCDD",
    )


def test_4_2_13_without_parameters(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = ['{"errno":0,"error":"succ","data":{"count":0,"datastreams":[]}}']

    assert cloud.points_page("564280") == PointsPage((), None)
    assert server.requested() == ("GET", "/devices/564280/datapoints", {}, None)


SPAN = {
    "datastream_id": "3200_0_5501",
    "start": "2015-11-30T17:12:33",
    "end": "2015-12-01T17:22:33",
}
START, END = beijing(2015, 11, 30, 17, 12, 33), beijing(2015, 12, 1, 17, 22, 33)


def test_4_2_14_first_example(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [
        '{"errno":0,"data":{"count":2,"datastreams":[{"datapoints":['
        '{"at":"2015-12-01 17:06:23.535","value":"39"},'
        '{"at":"2015-12-01 17:17:41.498","value":"aa"}],"id":"3200_0_5501"}]},"error":"succ"}'
    ]

    page = cloud.points_page("564280", ["3200_0_5501"], start=START, end=END)

    assert server.requested() == ("GET", "/devices/564280/datapoints", SPAN, None)
    assert [(each.at.microsecond, each.value) for each in page.points] == [
        (535000, "39"),
        (498000, "aa"),
    ]


def test_4_2_15_and_4_2_16_walk_with_the_cursor(server: Recorder, cloud: OneNetSync) -> None:
    server.answers = [
        '{"errno":0,"data":{"cursor":"25971_564280_1448961024981","count":1,"datastreams":'
        '[{"datapoints":[{"at":"2015-12-01 17:09:55.915","value":"30"}],"id":"3200_0_5501"}]},'
        '"error":"succ"}',
        '{"errno":0,"data":{"count":2,"datastreams":[{"datapoints":['
        '{"at":"2015-12-01 17:10:24.981","value":"35"},'
        '{"at":"2015-12-01 17:10:53.406","value":"38"}],"id":"3200_0_5501"}]},"error":"succ"}',
    ]

    points = list(cloud.points("564280", ["3200_0_5501"], start=START, end=END, per_page=5))

    assert [each.value for each in points] == ["30", "35", "38"]
    path = "/devices/564280/datapoints"
    cursor = {"cursor": "25971_564280_1448961024981"}
    assert server.requests == [
        Request("GET", path, tuple((SPAN | {"limit": "5"}).items()), None, {}),
        Request("GET", path, tuple((SPAN | {"limit": "5"} | cursor).items()), None, {}),
    ]


def test_the_answer_without_data_of_a_refused_call(server: Recorder, cloud: OneNetSync) -> None:
    """A captured answer (with another value of the same length)."""
    server.answers = ['{"errno":6,"error":"invalid parameter: auth_info exists::abc00000000"}']

    with pytest.raises(OneNetError) as refused:
        cloud.create_device("d", "8", "4")

    assert (refused.value.errno, refused.value.error) == (
        6,
        "invalid parameter: auth_info exists::abc00000000",
    )
    assert str(refused.value) == (
        "POST /devices: errno 6, invalid parameter: auth_info exists::abc00000000 "
        "(a parameter has a wrong value; the detail names it)"
    )


def test_captured_answers(server: Recorder, cloud: OneNetSync) -> None:
    """Real answers (with other identities of the same length): keys, types and order differ."""
    server.answers = [
        '{"errno":0,"data":{"count":2,"datastreams":[{"datapoints":[{"at":"2016-05-04 13:05:05.701"'
        ',"value":19}],"id":"shidu"},{"datapoints":[{"at":"2016-05-04 13:05:05.704","value":30}],'
        '"id":"wendu"}]},"error":"succ"}',
        '{"errno":0,"data":{"devices":[{"title":"BC26","id":"5000000003","datastreams":[{"at":'
        '"2022-11-04 18:03:46","id":"T","value":"x"}]}]},"error":"succ"}',
    ]

    assert cloud.points_page("1").points == (
        DataPoint("shidu", beijing(2016, 5, 4, 13, 5, 5, 701000), 19),
        DataPoint("wendu", beijing(2016, 5, 4, 13, 5, 5, 704000), 30),
    )
    point = DataPoint("T", beijing(2022, 11, 4, 18, 3, 46), "x")
    assert cloud.newest_points(["5000000003"]) == (DevicePoints("5000000003", "BC26", (point,)),)
