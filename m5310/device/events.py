"""Events of a running device, their counters, and the listener that receives them."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from m5310.commands.network import Registration
from m5310.device.attributes import Attributes
from m5310.device.reports import Report
from m5310.errors import M5310Error, ParameterError, PortError, Text
from m5310.lwm2m.path import Path
from m5310.module.attach_errors import Attempt

# The text of an event says what happened, not what will be done about it: that depends on the
# program's choice (`recover`).


@dataclass(frozen=True, slots=True)
class Created:
    """The module on `port` is configured."""

    port: str

    def __str__(self) -> str:
        return Text("the module on {port} is configured", port=self.port)


@dataclass(frozen=True, slots=True)
class Searching:
    """The login waits for the network; one poll of it."""

    attempt: Attempt

    def __str__(self) -> str:
        return Text(
            "searching for the network for {seconds:.0f} s: {attempt}",
            seconds=self.attempt.elapsed,
            attempt=self.attempt,
        )


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The program's login succeeded."""

    endpoint: str

    def __str__(self) -> str:
        return Text("logged in as {endpoint}", endpoint=self.endpoint)


@dataclass(frozen=True, slots=True)
class Reported:
    """The module accepted a report completely."""

    report: Report

    def __str__(self) -> str:
        return Text("reported {what}", what=_paths(self.report))


@dataclass(frozen=True, slots=True)
class Reset:
    """The module restarted by itself. `text` is the line that reported it."""

    text: str

    def __str__(self) -> str:
        return Text("the module has restarted ({line})", line=self.text)


@dataclass(frozen=True, slots=True)
class PortLost:
    """The port is lost: unplugged, or its adapter lost power."""

    error: PortError

    def __str__(self) -> str:
        return Text("the port is lost ({error})", error=self.error)


@dataclass(frozen=True, slots=True)
class PortBack:
    """The port is open again, perhaps under another name."""

    port: str

    def __str__(self) -> str:
        return Text("the port is back: {port}", port=self.port)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """After a login the platform has observed everything: it has read object 3, the module's own
    (seen). From now on it takes reports."""

    def __str__(self) -> str:
        return Text("the platform has subscribed to the device")


@dataclass(frozen=True, slots=True)
class Identified:
    """Which module answers, and how it speaks. Only if it is not the M5310."""

    module: str

    def __str__(self) -> str:
        return Text("the module: {module}; it speaks the suite", module=self.module)


@dataclass(frozen=True, slots=True)
class AttributesSet:
    """The platform set attributes of `path` (-1: all instances or resources)."""

    path: Path
    attributes: Attributes

    def __str__(self) -> str:
        return Text(
            "the platform sets {attributes} for {path}", attributes=self.attributes, path=self.path
        )


@dataclass(frozen=True, slots=True)
class ModuleEvent:
    """The module reported event `number` of the suite, with its value `extend`."""

    number: int
    extend: int | None
    meaning: str

    def __str__(self) -> str:
        return Text(
            "the module reports event {number}: {meaning}", number=self.number, meaning=self.meaning
        )


class UpdateStep(Enum):
    """How far an update is."""

    BEGUN = "begun"  # the platform reads version and memory
    ERASED = "erased"  # blocks follow
    COMPLETE = "complete"  # the last block is stored
    INSTALL = "install"  # the program is to install the new firmware
    OVER = "over"


@dataclass(frozen=True, slots=True)
class FirmwareUpdate:
    """A step of the update of the host's firmware, after its answer; `received` bytes so far.

    At INSTALL the program installs what `on_block` got, and then updates the registration.
    """

    step: UpdateStep
    received: int

    def __str__(self) -> str:
        return Text(
            "firmware of the host: {step} ({received} bytes)",
            step=_WORDS[self.step],
            received=self.received,
        )


