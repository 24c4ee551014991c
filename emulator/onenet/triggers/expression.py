"""The language of triggers of type `exp`: a condition on current values of streams. Pure.

    $val[0]['temperature'] > 30 && $val[0]['humidity'] < 33         (OneNET guide 4.2.10.1)

`$val[n]` is the current value of the n-th stream, counted from 0; `['name']` is a member of an
object, `[2]` an entry of an array. Operators, from the weakest: `||`, `&&`, `== !=`, `< <= > >=`,
`+ -`, `* / %`, then `! - +` before a value, and parentheses. Constants: numbers, texts in quotes of
any kind without escapes, `true`, `false`. guess: all that is not in the guide's example, after C.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import cast

# guess: bound time and memory; real expressions have some ten operators.
MAX_LENGTH = 1000
MAX_DEPTH = 20

Value = object  # a JSON value
# The current value of the n-th stream; raises LookupError if it has none.
Current = Callable[[int], Value]
_Node = Callable[[Current], Value]

_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))
# The guide's own example has typographic quotes.
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<text>['‘’][^'‘’]*['‘’]|["“”][^"“”]*["“”])
    |(?P<name>\$?[A-Za-z_][A-Za-z_0-9]*)
    |(?P<sign>\|\||&&|[=!<>]=|[-+*/%!<>()\[\]])
    |(?P<wrong>\S))""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# guess: characters of a number that is reported as a text.
_MAX_NUMBER = 40
# Characters of an object that is reported as a text; more would hold the event loop for too long.
_MAX_OBJECT = 4096
# Such objects that are remembered.
_REMEMBERED = 16


class ExpressionError(ValueError):
    """What is wrong with the text of an expression."""


class _Undefined(Exception):
    """A value that the expression needs does not exist, or has not the kind that it needs."""


def number_of(value: Value) -> float | None:
    """The number that `value` counts as in a condition; None: it is no number.

    guess: true and false count as 1 and 0, and a text that is a number counts as that number, since
    devices report numbers in resources of type String too.
    """
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and len(value) <= _MAX_NUMBER and _NUMBER.fullmatch(value):
        return _number(value)
    return None


class Expression:
    """The condition that `text` states. Raises ExpressionError.

    `streams`: how many streams it needs, the highest n of its `$val[n]` plus 1.
    """

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise ExpressionError(f"{len(text)} characters, expected up to {MAX_LENGTH}")
        parser = _Parser(text)
        self._node = parser.whole()
        self.streams = parser.streams

    def holds(self, current: Current) -> bool:
        """Whether it is true for the `current` values of the streams.

        guess: it is false if a value that decides it does not exist or has another kind.
        """
        try:
            return _truth(self._node(current))
        except (_Undefined, LookupError):
            return False


class _Parser:
    """Recursive descent; each method reads one rule of the grammar, and returns its evaluation."""

    def __init__(self, text: str) -> None:
        self.streams = 0
        self._depth = 0
        self._next = 0
        self._tokens: list[tuple[str, str, int]] = []  # kind, text, place in the expression
        for match in _TOKEN.finditer(text):
            kind = match.lastgroup
            assert kind is not None, "each alternative has a name"
            self._tokens.append((kind, match[kind], match.start(kind) + 1))
        self._tokens.append(("end", "the end", len(text) + 1))

    def whole(self) -> _Node:
        node = self._operators(0)
        if self._tokens[self._next][0] != "end":
            raise self._error("an operator or the end")
        return node

    def _operators(self, level: int) -> _Node:
        """Values that are joined by the operators of `level` or of stronger ones."""
        if level == len(_LEVELS):
            return self._prefixed()
        first = self._operators(level + 1)
        rest: list[tuple[str, _Node]] = []
        while sign := self._take(*_LEVELS[level]):
            rest.append((sign, self._operators(level + 1)))
        return _joined(first, rest) if rest else first

    def _prefixed(self) -> _Node:
        signs = []
        while sign := self._take("!", "-", "+"):
            signs.append(_PREFIXES[sign])
        node = self._member()
        if not signs:
            return node

        def evaluate(current: Current) -> Value:
            value = node(current)
            for apply in reversed(signs):
                value = apply(value)
            return value

        return evaluate

    def _member(self) -> _Node:
        node = self._primary()
        keys = []
        while self._take("["):
            keys.append(self._nested("]"))
        if not keys:
            return node

        def evaluate(current: Current) -> Value:
            value = node(current)
            for key in keys:
                value = _entry(value, key(current))
            return value

        return evaluate

    def _primary(self) -> _Node:
        if self._take("("):
            return self._nested(")")
        kind, text, _ = self._tokens[self._next]
        if kind not in ("number", "text") and text not in ("true", "false", "$val"):
            raise self._error("a value, such as 30, 'on', true or $val[0]")
        self._next += 1
        if text == "$val":
            return self._stream()
        constant: Value
        if kind == "number":
            constant = _number(text)
            if not math.isfinite(float(text)):
                self._next -= 1
                raise self._error("a number of double precision")
        else:
            constant = text == "true" if kind == "name" else text[1:-1]
        return lambda _: constant

    def _stream(self) -> _Node:
        if not self._take("["):
            raise self._error("the number of a stream, as in $val[0]")
        kind, text, _ = self._tokens[self._next]
        if kind != "number" or not text.isdecimal():
            raise self._error("the number of a stream, as in $val[0]")
        self._next += 1
        if not self._take("]"):
            raise self._error("]")
        number = int(text)
        self.streams = max(self.streams, number + 1)

        return lambda current: current(number)

    def _nested(self, close: str) -> _Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"up to {MAX_DEPTH} parentheses and brackets in each other")
        node = self._operators(0)
        if not self._take(close):
            raise self._error(f"an operator or {close}")
        self._depth -= 1
        return node

    def _take(self, *signs: str) -> str:
        """The next sign if it is one of `signs`, which is passed; else an empty text."""
        kind, text, _ = self._tokens[self._next]
        if kind != "sign" or text not in signs:
            return ""
        self._next += 1
        return text

    def _error(self, expected: str) -> ExpressionError:
        _, text, place = self._tokens[self._next]
        return ExpressionError(f"{text[:20]} at character {place}, expected {expected}")


def _joined(first: _Node, rest: list[tuple[str, _Node]]) -> _Node:
    """Operators of one level, from the left; `||` and `&&` end at the operand that decides."""
    sign = rest[0][0]
    if sign in ("||", "&&"):
        nodes = [first, *(node for _, node in rest)]
        decides = sign == "||"
        return lambda current: (
            decides if any(_truth(node(current)) is decides for node in nodes) else not decides
        )

    def evaluate(current: Current) -> Value:
        value = first(current)
        for sign, node in rest:
            value = _BINARY[sign](value, node(current))
        return value

    return evaluate


def _number(text: str) -> float:
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def _defined(value: Value) -> float:
    number = number_of(value)
    if number is None:
        raise _Undefined
    return number


def _truth(value: Value) -> bool:
    return _defined(value) != 0


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        raise _Undefined
    numbers = number_of(left), number_of(right)
    return None not in numbers and numbers[0] == numbers[1]


def _compares(compare: Callable[[float, float], bool]) -> Callable[[Value, Value], Value]:
    return lambda left, right: compare(_defined(left), _defined(right))


def _calculates(calculate: Callable[[float, float], float]) -> Callable[[Value, Value], Value]:
    """In double precision. guess: 5 / 2 is 2.5, since JSON has one kind of numbers."""

    def apply(left: Value, right: Value) -> Value:
        try:
            result = calculate(float(_defined(left)), float(_defined(right)))
        except (ArithmeticError, ValueError):
            raise _Undefined from None
        if not math.isfinite(result):
            raise _Undefined
        return result

    return apply


def _entry(container: Value, key: Value) -> Value:
    if isinstance(container, str):
        # guess: a device reports an object as the text of its JSON, as LwM2M has no objects.
        container = _object(container)
    if isinstance(container, Mapping) and isinstance(key, str) and key in container:
        return container[key]
    if isinstance(container, list) and not isinstance(key, str):
        place = _defined(key)
        if place in range(len(container)):
            return container[int(place)]
    raise _Undefined


@lru_cache(_REMEMBERED)
def _object(text: str) -> Value:
    """What `text` has as JSON, None if it is no JSON. An expression may ask for it many times."""
    if len(text) > _MAX_OBJECT:
        return None
    try:
        return cast("Value", json.loads(text))
    except (ValueError, RecursionError):
        return None


_PREFIXES: Mapping[str, Callable[[Value], Value]] = {
    "!": lambda value: not _truth(value),
    "-": lambda value: -_defined(value),
    "+": _defined,
}
_BINARY: Mapping[str, Callable[[Value, Value], Value]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": _compares(operator.lt),
    "<=": _compares(operator.le),
    ">": _compares(operator.gt),
    ">=": _compares(operator.ge),
    "+": _calculates(operator.add),
    "-": _calculates(operator.sub),
    "*": _calculates(operator.mul),
    "/": _calculates(operator.truediv),
    "%": _calculates(math.fmod),
}
