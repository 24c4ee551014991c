"""A table whose keys are taken one by one: what is wrong is told under the key it stands at."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import pytest

from emulator.scenario.toml_table import InvalidValue, TomlTable, format_value


class Fruit(Enum):
    APPLE = 1


KNOWN = {"apple": Fruit.APPLE}


def test_what_is_there_is_taken() -> None:
    table = TomlTable({"a": "x", "b": True, "c": 3, "d": 2.5, "e": "apple", "f": {"g": 1}})
    assert "a" in table
    assert "z" not in table
    assert table.text("a") == "x"
    assert table.flag("b") is True
    assert table.integer("c", 0, 3) == 3
    assert table.number("d") == 2.5
    assert table.number("c") == 3.0
    assert table.optional("z") is None
    assert table.optional("d") == 2.5
    assert table.choice("e", KNOWN) is Fruit.APPLE
    assert table.table("f").integer("g", 0) == 1
    assert table.only(("a", "y"), "which") == "a"
    table.end()


@pytest.mark.parametrize(
    ("value", "take", "told"),
    [
        ("", lambda t: t.text("k"), 'k "", expected a text'),
        (1, lambda t: t.text("k"), "k 1, expected a text"),
        (1, lambda t: t.flag("k"), "k 1, expected true or false"),
        (True, lambda t: t.integer("k", 0), "k true, expected a whole number, 0 or more"),
        (4, lambda t: t.integer("k", 0, 3), "k 4, expected a whole number, 0 to 3"),
        (2**40, lambda t: t.integer("k", 0), "expected a whole number, 0 or more"),
        (False, lambda t: t.number("k"), "k false, expected a number, 0 or more"),
        (-1, lambda t: t.number("k"), "k -1, expected a number, 0 or more"),
        (2, lambda t: t.optional("k", 0, 1), "k 2, expected a number, 0 to 1"),
        (float("nan"), lambda t: t.number("k"), "k nan, expected a number"),
        ("pear", lambda t: t.choice("k", KNOWN), 'k "pear", expected one of apple'),
        (["apple"], lambda t: t.choice("k", KNOWN), "expected one of apple"),
        (3, lambda t: t.table("k"), "k 3, expected a table such as"),
        (3, lambda t: t.end(), "k means nothing here"),
    ],
)
def test_what_is_none_of_it_is_told(
    value: object, take: Callable[[TomlTable], object], told: str
) -> None:
    with pytest.raises(InvalidValue) as wrong:
        take(TomlTable({"k": value}))
    assert told in str(wrong.value)
    assert wrong.value.key == "k"
    with pytest.raises(InvalidValue) as inside:
        take(TomlTable({"k": value}, "outer"))
    assert inside.value.key == "outer"
    assert str(inside.value) == f"outer: {wrong.value}"


def test_what_is_missing_or_twice() -> None:
    table = TomlTable({"a": 1, "b": 2})
    with pytest.raises(InvalidValue, match="c is missing") as missing:
        table.take("c")
    assert missing.value.key is None
    with pytest.raises(InvalidValue, match="which: nothing, expected exactly one of c, d") as none:
        table.only("cd", "which")
    assert none.value.key is None
    with pytest.raises(InvalidValue, match="which: a and b, expected exactly one of a, b") as two:
        table.only("ab", "which")
    assert two.value.key == "b"


def test_what_nobody_asked_for_is_told_beside_what_there_may_be() -> None:
    table = TomlTable({"k": 1, "tims": 3})
    assert table.integer("k", 0) == 1
    assert "times" not in table
    with pytest.raises(InvalidValue, match="tims means nothing here, where there may be k, times"):
        table.end()
    with pytest.raises(InvalidValue, match="k means nothing here, where there may be nothing"):
        TomlTable({"k": 1}).end()


def test_values_are_shown_as_the_file_has_them() -> None:
    assert [format_value(value) for value in (True, False, 1, 1.5, "x")] == [
        *("true", "false", "1", "1.5", '"x"')
    ]
    assert format_value({"loss": 0.5, "to": ["a", True]}) == '{ loss = 0.5, to = ["a", true] }'
    assert format_value("x" * 100) == '"' + "x" * 49 + "… (102 characters)"
