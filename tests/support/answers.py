"""Answers of the module, as the parsers of the commands get them."""

from __future__ import annotations

from typing import Any, TypeVar

from m5310.at.codec import Answer, Command

T = TypeVar("T")


def answer(command: Command[Any], *lines: str) -> Answer:
    """The answer with these lines, each of which the command must claim."""
    for line in lines:
        assert any(each.pattern.fullmatch(line) for each in command.responses), line
    return Answer(command, lines)


def parsed(command: Command[T], *lines: str) -> T:
    """The command's result for an answer with these lines."""
    return command.parse(answer(command, *lines))
