"""The outstanding command: which lines belong to it, and which final result can end it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from m5310.at.codec import Command, FinalResult, Response

ANSWER_LIMIT: Final = 1000
"""Lines kept of one answer; the longest documented ones (NUESTATS, NCONFIG) have some 30."""


@dataclass(slots=True)
class OutstandingCommand:
    """A written command and the responses to it so far.

    `dropped` counts lines beyond `ANSWER_LIMIT`. `slept`: the module fell asleep or woke up in the
    meantime and may have lost a part of the command line.
    """

    command: Command[Any]
    lines: list[str] = field(default_factory=list)
    dropped: int = 0
    bare: bool = False  # an `OK` came while a required response was missing
    slept: bool = False
    _received: list[Response] = field(default_factory=list)  # which of its declared responses

    def claim_line(self, line: str) -> bool:
        """Keep the line if it belongs to the command: a declared response, or its echo."""
        if line == self.command.line:
            return True
        for response in self.command.responses:
            if response.pattern.fullmatch(line):
                break
        else:
            return False
        if response not in self._received:
            self._received.append(response)
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
        required = (each for each in self.command.responses if each.required)
        if result.ok and any(each not in self._received for each in required):
            self.bare = True
            return False
        return True

    @property
    def unanswered(self) -> bool:
        """Whether neither a response nor an `OK` came."""
        return not self.lines and not self.bare
