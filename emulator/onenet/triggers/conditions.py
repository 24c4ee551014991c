"""Conditions of triggers, by type (OneNET guide 4.2.10.1). Pure."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from emulator.onenet.store.streams import Point
from emulator.onenet.triggers.expression import (
    Current,
    Expression,
    ExpressionError,
    Value,
    number_of,
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A data point that comes, and its JSON `value`. `previous`: the stream's newest point before
    it. `current`: the values of the streams that an expression names, with this one.
    """

    point: Point
    value: Value
    previous: Callable[[], Point | None]
    current: Current


Condition = Callable[[Arrival], bool]


class Rule(NamedTuple):
    """When a trigger fires. `condition`: judged at each point. `threshold`: as it was given; None:
    there is none. `silence`: seconds without a point after which it fires, of type `frozen`.
    `streams`: how many streams it needs, at least.
    """

    condition: Condition
    threshold: object
    silence: float | None = None
    streams: int = 1


def rule_of(kind: str, threshold: object) -> Rule:
    """The rule of type `kind`. Raises ValueError that says which threshold was expected."""
    return TYPES[kind](threshold)


def _number(threshold: object) -> float:
    if isinstance(threshold, int | float) and not isinstance(threshold, bool):
        try:
            if math.isfinite(float(threshold)):
                return threshold
        except OverflowError:
            pass
    raise ValueError("expected a number")


def _seconds(threshold: object) -> float:
    seconds = _number(threshold)
    if seconds <= 0:
        raise ValueError("expected seconds, a number above 0")
    return seconds


def _range(threshold: object) -> Callable[[Value], bool | None]:
    """Whether a value is in the closed range; None: it is no number."""
    expected = ValueError('expected {"lolmt":40,"uplmt":52}, the lower limit first')
    if not isinstance(threshold, dict) or threshold.keys() != {"lolmt", "uplmt"}:
        raise expected
    try:
        low, high = _number(threshold["lolmt"]), _number(threshold["uplmt"])
    except ValueError:
        raise expected from None
    if low > high:
        raise expected

    def within(value: Value) -> bool | None:
        number = number_of(value)
        return None if number is None else low <= number <= high

    return within


def _compares(compare: Callable[[float, float], bool]) -> Callable[[object], Rule]:
    """guess: it fires at each point that satisfies it, not only at the first one."""

    def make(threshold: object) -> Rule:
        limit = _number(threshold)

        def condition(arrival: Arrival) -> bool:
            number = number_of(arrival.value)
            return number is not None and compare(number, limit)

        return Rule(condition, threshold)

    return make


def _crosses(threshold: object) -> Rule:
    """The first point in the range after one outside of it, and the first outside after one in it.

    guess: a stream without a number so far is outside.
    """
    within = _range(threshold)

    def condition(arrival: Arrival) -> bool:
        now = within(arrival.value)
        if now is None:
            return False
        previous = arrival.previous()
        return now is not bool(previous and within(previous.value))

    return Rule(condition, threshold)


def _is(wanted: bool) -> Callable[[object], Rule]:
    """guess: the guide does not explain `in` and `out`: each point in the range, or outside."""

    def make(threshold: object) -> Rule:
        within = _range(threshold)
        return Rule(lambda arrival: within(arrival.value) is wanted, threshold)

    return make


def _expression(threshold: object) -> Rule:
    try:
        expression = Expression(threshold if isinstance(threshold, str) else "")
    except ExpressionError as error:
        raise ValueError(f"expected a text such as $val[0] > 30: {error}") from None
    return Rule(
        lambda arrival: expression.holds(arrival.current),
        threshold,
        streams=max(1, expression.streams),
    )


def _changes(_: object) -> Rule:
    """guess: the first point of a stream changes nothing."""

    def condition(arrival: Arrival) -> bool:
        previous = arrival.previous()
        return previous is not None and previous.text != arrival.point.text

    return Rule(condition, None)


def _freezes(threshold: object) -> Rule:
    return Rule(lambda _: False, threshold, silence=_seconds(threshold))


def _lives(threshold: object) -> Rule:
    """guess: a stream is frozen if it had no point for the threshold, in seconds."""
    silence_ms = _seconds(threshold) * 1000

    def condition(arrival: Arrival) -> bool:
        previous = arrival.previous()
        return previous is not None and arrival.point.ms - previous.ms >= silence_ms

    return Rule(condition, threshold)


TYPES: Mapping[str, Callable[[object], Rule]] = {
    ">": _compares(operator.gt),
    ">=": _compares(operator.ge),
    "<": _compares(operator.lt),
    "<=": _compares(operator.le),
    "==": _compares(operator.eq),
    "inout": _crosses,
    "in": _is(True),
    "out": _is(False),
    "exp": _expression,
    "change": _changes,
    "frozen": _freezes,
    "live": _lives,
}
