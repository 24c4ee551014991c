"""Answers of the module, as the parsers of the commands get them."""

from __future__ import annotations

from m5310.at.codec import Answer, Command


def answer(command: Command, *lines: str) -> Answer:
    """The answer with these lines, each of which the command must claim."""
    for line in lines:
        assert any(each.pattern.fullmatch(line) for each in command.responses), line
    return Answer(command, lines)
