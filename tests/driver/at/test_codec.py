"""Command lines, responses and final results (V.250)."""

from __future__ import annotations

import math
import re
from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.at.codec import (
    LINE_LIMIT,
    Answer,
    Command,
    Quoted,
    Response,
    command_line,
    encoded,
    final_result,
    values,
)
from m5310.errors import AnswerError, Code, ParameterError, UsageError


class Kind(IntEnum):
    FLOAT = 4


# --- encoding --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "name", "given_values"),
    [
        ("AT", "", ()),
        ("ATE0", "E0", ()),
        ("AT&F", "&F", ()),
        ("AT+CEREG?", "+CEREG?", ()),
        ("AT+NBAND=?", "+NBAND=?", ()),
        ("AT+CGSN=1", "+CGSN", (1,)),
        ("AT+MIPLOPEN=0,30", "+MIPLOPEN", (0, 30)),
        ("AT+MIPLOPEN=0", "+MIPLOPEN", (0, None)),
        ("AT+MIPLREAD=0,12345,3303,-1", "+MIPLREAD", (0, 12345, 3303, -1)),
        ('AT+CPSMS=1,,,"01000011"', "+CPSMS", (1, None, None, Quoted("01000011"))),
        ('AT+COPS=1,2,"46000"', "+COPS", (1, 2, Quoted("46000"))),
        ("AT+NSOST=0,192.168.1.9,80,2,4142", "+NSOST", (0, "192.168.1.9", 80, 2, "4142")),
        ('AT+X="a, b;c"', "+X", (Quoted("a, b;c"),)),
        ('AT+X=""', "+X", (Quoted(""),)),
        ("AT+X=", "+X", ("",)),
        ('AT+X="温度"', "+X", (Quoted("温度"),)),
        ("AT+X=4", "+X", (Kind.FLOAT,)),
        ("AT+X=1,0", "+X", (True, False)),
        ("AT+X", "+X", (None, None)),
    ],
)
def test_command_line(
    line: str, name: str, given_values: tuple[int | str | Quoted | None, ...]
) -> None:
    assert command_line(name, *given_values) == line


@pytest.mark.parametrize(
    "value",
    ["1,2", 'a"b', "1;+NRB", "1\rAT+NRB", "1\nAT", "\0", "\x1b", "\x7f", "\x85"],
)
def test_bare_value_cannot_hold_separators_or_control_characters(value: str) -> None:
    with pytest.raises(ParameterError):
        command_line("+X", value)


@pytest.mark.parametrize("value", ['a"b', '"', "1\rAT+NRB", "1\n", "\0", "\t", "\x7f", "\x9b"])
def test_quoted_value_cannot_hold_quotes_or_control_characters(value: str) -> None:
    with pytest.raises(ParameterError):
        command_line("+X", Quoted(value))


@pytest.mark.parametrize(
    "name", ["CEREG?", "+", "+cereg", "+X=1", "+X;", "E0\r", "+X ?", "?", "+é"]
)
def test_invalid_command_name_is_refused(name: str) -> None:
    with pytest.raises(ParameterError, match="not a command name"):
        command_line(name)


def test_invalid_value_is_a_usage_error_that_quotes_it() -> None:
    with pytest.raises(UsageError) as refused:
        command_line("+X", Quoted('say "hi"'))
    assert refused.value.code is Code.BADPARAM
    assert isinstance(refused.value, ValueError)
    assert "double quote" in str(refused.value)
    assert 'say "hi"' in str(refused.value)


def test_lone_surrogate_is_refused() -> None:
    with pytest.raises(ParameterError, match="lone surrogate"):
        command_line("+X", Quoted("\ud800"))


def test_longest_documented_lines_fit() -> None:
    assert len(command_line("+MIPLCONF", 1024, "AF" * 1024, 1, 1)) < LINE_LIMIT
    command_line("+MIPLNOTIFY", 0, 65535, 65535, 65535, 1, Quoted("x" * 1024), 1, 2147483647)


def test_line_longer_than_the_limit_is_refused() -> None:
    full = command_line("+X", "1" * (LINE_LIMIT - 5))
    assert encoded(full) == full.encode() + b"\r"
    assert len(full) == LINE_LIMIT
    with pytest.raises(ParameterError, match=f"{LINE_LIMIT + 1} bytes"):
        command_line("+X", "1" * (LINE_LIMIT - 4))


