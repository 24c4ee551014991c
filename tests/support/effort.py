"""How much a run of the tests tries: the short form, or with `--long` the long one."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")

SHARE = 4
"""The short form tries a quarter of the examples. They are the same in each run."""

long = False  # set by tests/conftest.py before it loads the tests


def scaled(number: int) -> int:
    """`number` of examples in the long form, a share of it, at least 5, in the short one."""
    return number if long else max(number // SHARE, 5)


def either(short: T, at_length: T) -> T:
    """`short` in the short form, `at_length` in the long one."""
    return at_length if long else short
