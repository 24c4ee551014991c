"""Replay: answers a host like the module of a recording did. Pure."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from difflib import unified_diff

from emulator.recording.format import Recording, Side, SpeedChange

# Bytes of one command line that are kept.
# guess: no command line of this module is longer
_MAX_LINE = 8192
_FINAL = re.compile(rb"\r\n(OK|ERROR|\+CME ERROR:.*)\r\n\Z")
# Command lines that are kept for the comparison; later ones of a longer session are ignored.
_MAX_COMPARED = 100_000


@dataclass(frozen=True, slots=True)
class CommandReply:
    """A command line without its end (None: the start) and what the module sent after it.

    Each reply is bytes or a new baud rate, with its seconds after the command line.
    """

    line: bytes | None
    replies: tuple[tuple[float, bytes | int], ...]


class Replay:
    """The recorded module. After `receive` and `step`: send `take_output()` at the current speed,
    set the speed to `baud` (0: none), and call `step` again at the returned time, possibly at once.

    A command line is looked up from the last one on; recorded lines in between count as missing. A
    line that the recording does not have is not answered. Lines that the recorder wrote for itself
    are answered at any place, and are no part of the comparison.
    """

    def __init__(self, recording: Recording, now: float, *, timed: bool = True) -> None:
        """`timed`: reply with the recorded delays; otherwise at once."""
        self.baud = recording.baud
        self._recorded, self._own = _command_replies(recording)
        self._timed = timed
        self._next = 1
        self._received: list[str] = []
        self._line = bytearray()
        self._due: deque[tuple[float, bytes | int]] = deque()
        self._output = bytearray()
        self._reply(self._recorded[0], now)

    @property
    def finished(self) -> bool:
        """Whether the last recorded command has come and has been answered."""
        return self._commands_finished and not self._due

    @property
    def _commands_finished(self) -> bool:
        return self._next == len(self._recorded)

    def receive(self, data: bytes, now: float) -> None:
        """Bytes of the host, split in any way."""
        for byte in data:
            if byte not in b"\r\n":
                self._line += bytes([byte])[: _MAX_LINE - len(self._line)]
            elif self._line:
                line, self._line = bytes(self._line), bytearray()
                self._handle_line(line, now)
        self.step(now)

    def step(self, now: float) -> float | None:
        """Output what is due by `now`. Returns the time of the next output, or None: never a time
        before `now`. A new speed applies only after the output at the old speed has been taken.
        """
        while self._due and self._due[0][0] <= now:
            reply = self._due[0][1]
            if isinstance(reply, bytes):
                self._output += reply
            elif self._output:
                break
            else:
                self.baud = reply
            self._due.popleft()
        return max(now, self._due[0][0]) if self._due else None

    def take_output(self) -> bytes:
        """The output since the last call."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def differences(self) -> str:
        """Unified diff from the recorded command lines to the received ones; empty if equal."""
        recorded = [_as_text(entry.line) for entry in self._recorded if entry.line is not None]
        lines = unified_diff(recorded, self._received, "recorded", "received", lineterm="")
        return "\n".join(lines)

    def _handle_line(self, line: bytes, now: float) -> None:
        own = self._own.get(line.strip())
        expected = not self._commands_finished and self._recorded[self._next].line == line
        if own is not None and not expected:
            self._reply(own, now)
            return
        if len(self._received) < _MAX_COMPARED:
            self._received.append(_as_text(line))
        for index in range(self._next, len(self._recorded)):
            if self._recorded[index].line == line:
                self._next = index + 1
                self._reply(self._recorded[index], now)
                return

    def _reply(self, entry: CommandReply, now: float) -> None:
        for delay, reply in entry.replies:
            at = now + delay if self._timed else now
            # Never before the replies to earlier commands.
            self._due.append((max(at, self._due[-1][0]) if self._due else at, reply))


def _command_replies(
    recording: Recording,
) -> tuple[list[CommandReply], dict[bytes, CommandReply]]:
    """First what came before any command line, then one entry a complete command line.

    Apart from these, by line: the recorder's own lines, up to their final result.
    """
    found: list[CommandReply] = []
    own: dict[bytes, CommandReply] = {}
    line: bytes | None = None
    since, partial = 0.0, b""
    replies: list[tuple[float, bytes | int]] = []
    probe: CommandReply | None = None  # the recorder's line that waits for its final result
    asked = 0.0
    for entry in recording.entries:
        if isinstance(entry, SpeedChange):
            replies.append((entry.at - since, entry.baud))
        elif entry.side is Side.MODULE and probe is not None:
            reply = (entry.at - asked, entry.data)
            probe = CommandReply(probe.line, (*probe.replies, reply))
            if _FINAL.search(entry.data):
                own.setdefault(probe.line or b"", probe)
                probe = None
        elif entry.side is Side.MODULE:
            replies.append((entry.at - since, entry.data))
        elif entry.own:
            probe, asked = CommandReply(entry.data.strip(), ()), entry.at
        else:
            probe = None
            *whole, partial = re.split(rb"[\r\n]+", partial + entry.data)
            for complete in filter(None, whole):
                found.append(CommandReply(line, tuple(replies)))
                line, since, replies = complete, entry.at, []
    return [*found, CommandReply(line, tuple(replies))], own


def _as_text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")
