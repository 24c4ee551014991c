"""JSON of the API, compared with the guide and the suite's test specification."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.air.model import Item, Path
from emulator.onenet.datapoints import DataPoints
from emulator.onenet.devices import Description, Device
from emulator.onenet.errors import ApiError, Errno
from emulator.onenet.http import answers

TEMPERATURE = Path(3303, 0, 5700)
# 2015-12-01 17:06:23.535 in Beijing
MOMENT = 1448960783.535


def decoded(answer: answers.Answer) -> dict[str, object]:
    return json.loads("".join(answers.encoded(answer)))  # type: ignore[no-any-return]


def test_values_have_the_form_of_the_test_specification() -> None:
    shown = json.dumps(answers.values([Item(TEMPERATURE, 20.123)]), separators=(",", ":"))
    assert shown == '[{"res":[{"val":20.123,"res_id":5700}],"obj_inst_id":0}]'


def test_values_are_grouped_by_instance() -> None:
    items = [
        Item(Path(3303, 0, 5700), 1.5),
        Item(Path(3303, 0, 5701), "Cel"),
        Item(Path(3303, 1, 5700), 2.5),
    ]
    assert answers.values(items) == [
        {"res": [{"val": 1.5, "res_id": 5700}, {"val": "Cel", "res_id": 5701}], "obj_inst_id": 0},
        {"res": [{"val": 2.5, "res_id": 5700}], "obj_inst_id": 1},
    ]
    assert answers.values([]) == []


def test_bytes_become_an_array_of_numbers() -> None:
    for value, expected in [
        (b"\x0a\x64\x7b", [10, 100, 123]),
        (b"", []),
        (True, True),
        (7, 7),
        ("E309C82FE6", "E309C82FE6"),
    ]:
        ((shown,),) = [entry["res"] for entry in answers.values([Item(TEMPERATURE, value)])]
        assert shown == {"val": expected, "res_id": 5700}
        assert type(shown["val"]) is type(expected)


def test_data_points_have_the_form_of_the_guide() -> None:
    points = DataPoints()
    path = Path(3200, 0, 5501)
    points.record(path, "39", MOMENT)
    points.record(path, "20", MOMENT + 10.953)
    assert decoded(answers.datapoints(list(points.streams(26)))) == {
        "count": 2,
        "datastreams": [
            {
                "datapoints": [
                    {"at": "2015-12-01 17:06:23.535", "value": "39"},
                    {"at": "2015-12-01 17:06:34.488", "value": "20"},
                ],
                "id": "3200_0_5501",
            }
        ],
    }
    assert decoded(answers.datapoints([])) == {"count": 0, "datastreams": []}


def test_created_device_has_its_id() -> None:
    device = Device("233444", "1;2", Description("a device", "1", "2"), 0)
    assert answers.created(device) == {"device_id": "233444"}


def test_device_with_required_parameters() -> None:
    device = Device("233444", "1;2", Description("a device", "1", "2"), MOMENT)
    assert decoded(answers.device(device, online=False)) == {
        "online": False,
        "protocol": "LWM2M",
        "title": "a device",
        "create_time": "2015-12-01 17:06:23",
        "obsv": True,
        "private": True,
        "binary": [],
        "tags": [],
        "datastreams": [],
    }


def test_device_with_all_parameters() -> None:
    description = Description(
        "a device", "1", "2", "about it", ("x",), {"lon": 106}, False, False, {"manu": "me"}
    )
    device = Device("233444", "1;2", description, MOMENT)
    device.points.record(TEMPERATURE, 1.5, MOMENT + 60)
    shown = decoded(answers.device(device, online=True))
    assert shown["online"] is True
    assert (shown["desc"], shown["tags"], shown["location"]) == ("about it", ["x"], {"lon": 106})
    assert (shown["obsv"], shown["private"], shown["other"]) == (False, False, {"manu": "me"})
    (stream,) = shown["datastreams"]  # type: ignore[misc]
    assert UUID(stream.pop("uuid")).version == 5
    assert stream == {
        "create_time": "2015-12-01 17:07:23",
        "id": "3303_0_5700",
        "unit": "",
        "unit_symbol": "",
    }
    assert decoded(answers.device(device, online=True)) == decoded(
        answers.device(device, online=True)
    )


def test_resources_are_listed_by_registered_instance() -> None:
    objects = [Path(3303, 1), Path(3200, 0), Path(3303, 0), Path(3311)]
    discovered = [
        Path(3303),
        Path(3303, 0),
        Path(3303, 0, 5701),
        Path(3303, 0, 5700),
        Path(3303, 9, 5700),
    ]
    assert answers.resources(objects, discovered) == {
        "total_count": 3,
        "item": [
            {"obj_id": 3200, "instances": [{"inst_id": 0, "resources": []}]},
            {
                "obj_id": 3303,
                "instances": [
                    {"inst_id": 0, "resources": [5700, 5701]},
                    {"inst_id": 1, "resources": []},
                ],
            },
            {"obj_id": 3311, "instances": []},
        ],
    }
    assert answers.resources((), ()) == {"total_count": 0, "item": []}


# Errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (ApiError(Errno.AUTH_FAILED), {"errno": 1, "error": "auth failed"}),
        (
            ApiError(Errno.PARAMETER_REQUIRED, "obj_id"),
            {"errno": 3, "error": "parameter required: obj_id"},
        ),
        (ApiError(Errno.INTERNAL_ERROR), {"errno": 7, "error": "service internal error"}),
        (ApiError(Errno.NOT_ONLINE), {"errno": 2001, "error": "device not online"}),
        (ApiError(Errno.LIMIT, "much"), {"errno": 5006, "error": "system logic limit: much"}),
        (ApiError(Errno.UNSUCCESS, "TIME_OUT"), {"errno": 5106, "error": "unsuccess: TIME_OUT"}),
        (
            ApiError(Errno.INVALID_PARAMETER, "mode 3"),
            {"errno": 5108, "error": "invalid parameter: mode 3"},
        ),
    ],
)
def test_error_table_of_2019(error: ApiError, body: dict[str, object]) -> None:
    assert answers.failure(error, 2019) == body
    assert str(error) == body["error"]


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (ApiError(Errno.AUTH_FAILED), {"errno": 3, "error": "auth failed"}),
        (
            ApiError(Errno.NOT_ONLINE),
            {"errno": 14, "error": "network latency: network latency or device offline"},
        ),
        (ApiError(Errno.UNSUCCESS, "TIME_OUT"), {"errno": 16, "error": "unsuccess: TIME_OUT null"}),
        (ApiError(Errno.LIMIT, "much"), {"errno": 5006, "error": "system logic limit: much"}),
    ],
)
def test_error_table_of_2018(error: ApiError, body: dict[str, object]) -> None:
    assert answers.failure(error, 2018) == body


def test_braces_in_an_error_detail_are_kept() -> None:
    answer = answers.failure(ApiError(Errno.LIMIT, "{detail}"), 2019)
    assert answer["error"] == "system logic limit: {detail}"


def test_success_with_and_without_data() -> None:
    assert answers.success() == {"errno": 0, "error": "succ"}
    assert list(answers.success([]).items()) == [("errno", 0), ("data", []), ("error", "succ")]


# Encoding ----------------------------------------------------------------------------------------


def test_json_is_compact_with_the_keys_in_onenets_order() -> None:
    """A real answer of OneNET has 58 bytes with a device id of eight digits."""
    device = Device("50000001", "1;2", Description("a device", "1", "2"), 0)
    text = "".join(answers.encoded(answers.success(answers.created(device))))
    assert text == '{"errno":0,"data":{"device_id":"50000001"},"error":"succ"}'


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_value_is_encoded_as_json_does_it(value: object) -> None:
    def lazy(value: object) -> object:
        if isinstance(value, list):
            return (lazy(entry) for entry in value)
        if isinstance(value, dict):
            return {key: lazy(entry) for key, entry in value.items()}
        return value

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert "".join(answers.encoded(value)) == text
    assert "".join(answers.encoded(lazy(value))) == text


def test_number_without_a_json_form_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        list(answers.encoded({"value": iter([float("nan")])}))
