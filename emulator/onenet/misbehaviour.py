"""Faults of the platform towards devices: silence, refusal, delay, repeated requests. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from emulator.air.messages import Ack, Downlink, Register, Reset, Response, Update, Uplink
from emulator.air.model import Code

# guess: seconds between a request and its repetition; long enough for the host to answer between
# them, so that it receives a request that it has answered already.
REPEAT_TIME = 3.0


@dataclass(frozen=True, slots=True)
class PlatformFaults:
    """`silent`: receives and sends nothing. `refusing`: answers 4.03 to each register and update.
    `delay`: seconds by which each message comes late. `repeats`: how often each request is sent
    again, answered or not.

    Raises ValueError for a negative or infinite delay, or negative repeats.
    """

    silent: bool = False
    refusing: bool = False
    delay: float = 0.0
    repeats: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.delay < float("inf"):
            raise ValueError(f"delay {self.delay}: expected a number of seconds, 0 or more")
        if self.repeats < 0:
            raise ValueError(f"repeats {self.repeats}: expected a count, 0 or more")


class Misbehaviour:
    """Stands between server and air, and applies `faults`, which may change at any time.

    `receive` passes uplinks to `to_server`, `send` passes downlinks to `to_air`. Stepped: see
    `emulator.simulation.simulation.Part`.
    """

    def __init__(
        self,
        to_server: Callable[[str, Uplink, float], None],
        to_air: Callable[[str, Downlink, float], None],
    ) -> None:
        self._faults = PlatformFaults()
        self.on_change: Callable[[], None] = lambda: None
        self._to_server = to_server
        self._to_air = to_air
        self._delayed: list[tuple[float, int, str, Downlink]] = []  # by the time of sending
        self._order = count()

    @property
    def faults(self) -> PlatformFaults:
        """Raises TypeError when set to anything else."""
        return self._faults

    @faults.setter
    def faults(self, faults: PlatformFaults) -> None:
        if not isinstance(faults, PlatformFaults):
            raise TypeError(f"faults {faults!r}: expected such as PlatformFaults(silent=True)")
        self._faults = faults

    def receive(self, address: str, message: Uplink, now: float) -> None:
        """A message from the endpoint at `address`."""
        if self.faults.silent:
            return
        if self.faults.refusing and isinstance(message, Register | Update):
            self.send(address, Response(message.mid, Code.FORBIDDEN), now)
        else:
            self._to_server(address, message, now)

    def send(self, address: str, message: Downlink, now: float) -> None:
        """A message of the server for the endpoint at `address`."""
        faults = self.faults
        if faults.silent:
            return
        if faults.delay:
            self._send_at(now + faults.delay, address, message)
        else:
            self._to_air(address, message, now)
        if not isinstance(message, Response | Ack | Reset):
            for repeat in range(1, faults.repeats + 1):
                self._send_at(now + faults.delay + repeat * REPEAT_TIME, address, message)

    def step(self, now: float) -> float | None:
        """Send what is due at `now`; returns the next deadline."""
        while self._delayed and self._delayed[0][0] <= now:
            *_, address, message = heappop(self._delayed)
            self._to_air(address, message, now)
        return self._delayed[0][0] if self._delayed else None

    def _send_at(self, at: float, address: str, message: Downlink) -> None:
        heappush(self._delayed, (at, next(self._order), address, message))
        self.on_change()