def test_limit_counts_bytes_not_characters() -> None:
    with pytest.raises(ParameterError, match="bytes long"):
        command_line("+X", Quoted("温" * (LINE_LIMIT // 3)))


def test_command_refuses_an_invalid_line() -> None:
    with pytest.raises(ParameterError):
        Command("AT+CSQ\rAT+NRB")
    with pytest.raises(ParameterError):
        Command("AT+X=" + "1" * LINE_LIMIT)


@pytest.mark.parametrize("timeout", [0, -1, math.inf, math.nan])
def test_timeout_must_be_positive_and_finite(timeout: float) -> None:
    with pytest.raises(ParameterError, match="timeout"):
        Command("AT", timeout=timeout)


def test_commands_and_answers_compare_by_value() -> None:
    shape = re.compile(r"\+CSQ:\d+,\d+")
    assert Command("AT+CSQ", (Response(shape),)) == Command("AT+CSQ", (Response(shape),))
    assert Answer(Command("AT")) == Answer(Command("AT"), ())
    assert Response(shape).required


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters='"'))


@given(st.lists(st.one_of(st.integers(), TEXT.map(Quoted), st.none()), max_size=8))
def test_written_values_are_read_back(given_values: list[int | Quoted | None]) -> None:
    line = command_line("+X", *given_values)
    while given_values and given_values[-1] is None:
        given_values.pop()
    name, equals, text = line.partition("=")
    assert name == "AT+X"
    assert bool(equals) == bool(given_values)
    wanted = ["" if value is None else str(value) for value in given_values]
    assert values(text) == (wanted or [""])


@given(st.text(), st.text())
def test_no_value_can_inject_a_second_command(quoted: str, bare: str) -> None:
    try:
        line = command_line("+X", Quoted(quoted), bare)
    except ParameterError:
        return
    assert encoded(line).count(b"\r") == 1
    assert b"\n" not in encoded(line)
    assert line.count('"') == 2
    assert values(line.partition("=")[2]) == [quoted, bare]


# --- parsing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [""]),
        ("1", ["1"]),
        ("1,2", ["1", "2"]),
        ("1,,3,", ["1", "", "3", ""]),
        ('"a,b",2', ["a,b", "2"]),
        ('1, "46000" ,2', ["1", "46000", "2"]),
        ('" a "', [" a "]),
        ('""', [""]),
        ('"",', ["", ""]),
        (',""', ["", ""]),
        ('0,"IP","nbiot.MNC002",,0,0', ["0", "IP", "nbiot.MNC002", "", "0", "0"]),
        ("温度,1", ["温度", "1"]),
        ('"温,度"', ["温,度"]),
    ],
)
def test_values(text: str, parts: list[str]) -> None:
    assert values(text) == parts


@pytest.mark.parametrize("text", ['"', '"a', 'a"', 'a"b"', '"a"b', '"a""b"', '1,"a', '"a" b,1'])
def test_values_refuses_a_quote_out_of_place(text: str) -> None:
    with pytest.raises(AnswerError, match="double quote"):
        values(text)


@given(st.text())
def test_values_parses_any_text_without_quotes(text: str) -> None:
    try:
        found = values(text)
    except AnswerError:
        assert '"' in text
    else:
        assert found


# --- final results ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "family", "number", "meaning"),
    [
        ("OK", "", None, ""),
        ("ERROR", "", None, ""),
        ("+CME ERROR:50", "CME", 50, "incorrect parameters"),
        ("+CME ERROR: 30", "CME", 30, "no network service"),
        ("+CME ERROR:311", "CME", 311, "SIM PIN required"),
        ("+CME ERROR:9", "CME", 9, ""),
        ("+CME ERROR:512", "CME", 512, ""),
        ("+CME ERROR:513", "CME", 513, "vendor-specific number, not in TS 27.007"),
        ("+CMS ERROR:310", "CMS", 310, "SIM not inserted"),
        ("+CMS ERROR:600", "CMS", 600, ""),
        ("+CIS ERROR:601", "CIS", 601, "parameter"),
        ("+CIS ERROR: 602 ", "CIS", 602, "state"),
        ("+CME ERROR: SIM busy", "CME", None, ""),
        ("+XYZ ERROR", "XYZ", None, ""),
        ("+CME ERROR:", "CME", None, ""),
        ("+CME ERROR:99999999999999999999", "CME", None, ""),
    ],
)
def test_final_results(line: str, family: str, number: int | None, meaning: str) -> None:
    result = final_result(line)
    assert result is not None
    assert (result.text, result.family, result.number) == (line, family, number)
    assert result.meaning == meaning
    assert result.ok is (line == "OK")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ok",
        "OK ",
        "OKAY",
        "ERRORS",
        "+OK",
        "NOT OK",
        " ERROR",
        "+CEREG:1",
        "+CME ERRORS:1",
        "A +CME ERROR:1",
        "+MIPLWRITE:0,10000,3,0,1,OK",
        "+MIPLWRITE:0,10000,3,0,1,+CME ERROR:50",
    ],
)
def test_other_lines_are_no_final_results(line: str) -> None:
    assert final_result(line) is None
