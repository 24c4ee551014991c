"""Values of the suite's lines: any text, in each of the forms in which modules write it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from m5310.dialects.suite.values import arguments, value
from m5310.errors import AnswerError
from m5310.lwm2m.values import ValueType

# No quote: it cannot stand between quotes. Line ends are joined by the announced length.
texts = st.text(st.characters(blacklist_characters='"', blacklist_categories=("Cs",)), max_size=30)
tails = st.sampled_from([(",0,0", 0, 0), (",1,2", 1, 2), (", 2, 1", 2, 1), (",0", 0, None)])
blanks = st.sampled_from(["", " "])


@given(texts, st.booleans(), tails, blanks)
@example("1,0", False, (",0", 0, None), "")
@example("\xa0 ", False, (",0", 0, None), "")  # as many bytes without its blank
@example("你好", True, (",0,0", 0, 0), " ")
def test_any_string(
    text: str, in_bytes: bool, tail: tuple[str, int, int | None], blank: str
) -> None:
    length = len(text.encode()) if in_bytes else len(text)
    quoted = value(ValueType.STRING, length, f'{blank}"{text}"{tail[0]}')
    assert quoted == (text, *tail[1:])
    if blank and length != len(text):
        return  # a blank and a text of fewer characters than bytes may be a longer text
    assert value(ValueType.STRING, length, f"{blank}{text}{tail[0]}") == (text, *tail[1:])


@given(st.binary(max_size=40), st.booleans(), st.booleans(), tails, blanks)
def test_any_bytes(
    data: bytes, in_digits: bool, quoted: bool, tail: tuple[str, int, int | None], blank: str
) -> None:
    """China Mobile counts the hex digits, the others bytes."""
    digits = data.hex().upper()
    length = len(digits) if in_digits else len(data)
    text = f'"{digits}"' if quoted else digits
    assert value(ValueType.OPAQUE, length, f"{blank}{text}{tail[0]}") == (digits, *tail[1:])
    if data:
        with pytest.raises(AnswerError, match="no value of type OPAQUE"):
            value(ValueType.OPAQUE, 2 * len(digits), f"{text}{tail[0]}")


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from([1, 2, 4, 8]), tails)
def test_any_number(number: int, length: int, tail: tuple[str, int, int | None]) -> None:
    """Its length is the size of a variable."""
    for text in (str(number), f'"{number}"', f" {number}"):
        assert value(ValueType.INTEGER, length, text + tail[0]) == (str(number), *tail[1:])


@given(texts, st.booleans())
def test_any_arguments(text: str, in_bytes: bool) -> None:
    length = len(text.encode()) if in_bytes else len(text)
    assert arguments(f'{length},"{text}"') == text.encode()
    assert arguments(f' {length}, "{text}"') == text.encode()


@given(st.text(max_size=30))
def test_bare_arguments_are_taken_or_refused(text: str) -> None:
    try:
        arguments(text)
    except (AnswerError, UnicodeEncodeError):
        return
