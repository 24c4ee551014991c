"""Classes that behave like frozen dataclasses."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from m5310.frozen import Frozen


class Point(Frozen):
    x: int
    y: int


class Vector(Frozen):
    x: int
    y: int


class Origin(Frozen):
    """No fields."""


def test_only_the_same_class_with_the_same_fields_is_equal() -> None:
    assert Point(1, 2) == Point(1, y=2) == Point(y=2, x=1)
    assert Point(1, 2) != Point(2, 1)
    assert Point(1, 2) != Vector(1, 2)
    assert Point(1, 2) != (1, 2)
    assert Origin() == Origin()


def test_equal_ones_are_one_in_a_set() -> None:
    assert {Point(1, 2), Point(1, 2), Vector(1, 2), Origin(), Origin()} == {
        Vector(1, 2),
        Point(1, 2),
        Origin(),
    }


def test_it_is_true_and_shows_its_fields() -> None:
    assert Origin()
    assert repr(Origin()) == "Origin()"
    assert repr(Point(1, 2)) == "Point(x=1, y=2)"


def test_it_is_matched_by_position() -> None:
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)


@pytest.mark.parametrize(
    ("values", "named"),
    [((), {}), ((1,), {}), ((1, 2, 3), {}), ((1, 2), {"x": 1}), ((1,), {"x": 1}), ((1,), {"z": 1})],
)
def test_fields_are_given_once_each(values: tuple[int, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"expected Point\(x, y\)"):
        Point(*values, **named)


def test_it_is_frozen_and_holds_nothing_else() -> None:
    point: Any = Point(1, 2)
    with pytest.raises(AttributeError, match="frozen"):
        point.x = 3
    with pytest.raises(AttributeError, match="frozen"):
        del point.x
    with pytest.raises(AttributeError):
        point.z = 3
    assert not hasattr(point, "__dict__")


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))]
)
def test_a_copy_is_equal(copied: Any) -> None:
    assert copied(Point(1, 2)) == Point(1, 2)
    assert copied(Origin()) == Origin()
