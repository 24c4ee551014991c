"""Bodies: what is read, what is refused, for which reason."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.lwm2m.model import Item, Path
from emulator.onenet.devices import Description
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.http import bodies, device_bodies
from tests.support.effort import scaled

INSTANCE = Path(3303, 0)


def refusal(call: Callable[[], object]) -> tuple[Reason, str]:
    with pytest.raises(ApiError) as refused:
        call()
    return refused.value.reason, refused.value.detail


# Bodies ------------------------------------------------------------------------------------------


def test_body_is_a_json_object() -> None:
    assert bodies.json_body('{"args": "温度"}'.encode()) == {"args": "温度"}
    assert bodies.json_body(b"{}") == {}


@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_empty_body_is_refused_where_one_is_needed(body: bytes) -> None:
    assert bodies.json_body(body, optional=True) == {}
    assert refusal(lambda: bodies.json_body(body)) == (Reason.BODY_REQUIRED, "")


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"data":[{"res_id":1,"val":2,},],}', {"data": [{"res_id": 1, "val": 2}]}),
        (b'{"a": [1 , ] ,\r\n}\r\n', {"a": [1]}),
        (b'{"a": "x,}", "b": "\\",]", }', {"a": "x,}", "b": '",]'}),
        (b'\xef\xbb\xbf{"a": null,}', {"a": None}),
    ],
)
def test_comma_after_the_last_entry_is_ignored(body: bytes, value: object) -> None:
    """Seen of the real API."""
    assert bodies.json_body(body) == value


SHORT = st.text(max_size=20)


@given(
    st.dictionaries(
        SHORT,
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | SHORT,
            lambda inner: (
                st.lists(inner, min_size=1, max_size=4)
                | st.dictionaries(SHORT, inner, min_size=1, max_size=4)
            ),
            max_leaves=8,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_trailing_commas_change_no_value(value: dict[str, object]) -> None:
    def text(value: object) -> str:
        if isinstance(value, list):
            return "[" + "".join(f"{text(entry)} ,\n" for entry in value) + "]"
        if isinstance(value, dict):
            return "{" + "".join(f"{text(key)}:{text(value[key])}," for key in value) + "\t}"
        return json.dumps(value)

    assert bodies.json_body(text(value).encode()) == value


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"args=1",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": "\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": [1e999]}',
        b'{"a": -1e999, }',
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1} {}',
        *(
            b"{,}",
            b'{"a": [,]}',
            b'{"a": 1,,}',
            b'{"a": ,}',
            b'{"a": [1,}',
            b'{"a": "x,}',
            b'{"a\\',
        ),
        b'{"a": "' + b"x" * 8192 + b'",}',
    ],
)
def test_body_that_is_not_json_is_refused(body: bytes) -> None:
    refused = refusal(lambda: bodies.json_body(body))
    assert refused == (Reason.INVALID_JSON, "")


@pytest.mark.parametrize("opened", ["[", '{"a":'])
def test_body_is_nested_up_to_100_levels(opened: str) -> None:
    def body(levels: int) -> bytes:
        closed = "]" if opened == "[" else "}"
        return f'{{"a":{opened * (levels - 1)}1{closed * (levels - 1)}}}'.encode()

    assert bodies.json_body(body(100)) == json.loads(body(100))
    refused = refusal(lambda: bodies.json_body(body(101)))
    assert refused == (Reason.INVALID_PARAMETER, "the body is nested deeper than 100 levels")


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null", b"true"])
def test_body_that_is_no_object_is_refused(body: bytes) -> None:
    refused = refusal(lambda: bodies.json_body(body))
    assert refused == (Reason.INVALID_PARAMETER, "the body is not a JSON object")


@given(body=st.binary(max_size=60))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    try:
        bodies.json_body(body)
    except ApiError as error:
        assert error.reason in (  # noqa: PT017 - it need not be raised
            Reason.BODY_REQUIRED,
            Reason.INVALID_JSON,
            Reason.INVALID_PARAMETER,
        )


def items(*entries: object) -> tuple[Item, ...]:
    return bodies.items({"data": list(entries)}, INSTANCE)


@pytest.mark.parametrize(
    "value", [True, False, 0, -(2**63), 2**63 - 1, 20.5, -1e300, "", "x", "温度", "a,b"]
)
def test_value_keeps_its_type(value: object) -> None:
    (item,) = items({"res_id": 5700, "val": value})
    assert item == Item(Path(3303, 0, 5700), value)  # type: ignore[arg-type]
    assert type(item.value) is type(value)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ({"val": [10, 100, 255]}, b"\x0a\x64\xff"),
        ({"val": []}, b""),
        ({"val": "0A64ff", "type": 1}, b"\x0a\x64\xff"),
        ({"val": "", "type": 1}, b""),
        ({"val": 1543300000, "type": 2}, 1543300000),
        ({"val": "0A64FF", "type": None}, "0A64FF"),
    ],
)
def test_bytes_and_typed_values(entry: dict[str, object], value: object) -> None:
    assert items({"res_id": 5700, **entry}) == (Item(Path(3303, 0, 5700), value),)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        ({"val": "0A6", "type": 1}, 'val "0A6", expected pairs of hexadecimal digits'),
        ({"val": "0A 64", "type": 1}, 'val "0A 64", expected pairs of hexadecimal digits'),
        ({"val": [1], "type": 1}, "val [1], expected pairs of hexadecimal digits"),
        ({"val": "1", "type": 2}, 'val "1", expected seconds'),
        ({"val": True, "type": 2}, "val true, expected seconds"),
        ({"val": 1, "type": 3}, "type 3, expected 1 (hexadecimal digits) or 2 (seconds)"),
        ({"val": "0A", "type": "1"}, 'type "1", expected 1'),
        ({"val": "0A", "type": True}, "type true, expected 1"),
        ({"val": 1, "value": 2}, '"value" is not served, expected res_id, val, type'),
    ],
)
def test_entry_that_is_not_understood_is_refused(entry: dict[str, object], wrong: str) -> None:
    reason, detail = refusal(lambda: items({"res_id": 5700, **entry}))
    assert reason is Reason.INVALID_PARAMETER
    assert wrong in detail


@pytest.mark.parametrize(
    ("take", "body", "wrong"),
    [
        (
            lambda body: bodies.items(body, INSTANCE),
            {"data": [{"res_id": 1, "val": 1}], "mode": 1},
            '"mode" is not served, expected data',
        ),
        (bodies.arguments, {"arg": "x"}, '"arg" is not served, expected args'),
        (
            device_bodies.description,
            {"chips": "x"},
            '"chips" is not served, expected title, desc, tags',
        ),
    ],
)
def test_unknown_member_of_a_body_is_refused_by_name(
    take: Callable[[dict[str, object]], object], body: dict[str, object], wrong: str
) -> None:
    reason, detail = refusal(lambda: take(body))
    assert reason is Reason.INVALID_PARAMETER
    assert detail.startswith(wrong)


def test_limit_of_a_write_counts_bytes_not_digits() -> None:
    assert items({"res_id": 1, "val": "AB" * 1000, "type": 1})
    reason, _ = refusal(lambda: items({"res_id": 1, "val": [0] * 1001}))
    assert reason is Reason.LIMIT


def test_values_keep_their_order() -> None:
    written = items({"res_id": 5850, "val": True}, {"res_id": 5700, "val": 1})
    assert [item.path.resource for item in written] == [5850, 5700]


@pytest.mark.parametrize(
    "value",
    [2**63, -(2**63) - 1, {}, float("inf"), [256], [-1], [1.0], [True], ["A"], [[]]],
)
def test_value_that_no_resource_can_have_is_refused(value: object) -> None:
    reason, detail = refusal(lambda: items({"res_id": 1, "val": value}))
    assert reason is Reason.INVALID_PARAMETER
    assert detail.startswith("val ")


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({}, (Reason.PARAMETER_REQUIRED, "data")),
        ({"data": None}, (Reason.PARAMETER_REQUIRED, "data")),
        ({"data": [{"val": 1}]}, (Reason.PARAMETER_REQUIRED, "res_id")),
        ({"data": [{"res_id": 1}]}, (Reason.PARAMETER_REQUIRED, "val")),
        ({"data": [{"res_id": 1, "val": None}]}, (Reason.PARAMETER_REQUIRED, "val")),
    ],
)
def test_missing_parameter_of_a_write_is_named(
    body: dict[str, object], refused: tuple[Reason, str]
) -> None:
    assert refusal(lambda: bodies.items(body, INSTANCE)) == refused


@pytest.mark.parametrize("data", [[], {}, "x", 1, [1], ["x"], [None]])
def test_data_must_be_a_list_of_objects(data: object) -> None:
    reason, detail = refusal(lambda: bodies.items({"data": data}, INSTANCE))
    assert (reason, detail) == (Reason.INVALID_PARAMETER, "data, expected a list of {res_id, val}")


@pytest.mark.parametrize("number", ["5700", -1, 65536, 1.0, True, [], {}])
def test_resource_id_outside_16_bits_is_invalid(number: object) -> None:
    reason, detail = refusal(lambda: items({"res_id": number, "val": 1}))
    assert reason is Reason.INVALID_PARAMETER
    assert detail.startswith("res_id")


def test_repeated_resource_is_refused() -> None:
    reason, detail = refusal(lambda: items({"res_id": 1, "val": 1}, {"res_id": 1, "val": 2}))
    assert (reason, detail) == (Reason.INVALID_PARAMETER, "res_id 1 stands twice in data")


def test_write_of_more_than_1000_bytes_is_refused() -> None:
    assert items({"res_id": 1, "val": "é" * 250}, {"res_id": 2, "val": "x" * 500})
    reason, _ = refusal(
        lambda: items({"res_id": 1, "val": "é" * 250}, {"res_id": 2, "val": "x" * 501})
    )
    assert reason is Reason.LIMIT


def test_arguments_have_at_most_1000_bytes() -> None:
    assert bodies.arguments({}) == b""
    assert bodies.arguments({"args": "ping"}) == b"ping"
    assert bodies.arguments({"args": "温"}) == "温".encode()
    assert bodies.arguments({"args": "x" * 1000}) == b"x" * 1000
    assert refusal(lambda: bodies.arguments({"args": "é" * 501}))[0] is Reason.LIMIT
    assert refusal(lambda: bodies.arguments({"args": 5}))[0] is Reason.INVALID_PARAMETER


# Devices -----------------------------------------------------------------------------------------

REQUIRED: dict[str, object] = {
    "title": "mydevice",
    "protocol": "LWM2M",
    "auth_info": {"867726030000001": "460040000000001"},
}


def test_device_with_required_parameters() -> None:
    assert device_bodies.description(REQUIRED) == Description(
        "mydevice", "867726030000001", "460040000000001"
    )


def test_device_with_all_parameters() -> None:
    body = REQUIRED | {
        "desc": "some description",
        "tags": ["china", "mobile"],
        "location": {"lon": 106, "lat": 29, "ele": 370},
        "private": False,
        "obsv": False,
        "other": {"version": "1.0.0", "manu": "china mobile"},
        "protocol": "lwm2m",
        "auth": "auth77",
        "psk": "key45678",
    }
    assert device_bodies.description(body) == Description(
        title="mydevice",
        imei="867726030000001",
        imsi="460040000000001",
        desc="some description",
        tags=("china", "mobile"),
        location={"lon": 106, "lat": 29, "ele": 370},
        private=False,
        observed=False,
        other={"version": "1.0.0", "manu": "china mobile"},
        auth="auth77",
        psk="key45678",
    )


@pytest.mark.parametrize("name", ["title", "protocol", "auth_info"])
def test_missing_parameter_of_a_device_is_named(name: str) -> None:
    body = {key: value for key, value in REQUIRED.items() if key != name}
    assert refusal(lambda: device_bodies.description(body)) == (Reason.PARAMETER_REQUIRED, name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", 5),
        ("title", ["x"]),
        ("protocol", 1),
        ("auth_info", "123;456"),
        ("auth_info", {}),
        ("auth_info", {"1": "2", "3": "4"}),
        ("auth_info", {"": "456"}),
        ("auth_info", {"1" * 18: "456"}),
        ("auth_info", {"12-3": "456"}),
        ("auth_info", {"123": "4" * 17}),
        ("auth_info", {"123": 456}),
        ("auth_info", {"123": "4;6"}),
        ("auth_info", {"123\n": "456"}),
        ("desc", 1),
        ("tags", "china"),
        ("tags", [1]),
        ("location", [106, 29]),
        ("private", "true"),
        ("obsv", 1),
        ("other", "text"),
        ("auth", 1),
        ("auth", ""),
        ("auth", "a" * 17),
        ("auth", "a b"),
        ("psk", "short12"),
        ("psk", "a" * 17),
        ("psk", "12345678!"),
    ],
)
def test_invalid_parameter_of_a_device_is_named(name: str, value: object) -> None:
    reason, detail = refusal(lambda: device_bodies.description(REQUIRED | {name: value}))
    assert reason is Reason.INVALID_PARAMETER
    assert detail.startswith(name)


def test_empty_title_counts_as_missing() -> None:
    refused = refusal(lambda: device_bodies.description(REQUIRED | {"title": ""}))
    assert refused == (Reason.PARAMETER_REQUIRED, "title")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(max_examples=scaled(30))
@given(
    st.dictionaries(
        st.sampled_from(
            [*REQUIRED, "desc", "tags", "location", "private", "obsv", "other", "data"]
        ),
        JSON,
    )
)
def test_any_object_is_read_or_refused(body: dict[str, object]) -> None:
    for take in (
        device_bodies.description,
        bodies.arguments,
        lambda body: bodies.items(body, INSTANCE),
    ):
        try:
            json.dumps(str(take(body)))
        except ApiError as error:
            assert error.detail  # noqa: PT017 - it need not be raised


def test_device_of_another_protocol_is_refused() -> None:
    """The classic error table has a number of its own for it, 22."""
    for protocol in ("HTTP", "edp", "LWM2M "):
        reason, detail = refusal(
            lambda p=protocol: device_bodies.description(REQUIRED | {"protocol": p})
        )
        assert (reason, detail) == (Reason.INVALID_PROTOCOL, f'"{protocol}", expected LWM2M')


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1])
def test_integer_that_no_answer_can_show_is_refused(number: int) -> None:
    with pytest.raises(ApiError, match="64 bits"):
        bodies.json_body(f'{{"other":{{"deep":[{number}]}}}}'.encode())
