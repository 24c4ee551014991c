"""Checks of what a program passes. Each raises ParameterError, which names the parameter."""

from __future__ import annotations

import math
from enum import Enum
from typing import TypeVar

from m5310.errors import ParameterError, shortened

E = TypeVar("E", bound=Enum)


def seconds(name: str, given: object, least: float = 0) -> float:
    """A finite number of seconds, `least` or more."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ParameterError(f"{name} {_shown(given)}: expected a number of seconds")
    if not least <= given < math.inf:
        raise ParameterError(f"{name} {given} s: expected a positive, finite number")
    return given


def flag(name: str, given: object) -> bool:
    """True or False, and nothing that Python only takes for one of them, like `"no"`."""
    if not isinstance(given, bool):
        raise ParameterError(f"{name} {_shown(given)}: expected True or False")
    return given


def member(name: str, given: object, kind: type[E]) -> E:
    """A member of an enumeration, or the value of one."""
    try:
        return kind(given)
    except ValueError:
        members = ", ".join(str(each) for each in kind)
        raise ParameterError(f"{name} {_shown(given)}: expected one of {members}") from None


def _shown(given: object) -> str:
    return shortened(repr(given), 60)
