"""A recording played as a module: it says what the recorded one said, when its host has. Pure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff

from emulator.recording.format import Recording, Side, SpeedChange

# Bytes of one line that are kept; no command line of this module is longer. A guess, and a bound.
_LONGEST = 8192
# Lines of the host that are remembered for the comparison; of a longer session the rest is not.
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class CommandReply:
    """A line of the host without its end (None: the beginning), and what the module said after it,
    each with the seconds from the line to it. A number is the speed of the line from there on.
    """

    line: bytes | None
    said: tuple[tuple[float, bytes | int], ...]


class Replay:
    """After `receive` and `step`: take what goes out, at the line's former speed, set that to
    `baud` (0: it has none), and call `step` again at the deadline it gives, which may be at once.

    A line that comes later in the recording is taken as that one, those between are missing; a
    line that does not come is not answered.
    """

    def __init__(self, recording: Recording, now: float, *, timed: bool = True) -> None:
        """`timed`: what was said takes its time, as recorded; otherwise it is said at once."""
        self.baud = recording.baud
        self._turns = list(_turns(recording))
        self._timed = timed
        self._next = 1
        self._heard: list[str] = []
        self._line = bytearray()
        self._due: deque[tuple[float, bytes | int]] = deque()
        self._output = bytearray()
        self._say(self._turns[0], now)

    @property
    def over(self) -> bool:
        """The host has said its last line, and the module its last word."""
        return self._next == len(self._turns) and not self._due

    def receive(self, data: bytes, now: float) -> None:
        """Bytes of the host, in any cut."""
        for byte in data:
            if byte not in b"\r\n":
                self._line += bytes([byte])[: _LONGEST - len(self._line)]
            elif self._line:
                line, self._line = bytes(self._line), bytearray()
                self._hear(line, now)
        self.step(now)

    def step(self, now: float) -> float | None:
        """Say what is due by `now`; returns when more is.

        A new speed waits until what was said at the former one has been taken.
        """
        while self._due and self._due[0][0] <= now:
            said = self._due[0][1]
            if isinstance(said, bytes):
                self._output += said
            elif self._output:
                break
            else:
                self.baud = said
            self._due.popleft()
        return self._due[0][0] if self._due else None

    def take_output(self) -> bytes:
        """What has been said since last asked."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def differences(self) -> str:
        """Where the host's lines differ from the recorded ones: a unified diff, or nothing."""
        recorded = [_shown(turn.line) for turn in self._turns if turn.line is not None]
        lines = unified_diff(recorded, self._heard, "recorded", "heard", lineterm="")
        return "\n".join(lines)

    def _hear(self, line: bytes, now: float) -> None:
        if len(self._heard) < _REMEMBERED:
            self._heard.append(_shown(line))
        for place in range(self._next, len(self._turns)):
            if self._turns[place].line == line:
                self._next = place + 1
                self._say(self._turns[place], now)
                return

    def _say(self, turn: CommandReply, now: float) -> None:
        for delay, data in turn.said:
            at = now + delay if self._timed else now
            # What was to be said before still comes before.
            self._due.append((max(at, self._due[-1][0]) if self._due else at, data))


def _turns(recording: Recording) -> Iterator[CommandReply]:
    """The beginning first, then a turn a line; what the host had not ended counts to no line."""
    line: bytes | None = None
    since, waiting = 0.0, b""
    said: list[tuple[float, bytes | int]] = []
    for entry in recording.entries:
        if isinstance(entry, SpeedChange):
            said.append((entry.at - since, entry.baud))
            continue
        if entry.side is Side.MODULE:
            said.append((entry.at - since, entry.data))
            continue
        *whole, waiting = re.split(rb"[\r\n]+", waiting + entry.data)
        for ended in filter(None, whole):
            yield CommandReply(line, tuple(said))
            line, since, said = ended, entry.at, []
    yield CommandReply(line, tuple(said))


def _shown(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")
