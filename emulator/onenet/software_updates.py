"""Updates of a host's own program (SOTA): OneNET leads them through the LwM2M object 5. Pure.

The order of the requests is that of OneNET's page on the modules M531x: free space, version, state,
battery; then the package goes down in blocks and is installed. After its restart the host updates
its login, and its version is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol

from emulator.lwm2m.model import Path
from emulator.onenet.devices import Device
from emulator.onenet.errors import ApiError
from emulator.onenet.lwm2m.operations import Execute, Operation, Read, WriteBlock
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.onenet.lwm2m.requests import OnDone, Request
from emulator.onenet.lwm2m.server import Sign

MAX_PACKAGE = 1 << 20  # guess: bounds the memory; more than such hosts have
MAX_VERSION = 64  # guess: characters
BLOCK = 512  # bytes; the page shows 1024 digits
_STEP_TIME = 60.0  # guess: seconds for one request, in which a host erases or writes its memory

_BEGIN, _DOWNLOAD, _INSTALL = Path(5, 0, 26550), Path(5, 0, 26501), Path(5, 0, 2)
_PACKAGE, _PROGRESS = Path(5, 0, 0), Path(5, 0)
_FREE, _VERSION, _BATTERY = Path(3, 0, 26261), Path(3, 0, 19), Path(3, 0, 9)

# Each step is an operation, or None: wait for the restarted host. It gets the outcome, or None. The
# result is why the update failed; empty: it did not.
_Steps = Generator[Operation | None, Outcome | None, str]


class _Send(Protocol):
    """`Platform.request`."""

    def __call__(
        self, device: Device, operation: Operation, on_done: OnDone, now: float, timeout: float
    ) -> Request: ...


@dataclass(slots=True, eq=False)
class _Update:
    device: Device
    steps: _Steps
    on_end: Callable[[str], None]
    waits: bool = False  # for the restarted host


class SoftwareUpdates:
    """At most one for each device. What comes in between takes effect at the next `step`."""

    def __init__(self, send: _Send) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._send = send
        self._running: dict[str, _Update] = {}  # by the device's id
        self._ready: dict[str, Outcome | None] = {}  # to go on, with the outcome of the last step

    @property
    def due(self) -> float | None:
        """Nothing happens without an outcome or a sign."""
        return None

    def start(
        self, device: Device, version: str, package: bytes, on_end: Callable[[str], None]
    ) -> None:
        """Lead the host of `device` to `version`. `on_end` is called with why that failed; with an
        empty text once the host has that version.

        Raises ValueError: the package or the version is empty or too long, or one is running.
        """
        if not 1 <= len(package) <= MAX_PACKAGE:
            raise ValueError(f"package of {len(package)} bytes: expected 1 to {MAX_PACKAGE}")
        if not 1 <= len(version) <= MAX_VERSION:
            raise ValueError(f"version {version!r}: expected 1 to {MAX_VERSION} characters")
        if device.id in self._running:
            raise ValueError(f"an update of device {device.id} is running: wait for its end")
        self._running[device.id] = _Update(device, _steps(version, package), on_end)
        self._go_on_soon(device.id, None)

    def reachable(self, device: str, sign: Sign) -> None:
        """The device has shown this sign of life."""
        update = self._running.get(device)
        # guess: a new login shows the restart, too
        if update is not None and update.waits and sign is not Sign.NOTIFY:
            update.waits = False
            self._go_on_soon(device, None)

    def forget(self, device: str) -> None:
        """The device is deleted."""
        if device in self._running:
            self._end(device, "the device is deleted")

    def step(self, now: float) -> None:
        while self._ready:
            device = next(iter(self._ready))
            outcome = self._ready.pop(device)
            if device in self._running:
                self._go_on(self._running[device], outcome, now)

    def _go_on_soon(self, device: str, outcome: Outcome | None) -> None:
        self._ready[device] = outcome
        self.on_change()

    def _go_on(self, update: _Update, outcome: Outcome | None, now: float) -> None:
        device = update.device
        try:
            operation = update.steps.send(outcome)
        except StopIteration as end:
            self._end(device.id, end.value)
            return
        if operation is None:
            update.waits = True
            return

        def on_done(outcome: Outcome) -> None:
            if self._running.get(device.id) is not update:
                return
            if outcome.failure is None:
                self._go_on_soon(device.id, outcome)
            else:
                self._end(device.id, f"{operation.path}: {outcome.failure}")

        try:
            self._send(device, operation, on_done, now, _STEP_TIME)
        except ApiError as error:
            self._end(device.id, str(error))

    def _end(self, device: str, failure: str) -> None:
        self._ready.pop(device, None)
        self._running.pop(device).on_end(failure)


def _steps(version: str, package: bytes) -> _Steps:
    found = yield from _look(version, len(package))
    if found is not None:
        return found
    yield Read(_PROGRESS)
    yield Read(_BATTERY)
    yield Execute(_DOWNLOAD, b"")
    for number, start in enumerate(range(0, len(package), BLOCK)):
        end = start + BLOCK
        yield WriteBlock(_PACKAGE, package[start:end], number, end < len(package))
    yield Read(_BATTERY)
    yield Execute(_INSTALL, b"")
    yield None
    found = yield from _look(version, 0)
    return "the host has another version after its restart" if found is None else found


def _look(version: str, size: int) -> Generator[Operation | None, Outcome | None, str | None]:
    """Ask for space and version. None: the host has another version than this, and room for it."""
    yield Execute(_BEGIN, b"")
    free = _text((yield Read(_FREE)))
    if _text((yield Read(_VERSION))) == version:
        yield WriteBlock(_PACKAGE, b"", None, False)
        return ""
    if free.isdecimal() and int(free) * 1024 < size:
        return f"the host has {free} KB, the package has {size} bytes"
    return None


def _text(outcome: Outcome | None) -> str:
    """The value of a resource, whatever its type."""
    if outcome is None or not outcome.items:
        return ""
    value = outcome.items[0].value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
