"""A table of AT commands: each with its builder, response, parser, timeout and meaning."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, TypeVar

from m5310.at.codec import PROMPT, Answer, Command, Quoted, Response, command_line
from m5310.errors import AnswerError, ParameterError, Text, shortened

P = ParamSpec("P")
T = TypeVar("T")
Match = re.Match[str]
Values = tuple[int | str | Quoted | None, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One command, for tools that complete, send or describe it by its line.

    `command.line` is the whole line, or ends in `=` if values follow; `takes` is the form of these.
    `describe` turns the values of a line into words, `describe_result` what `command.parse`
    returned; both raise ValueError or an M5310Error for what does not fit.
    """

    command: Command[Any]
    takes: str
    describe: Callable[[Sequence[str]], str]
    describe_result: Callable[[Any], str]

    @property
    def names_itself(self) -> bool:
        """Whether its responses are known by a prefix; a bare word or number could answer many."""
        return not any(map(self.command.declares, ("x", "123456")))


class CommandTable:
    """The commands of one subject. Each method adds one and returns the function that builds it."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def find(self, line: str) -> Entry | None:
        """The entry of a command line in upper case; of a test command (`=?`) that of its name."""
        name, sign, _ = line.partition("=")
        return self._entries.get(line) or self._entries.get(name + sign)

    def action(
        self, name: str, meaning: str, *, timeout: float = PROMPT, repeatable: bool = False
    ) -> Callable[[], Command[None]]:
        """A command without values and without responses."""
        command = Command(f"AT{name}", (), timeout, repeatable, _nothing, meaning)
        self._add(Entry(command, "", lambda _: meaning, str))
        return lambda: command

    def query(
        self,
        name: str,
        shape: re.Pattern[str],
        parse: Callable[[Sequence[Match]], T],
        subject: str,
        *values: int | str,
        required: bool = True,
        meaning: str = "",
        describe: Callable[[T], str] | None = None,
    ) -> Callable[[], Command[T]]:
        """A repeatable command that is answered with lines of `shape`, whose matches are parsed.

        At least one line must come, unless not `required`. `describe` says the result in words;
        by default the `subject` and the value.
        """
        command = Command(
            command_line(name, *values),
            (Response(shape, required),),
            repeatable=True,
            parse=_parser(shape, parse, required=required),
            meaning=meaning or Text("ask for the {subject}", subject=subject),
        )
        describe = describe or functools.partial(_describe, subject)
        self._add(Entry(command, "", lambda _: command.meaning, describe))
        return lambda: command

    def setting(
        self,
        name: str,
        takes: str,
        meaning: str,
        *,
        describe: Callable[[Sequence[str]], str] | None = None,
        timeout: float = PROMPT,
        repeatable: bool = False,
    ) -> Callable[[Callable[P, Values]], Callable[P, Command[None]]]:
        """Decorates the function that returns the values of a command without responses."""
        command = Command(f"AT{name}=", (), timeout, repeatable, _nothing, meaning)
        return self._builder(name, takes, command, describe, str)

    def switch(
        self,
        name: str,
        meaning: str,
        subject: str,
        *,
        timeout: float = PROMPT,
        repeatable: bool = False,
    ) -> Callable[[bool], Command[None]]:
        """A command that switches the `subject` on or off by one value, 1 or 0."""

        def describe(values: Sequence[str]) -> str:
            (on,) = values
            return _switched(subject, flag(on))

        @self.setting(
            name, "0|1", meaning, describe=describe, timeout=timeout, repeatable=repeatable
        )
        def build(on: bool) -> Values:
            return (int(on),)

        return build

    def request(
        self,
        name: str,
        takes: str,
        meaning: str,
        shape: re.Pattern[str],
        parse: Callable[[Sequence[Match]], T],
        *,
        describe: Callable[[Sequence[str]], str] | None = None,
        describe_result: Callable[[T], str] = str,
        required: bool = True,
    ) -> Callable[[Callable[P, Values]], Callable[P, Command[T]]]:
        """Decorates the function that returns the values of a command with responses of `shape`."""
        responses = (Response(shape, required),)
        parser = _parser(shape, parse, required=required)
        command = Command(f"AT{name}=", responses, parse=parser, meaning=meaning)
        return self._builder(name, takes, command, describe, describe_result)

    def _builder(
        self,
        name: str,
        takes: str,
        command: Command[Any],
        describe: Callable[[Sequence[str]], str] | None,
        describe_result: Callable[[Any], str],
    ) -> Callable[[Callable[P, Values]], Callable[P, Command[Any]]]:
        describe = describe or (
            lambda values: Text(
                "{meaning}: {values}", meaning=command.meaning, values=",".join(values)
            )
        )
        self._add(Entry(command, takes, describe, describe_result))

        def decorate(values: Callable[P, Values]) -> Callable[P, Command[Any]]:
            @functools.wraps(values)
            def build(*args: P.args, **kwargs: P.kwargs) -> Command[Any]:
                return replace(command, line=command_line(name, *values(*args, **kwargs)))

            return build

        return decorate

    def _add(self, entry: Entry) -> None:
        line = entry.command.line
        if line in self._entries:
            raise ValueError(f"{line} is in the table already")
        self._entries[line] = entry


def flag(text: str) -> bool:
    """A value that is 0 or 1. Raises ParameterError on any other."""
    if text not in ("0", "1"):
        raise ParameterError(Text("{value} is neither 0 nor 1", value=repr(shortened(text, 20))))
    return text == "1"


def first_value(matches: Sequence[Match]) -> str:
    """The first group of the first response, for `CommandTable.query`."""
    return str(matches[0][1])


def first_flag(matches: Sequence[Match]) -> bool:
    """Whether the first group of the first response is 1, for `CommandTable.query`."""
    return first_value(matches) == "1"


def _nothing(_: Answer) -> None:
    return None


def _parser(
    shape: re.Pattern[str], parse: Callable[[Sequence[Match]], T], *, required: bool
) -> Callable[[Answer], T]:
    def parser(answer: Answer) -> T:
        matches = [match for line in answer.lines if (match := shape.fullmatch(line))]
        if required and not matches:
            raise AnswerError(
                f"{answer.command.line} was answered with {list(answer.lines)!r}; "
                f"expected {shape.pattern}"
            )
        return parse(matches)

    return parser


def _describe(subject: str, result: object) -> str:
    match result:
        case None:
            return Text("no {subject}", subject=subject)
        case bool():
            return _switched(subject, result)
        case tuple():
            return Text("{subject} {value}", subject=subject, value=", ".join(map(str, result)))
        case _:
            return Text("{subject} {value}", subject=subject, value=result)


def _switched(subject: str, on: bool) -> Text:
    return Text("{subject} on", subject=subject) if on else Text("{subject} off", subject=subject)
