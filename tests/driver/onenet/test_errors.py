"""What a program sees when a call fails: the errors of both tables, and answers of no OneNET."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from m5310.onenet import BadAnswer, CallFailed, OneNetError
from m5310.onenet.calls import devices, keys, offline, points, resources, triggers
from m5310.onenet.calls.call import Call

ANY_CALL: list[Call[object]] = [
    devices.create_device("d", "8", "4"),
    devices.device("1"),
    devices.devices(),
    devices.device_status(["1"]),
    devices.streams("1"),
    devices.delete_device("1"),
    points.points_page("1"),
    points.newest_points(["1"]),
    resources.read("8", "3"),
    resources.resources("8"),
    resources.discover("8", "3"),
    offline.offline_command("8", "u"),
    offline.cancel_all_offline("8"),
    triggers.triggers(),
    triggers.trigger(1),
    keys.keys(),
]


# The tables of OneNET's documentation; the classic one of 2018, and that of /nbiot from 2019 on.
@pytest.mark.parametrize(
    ("errno", "error", "words"),
    [
        (1, "internal server error", "the platform failed"),
        (1, "auth failed", "the api-key is wrong"),
        (2, "api-key required", "the request had no api-key"),
        (3, "auth failed", "the api-key is wrong"),
        (3, "parameter required: imei", "a parameter is missing"),
        (4, "invalid JSON", "the body is no JSON"),
        (5, "request entity too large", "the body is too long"),
        (6, "invalid parameter: x", "a parameter has a wrong value"),
        (7, "parameter required: imei", "a parameter is missing"),
        (7, "service internal error", "the platform failed"),
        (8, "not found", "is not there"),
        (9, "entity data required", "needs a body"),
        (10, "device not online: 500000004", "not registered now; try an offline command"),
        (11, "datastream already exists", "has a stream of this name"),
        (12, "already exists", "there is one of this name"),
        (13, "system limit", "a limit of the platform"),
        (14, "network latency: network latency or device offline", "offline, or its network"),
        (15, "api freq out of limit", "too many calls"),
        (16, "unsuccess: TIME_OUT null", "refused or did not answer"),
        (17, "nbiot server error", "NB-IoT part failed"),
        (18, "hs server error", "a server of the platform failed"),
        (19, "device count limit by account policy", "all devices it may have"),
        (20, "max device count limit is 1000 for one time", "fewer devices"),
        (21, "device field constraint violation", "a field of the device"),
        (22, "invalid protocol", "the protocol is not one"),
        (23, "contain sensitive words", "does not take a word"),
        (2001, "device not online", "not registered now; try an offline command"),
        (5006, "system logic limit", "a limit of the platform"),
        (5106, "UNSUCCESS: TIME_OUT", "refused or did not answer"),
        (5108, "invalid parameter", "a wrong value"),
        (5117, "rpc error", "a part of the platform"),
        (3, "", "the api-key is wrong"),
        (999, "what?", "does not document"),
    ],
)
def test_the_meaning_of_an_error(errno: int, error: str, words: str) -> None:
    body = json.dumps({"errno": errno, "error": error, "data": None})

    with pytest.raises(OneNetError) as refused:
        resources.read("8", "3").result(200, body.encode())

    assert (refused.value.errno, refused.value.error) == (errno, error)
    assert words in refused.value.meaning
    assert words in str(refused.value)
    assert str(refused.value).startswith(f"GET /nbiot: errno {errno}, {error}")


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, b"<html>", "GET /devices/1: expected HTTP status 200, got 404: <html>"),
        (200, b"<html>", "GET /devices/1: expected JSON, got <html>"),
        (200, b"", "GET /devices/1: expected JSON, got "),
        (200, b"[]", "GET /devices/1: the answer: expected a JSON object, got []"),
        (200, b"{}", "the answer: errno: expected a whole number, got None"),
        (200, b'{"errno":true}', "the answer: errno: expected a whole number, got True"),
        (200, b'{"errno":1,"error":[]}', "the answer: error: expected text, got []"),
        (200, b'{"errno":0}', "data: expected a JSON object, got None"),
        (200, b'{"errno":0,"data":{"online":1}}', "online: expected true or false, got 1"),
        (200, b'{"errno":0,"data":{"tags":1}}', "tags: expected a list, got 1"),
        (200, b'{"errno":0,"data":{"title":{}}}', "title: expected text, got {}"),
        (
            200,
            b'{"errno":0,"data":{"create_time":"x"}}',
            "create_time: expected a time such as 2018-03-08 17:30:00, got 'x'",
        ),
        (
            200,
            b'{"errno":0,"data":{"datastreams":[1]}}',
            "data, datastreams: expected a JSON object, got 1",
        ),
        (
            200,
            b'{"errno":0,"data":{"location":{"lon":"x"}}}',
            "location: lon: expected a number, got 'x'",
        ),
        (200, b'{"errno":0,"data":{"other":1}}', "other: expected an object, got 1"),
        (200, b"[" * 100_000, "expected JSON"),
        (200, b'{"errno":' + b"9" * 5000 + b"}", "expected JSON"),
        (500, b"x" * 1000, "x" * 70),
    ],
)
def test_an_answer_that_is_not_onenets(status: int, body: bytes, words: str) -> None:
    with pytest.raises(BadAnswer) as refused:
        devices.device("1").result(status, body)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("call", "data", "words"),
    [
        (offline.offline_command("8", "u"), {"send_status": 9}, "send_status: expected 1 to 8"),
        (triggers.trigger(1), {"id": "x"}, "id: expected a whole number, got 'x'"),
        (resources.discover("8", "3"), [{"obj_inst_id": 0, "res_id": ["x"]}], "res_id: expected a"),
        (keys.keys(), {"keys": [{"key": "k", "permissions": [1]}]}, "permissions: expected a list"),
    ],
)
def test_data_of_another_form(call: Call[object], data: object, words: str) -> None:
    with pytest.raises(BadAnswer, match=words):
        call.result(200, json.dumps({"errno": 0, "data": data}).encode())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.text()
            | st.sampled_from(
                ["data", "id", "datastreams", "devices", "item", "datapoints", "at", "total_count"]
            ),
            inner,
        )
    ),
)


@given(
    st.sampled_from(ANY_CALL),
    st.integers(100, 599) | st.just(200),
    st.binary()
    | json_values.map(lambda value: json.dumps({"errno": 0, "data": value}).encode())
    | json_values.map(lambda value: json.dumps(value).encode()),
)
@example(points.points_page("1"), 200, b'{"errno":0,"data":{"datastreams":[{"id":"x"}]}}')
@example(devices.device("1"), 200, b'{"errno":0,"data":{"create_time":"9999-12-31T23:00-14:00"}}')
def test_any_answer_gives_a_result_or_a_typed_error(
    call: Call[object], status: int, body: bytes
) -> None:
    with suppress(CallFailed):
        call.result(status, body)
