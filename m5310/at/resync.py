"""What may still come of what was written before, so that it is not taken for something new."""

from __future__ import annotations

from typing import Any, Final

from m5310.at.codec import Command

SETTLE: Final = 0.1
"""Seconds after an `OK` in which more of the past may follow. An AT is answered within some ms and
its `OK` takes 7 ms at 9600 baud: what the module still had to say when it read the AT has come by
then."""

PROBE_INTERVAL: Final = 1.0
"""Seconds between two probes. A module that boots takes 3 s and more, one that wakes up loses the
first AT: ask again soon enough for both, seldom enough that a module busy for a minute is not
buried."""

SETTLE_OWED: Final = 1.5 * PROBE_INTERVAL
"""Seconds after an `OK` while fewer results came than are owed: the others may be as far behind as
the probes are apart."""


class Past:
    """`settle` in seconds, see `SETTLE`."""

    __slots__ = ("_owed", "_settle", "_starting", "_wait", "lost")

    def __init__(self, settle: float) -> None:
        self.lost: Command[Any] | None = None
        """What timed out; its lines may still come."""
        self._settle = settle
        self._wait = settle
        self._owed = 0  # final results that may still come for what was written
        self._starting = False  # the `OK` that ends the text of a start may still come

    # --- what makes it -----------------------------------------------------------------------

    def lose(self, command: Command[Any]) -> None:
        """It timed out."""
        self.lost = command
        self._owed = 1
        self._wait = self._settle

    def begin_anew(self) -> None:
        """The other side has restarted, and knows of nothing."""
        self.lost = None
        # The text of a start ends with an `OK`. If a probe is not to take that for its own, one
        # more than was asked for must be awaited; where it never comes, that costs SETTLE_OWED.
        self._owed = 1
        self._starting = True
        self._wait = self._settle

    def shorten(self, seconds: float) -> None:
        """The conversation is in step: nothing can follow the next `OK` after so many seconds."""
        self._wait = min(self._settle, seconds)

    def probe(self) -> None:
        """An AT is written; its result is owed."""
        self._owed += 1

    # --- what ends it ------------------------------------------------------------------------

    def result(self) -> None:
        """A final result came, and no command is out."""
        self._owed = max(0, self._owed - 1)

    def result_of_lost(self) -> None:
        """That was it, if no other is owed: nothing more of the lost command can follow."""
        if not self._owed:
            self.lost = None

    def ends_start(self) -> bool:
        """Whether an `OK` that is nobody's ends the text of a start. It does so once."""
        ends, self._starting = self._starting, False
        return ends

    def settled(self) -> None:
        """Nothing more came for as long as anything could."""
        self.lost = None
        self._owed = 0
        self._starting = False

    @property
    def remaining(self) -> float:
        """Seconds from an `OK` that came just now until nothing of the past can follow it."""
        return self.longest if self._owed else self._wait

    @property
    def longest(self) -> float:
        """Seconds that `remaining` can be."""
        return max(SETTLE_OWED, self._settle)

    # --- whose a line is ---------------------------------------------------------------------

    def echoed(self, line: str) -> bool:
        """Whether it is the echo of the lost command."""
        return self.lost is not None and line == self.lost.line

    def late(self, line: str) -> Command[Any] | None:
        """The lost command, if it declared this line as its own."""
        lost = self.lost
        if lost is not None and any(each.pattern.fullmatch(line) for each in lost.responses):
            return lost
        return None
