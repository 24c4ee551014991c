"""JSON of LwM2M 1.0.2 (section 6.4.4), and SenML JSON of LwM2M 1.1."""

from __future__ import annotations

import pytest

from emulator.lwm2m import registry
from emulator.lwm2m.content import decode, encode
from emulator.lwm2m.model import ContentError, Item, Path, Value
from emulator.lwm2m.values import Type


def items(*pairs: tuple[str, Value]) -> tuple[Item, ...]:
    return tuple(Item(Path.parse(path), value) for path, value in pairs)


TEMPERATURE = items(("/3303/0/5700", 20.123), ("/3303/0/5701", "Cel"))


def untyped(_path: Path) -> None:
    return None


@pytest.mark.parametrize(
    ("content_format", "payload"),
    [
        (11543, '{"bn":"/3303/0/","e":[{"n":"5700","v":20.123},{"n":"5701","sv":"Cel"}]}'),
        (1543, '{"e":[{"n":"5700","sv":"20.123"},{"n":"5701","sv":"Cel"}]}'),
        (11543, '{"bn":"/","e":[{"n":"3303/0/5700","v":20.123},{"n":"3303/0/5701","sv":"Cel"}]}'),
        (11543, '{"e":[{"n":"/3303/0/5700","v":20.123},{"n":"/3303/0/5701","sv":"Cel"}]}'),
        (
            11543,
            '{"bn":"/3303/0/","bt":100,"e":[{"n":"5700","v":20.123,"t":-5},'
            '{"n":"5700","v":1,"t":-30},{"n":"5701","sv":"Cel"}]}',
        ),
        (110, '[{"bn":"/3303/0/","n":"5700","v":20.123},{"n":"5701","vs":"Cel"}]'),
        (110, '[{"n":"/3303/0/5700","v":20.123},{"n":"/3303/0/5701","vd":"Q2Vs"}]'),
        (110, '[{"bn":"","n":"/3303/0/5700","v":20.123},{"n":"5701","vs":"Cel"}]'),
        (110, '[{"bn":"/3303/0/5700","v":20.123},{"bn":"/3303/0/","n":"5701","vs":"Cel"}]'),
    ],
)
def test_all_forms_of_json_are_the_same_items(content_format: int, payload: str) -> None:
    assert decode(content_format, payload.encode(), Path(3303, 0), registry.type_of) == TEMPERATURE


def test_each_type_has_its_field_in_json() -> None:
    kinds = dict(zip(range(6), (*Type,)[:1] + (*Type,)[3:], strict=True))
    values = ("a", 1.5, True, b"\xff\xef", 1367491215, "66:1")
    typed = items(*((f"/9/0/{number}", value) for number, value in enumerate(values)))
    text = (
        '{"bn":"/9/0/","e":[{"n":"0","sv":"a"},{"n":"1","v":1.5},{"n":"2","bv":true},'
        '{"n":"3","sv":"/+8="},{"n":"4","v":1367491215},{"n":"5","ov":"66:1"}]}'
    )

    def type_of(path: Path) -> Type | None:
        return kinds[path.resource or 0]

    assert encode(11543, typed, Path(9, 0), type_of).decode() == text
    assert decode(11543, text.encode(), Path(9, 0), type_of) == typed
    senml = text[len('{"bn":"/9/0/","e":') : -1]
    senml = senml.replace('"sv":"/+8="', '"vd":"_-8"').replace('"sv"', '"vs"')
    senml = senml.replace('"bv"', '"vb"').replace('"ov"', '"vlo"')
    assert decode(110, senml.encode(), Path(9, 0), type_of) == typed
    assert [each.value for each in decode(110, senml.encode(), Path(9, 0), untyped)] == [*values]


def test_json_of_one_resource_needs_no_name() -> None:
    payload = encode(11543, TEMPERATURE[1:], Path(3303, 0, 5701), registry.type_of)
    assert payload == b'{"bn":"/3303/0/5701","e":[{"sv":"Cel"}]}'
    assert decode(11543, payload, Path(3303, 0, 5701), registry.type_of) == TEMPERATURE[1:]


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "[]",
        '{"e":1}',
        '{"e":[1]}',
        '{"e":[{"n":5700,"v":1}]}',
        '{"bn":3303,"e":[{"n":"5700","v":1}]}',
        '{"e":[{"n":"5700"}]}',
        '{"e":[{"n":"5700","v":1,"sv":"1"}]}',
        '{"e":[{"n":"5700","v":"1"}]}',
        '{"e":[{"n":"5700","v":true}]}',
        '{"e":[{"n":"5700","v":NaN}]}',
        '{"e":[{"n":"5700","v":1e999}]}',
        '{"e":[{"n":"5700","bv":1}]}',
        '{"e":[{"n":"5701","sv":1}]}',
        '{"e":[{"n":"5701","sv":"\\ud800"}]}',
        '{"e":[{"n":"5700","ov":"66:1"}]}',
        '{"e":[{"n":"5700","v":1,"t":"now"}]}',
        '{"e":[{"n":"5700","v":1,"t":1' + "0" * 400 + "}]}",
        '{"e":[{"n":"rd","v":1}]}',
        '{"bn":"/3303/","e":[{"n":"1/5700","v":1}]}',
        '{"bn":"/3303/","e":[{"n":"0","v":1}]}',
        "[" * 100_000,
        '{"e":[{"n":"5700","v":1' + "0" * 5000 + "}]}",
    ],
)
def test_what_is_no_json_of_lwm2m_is_an_error(payload: str) -> None:
    with pytest.raises(ContentError, match=r"expected|JSON"):
        decode(11543, payload.encode(), Path(3303, 0), registry.type_of)


@pytest.mark.parametrize(
    "payload", ['{"e":[]}', '[{"n":"5701","vd":1}]', '[{"n":"5701","vd":"温"}]', '[{"vd":"A"}]']
)
def test_what_is_no_senml_of_lwm2m_is_an_error(payload: str) -> None:
    with pytest.raises(ContentError, match="expected"):
        decode(110, payload.encode(), Path(3303, 0), registry.type_of)
