"""The outstanding command: which lines belong to it, and which final result can end it."""

from __future__ import annotations

from typing import Any, Final

from m5310.at.codec import Command, FinalResult

ANSWER_LIMIT: Final = 1000
"""Lines kept of one answer; the longest documented ones (NUESTATS, NCONFIG) have some 30."""


class OutstandingCommand:
    """A written command and the responses to it so far."""

    __slots__ = ("_missing", "bare", "command", "dropped", "lines", "slept")

    def __init__(self, command: Command[Any]) -> None:
        self.command: Final = command
        self.lines: list[str] = []
        self.dropped: int = 0
        """Lines beyond `ANSWER_LIMIT`."""
        self.bare: bool = False
        """Whether an `OK` came while a required response was missing."""
        self.slept: bool = False
        """Whether the module fell asleep or woke up in the meantime: it may have lost a part of
        the command line."""
        self._missing = [each for each in command.responses if each.required]

    def claim_line(self, line: str) -> bool:
        """Keep the line if it belongs to the command: a declared response, or its echo."""
        if line == self.command.line:
            return True
        for response in self.command.responses:
            if response.pattern.fullmatch(line):
                break
        else:
            return False
        if response in self._missing:
            self._missing.remove(response)
        if len(self.lines) < ANSWER_LIMIT:
            self.lines.append(line)
        else:
            self.dropped += 1
        return True

    def can_end_with(self, result: FinalResult) -> bool:
        """Whether the result can belong to the command.

        It cannot have succeeded without a response it requires, so an `OK` before that response
        belongs to an earlier command.
        """
        if result.ok and self._missing:
            self.bare = True
            return False
        return True

    @property
    def unanswered(self) -> bool:
        """Whether neither a response nor an `OK` came."""
        return not self.lines and not self.bare
