"""Values: encoded, decoded, and refused if they cannot be sent."""

from __future__ import annotations

import enum
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.errors import AnswerError, ParameterError
from m5310.lwm2m.values import PAYLOAD_LIMIT, Value, ValueType, decode, encode, size

V = ValueType

carriable = st.text(
    st.characters(
        exclude_characters='"',
        exclude_categories=["Cc", "Cs"],
    ),
    max_size=200,
)
values_of = {
    V.STRING: carriable,
    V.OPAQUE: st.binary(max_size=512),
    V.INTEGER: st.integers(-(2**63), 2**63 - 1),
    V.FLOAT: st.floats(allow_nan=False, allow_infinity=False),
    V.BOOLEAN: st.booleans(),
    V.HEX_STRING: st.binary(max_size=512).map(lambda raw: raw.hex()),
}


@given(st.sampled_from(V).flatmap(lambda kind: st.tuples(st.just(kind), values_of[kind])))
def test_encoded_value_is_decoded_to_the_same(sent: tuple[ValueType, Value]) -> None:
    kind, value = sent
    text = encode(kind, value)
    assert decode(kind, text) == value
    assert '"' not in text
    assert text.isprintable() or kind is V.STRING


@given(st.sampled_from(V), st.text(max_size=60))
def test_any_text_is_decoded_or_a_typed_error(kind: V, text: str) -> None:
    try:
        value = decode(kind, text.encode("utf-8", "replace").decode())
    except AnswerError:
        return
    if not isinstance(value, str):
        assert decode(kind, encode(kind, value)) == value


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (V.STRING, "Grüße, 世界", "Grüße, 世界"),
        (V.STRING, " blanks are data ", " blanks are data "),
        (V.STRING, "", ""),
        (V.OPAQUE, b"\x00\xff", "00FF"),
        (V.OPAQUE, bytearray(b"\x0a"), "0A"),
        (V.OPAQUE, b"", ""),
        (V.INTEGER, -7, "-7"),
        (V.INTEGER, 2**63 - 1, "9223372036854775807"),
        (V.FLOAT, 20.123, "20.123"),
        (V.FLOAT, 22, "22.0"),
        (V.FLOAT, 1e22, "10000000000000000000000"),
        (V.FLOAT, 1.5e-7, "0.00000015"),
        (V.BOOLEAN, True, "1"),
        (V.BOOLEAN, 0, "0"),
        (V.HEX_STRING, "E309c8", "E309c8"),
    ],
)
def test_encoded_text(kind: ValueType, value: Value, text: str) -> None:
    assert encode(kind, value) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (V.STRING, 'a"b'),
        (V.STRING, "a\rb"),
        (V.STRING, "a\nb"),
        (V.STRING, "a\0b"),
        (V.STRING, "a\tb"),
        (V.STRING, "a\x9bb"),
        (V.STRING, "\ud800"),
        (V.STRING, b"bytes"),
        (V.STRING, 5),
        (V.OPAQUE, "text"),
        (V.INTEGER, 1.0),
        (V.INTEGER, True),
        (V.INTEGER, "5"),
        (V.INTEGER, 2**63),
        (V.INTEGER, -(2**63) - 1),
        (V.FLOAT, math.nan),
        (V.FLOAT, -math.inf),
        (V.FLOAT, False),
        (V.FLOAT, "1.5"),
        (V.BOOLEAN, 2),
        (V.BOOLEAN, "1"),
        (V.BOOLEAN, 0.0),
        (V.HEX_STRING, "ABC"),
        (V.HEX_STRING, "XY"),
        (V.HEX_STRING, b"AB"),
        (V.STRING, None),
        # longer than Python prints
        *(pytest.param(kind, 10**5000, id=f"{kind.name}-huge") for kind in V),
    ],
)
def test_unsendable_value_is_refused(kind: ValueType, value: Value) -> None:
    with pytest.raises(ParameterError) as refused:
        encode(kind, value)
    assert len(str(refused.value)) < 250
    assert isinstance(refused.value, ValueError)


def test_value_that_no_report_can_carry_is_refused() -> None:
    assert size(V.STRING, encode(V.STRING, "é" * 500)) == PAYLOAD_LIMIT
    with pytest.raises(ParameterError, match="1002 bytes, at most 1000"):
        encode(V.STRING, "é" * 501)
    assert encode(V.OPAQUE, bytes(1000)) == "00" * 1000
    with pytest.raises(ParameterError, match="1001 bytes, at most 1000"):
        encode(V.OPAQUE, bytes(1001))


def test_int_that_no_float_holds_is_refused() -> None:
    for exact in (2**53, -(2**53), 2**60, 10**18):
        assert float(encode(V.FLOAT, exact)) == exact
    for between in (2**53 + 1, -(2**53) - 1, 10**18 + 1):
        with pytest.raises(ParameterError, match=r"expected an int that a float holds.*INTEGER"):
            encode(V.FLOAT, between)


@given(st.integers())
def test_reported_float_is_the_given_number(number: int) -> None:
    try:
        text = encode(V.FLOAT, number)
    except ParameterError:
        return
    assert float(text) == number


def test_limit_of_a_written_value_counts_bytes() -> None:
    for kind, text in ((V.STRING, "é" * 512), (V.OPAQUE, "5A" * 1024)):
        decode(kind, text)
        with pytest.raises(AnswerError, match="expected at most 1024"):
            decode(kind, text + "5A")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (V.STRING, "any, thing", "any, thing"),
        (V.OPAQUE, "00fF", b"\x00\xff"),
        (V.INTEGER, "+42", 42),
        (V.FLOAT, "1e3", 1000.0),
        (V.FLOAT, ".5", 0.5),
        (V.FLOAT, "7", 7.0),
        (V.BOOLEAN, "0", False),
        (V.BOOLEAN, "1", True),
        (V.HEX_STRING, "AB", "AB"),
    ],
)
def test_decoded_value(kind: ValueType, text: str, value: Value) -> None:
    assert decode(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (V.STRING, "x" * 1025),
        (V.OPAQUE, "0"),
        (V.OPAQUE, "0 0 "),
        (V.INTEGER, ""),
        (V.INTEGER, "1_0"),
        (V.INTEGER, " 1"),
        (V.INTEGER, "٣"),
        (V.INTEGER, "9223372036854775808"),
        (V.INTEGER, "1.0"),
        (V.FLOAT, "nan"),
        (V.FLOAT, "inf"),
        (V.FLOAT, "1e999"),
        (V.FLOAT, "1_0.0"),
        (V.FLOAT, ""),
        (V.BOOLEAN, "2"),
        (V.BOOLEAN, "true"),
        (V.BOOLEAN, ""),
        (V.HEX_STRING, "abc"),
    ],
)
def test_invalid_text_is_an_error(kind: ValueType, text: str) -> None:
    with pytest.raises(AnswerError):
        decode(kind, text)


class Unit(str, enum.Enum):  # noqa: UP042  # a StrEnum shows itself as its characters
    CELSIUS = "Cel"
    CODE = "c0de"


def test_text_of_a_str_subclass_is_its_characters() -> None:
    assert str(Unit.CELSIUS) == "Unit.CELSIUS"
    for kind, unit in ((V.STRING, Unit.CELSIUS), (V.HEX_STRING, Unit.CODE)):
        assert f"{encode(kind, unit)}" == unit.value
