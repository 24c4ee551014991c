"""Value types: text on the AT line and Python values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.lwm2m.model import Value
from emulator.module.at.codec import Cme, Refusal, from_hex
from emulator.module.at.doubts import Doubts
from emulator.module.dialects.values import (
    VALUE_LIMIT,
    ValueType,
    announced_length,
    as_declared,
    size,
    text_of,
    value_of,
)
from emulator.module.lwm2m.host import CannotForward

INT64 = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (ValueType.STRING, "", ""),
        (ValueType.STRING, " a, 温", " a, 温"),
        (ValueType.STRING, "x" * VALUE_LIMIT, "x" * VALUE_LIMIT),
        (ValueType.OPAQUE, "", b""),
        (ValueType.OPAQUE, "00fF10", b"\x00\xff\x10"),
        (ValueType.INTEGER, "-7", -7),
        (ValueType.INTEGER, "+7", 7),
        (ValueType.INTEGER, "9223372036854775807", 2**63 - 1),
        (ValueType.INTEGER, "-9223372036854775808", -(2**63)),
        (ValueType.FLOAT, "20.123", 20.123),
        (ValueType.FLOAT, "-.5", -0.5),
        (ValueType.FLOAT, "7", 7.0),
        (ValueType.FLOAT, "1.", 1.0),
        (ValueType.FLOAT, "1e3", 1000.0),
        (ValueType.FLOAT, " 29.2", 29.2),
        (ValueType.INTEGER, "  7 ", 7),
        (ValueType.OPAQUE, "00" * VALUE_LIMIT, bytes(VALUE_LIMIT)),
        (ValueType.BOOL, "0", False),
        (ValueType.BOOL, "1", True),
        (ValueType.HEX_STR, "", ""),
        (ValueType.HEX_STR, "E3a5", "E3a5"),
    ],
)
def test_text_is_converted_to_a_value_of_its_type(kind: ValueType, text: str, value: Value) -> None:
    came = value_of(kind, text, Doubts(strict=True))
    assert came == value
    assert type(came) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ValueType.STRING, "x" * (VALUE_LIMIT + 1)),
        (ValueType.STRING, "温" * (VALUE_LIMIT // 3 + 1)),
        (ValueType.OPAQUE, "0"),
        (ValueType.OPAQUE, "0x00"),
        (ValueType.OPAQUE, "00 11"),
        (ValueType.OPAQUE, "٠٠"),
        (ValueType.INTEGER, ""),
        (ValueType.INTEGER, "9223372036854775808"),
        (ValueType.INTEGER, "٣"),
        (ValueType.INTEGER, "9" * 1000),
        (ValueType.FLOAT, ""),
        (ValueType.FLOAT, "."),
        (ValueType.FLOAT, "nan"),
        (ValueType.FLOAT, "inf"),
        (ValueType.FLOAT, "9" * 400),
        (ValueType.FLOAT, "1_0"),
        (ValueType.BOOL, ""),
        (ValueType.BOOL, "true"),
    ],
)
def test_text_that_does_not_fit_its_type_is_refused(kind: ValueType, text: str) -> None:
    with pytest.raises(Refusal) as caught:
        value_of(kind, text, Doubts())
    assert caught.value.number is Cme.INCORRECT_PARAMETERS


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (ValueType.BOOL, "4", True),
        (ValueType.BOOL, "0.0", False),
        (ValueType.INTEGER, "21.9", 21),
        (ValueType.INTEGER, "1e3", 1000),
        (ValueType.STRING, "20\udca1\udce6", "20\ufffd\ufffd"),  # GBK
        (ValueType.HEX_STR, "E3A", "E3A"),
        (ValueType.HEX_STR, "20.5", "20.5"),
    ],
)
def test_doubtful_text_is_taken_and_noted(kind: ValueType, text: str, value: Value) -> None:
    doubts = Doubts()
    assert value_of(kind, text, doubts) == value
    assert len(doubts.notes) == 1
    with pytest.raises(Refusal):
        value_of(kind, text, Doubts(strict=True))


@given(st.sampled_from(ValueType), st.text(max_size=30))
def test_any_text_is_converted_or_refused(kind: ValueType, text: str) -> None:
    try:
        value = value_of(kind, text, Doubts())
    except Refusal:
        return
    assert isinstance(value, str | bytes | int | float)


def test_sizes_count_bytes() -> None:
    assert size(ValueType.STRING, "温a") == 4
    assert size(ValueType.STRING, "\udcff") == 1
    assert size(ValueType.OPAQUE, "0a0B") == 2
    assert size(ValueType.HEX_STR, "0a0B") == 4
    assert from_hex("0a0B") == b"\x0a\x0b"


# To the host -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "1"),
        (False, "0"),
        (-7, "-7"),
        (20.5, "20.5"),
        (1e-7, "0.0000001"),
        (1e20, "100000000000000000000"),
        (b"\x00\xff", "00FF"),
        (b"", ""),
        ('a,"b', 'a,"b'),
    ],
)
def test_text_of_values(value: Value, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        2**63,
        "a\rb",
        "a\nb",
        "a\0b",
        "a\x1bb",
        "\t",
        "\x7f",
        "x" * 1025,
        "温" * 342,
        b"x" * 1025,
    ],
)
def test_values_that_no_line_can_carry(value: Value) -> None:
    with pytest.raises(CannotForward):
        text_of(value)


@given(INT64 | st.floats(allow_nan=False, allow_infinity=False) | st.booleans())
def test_numbers_are_written_as_plain_decimals(value: int | float | bool) -> None:
    text = text_of(value)
    assert set(text) <= set("-0123456789.")
    assert (int(text) == value) if isinstance(value, int) else (float(text) == value)


@given(st.binary(max_size=64))
def test_opaque_round_trip(value: bytes) -> None:
    assert value_of(ValueType.OPAQUE, text_of(value), Doubts()) == value


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("E3A5", ValueType.HEX_STR, (ValueType.HEX_STR, "E3A5")),
        ("hello", ValueType.HEX_STR, (ValueType.STRING, "hello")),
        ("ab", ValueType.OPAQUE, (ValueType.OPAQUE, b"ab")),
        (b"ab", ValueType.OPAQUE, (ValueType.OPAQUE, b"ab")),
        (True, ValueType.INTEGER, (ValueType.INTEGER, 1)),
        (22.0, ValueType.INTEGER, (ValueType.INTEGER, 22)),
        (1e300, ValueType.INTEGER, (ValueType.FLOAT, 1e300)),
        (22.5, ValueType.INTEGER, (ValueType.FLOAT, 22.5)),
        (math.inf, ValueType.INTEGER, (ValueType.FLOAT, math.inf)),
        (22, ValueType.FLOAT, (ValueType.FLOAT, 22.0)),
        (10**400, ValueType.FLOAT, (ValueType.INTEGER, 10**400)),
        (1, ValueType.BOOL, (ValueType.BOOL, True)),
        (0.0, ValueType.BOOL, (ValueType.BOOL, False)),
        (2, ValueType.BOOL, (ValueType.INTEGER, 2)),
        ("x", ValueType.BOOL, (ValueType.STRING, "x")),
        ("x", ValueType.STRING, (ValueType.STRING, "x")),
        (b"x", None, (ValueType.OPAQUE, b"x")),
        ("x", None, (ValueType.STRING, "x")),
        (True, None, (ValueType.BOOL, True)),
        (1, None, (ValueType.INTEGER, 1)),
        (1.5, None, (ValueType.FLOAT, 1.5)),
    ],
)
def test_value_is_converted_to_the_declared_type_if_it_fits(
    value: Value, kind: ValueType | None, expected: tuple[ValueType, Value]
) -> None:
    came = as_declared(value, kind)
    assert came == expected
    assert type(came[1]) is type(expected[1])


@given(
    st.text() | st.binary() | INT64 | st.floats() | st.booleans(),
    st.none() | st.sampled_from(ValueType),
)
def test_any_value_has_a_type(value: Value, kind: ValueType | None) -> None:
    given_type, came = as_declared(value, kind)
    assert given_type in (kind, as_declared(value, None)[0])
    assert as_declared(came, None)[0] is given_type or given_type is ValueType.HEX_STR


@pytest.mark.parametrize(
    ("kind", "text", "length"),
    [
        (ValueType.STRING, "温a", 2),
        (ValueType.OPAQUE, "00FF", 2),
        (ValueType.INTEGER, "123456", 4),
        (ValueType.FLOAT, "1.5", 4),
        (ValueType.BOOL, "1", 1),
        (ValueType.HEX_STR, "00FF", 4),
    ],
)
def test_announced_lengths(kind: ValueType, text: str, length: int) -> None:
    assert announced_length(kind, text) == length
