"""Final results still owed for earlier commands, so that a late one ends no later command."""

from __future__ import annotations

from typing import Any, Final

from m5310.at.codec import Command

SETTLE: Final = 0.1
"""Seconds after an `OK` in which more late results may follow. An AT is answered within some ms,
and its `OK` takes 7 ms at 9600 baud: what the module still had to send when it read the AT has
come by then."""

PROBE_INTERVAL: Final = 1.0
"""Seconds between two probes. A module that boots takes 3 s and more, one that wakes up loses the
first AT: frequent enough for both, and rare enough for a module that is busy for a minute."""

SETTLE_OWED: Final = 1.5 * PROBE_INTERVAL
"""Seconds to wait after an `OK` while results are still owed: they may be as late as the probes
are apart."""


class Resync:
    """What may still arrive after a timeout or a restart, and how long to wait for it.

    `settle` in seconds, see `SETTLE`.
    """

    __slots__ = ("_booting", "_owed", "_settle", "_wait", "timed_out")

    def __init__(self, settle: float) -> None:
        self.timed_out: Command[Any] | None = None
        """The command that timed out, whose lines may still come."""
        self._settle = settle
        self._wait = settle
        self._owed = 0  # final results that may still come
        self._booting = False  # the `OK` that ends the boot text may still come

    def command_timed_out(self, command: Command[Any]) -> None:
        """Its final result is owed from now on."""
        self.timed_out = command
        self._owed = 1
        self._wait = self._settle

    def module_restarted(self) -> None:
        """The module has dropped all earlier commands."""
        self.timed_out = None
        # The boot text ends with an `OK`, which must not pass for the answer to a probe: one more
        # result is owed than lines were written. Where it never comes, that costs SETTLE_OWED.
        self._owed = 1
        self._booting = True
        self._wait = self._settle

    def shorten_wait(self, seconds: float) -> None:
        """The conversation is in sync: nothing can follow the next `OK` after so many seconds."""
        self._wait = min(self._settle, seconds)

    def probe_written(self) -> None:
        """Its result is owed from now on."""
        self._owed += 1

    def result_received(self) -> None:
        """A final result came while no command was outstanding."""
        self._owed = max(0, self._owed - 1)

    def drop_timed_out(self) -> None:
        """Forget the command that timed out, unless a result is still owed."""
        if not self._owed:
            self.timed_out = None

    def take_boot_ok(self) -> bool:
        """Whether an unexpected `OK` is the one that ends the boot text; true once a restart."""
        booting, self._booting = self._booting, False
        return booting

    def settled(self) -> None:
        """Nothing more came within the wait: nothing is owed."""
        self.timed_out = None
        self._owed = 0
        self._booting = False

    @property
    def wait(self) -> float:
        """Seconds from an `OK` until no late result can follow it."""
        return self.longest_wait if self._owed else self._wait

    @property
    def longest_wait(self) -> float:
        """Upper bound of `wait`."""
        return max(SETTLE_OWED, self._settle)
