"""Parameters of a query: what is read, what is refused, for which reason."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.http.kinds import (
    Boolean,
    Choice,
    Integer,
    Kind,
    Number,
    Text,
    Texts,
    Time,
)
from emulator.onenet.http.route import Parameter

KINDS: list[Kind] = [
    Integer(0, 65_535),
    Integer(-5, 5),
    Number(),
    Text(10),
    Choice(("1", "2")),
    Boolean(),
    Boolean(lenient=True),
    Time(),
    Texts(3),
]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Integer(0, 65_535), "0", 0),
        (Integer(0, 65_535), "007", 7),
        (Integer(0, 65_535), "65535", 65_535),
        (Integer(-5, 5), "-5", -5),
        (Number(), "12", 12.0),
        (Number(), "-0.5", -0.5),
        (Number(), "123456789012345.5", 123456789012345.5),
        (Text(), "", ""),
        (Text(), "摄氏", "摄氏"),
        (Choice(("1", "2")), "2", "2"),
        (Boolean(), "true", True),
        (Boolean(), "false", False),
        (Boolean(lenient=True), "yes", False),  # guide 4.2.8, note 4
        (Boolean(lenient=True), "true", True),
        (Time(), "2015-12-01T17:06:23", 1448960783.0),  # Beijing is 8 h before UTC
        (Texts(2), "a,b", ("a", "b")),
    ],
)
def test_value_is_read(kind: Kind, text: str, value: object) -> None:
    read = kind.read("x", text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("kind", "texts", "expected"),
    [
        (
            Integer(0, 65_535),
            ["", "abc", "-1", "65536", "1.0", "0x10", "³", "٣", " 1", "1_0", "9" * 5000, "1\n"],
            "expected 0 to 65535",
        ),
        (
            Number(),
            ["", "nan", "inf", "1e3", "1_0", "٣", "1,5", ".", ".5", "9" * 5000, "1\n"],
            "expected a number, such as 12.5",
        ),
        (Text(3), ["abcd", "x" * 5000], "expected at most 3 characters"),
        (Choice(("1", "2")), ["0", "3", "x", ""], "expected 1 or 2"),
        (Boolean(), ["", "True", "1", "yes"], "expected true or false"),
        (
            Time(),
            [
                *("", "2015-01-10", "2015-01-10 08:00:35", "2015-02-30T08:00:35"),
                *("0000-01-01T00:00:00", "2015-01-10T08:00:35Z", "2015-01-10T24:00:01"),
                *("２015-01-10T08:00:35", "x" * 5000),
            ],
            "expected a time such as 2015-01-10T08:00:35",
        ),
    ],
)
def test_other_text_is_refused_with_what_was_expected(
    kind: Kind, texts: list[str], expected: str
) -> None:
    for text in texts:
        with pytest.raises(ApiError) as refused:
            kind.read("name", text)
        assert refused.value.reason is Reason.INVALID_PARAMETER
        assert refused.value.detail.startswith("name ")
        assert refused.value.detail.endswith(expected)
        assert len(refused.value.detail) < 120


def test_more_texts_than_the_limit_are_an_error_of_their_own() -> None:
    with pytest.raises(ApiError) as refused:
        Texts(2, too_many=Reason.LIMIT).read("ids", "a,b,c")
    assert refused.value.reason is Reason.LIMIT
    assert refused.value.detail == "ids has 3 entries, expected at most 2"


def test_missing_parameter_is_refused_or_has_its_default() -> None:
    with pytest.raises(ApiError) as refused:
        Parameter("mode", Text(), required=True).read({})
    assert (refused.value.reason, refused.value.detail) == (Reason.PARAMETER_REQUIRED, "mode")
    assert Parameter("mode", Text()).read({}) is None
    assert Parameter("mode", Text(), default="1").read({}) == "1"
    assert Parameter("mode", Text(), default="1").read({"mode": ""}) == ""


@given(st.sampled_from(KINDS), st.text(max_size=30))
def test_any_text_is_read_or_refused_by_name(kind: Kind, text: str) -> None:
    try:
        kind.read("name", text)
    except ApiError as error:
        assert "name" in error.detail  # noqa: PT017 - it need not be raised


@given(st.floats(0, 4e9).map(int))
def test_time_is_the_one_in_beijing_whatever_the_zone_of_the_machine(at: int) -> None:
    year_1970 = 8 * 3600  # 1970-01-01T08:00:00 in Beijing is 0
    days, seconds = divmod(at + year_1970, 86_400)
    # Days of 1970 to the date: counted by hand, with the Gregorian rule of leap years.
    year = 1970
    while days >= (length := 366 if year % 4 == 0 and (year % 100 or not year % 400) else 365):
        days, year = days - length, year + 1
    months = [31, 29 if length == 366 else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    month = 0
    while days >= months[month]:
        days, month = days - months[month], month + 1
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    text = f"{year:04}-{month + 1:02}-{days + 1:02}T{clock}"
    assert Time().read("start", text) == at


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_schema_is_json_with_patterns_that_compile(kind: Kind) -> None:
    schema = json.loads(json.dumps(kind.schema))
    re.compile(schema.get("pattern", ""))
    assert "type" in schema
