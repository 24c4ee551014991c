"""Faults of the platform towards devices: silence, refusal, delay, repeated requests. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from emulator.onenet.lwm2m.server import Server

# guess: seconds between a request and its repetition; long enough for the host to answer between
# them, so that it receives a request that it has answered already.
REPEAT_TIME = 3.0

# The second byte of a CoAP message, its code, if it is a request (RFC 7252 section 3).
_REQUESTS = range(1, 32)

Carry = Callable[[str, bytes, float], None]


@dataclass(frozen=True, slots=True)
class PlatformFaults:
    """`silent`: receives and sends nothing. `refusing`: answers 4.03 to each register and update.
    `delay`: seconds by which each message comes late. `repeats`: how often each request is sent
    again, answered or not. `discovers` False: logins are observed, and not discovered (a setting of
    OneNET's products).

    Raises ValueError for a negative or infinite delay, or negative repeats.
    """

    silent: bool = False
    refusing: bool = False
    delay: float = 0.0
    repeats: int = 0
    discovers: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.delay < float("inf"):
            raise ValueError(f"delay {self.delay}: expected a number of seconds, 0 or more")
        if self.repeats < 0:
            raise ValueError(f"repeats {self.repeats}: expected a count, 0 or more")


class Misbehaviour:
    """Stands between server and air, and applies `faults`, which may change at any time.

    `receive` passes datagrams to `server`, `send` passes those of the server to `to_air`. Stepped:
    see `emulator.simulation.simulation.Part`.
    """

    def __init__(self, server: Server, to_air: Carry) -> None:
        self._faults = PlatformFaults()
        self.on_change: Callable[[], None] = lambda: None
        self._server = server
        self._to_air = to_air
        self._delayed: list[tuple[float, int, str, bytes]] = []  # by the time of sending
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
        self._server.refusing = faults.refusing
        self._server.observer.discovers = faults.discovers

    def receive(self, address: str, datagram: bytes, now: float) -> None:
        """A datagram from the endpoint at `address`."""
        if not self.faults.silent:
            self._server.receive(address, datagram, now)

    def send(self, address: str, datagram: bytes, now: float) -> None:
        """A datagram of the server for the endpoint at `address`."""
        faults = self.faults
        if faults.silent:
            return
        if faults.delay:
            self._send_at(now + faults.delay, address, datagram)
        else:
            self._to_air(address, datagram, now)
        if datagram[1] in _REQUESTS:
            for repeat in range(1, faults.repeats + 1):
                self._send_at(now + faults.delay + repeat * REPEAT_TIME, address, datagram)

    def step(self, now: float) -> float | None:
        """Send what is due at `now`; returns the next deadline."""
        while self._delayed and self._delayed[0][0] <= now:
            *_, address, datagram = heappop(self._delayed)
            self._to_air(address, datagram, now)
        return self._delayed[0][0] if self._delayed else None

    def _send_at(self, at: float, address: str, datagram: bytes) -> None:
        heappush(self._delayed, (at, next(self._order), address, datagram))
        self.on_change()
