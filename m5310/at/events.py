"""What the conversation tells its owner, and what it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from m5310.at.codec import Answer, Command, FinalResult
from m5310.at.lines import Overlong


@dataclass(frozen=True, slots=True)
class Answered:
    """The command ended with `OK`."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Refused:
    """The command ended with another final result."""

    command: Command[Any]
    result: FinalResult


@dataclass(frozen=True, slots=True)
class Overrun:
    """The command ended after more than `ANSWER_LIMIT` lines, the surplus of which is lost."""

    command: Command[Any]


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No final result in time. `sent` and `bare` as in `CommandTimeout`."""

    command: Command[Any]
    lines: tuple[str, ...]
    sent: bool
    bare: bool = False


class Unsolicited:
    """A line that nobody who is out declared.

    By far the most frequent, so not a dataclass: it is made in little more than half the time.
    """

    __match_args__ = ("line",)
    __slots__ = ("line",)

    def __init__(self, line: str) -> None:
        self.line = line

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unsolicited) and self.line == other.line

    def __hash__(self) -> int:
        return hash(self.line)

    def __repr__(self) -> str:
        return f"Unsolicited(line={self.line!r})"


@dataclass(frozen=True, slots=True)
class Stray:
    """A final result that is nobody's."""

    line: str


@dataclass(frozen=True, slots=True)
class Late:
    """An information response of a command that had timed out."""

    line: str
    command: Command[Any]


@dataclass(frozen=True, slots=True)
class InStep:
    """The conversation was lost and is found again."""


Event = Answered | Refused | Overrun | TimedOut | Unsolicited | Stray | Late | InStep | Overlong


@dataclass(frozen=True, slots=True)
class Counters:
    """What went wrong on the wire since the port was opened.

    `noise` counts bytes, `overlong` dropped lines, `strays` final results of nobody, `late` lines
    of commands that had timed out, `dropped` information lines beyond a command's bound, `repeats`
    commands that were written a second time.
    """

    noise: int = 0
    overlong: int = 0
    strays: int = 0
    late: int = 0
    timeouts: int = 0
    probes: int = 0
    dropped: int = 0
    repeats: int = 0
