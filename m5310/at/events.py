"""Events of the engine, and its counters.

The event of a command that ended with `OK` is its `Answer`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from m5310.at.codec import Answer, Command, FinalResult
from m5310.at.lines import Overlong


@dataclass(frozen=True, slots=True)
class Refused:
    """The command ended with another final result."""

    command: Command[Any]
    result: FinalResult


@dataclass(frozen=True, slots=True)
class AnswerTooLong:
    """The command ended with `OK` after more than `ANSWER_LIMIT` lines; the surplus is lost."""

    command: Command[Any]


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No final result in time. `sent` and `bare` as in `CommandTimeout`."""

    command: Command[Any]
    lines: tuple[str, ...]
    sent: bool
    bare: bool = False


@dataclass(slots=True, unsafe_hash=True)
class Unsolicited:
    """A line that belongs to no command.

    Not frozen because it is by far the most frequent event: a frozen one takes almost twice the
    time to create.
    """

    line: str


@dataclass(frozen=True, slots=True)
class UnexpectedResult:
    """A final result that belongs to no command: late, duplicate or of a boot text."""

    line: str


@dataclass(frozen=True, slots=True)
class LateResponse:
    """An information response to a command that had timed out."""

    line: str
    command: Command[Any]


@dataclass(frozen=True, slots=True)
class Synchronized:
    """The conversation was lost, and the next final result again belongs to the next command."""


Event = (
    Answer
    | Refused
    | AnswerTooLong
    | TimedOut
    | Unsolicited
    | UnexpectedResult
    | LateResponse
    | Synchronized
    | Overlong
)


@dataclass(frozen=True, slots=True)
class Counters:
    """What went wrong on the wire since the port was opened.

    `noise` counts bytes, `overlong` dropped lines, `strays` final results that belong to no
    command, `late` lines of commands that had timed out, `probes` the `AT` written to resync,
    `dropped` information lines beyond `ANSWER_LIMIT`, `repeats` commands written a second time.
    """

    noise: int = 0
    overlong: int = 0
    strays: int = 0
    late: int = 0
    timeouts: int = 0
    probes: int = 0
    dropped: int = 0
    repeats: int = 0
