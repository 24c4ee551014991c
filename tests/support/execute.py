"""Stands in for a modem's `execute`: records the command lines and answers them."""

from __future__ import annotations

from collections.abc import Callable

from m5310.at.codec import Answer, Command
from m5310.errors import M5310Error
from tests.support.clock import elapse


class RecordingExecute:
    """Records each line; after 1 s it returns OK, or raises what `then` returned for the line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.then: Callable[[str], M5310Error | None] = lambda _: None

    async def __call__(self, command: Command) -> Answer:
        self.lines.append(command.line)
        error = self.then(command.line)
        await elapse(1)
        if error:
            raise error
        return Answer(command)
