"""TOML tables: values, defaults, and errors for the right key."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import pytest

from emulator.scenario.toml_table import InvalidValue, TomlTable, format_value


class Fruit(Enum):
    APPLE = 1


KNOWN = {"apple": Fruit.APPLE}


def test_values_and_defaults() -> None:
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
    assert table.exactly_one(("a", "y"), "which") == "a"
    assert (table.text("z", "x"), table.flag("z", True)) == ("x", True)
    assert (table.integer("z", 0, default=5), table.number("z", default=2.5)) == (5, 2.5)
    assert table.choice("z", KNOWN, Fruit.APPLE) is Fruit.APPLE
    table.end()


@pytest.mark.parametrize(
    ("value", "take", "message"),
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
        (3, lambda t: t.end(), "k is not allowed here"),
    ],
)
def test_invalid_value_is_reported_for_its_key(
    value: object, take: Callable[[TomlTable], object], message: str
) -> None:
    with pytest.raises(InvalidValue) as error:
        take(TomlTable({"k": value}))
    assert message in str(error.value)
    assert error.value.key == "k"
    with pytest.raises(InvalidValue) as inside:
        take(TomlTable({"k": value}, "outer"))
    assert inside.value.key == "outer"
    assert str(inside.value) == f"outer: {error.value}"


def test_missing_or_ambiguous_key() -> None:
    table = TomlTable({"a": 1, "b": 2})
    with pytest.raises(InvalidValue, match="c is missing") as missing:
        table.take("c")
    assert missing.value.key is None
    with pytest.raises(InvalidValue, match="which: nothing, expected exactly one of c, d") as none:
        table.exactly_one("cd", "which")
    assert none.value.key is None
    with pytest.raises(InvalidValue, match="which: a and b, expected exactly one of a, b") as two:
        table.exactly_one("ab", "which")
    assert two.value.key == "b"


def test_unexpected_key_lists_the_allowed_ones() -> None:
    table = TomlTable({"k": 1, "tims": 3})
    assert table.integer("k", 0) == 1
    assert "times" not in table
    with pytest.raises(InvalidValue, match="tims is not allowed here, expected k, times"):
        table.end()
    with pytest.raises(InvalidValue, match="k is not allowed here, expected no key"):
        TomlTable({"k": 1}).end()


def test_format_value_as_in_toml() -> None:
    assert [format_value(value) for value in (True, False, 1, 1.5, "x")] == [
        *("true", "false", "1", "1.5", '"x"')
    ]
    assert format_value({"loss": 0.5, "to": ["a", True]}) == '{ loss = 0.5, to = ["a", true] }'
    assert format_value("x" * 100) == '"' + "x" * 49 + "… (102 characters)"
