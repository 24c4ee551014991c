"""What a command is to the module: its values, its forms, its answer, and the table of them all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from emulator.module.at.codec import Cme, Command, Form, Parameter, Refusal

_INTEGER = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_LEFT_OUT = Parameter("", quoted=False)


class Values:
    """The values of a set command, read in order and closed with `end`.

    Every method raises Refusal(INCORRECT_PARAMETERS) on a value that is missing, of the wrong
    kind or out of range. A command reads all its values before it changes anything.
    """

    def __init__(self, parameters: tuple[Parameter, ...]) -> None:
        self._rest = list(reversed(parameters))

    @property
    def more(self) -> bool:
        return bool(self._rest)

    def _next(self) -> Parameter:
        if not self._rest:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        return self._rest.pop()

    def integers(self, *ranges: tuple[int, int]) -> list[int]:
        """One bare decimal number for each of these ranges of `(lowest, highest)`."""
        return [self.integer(low, high) for low, high in ranges]

    def integer(self, low: int, high: int) -> int:
        """A bare decimal number in `low..high`."""
        value = self.optional_integer(low, high)
        if value is None:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        return value

    def optional_integer(self, low: int, high: int) -> int | None:
        """The same, or None where the value is left out or the line has ended."""
        parameter = self._rest.pop() if self._rest else _LEFT_OUT
        if parameter == _LEFT_OUT:
            return None
        if parameter.quoted or not _INTEGER.fullmatch(parameter.text):
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        value = int(parameter.text)
        if not low <= value <= high:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        return value

    def quoted(self) -> str:
        """What stands between double quotes."""
        parameter = self._next()
        if not parameter.quoted:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        return parameter.text

    def bare(self) -> str:
        """A text without quotes, not empty."""
        parameter = self._next()
        if parameter.quoted or not parameter.text:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        return parameter.text

    def word(self, pattern: str) -> str:
        """A text with quotes or without, matching `pattern` in full."""
        text = self._next().text
        if not re.fullmatch(pattern, text, re.ASCII):
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        return text

    def optional_word(self, pattern: str) -> str | None:
        """The same, or None where the value is left out or the line has ended."""
        if not self._rest or self._rest[-1] == _LEFT_OUT:
            del self._rest[-1:]
            return None
        return self.word(pattern)

    def end(self) -> None:
        """Nothing may follow."""
        if self._rest:
            raise Refusal(Cme.INCORRECT_PARAMETERS)


@dataclass(frozen=True, slots=True)
class Answer:
    """The information lines of a command that succeeded, and the seconds until its OK."""

    lines: tuple[str, ...] = ()
    delay: float = 0.0


OK = Answer()

Query = Callable[[float], Answer]
Setter = Callable[[Values, float], Answer]


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms in which a command exists; the functions are given the time, in POSIX seconds.

    `test` is the whole information line that tells the ranges, or finds it out; an empty one means
    OK alone.
    """

    execute: Query | None = None
    read: Query | None = None
    assign: Setter | None = None
    test: str | Query | None = None


Table = Mapping[str, Forms]


def answer(table: Table, command: Command, now: float) -> Answer:
    """Obey `command`. Raises Refusal when the table has no such command or form."""
    forms = table.get(command.name)
    if forms is None:
        raise Refusal(Cme.NOT_SUPPORTED)
    match command.form:
        case Form.EXECUTE:
            if forms.execute is not None:
                return forms.execute(now)
            refused = Cme.INCORRECT_PARAMETERS
        case Form.SET:
            if forms.assign is not None:
                return forms.assign(Values(command.parameters), now)
            refused = Cme.INCORRECT_PARAMETERS
        case Form.READ:
            if forms.read is not None:
                return forms.read(now)
            refused = Cme.NOT_SUPPORTED
        case Form.TEST:
            if callable(forms.test):
                return forms.test(now)
            if forms.test is not None:
                return Answer((forms.test,) if forms.test else ())
            refused = Cme.NOT_SUPPORTED
        case _:
            assert_never(command.form)
    raise Refusal(refused)
