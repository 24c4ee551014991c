"""What happens to a device that is left running, as typed events, and how often."""

from __future__ import annotations

import inspect
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from m5310.device.reports import Report
from m5310.errors import M5310Error, ParameterError, PortError

if TYPE_CHECKING:
    from m5310.commands.network import Registration

# Named tuples, because ten dataclasses take 3 ms of every import of the driver. An empty tuple
# would be false, though, so what has nothing to say is a dataclass.


class Reset(NamedTuple):
    """The module restarted by itself. `text` is what it said of it."""

    text: str


class PortLost(NamedTuple):
    """The port is gone: unplugged, or its adapter lost power."""

    error: PortError


class PortBack(NamedTuple):
    """The port is open again, perhaps under another name."""

    port: str


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """The module logged out and nobody here had asked for it."""


class Reconnecting(NamedTuple):
    """Bringing the device back failed with `error`; the next attempt begins in `wait` s."""

    attempt: int
    wait: float
    error: M5310Error


class RadioRestarted(NamedTuple):
    """The module had given up on the network, standing at `stat`: it was told to look anew."""

    stat: Registration


class Restored(NamedTuple):
    """The device stands again where it stood, after so many attempts."""

    attempts: int


class Renewed(NamedTuple):
    """The platform knows the device for another `lifetime` s."""

    lifetime: int


class RenewalFailed(NamedTuple):
    """The lifetime was not renewed. Unless told not to, the device logs in anew."""

    error: M5310Error


class ReportDropped(NamedTuple):
    """More reports waited for the device than are kept: the oldest one failed."""

    report: Report


UpkeepEvent = (
    Reset
    | PortLost
    | PortBack
    | LoggedOut
    | Reconnecting
    | RadioRestarted
    | Restored
    | Renewed
    | RenewalFailed
    | ReportDropped
)
Listener = Callable[[UpkeepEvent], object]


class UpkeepCounters(NamedTuple):
    """How often since the device was made; `retries` counts failed attempts to bring it back."""

    resets: int
    ports_lost: int
    logouts: int
    retries: int
    radio_restarts: int
    restored: int
    renewed: int
    renewals_failed: int
    reports_dropped: int


_log = logging.getLogger("m5310.device")


class Upkeep:
    """Counts what happens, and tells it to the program. Raises ParameterError on a coroutine
    function, which nobody would await."""

    def __init__(self, listener: Listener | None) -> None:
        plain = callable(listener) and not inspect.iscoroutinefunction(listener)
        if listener is not None and not plain:
            raise ParameterError(f"on_event takes a plain function, not {listener!r}")
        self._listener = listener
        self._seen: Counter[type[UpkeepEvent]] = Counter()

    @property
    def counters(self) -> UpkeepCounters:
        seen = self._seen
        return UpkeepCounters(
            resets=seen[Reset],
            ports_lost=seen[PortLost],
            logouts=seen[LoggedOut],
            retries=seen[Reconnecting],
            radio_restarts=seen[RadioRestarted],
            restored=seen[Restored],
            renewed=seen[Renewed],
            renewals_failed=seen[RenewalFailed],
            reports_dropped=seen[ReportDropped],
        )

    def tell(self, event: UpkeepEvent) -> None:
        """Never raises: what the program's listener raises is logged."""
        self._seen[type(event)] += 1
        _log.info("%r", event)
        if self._listener is None:
            return
        try:
            self._listener(event)
        except Exception:
            _log.exception("on_event failed on %r", event)
