"""The typed form of values and arguments: accepted only if it fits exactly."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from m5310.dialects.classic import typed
from m5310.lwm2m.values import ValueType


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,5,hello", (ValueType.STRING, "hello", 0)),
        ('1,5,"hello",1,3', (ValueType.STRING, "hello", 1)),
        ("2,2,00FF,2", (ValueType.OPAQUE, "00FF", 2)),
        ("3,4,-12,0,0", (ValueType.INTEGER, "-12", 0)),
        ("4,8,21.5", (ValueType.FLOAT, "21.5", 0)),
        ("5,1,1,0,0", (ValueType.BOOLEAN, "1", 0)),
        ("6,4,E309,0,0", (ValueType.HEX_STRING, "E309", 0)),
        ("hello", None),
        ("1,6,hello", None),
        ("1,4,hello", None),
        ('1,4,"hello"', None),
        ("2,2,00FX", None),
        ("3,4,x", None),
        ("3,4,1,3", None),
        ("7,1,1", None),
    ],
)
def test_typed_value(text: str, value: tuple[ValueType, str, int] | None) -> None:
    assert typed.value(text) == value


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30),
    st.sampled_from([("", 0), (",0", 0), (",0,0", 0), (",1,2", 1), (",2,1", 2), (", 0, 0", 0)]),
    st.booleans(),
    st.booleans(),
)
@example("你好,0", (",0,0", 0), False, True)
@example("你好,0", (",0,0", 0), False, False)
def test_any_string_is_read_from_the_typed_form(
    text: str, tail: tuple[str, int], quoted: bool, counts_bytes: bool
) -> None:
    shown = f'"{text}"' if quoted else text
    # without both values of its tail, a text may end like one: see `1,6,你好,0,0`
    assume(tail[0].count(",") == 2 or "," not in text)
    assume(not (counts_bytes and quoted) or text.isascii())  # the length is that inside the quotes
    length = len(shown.encode()) if counts_bytes else len(shown)
    assert typed.value(f"1,{length},{shown}{tail[0]}") == (ValueType.STRING, shown, tail[1])


@given(
    st.binary(max_size=20),
    st.sampled_from([ValueType.OPAQUE, ValueType.HEX_STRING]),
)
def test_length_of_hex_counts_bytes_or_digits(raw: bytes, kind: ValueType) -> None:
    length = len(raw) if kind is ValueType.OPAQUE else 2 * len(raw)
    assert typed.value(f"{kind:d},{length},{raw.hex()},0,0") == (kind, raw.hex(), 0)
    assert typed.value(f"{kind:d},{length + 1},{raw.hex()},0,0") is None


@given(st.text(max_size=60))
def test_any_text_is_accepted_or_refused(text: str) -> None:
    found = typed.value(text)
    assert found is None or found[2] in (0, 1, 2)
    typed.arguments(text)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ('5,"reset"', "reset"),
        ('2,"\u4e16\u754c"', "\u4e16\u754c"),
        ('6,"\u4e16\u754c"', "\u4e16\u754c"),
        ('0,""', ""),
        ('4,"reset"', None),
        ("5,reset", None),
        ("reset", None),
        ("", None),
    ],
)
def test_typed_arguments(text: str, arguments: str | None) -> None:
    assert typed.arguments(text) == arguments
