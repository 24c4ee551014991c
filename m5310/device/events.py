"""What happens to a device that is left running, as typed events, and how often."""

from __future__ import annotations

import inspect
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from m5310.device.reports import Report
from m5310.errors import M5310Error, ParameterError, PortError

if TYPE_CHECKING:
    from m5310.commands.network import Registration

# An event says of itself what happened, not what will be done about it: that is for whoever made
# the device to decide (`recover`).


@dataclass(frozen=True, slots=True)
class Reset:
    """The module restarted by itself. `text` is what it said of it."""

    text: str

    def __str__(self) -> str:
        return f"the module has restarted ({self.text})"


@dataclass(frozen=True, slots=True)
class PortLost:
    """The port is gone: unplugged, or its adapter lost power."""

    error: PortError

    def __str__(self) -> str:
        return f"the port is gone ({self.error})"


@dataclass(frozen=True, slots=True)
class PortBack:
    """The port is open again, perhaps under another name."""

    port: str

    def __str__(self) -> str:
        return f"the port is back: {self.port}"


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """The module logged out and nobody here had asked for it."""

    def __str__(self) -> str:
        return "the module has logged out by itself"


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """Bringing the device back failed with `error`; the next attempt begins in `wait` s."""

    attempt: int
    wait: float
    error: M5310Error

    def __str__(self) -> str:
        return f"attempt {self.attempt} failed, the next in {self.wait:.0f} s: {self.error}"


@dataclass(frozen=True, slots=True)
class RadioRestarted:
    """The module had given up on the network, standing at `stat`: it was told to look anew."""

    stat: Registration

    def __str__(self) -> str:
        stands = self.stat.name.lower().replace("_", " ")
        return f"the module gave up on the network ({stands}); its radio was turned off and on"


@dataclass(frozen=True, slots=True)
class Restored:
    """The device stands again where it stood, after so many attempts."""

    attempts: int

    def __str__(self) -> str:
        tried = "" if self.attempts == 1 else f", after {self.attempts} attempts"
        return f"the device is back{tried}"


@dataclass(frozen=True, slots=True)
class Renewed:
    """The platform knows the device for another `lifetime` s."""

    lifetime: int

    def __str__(self) -> str:
        return f"the registration is renewed for {self.lifetime} s"


@dataclass(frozen=True, slots=True)
class RenewalFailed:
    """The lifetime was not renewed. Unless told not to, the device logs in anew."""

    error: M5310Error

    def __str__(self) -> str:
        return f"the registration was not renewed: {self.error}"


@dataclass(frozen=True, slots=True)
class ReportDropped:
    """More reports waited for the device than are kept: the oldest one failed."""

    report: Report

    def __str__(self) -> str:
        paths = ", ".join(str(resource.path) for resource in self.report.resources)
        return f"the report of {paths} was dropped: too many wait"


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


GOOD_NEWS: Final = (PortBack, Restored, Renewed)
"""The events that tell of no disruption."""

_log = logging.getLogger("m5310.device")


class Upkeep:
    """Counts what happens, and tells it to the program, or else to the log.

    A disruption that no listener hears of is a warning, which Python shows to whoever has set up
    no logging at all. Raises ParameterError on a coroutine function, which nobody would await.
    """

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
        unheard = self._listener is None and not isinstance(event, GOOD_NEWS)
        _log.log(logging.WARNING if unheard else logging.INFO, "%s", event)
        if self._listener is None:
            return
        try:
            self._listener(event)
        except Exception:
            _log.exception("on_event failed on %r", event)
