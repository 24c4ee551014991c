"""The language of triggers of type `exp` (OneNET guide 4.2.10.1, remark 3)."""

from __future__ import annotations

import json
import math
import operator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emulator.onenet.triggers.expression import (
    MAX_DEPTH,
    MAX_LENGTH,
    Expression,
    ExpressionError,
)
from tests.support.calls import calls_in
from tests.support.effort import scaled


def holds(text: str, *values: object) -> bool:
    return Expression(text).holds(values.__getitem__)


# The guide's example, its quotes included --------------------------------------------------------

GUIDE = "$val[0][‘temperature’] > 30 && $val[0][‘humidity’]< 33 "


@pytest.mark.parametrize(
    ("temperature", "humidity", "expected"),
    [(31, 32, True), (30, 32, False), (31, 33, False), (22, 56, False)],
)
@pytest.mark.parametrize("quotes", ["‘’", "''", '""', "“”"])
def test_guide_4_2_10_1_an_object_of_temperature_and_humidity(
    quotes: str, temperature: int, humidity: int, expected: bool
) -> None:
    text = GUIDE.replace("‘", quotes[0]).replace("’", quotes[1])
    value = {"temperature": temperature, "humidity": humidity}
    assert holds(text, value) is expected
    assert holds(text, json.dumps(value)) is expected  # as a device reports it: a text


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("$val[1] > $val[0]", (1, 2)),
        ("$val[0] == 'on'", ("on",)),
        ("$val[0] != 'on'", ("off",)),
        ("$val[0] > 24", ("24.5",)),
        ("$val[0] == true", (True,)),
        ("$val[0]", (1,)),
        ("!$val[0]", (False,)),
        ("$val[0][2] == 3", ([1, 2, 3],)),
        ("$val[0]['a'][0]['b'] == 1", ({"a": [{"b": 1}]},)),
        ("1 + 2 * 3 == 7", ()),
        ("(1 + 2) * 3 == 9", ()),
        ("10 - 4 - 3 == 3", ()),
        ("7 % 4 == 3 && -7 % 4 == -3", ()),  # as in C, not as in Python
        ("5 / 2 == 2.5", ()),
        ("- - 1 == 1 && !!1", ()),
        ("3 > 2 == 1", ()),  # C: (3 > 2) == 1
        ("1 == 1 > 0", ()),  # C: 1 == (1 > 0)
        ("0 && 0 || 1", ()),
        ("1 || 0 && 0", ()),
        ("1e3 == 1000 && .5 == 0.5", ()),
        ("1 || $val[0]['no']", ({},)),
        (" $val [ 0 ]>1 ", (2,)),
    ],
)
def test_what_holds(text: str, values: tuple[object, ...]) -> None:
    assert holds(text, *values)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("$val[0] > 1", ()),
        ("$val[0]['temperature'] > 1", (5,)),
        ("$val[0]['temperature'] > 1", ("no JSON",)),
        ("$val[0]['temperature'] > 1", ("[" * 100_000,)),
        ("!($val[0]['humidity'] > 1)", ({"temperature": 5},)),
        ("$val[0][-1] > 0", ([1],)),
        ("$val[0][0.5] > 0", ([1],)),
        ("$val[0] > 1", ({},)),
        ("$val[0] != 1", ({},)),
        ("$val[0] > 1", ("hot",)),
        ("$val[0] > 1", (None,)),
        ("1 / 0 == 1 || 1", ()),
        ("1 % 0 == 0", ()),
        ("1e308 * 10 > 0", ()),
        ("$val[0] * 2 > 0", (10**400,)),
        ("$val[0]", ("on",)),
        ("'1' == '1.0'", ()),
        ("'a' < 'b'", ()),
    ],
)
def test_without_a_value_of_the_right_kind_nothing_holds(
    text: str, values: tuple[object, ...]
) -> None:
    assert not holds(text, *values)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "the end at character 1, expected a value"),
        ("$val[0] >", "the end at character 10, expected a value"),
        ("$val[0] > 30)", ") at character 13, expected an operator or the end"),
        ("($val[0] > 30", "the end at character 14, expected an operator or )"),
        ("$val > 30", "> at character 6, expected the number of a stream, as in $val[0]"),
        ("$val[x] > 30", "x at character 6, expected the number of a stream"),
        ("$val[0 > 30", "> at character 8, expected ]"),
        ("$val[0] = 30", "= at character 9, expected an operator or the end"),
        ("$val[0] & 1", "& at character 9, expected an operator or the end"),
        ("$val[0] > 30 and 1", "and at character 14, expected an operator or the end"),
        ("os > 30", "os at character 1, expected a value, such as 30"),
        ("1e999 > 1", "1e999 at character 1, expected a number of double precision"),
        ("'open", "' at character 1, expected a value"),
        ("1" * (MAX_LENGTH + 1), f"1001 characters, expected up to {MAX_LENGTH}"),
        ("(" * 21 + "1" + ")" * 21, f"( at character 21, expected up to {MAX_DEPTH} parentheses"),
    ],
)
def test_a_wrong_expression_is_refused_with_its_place(text: str, wrong: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Expression(text)
    assert wrong.replace("( at character 21", "1 at character 22") in str(caught.value)


def test_it_names_the_streams_that_it_needs() -> None:
    assert [Expression(text).streams for text in ("1", "$val[0]", "$val[3] > $val[1]")] == [0, 1, 4]


# Against a tree that the test evaluates by itself ------------------------------------------------

# How strongly operators bind, from the table of the C standard.
LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))
STRENGTH = {sign: level for level, signs in enumerate(LEVELS, 1) for sign in signs}
VALUES = [3, -2.5, True, 0, "text", {"a": 7, "b": {"c": 2}}, [1, 5]]
Tree = Any  # (operator, left, right), ("!", tree), ("neg", tree), ("at", tree, key), ("val", n), x

