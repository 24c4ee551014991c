"""AT command table: argument parsing, command forms, answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Generic, Protocol, TypeVar, assert_never

from emulator.module.at.codec import Cme, Command, Form, Parameter, Refusal
from emulator.module.at.doubts import Doubts

_INTEGER = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_LEFT_OUT = Parameter("", quoted=False)


class Values:
    """The values of a set command, read one after the other.

    Each method raises Refusal(INCORRECT_PARAMETERS) for a value that is missing, of the wrong kind
    or out of range, and for one too many: V.250 answers ERROR then (the number is TS 27.007's, seen
    on this module). A range is a source's; where none gives one, it is as wide as the number can
    be. A command reads all its values, and checks with `end` or `only` that there are no more,
    before it changes anything. What no source refuses is taken, and noted in `doubts`.
    """

    def __init__(self, parameters: tuple[Parameter, ...], doubts: Doubts | None = None) -> None:
        self.doubts = doubts or Doubts()
        self._rest = list(reversed(parameters))

    @property
    def more(self) -> bool:
        """Whether there are further values."""
        return bool(self._rest)

    @property
    def next_is_quoted(self) -> bool:
        """Whether the next value is a text in double quotes."""
        return bool(self._rest) and self._rest[-1].quoted

    def _next(self) -> Parameter:
        if not self._rest:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        return self._rest.pop()

    def integers(self, *ranges: tuple[int, int]) -> list[int]:
        """A bare decimal number for each range of `(lowest, highest)`."""
        numbers: list[int] = []
        for low, high in ranges:
            number = self.optional_integer(low, high)
            if number is None:
                raise Refusal(Cme.INCORRECT_PARAMETERS)
            numbers.append(number)
        return numbers

    def integer(self, low: int, high: int) -> int:
        """A bare decimal number in `low..high`."""
        return self.integers((low, high))[0]

    def only(self, *ranges: tuple[int, int]) -> list[int]:
        """A number for each range, and no further value."""
        numbers = self.integers(*ranges)
        self.end()
        return numbers

    def only_flag(self) -> bool:
        """0 or 1, and no further value."""
        return bool(self.only((0, 1))[0])

    def optional_integer(self, low: int, high: int) -> int | None:
        """A bare decimal number; None where it is left out or there are no more values."""
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
        """A text in double quotes; without them."""
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
        """A text with or without quotes that matches the whole `pattern`."""
        text = self._next().text
        if not re.fullmatch(pattern, text, re.ASCII):
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        return text

    def optional_word(self, pattern: str) -> str | None:
        """Like `word`; None where it is left out or there are no more values."""
        if not self._rest or self._rest[-1] == _LEFT_OUT:
            del self._rest[-1:]
            return None
        return self.word(pattern)

    def end(self) -> None:
        """Refuse further values."""
        if self._rest:
            raise Refusal(Cme.INCORRECT_PARAMETERS)


@dataclass(frozen=True, slots=True)
class Answer:
    """Information lines of a command that succeeds; `delay`: seconds until they and OK come."""

    lines: tuple[str, ...] = ()
    delay: float = 0.0


OK = Answer()

P = TypeVar("P")  # the class of a part

Query = Callable[[P, float], Answer]
Setter = Callable[[P, Values, float], Answer]


@dataclass(frozen=True, slots=True)
class CommandForms(Generic[P]):
    """The forms in which a command exists (V.250 5.4.3, 5.4.4). Each function gets the part that it
    belongs to and the time in POSIX seconds, `set` the values as well.

    `test`: the information line with the ranges, or a function that finds it out; an empty line
    means OK alone.
    """

    execute: Query[P] | None = None
    read: Query[P] | None = None
    set: Setter[P] | None = None
    test: str | Query[P] | None = None


Commands = Mapping[str, CommandForms[Any]]


class CommandPart(Protocol):
    """A part of the module that executes commands. `COMMANDS`: by name, of all its instances."""

    COMMANDS: ClassVar[Commands]


class CommandTable:
    """All commands of `parts`; where two have the same, the later one executes it. `taken`: further
    names, which are answered OK whatever the form.
    """

    __slots__ = ("_doubts", "_parts", "_rows", "_taken")

    def __init__(
        self, *parts: CommandPart, doubts: Doubts | None = None, taken: tuple[str, ...] = ()
    ) -> None:
        self._doubts = doubts
        self._taken = taken
        self._parts = parts
        self._rows = _rows(tuple(map(type, parts)))

    def execute(self, command: Command, now: float) -> Answer:
        """Raises Refusal when it is refused, and for an unknown command or form (V.250)."""
        if command.name in self._taken:
            return OK
        if command.name not in self._rows:
            raise Refusal(Cme.NOT_SUPPORTED)
        index, forms = self._rows[command.name]
        part = self._parts[index]
        match command.form:
            case Form.EXECUTE if forms.execute is not None:
                return forms.execute(part, now)
            case Form.SET if forms.set is not None:
                return forms.set(part, Values(command.parameters, self._doubts), now)
            case Form.READ if forms.read is not None:
                return forms.read(part, now)
            case Form.TEST if callable(forms.test):
                return forms.test(part, now)
            case Form.TEST if isinstance(forms.test, str):
                return Answer((forms.test,) if forms.test else ())
            case Form.EXECUTE | Form.SET:
                raise Refusal(Cme.INCORRECT_PARAMETERS)
            case Form.READ | Form.TEST:
                raise Refusal(Cme.NOT_SUPPORTED)
            case _:
                assert_never(command.form)


@cache  # thousands of modules share one
def _rows(kinds: tuple[type[CommandPart], ...]) -> Mapping[str, tuple[int, CommandForms[Any]]]:
    """By command name: which of the parts executes it, and its forms."""
    return {
        name: (index, forms)
        for index, kind in enumerate(kinds)
        for name, forms in kind.COMMANDS.items()
    }
