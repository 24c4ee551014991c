"""JSON of the API, compared with the guide and the suite's test specification."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.lwm2m.model import Item, Path
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.http import answers
from emulator.onenet.json_values import instances
from emulator.onenet.years import YEARS

TEMPERATURE = Path(3303, 0, 5700)
# 2015-12-01 17:06:23.535 in Beijing
MOMENT = 1448960783.535


def decoded(answer: answers.Answer) -> dict[str, object]:
    return json.loads(b"".join(answers.encoded(answer)))  # type: ignore[no-any-return]


def test_values_have_the_form_of_the_test_specification() -> None:
    shown = json.dumps(instances([Item(TEMPERATURE, 20.123)]), separators=(",", ":"))
    assert shown == '[{"res":[{"val":20.123,"res_id":5700}],"obj_inst_id":0}]'


def test_values_are_grouped_by_instance() -> None:
    items = [
        Item(Path(3303, 0, 5700), 1.5),
        Item(Path(3303, 0, 5701), "Cel"),
        Item(Path(3303, 1, 5700), 2.5),
    ]
    assert instances(items) == [
        {"res": [{"val": 1.5, "res_id": 5700}, {"val": "Cel", "res_id": 5701}], "obj_inst_id": 0},
        {"res": [{"val": 2.5, "res_id": 5700}], "obj_inst_id": 1},
    ]
    assert instances([]) == []


def test_resource_with_several_instances_is_shown_as_in_a_push() -> None:
    items = [
        Item(Path(3, 0, 6, 0), 1),
        Item(Path(3, 0, 0), "OneNET"),
        Item(Path(3, 0, 6, 1), 5),
    ]
    several = [{"val": 1, "res_inst_id": 0}, {"val": 5, "res_inst_id": 1}]
    res = [{"res_inst": several, "res_id": 6}, {"val": "OneNET", "res_id": 0}]
    assert instances(items) == [{"res": res, "obj_inst_id": 0}]


def test_bytes_become_an_array_of_numbers() -> None:
    for value, expected in [
        (b"\x0a\x64\x7b", [10, 100, 123]),
        (b"", []),
        (True, True),
        (7, 7),
        ("E309C82FE6", "E309C82FE6"),
    ]:
        ((shown,),) = [entry["res"] for entry in instances([Item(TEMPERATURE, value)])]
        assert shown == {"val": expected, "res_id": 5700}
        assert type(shown["val"]) is type(expected)


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
        (ApiError(Reason.INVALID_JSON), '{"errno":4,"error":"invalid JSON"}'),
        (ApiError(Reason.AUTH_FAILED), '{"errno":3,"error":"auth failed"}'),
        (
            ApiError(Reason.INVALID_PARAMETER, "auth_info exists::abc00000000"),
            '{"errno":6,"error":"invalid parameter: auth_info exists::abc00000000"}',
        ),
        (
            ApiError(Reason.NOT_ONLINE, "500000004"),
            '{"errno":10,"error":"device not online: 500000004","data":null}',
        ),
        (
            ApiError(Reason.UNSUCCESS, "OFFLINE"),
            '{"errno":14,"error":"network latency: network latency or device offline"}',
        ),
        (
            ApiError(Reason.UNSUCCESS, "TIME_OUT"),
            '{"errno":16,"error":"unsuccess: TIME_OUT null"}',
        ),
    ],
)
def test_errors_are_as_captured(error: ApiError, body: str) -> None:
    """Byte for byte, with other identities."""
    assert b"".join(answers.encoded(answers.failure(error, "/nbiot", YEARS[2018]))) == body.encode()


@pytest.mark.parametrize(
    ("reason", "classic", "nbiot_2019"),
    [
        (Reason.KEY_REQUIRED, (2, "api-key required: x"), (1, "auth failed")),
        (Reason.AUTH_FAILED, (3, "auth failed: x"), (1, "auth failed: x")),
        (
            Reason.INVALID_JSON,
            (4, "invalid JSON: x"),
            (5108, "invalid parameter: the body is not JSON"),
        ),
        (
            Reason.BODY_TOO_LARGE,
            (5, "request entity too large: x"),
            (5006, "system logic limit: x"),
        ),
        (Reason.INVALID_PARAMETER, (6, "invalid parameter: x"), (5108, "invalid parameter: x")),
        (Reason.PARAMETER_REQUIRED, (7, "parameter required: x"), (3, "parameter required: x")),
        (Reason.NOT_FOUND, (8, "not found: x"), (5108, "invalid parameter: x")),
        (Reason.BODY_REQUIRED, (9, "entity data required: x"), (3, "parameter required: the body")),
        (Reason.NOT_ONLINE, (10, "device not online: x"), (2001, "device not online")),
        (Reason.LIMIT, (13, "system limit: x"), (5006, "system logic limit: x")),
        (
            Reason.DEVICE_LIMIT,
            (19, "device count limit by account policy: x"),
            (5006, "system logic limit: x"),
        ),
        (
            Reason.TOO_MANY_DEVICES,
            (20, "max device count limit is 1000 for one time: x"),
            (5006, "system logic limit: x"),
        ),
        (Reason.INVALID_PROTOCOL, (22, "invalid protocol: x"), (5108, "invalid parameter: x")),
        (Reason.UNSUCCESS, (16, "unsuccess: x null"), (5106, "unsuccess: x")),
        (Reason.INTERNAL, (1, "internal server error: x"), (7, "service internal error")),
    ],
)
def test_error_tables(
    reason: Reason, classic: tuple[int, str], nbiot_2019: tuple[int, str]
) -> None:
    error = ApiError(reason, "x")
    for path in ("/nbiot", "/nbiot/execute", "/nbiot/resources", "/nbiot/"):
        for year, expected in ((2018, classic), (2019, nbiot_2019)):
            answer = answers.failure(error, path, YEARS[year])
            assert (answer["errno"], answer["error"]) == expected
    for path in ("/devices", "/devices/500000001/datapoints", "/triggers", "/nbiots", "/", ""):
        for year in (2018, 2019):
            answer = answers.failure(error, path, YEARS[year])
            assert (answer["errno"], answer["error"]) == classic


def test_each_reason_has_its_place_in_each_table() -> None:
    for year in YEARS.values():
        assert set(Reason) <= set(year.nbiot)


def test_braces_in_an_error_detail_are_kept() -> None:
    error = ApiError(Reason.LIMIT, "{detail}")
    for year, text in ((2018, "system limit: {detail}"), (2019, "system logic limit: {detail}")):
        assert answers.failure(error, "/nbiot", YEARS[year])["error"] == text


def test_success_with_and_without_data() -> None:
    assert answers.success() == {"errno": 0, "error": "succ"}
    assert list(answers.success([]).items()) == [("errno", 0), ("data", []), ("error", "succ")]


# Encoding ----------------------------------------------------------------------------------------


def test_json_is_compact_with_the_keys_in_onenets_order() -> None:
    """A real answer of OneNET has 58 bytes with a device id of eight digits."""
    text = b"".join(answers.encoded(answers.success({"device_id": "50000001"})))
    assert text == b'{"errno":0,"data":{"device_id":"50000001"},"error":"succ"}'


def test_text_that_is_json_already_is_kept() -> None:
    points = iter([answers.Json("1,2"), answers.Json('{"a": 3}')])
    answer = {"points": points, "value": answers.Json('"x"'), "text": "x"}
    assert b"".join(answers.encoded(answer)) == b'{"points":[1,2,{"a": 3}],"value":"x","text":"x"}'


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(),
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

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    assert b"".join(answers.encoded(value)) == text
    assert b"".join(answers.encoded(lazy(value))) == text


def test_number_without_a_json_form_is_null() -> None:
    values = iter([float("nan"), float("inf")])
    assert b"".join(answers.encoded({"value": values})) == b'{"value":[null,null]}'