leaves = st.one_of(
    st.integers(0, 50),
    st.floats(0, 100, allow_nan=False).filter(lambda f: "e" not in repr(f)),
    st.booleans(),
    st.sampled_from(["text", "a", ""]),
    st.tuples(st.just("val"), st.integers(0, len(VALUES))),
    st.sampled_from([("at", ("val", 5), "a"), ("at", ("val", 5), "z"), ("at", ("val", 6), 1)]),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(sorted(STRENGTH)), inner, inner),
        st.tuples(st.sampled_from(["!", "neg"]), inner),
    ),
    max_leaves=12,
)


class Undefined(Exception):
    pass


def number(value: object) -> float:
    if not isinstance(value, int | float):
        raise Undefined
    return value


def evaluate(tree: Tree) -> Any:
    if not isinstance(tree, tuple):
        return tree
    kind, *parts = tree
    if kind == "val":
        if parts[0] >= len(VALUES):
            raise Undefined
        return VALUES[parts[0]]
    if kind in ("||", "&&"):
        left = number(evaluate(parts[0])) != 0
        return left if left is (kind == "||") else number(evaluate(parts[1])) != 0
    values = [evaluate(part) for part in parts]
    if kind == "at":
        try:
            return values[0][values[1]]
        except LookupError:
            raise Undefined from None
    if kind in ("==", "!="):
        if any(isinstance(value, list | dict) for value in values):
            raise Undefined
        same = values[0] == values[1]
        return same if kind == "==" else not same
    return calculated(kind, [number(value) for value in values])


def calculated(kind: str, numbers: list[float]) -> Any:
    calculations: dict[str, Any] = {
        "!": lambda value: not value,
        "neg": operator.neg,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": operator.truediv,
        "%": math.fmod,
    }
    try:
        result = calculations[kind](*numbers)
    except (ArithmeticError, ValueError):
        raise Undefined from None
    if not math.isfinite(result):
        raise Undefined
    return result


def written(tree: Tree) -> tuple[str, int]:
    """The text with as few parentheses as C needs, and how strongly its outermost part binds."""
    if not isinstance(tree, tuple):
        return (f"'{tree}'" if isinstance(tree, str) else str(tree).lower()), 9
    kind, *parts = tree
    if kind == "val":
        return f"$val[{parts[0]}]", 9
    if kind == "at":
        return f"{written(parts[0])[0]}[{written(parts[1])[0]}]", 9
    if kind in ("!", "neg"):
        return ("!" if kind == "!" else "-") + enclosed(parts[0], 7), 7
    strength = STRENGTH[kind]
    return f"{enclosed(parts[0], strength)} {kind} {enclosed(parts[1], strength + 1)}", strength


def enclosed(tree: Tree, least: int) -> str:
    text, strength = written(tree)
    return text if strength >= least else f"({text})"


@settings(max_examples=scaled(1000))
@given(trees)
@example(("==", ("<", 1, 2), True))
def test_it_has_the_value_of_its_tree(tree: Tree) -> None:
    try:
        expected = number(evaluate(tree)) != 0
    except Undefined:
        expected = False
    assert holds(written(tree)[0], *VALUES) is expected


# Hostile text ------------------------------------------------------------------------------------

pieces = st.sampled_from(
    [
        *STRENGTH,
        "!",
        "(",
        ")",
        "[",
        "]",
        "$val[0]",
        "$val",
        "$",
        "'a'",
        "'",
        "“",
        "1",
        ".",
        "é",
        " ",
    ]
)


@settings(max_examples=scaled(1000))
@given(st.one_of(st.text(), st.lists(pieces, max_size=400).map("".join)), st.text())
def test_any_text_is_an_expression_or_is_refused(text: str, value: str) -> None:
    try:
        expression = Expression(text)
    except ExpressionError:
        return
    assert expression.holds([value].__getitem__) in (True, False)


@pytest.mark.parametrize(
    "text",
    [
        "1+" * 499 + "1",
        "!" * 999 + "1",
        "(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH,
        "$val[0]" + "['a']" * 198,
        "'" + "a" * 998 + "'",
        "9" * 1000,
        " " * 999 + "1",
        "'" * 1000,
        "$val[" * 200,
        "(" * 1000,
        "0||" * 333 + "1",
    ],
)
def test_effort_for_the_longest_texts_is_bounded(text: str) -> None:
    def work() -> None:
        with suppress(ExpressionError):
            holds(text, {"a": 1})

    assert calls_in(work) < 50_000


def test_an_object_in_a_text_is_read_once_however_often_an_expression_asks() -> None:
    value = json.dumps({"a": 1, "b": [0] * 1000})
    expression = Expression(" + ".join(["$val[0]['a']"] * 60) + " == 60")

    def work() -> None:
        for number in range(50):  # another text each time
            assert expression.holds([value + " " * number].__getitem__)

    assert calls_in(work, of="loads") == 50
