"""Stands in for a module: records the command lines and answers them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from m5310.at.codec import Answer, Command
from m5310.errors import M5310Error
from m5310.module.queries import Queries
from tests.support.clock import elapse

T = TypeVar("T")


class RecordingModule(Queries):
    """Records each line; after 1 s it returns OK, or raises what `then` returned for the line.

    Its error numbers are on.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.then: Callable[[str], M5310Error | None] = lambda _: None

    async def execute(self, command: Command[T]) -> T:
        self.lines.append(command.line)
        error = self.then(command.line)
        await elapse(1)
        if error:
            raise error
        lines = ("+CMEE:1",) if command.line == "AT+CMEE?" else ()
        return command.parse(Answer(command, lines))
