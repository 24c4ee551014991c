"""The command that is out: which lines are its own, and which result it can have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from m5310.at.codec import Command, FinalResult, Response

ANSWER_LIMIT: Final = 1000
"""Information lines of one answer; the longest documented ones (NUESTATS, NCONFIG) have some 30."""


@dataclass(slots=True)
class Exchange:
    """A command and what it brought so far. `dropped` lines came beyond `ANSWER_LIMIT`; `slept`
    says that the module fell asleep or woke up meanwhile, and may have lost a part of the line."""

    command: Command[Any]
    lines: list[str] = field(default_factory=list)
    dropped: int = 0
    bare: bool = False  # an `OK` came while a required response was missing
    slept: bool = False
    _came: list[Response] = field(default_factory=list)  # the declared shapes that came

    def take(self, line: str) -> bool:
        """Keep the line if it is the command's own: a response it declared, or its echo."""
        if line == self.command.line:
            return True
        for response in self.command.responses:
            if response.pattern.fullmatch(line):
                break
        else:
            return False
        if response not in self._came:
            self._came.append(response)
        if len(self.lines) < ANSWER_LIMIT:
            self.lines.append(line)
        else:
            self.dropped += 1
        return True

    def accepts(self, result: FinalResult) -> bool:
        """Whether the result can be the command's: it cannot have succeeded without a response it
        requires, so an `OK` that comes before it belongs to the past."""
        missing = any(each.required and each not in self._came for each in self.command.responses)
        if result.ok and missing:
            self.bare = True
            return False
        return True

    @property
    def unanswered(self) -> bool:
        """Whether nothing came of the command at all."""
        return not self.lines and not self.bare