_WORDS: Final = {
    UpdateStep.BEGUN: Text("the platform asks for version and memory"),
    UpdateStep.ERASED: Text("the platform sends a new one"),
    UpdateStep.COMPLETE: Text("the new one is complete"),
    UpdateStep.INSTALL: Text("the new one is to be installed"),
    UpdateStep.OVER: Text("the update is over"),
}


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """The module logged out, not on request of the program."""

    def __str__(self) -> str:
        return Text("the module has logged out by itself")


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """An attempt to restore the device failed; the next one begins in `wait` s."""

    attempt: int
    wait: float
    error: M5310Error

    def __str__(self) -> str:
        return Text(
            "attempt {number} failed, next one in {seconds:.0f} s: {error}",
            number=self.attempt,
            seconds=self.wait,
            error=self.error,
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call waits, and has waited for `TOLD_AFTER` s; at most `seconds` more."""

    what: str
    seconds: float

    def __str__(self) -> str:
        return Text("waiting up to {seconds:.0f} s: {what}", seconds=self.seconds, what=self.what)


@dataclass(frozen=True, slots=True)
class RadioRestarted:
    """The module had stopped its network search in state `stat`; its radio was restarted."""

    stat: Registration

    def __str__(self) -> str:
        stat = self.stat.name.lower().replace("_", " ")
        return Text(
            "the module stopped its network search ({stat}); its radio was turned off and on",
            stat=stat,
        )


@dataclass(frozen=True, slots=True)
class Restored:
    """The device is in its former state again, after `attempts` attempts."""

    attempts: int

    def __str__(self) -> str:
        if self.attempts == 1:
            return Text("the device is restored")
        return Text("the device is restored after {attempts} attempts", attempts=self.attempts)


@dataclass(frozen=True, slots=True)
class Renewed:
    """The registration was renewed and is valid for `lifetime` s."""

    lifetime: int

    def __str__(self) -> str:
        return Text("the registration is renewed for {seconds} s", seconds=self.lifetime)


@dataclass(frozen=True, slots=True)
class RenewalFailed:
    """The registration was not renewed. With `recover` the device logs in again."""

    error: M5310Error

    def __str__(self) -> str:
        return Text("the registration was not renewed: {error}", error=self.error)


@dataclass(frozen=True, slots=True)
class ReportDropped:
    """More reports waited than the outbox holds: the oldest one failed."""

    report: Report

    def __str__(self) -> str:
        return Text(
            "the report of {what} was dropped: the outbox is full", what=_paths(self.report)
        )


def _paths(report: Report) -> str:
    return ", ".join(str(resource.path) for resource in report.resources)


UpkeepEvent = (
    Created
    | Searching
    | LoggedIn
    | Reported
    | Reset
    | PortLost
    | PortBack
    | Subscribed
    | Identified
    | AttributesSet
    | ModuleEvent
    | FirmwareUpdate
    | LoggedOut
    | Reconnecting
    | Waiting
    | RadioRestarted
    | Restored
    | Renewed
    | RenewalFailed
    | ReportDropped
)
Listener = Callable[[UpkeepEvent], object]


class UpkeepCounters(NamedTuple):
    """Counts since the device was made. `retries`: failed attempts to restore it."""

    resets: int
    ports_lost: int
    logouts: int
    retries: int
    radio_restarts: int
    restored: int
    renewed: int
    renewals_failed: int
    reports_dropped: int
    subscribed: int


GOOD_NEWS: Final = (
    *(Created, Identified, LoggedIn, Subscribed, Reported, AttributesSet, ModuleEvent),
    FirmwareUpdate,
    *(PortBack, Restored, Renewed, Waiting),
)
"""The events that are no disruption."""

TOLD_AFTER: Final = 2.0
"""Seconds after which an event names what a call waits for."""
# guess: a person who sees nothing for longer believes that a program hangs.

_log = logging.getLogger("m5310.device")


class EventEmitter:
    """Counts events, logs them, and calls the program's listener.

    Without a listener, disruptions are logged at WARNING, which Python shows if logging is not
    configured. Raises ParameterError for a coroutine function: it would not be awaited.
    """

    def __init__(self, listener: Listener | None) -> None:
        plain = callable(listener) and not inspect.iscoroutinefunction(listener)
        if listener is not None and not plain:
            raise ParameterError(f"on_event {listener!r}: expected a plain function")
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
            subscribed=seen[Subscribed],
        )

    def emit(self, event: UpkeepEvent) -> None:
        """Raises nothing: an exception of the listener is logged."""
        self._seen[type(event)] += 1
        warn = self._listener is None and not isinstance(event, GOOD_NEWS)
        _log.log(logging.WARNING if warn else logging.INFO, "%s", event)
        if self._listener is None:
            return
        try:
            self._listener(event)
        except Exception:
            _log.exception("on_event failed on %r", event)


@contextlib.contextmanager
def announced(emit: Callable[[UpkeepEvent], None], what: str, seconds: float) -> Iterator[None]:
    """Emit `Waiting` if the block takes longer than `TOLD_AFTER`; it takes at most `seconds`."""
    waiting = Waiting(what, seconds - TOLD_AFTER)
    timer = asyncio.get_running_loop().call_later(TOLD_AFTER, emit, waiting)
    try:
        yield
    finally:
        timer.cancel()
