"""Values as TLV content and as text. The bytes are those of LwM2M 1.0.2, appendix C."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.lwm2m.model import ContentError, Value
from emulator.lwm2m.values import Type, fit, from_bytes, from_text, to_bytes, to_text

IDS = st.integers(0, 0xFFFF)
VALUES: dict[Type, st.SearchStrategy[Value]] = {
    Type.STRING: st.text(),
    Type.INTEGER: st.integers(-(2**63), 2**63 - 1),
    Type.UNSIGNED: st.integers(0, 2**64 - 1),
    Type.FLOAT: st.floats(allow_nan=False, allow_infinity=False),
    Type.BOOLEAN: st.booleans(),
    Type.OPAQUE: st.binary(),
    Type.TIME: st.integers(-(2**63), 2**63 - 1),
    Type.OBJLNK: st.builds("{}:{}".format, IDS, IDS),
}
TYPED = st.sampled_from(Type).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind]))


@pytest.mark.parametrize(
    ("kind", "value", "content", "text"),
    [
        (Type.STRING, "Cel", "43656C", "Cel"),
        (Type.STRING, "温", "E6B8A9", "温"),
        (Type.STRING, "", "", ""),
        (Type.INTEGER, 0, "00", "0"),
        (Type.INTEGER, 127, "7F", "127"),
        (Type.INTEGER, 128, "0080", "128"),
        (Type.INTEGER, -128, "80", "-128"),
        (Type.INTEGER, -129, "FF7F", "-129"),
        (Type.INTEGER, 3800, "0ED8", "3800"),
        (Type.INTEGER, 32768, "00008000", "32768"),
        (Type.INTEGER, 2**31, "0000000080000000", "2147483648"),
        (Type.INTEGER, -(2**63), "8000000000000000", "-9223372036854775808"),
        (Type.UNSIGNED, 255, "FF", "255"),
        (Type.UNSIGNED, 2**64 - 1, "FFFFFFFFFFFFFFFF", "18446744073709551615"),
        (Type.TIME, 1367491215, "5182428F", "1367491215"),
        (Type.FLOAT, 20.123, "41A0FBE7", "20.123"),
        (Type.FLOAT, -30.0, "C1F00000", "-30.0"),
        (Type.FLOAT, 1e-7, "33D6BF95", "0.0000001"),
        (Type.FLOAT, 1e300, "7E37E43C8800759C", "1" + "0" * 300),
        (Type.BOOLEAN, True, "01", "1"),
        (Type.BOOLEAN, False, "00", "0"),
        (Type.OPAQUE, b"\x00\xff\x10", "00FF10", "AP8Q"),
        (Type.OBJLNK, "66:1", "00420001", "66:1"),
        (Type.OBJLNK, "65535:65535", "FFFFFFFF", "65535:65535"),
    ],
)
def test_each_type_has_its_bytes_and_its_text(
    kind: Type, value: Value, content: str, text: str
) -> None:
    assert to_bytes(kind, value).hex().upper() == content
    assert to_text(kind, value) == text
    for read in (from_bytes(kind, bytes.fromhex(content)), from_text(kind, text)):
        assert (type(read), read) == (type(value), value)


@given(TYPED)
def test_text_is_read_as_it_was_written(typed: tuple[Type, Value]) -> None:
    kind, value = typed
    assert from_text(kind, to_text(kind, value)) == value


@given(TYPED)
def test_bytes_are_read_as_they_were_written(typed: tuple[Type, Value]) -> None:
    """A float may change by half the distance of two floats of four bytes, twice."""
    kind, value = typed
    read = from_bytes(kind, to_bytes(kind, value))
    if isinstance(value, float):
        assert read == pytest.approx(value, rel=2**-23, abs=2**-149)
        assert from_bytes(kind, to_bytes(kind, read)) == read
    else:
        assert read == value


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@example(struct.unpack(">f", b"\x00\x00\x00\x01")[0])
@example(struct.unpack(">f", b"\x7f\x7f\xff\xff")[0])
@example(2.0**-126)
def test_four_bytes_are_the_shortest_decimal_with_these_bytes(number: float) -> None:
    data = struct.pack(">f", number)
    read = from_bytes(Type.FLOAT, data)
    assert isinstance(read, float)
    assert math.copysign(1, read) == math.copysign(1, number)
    assert struct.pack(">f", read) == data
    # One digit less does not give these bytes.
    digits = next(n for n in range(1, 10) if float(f"{read:.{n}g}") == read)
    if digits > 1 and float(shorter := f"{number:.{digits - 1}g}") < 3.4e38:
        assert struct.pack(">f", float(shorter)) != data


@given(st.floats(0, 1e5).map(lambda number: round(number, 1)))
def test_what_a_sensor_measures_stays_as_it_is(number: float) -> None:
    assert from_bytes(Type.FLOAT, to_bytes(Type.FLOAT, number)) == number


@given(st.sampled_from(Type), st.binary(max_size=9))
def test_any_bytes_are_a_value_of_the_type_or_an_error(kind: Type, data: bytes) -> None:
    try:
        value = from_bytes(kind, data)
    except ContentError:
        return
    assert fit(kind, value) == value


@given(st.sampled_from(Type), st.text("0123456789-+.eE:=/AZ温\ud800") | st.text())
def test_any_text_is_a_value_of_the_type_or_an_error(kind: Type, text: str) -> None:
    try:
        value = from_text(kind, text)
    except ContentError:
        return
    assert fit(kind, value) == value


@pytest.mark.parametrize(
    ("value", "content"),
    [(True, "01"), (22, "16"), (20.123, "41A0FBE7"), ("Cel", "43656C"), (b"\x01", "01")],
)
def test_without_a_type_a_value_has_its_natural_one(value: Value, content: str) -> None:
    assert to_bytes(None, value).hex().upper() == content
    assert from_bytes(None, bytes.fromhex(content)) == bytes.fromhex(content)


def test_numbers_may_stand_for_each_other_where_nothing_is_lost() -> None:
    assert to_bytes(Type.FLOAT, 2) == bytes.fromhex("40000000")
    assert to_bytes(Type.INTEGER, 2.0) == b"\x02"
    assert to_bytes(Type.INTEGER, True) == b"\x01"
    assert to_bytes(Type.BOOLEAN, 1) == b"\x01"
    assert fit(Type.OBJLNK, "066:01") == "66:1"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Type.STRING, b"Cel"),
        (Type.STRING, "\ud800"),
        (Type.INTEGER, 2**63),
        (Type.INTEGER, 0.5),
        (Type.INTEGER, math.inf),
        (Type.INTEGER, math.nan),
        (Type.INTEGER, "1"),
        (Type.UNSIGNED, -1),
        (Type.FLOAT, math.nan),
        (Type.FLOAT, math.inf),
        (Type.FLOAT, 10**400),
        (Type.FLOAT, "1"),
        (Type.BOOLEAN, 2),
        (Type.OPAQUE, "00"),
        (Type.OBJLNK, "66"),
        (Type.OBJLNK, "65536:0"),
        (Type.OBJLNK, 66),
        (None, 2**63),
    ],
)
def test_a_value_of_another_type_is_an_error(kind: Type | None, value: Value) -> None:
    with pytest.raises(ContentError, match="expected"):
        to_bytes(kind, value)
    with pytest.raises(ContentError, match="expected"):
        to_text(kind, value)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (Type.INTEGER, ""),
        (Type.INTEGER, "000001"),
        (Type.FLOAT, "41A0FB"),
        (Type.FLOAT, "7FC00000"),  # not a number
        (Type.FLOAT, "FF800000"),  # minus infinity
        (Type.BOOLEAN, ""),
        (Type.OBJLNK, "0042"),
        (Type.STRING, "C3"),
    ],
)
def test_bytes_of_another_type_are_an_error(kind: Type, content: str) -> None:
    with pytest.raises(ContentError, match="expected"):
        from_bytes(kind, bytes.fromhex(content))


def test_text_may_have_the_17_digits_of_the_suite() -> None:
    assert to_text(Type.FLOAT, 31.123, digits=17) == "31.123000000000001"
    assert from_text(Type.FLOAT, "31.123000000000001") == 31.123
    assert from_text(Type.FLOAT, "1.5E3") == 1500.0
