"""In-memory air between endpoints and server: latency, loss, order of arrival. Pure."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, Protocol

from emulator.air import faults
from emulator.air.messages import Downlink, Uplink

# Seconds. NB-IoT takes longer; this is short to wait for and long enough to see in a trace.
LATENCY = 0.1
# guess: bounds memory. Messages in flight to or from one address; further ones are lost.
CAPACITY = 64


Link = faults.Link
_NO_LINK = Link()


class Receiver(Protocol):
    """An endpoint as the air sees it."""

    @property
    def link(self) -> Link: ...

    def deliver(self, message: Downlink, now: float) -> None: ...


class Air:
    """`latency` in seconds each way; `loss` 0..1 is the share of messages that never arrive.

    The link of an endpoint adds to both. Which messages are lost follows from `seed` and the number
    of messages before. Latency and loss may change at any time, for what is sent from then on.
    Neither side knows the other: uplinks go to `to_server` with the sender's address, downlinks to
    the endpoint attached at their address. Call `step` at `deadline`.
    """

    def __init__(self, *, latency: float = LATENCY, loss: float = 0.0, seed: int = 0) -> None:
        self.latency = latency
        self.loss = loss
        self.carried = 0
        self.lost = 0
        self.deadline: float | None = None  # when the next message arrives, in either direction
        self.to_server: Callable[[str, Uplink, float], None] = lambda _to, _message, _now: None
        self._endpoints: dict[str, Receiver] = {}
        self._chance = Random(seed)  # noqa: S311 - guards no secret, must repeat itself
        # Arrival, order of sending, whether it goes down, the endpoint's address, the message.
        self._flights: list[tuple[float, int, bool, str, Any]] = []
        self._numbers = count()
        # By direction and address: how many messages are in flight, and when the last one arrives.
        self._last: dict[tuple[bool, str], tuple[int, float]] = {}

    @property
    def latency(self) -> float:
        """Raises ValueError when set to a negative or infinite number."""
        return self._latency

    @latency.setter
    def latency(self, latency: float) -> None:
        if not 0 <= latency < float("inf"):
            raise ValueError(f"latency {latency}: expected a number of seconds, 0 or more")
        self._latency = latency

    @property
    def loss(self) -> float:
        """Raises ValueError when set to a number outside 0..1."""
        return self._loss

    @loss.setter
    def loss(self, loss: float) -> None:
        if not 0 <= loss <= 1:
            raise ValueError(f"loss {loss}: expected a share from 0 to 1")
        self._loss = loss

    def attach(self, address: str, endpoint: Receiver) -> None:
        """Downlinks to `address` go to `endpoint` from now on."""
        self._endpoints[address] = endpoint

    def send_up(self, address: str, message: Uplink, now: float) -> None:
        """From the endpoint at `address` to the server."""
        self._send(address, message, now, down=False)

    def send_down(self, address: str, message: Downlink, now: float) -> None:
        """From the server to `address`; lost on arrival if there is no endpoint."""
        self._send(address, message, now, down=True)

    def step(self, now: float) -> None:
        """Deliver what arrives by `now`, in order of arrival, then of sending."""
        while self._flights and self._flights[0][0] <= now:
            _, _, down, address, message = heappop(self._flights)
            in_flight, last = self._last.pop((down, address))
            if in_flight > 1:
                self._last[down, address] = in_flight - 1, last
            if not down:
                self.to_server(address, message, now)
            elif address in self._endpoints:
                self._endpoints[address].deliver(message, now)
        self.deadline = self._flights[0][0] if self._flights else None

    def _send(self, address: str, message: Uplink | Downlink, now: float, *, down: bool) -> None:
        endpoint = self._endpoints.get(address)
        link = _NO_LINK if endpoint is None else endpoint.link
        loss = 1 - (1 - self._loss) * (1 - link.loss)
        in_flight, last = self._last.get((down, address), (0, now))
        if (loss and self._chance.random() < loss) or in_flight >= CAPACITY:
            self.lost += 1
            return
        self.carried += 1
        # A lower latency than before lets no message overtake another of its address.
        arrival = max(now + self._latency + link.latency, last)
        self._last[down, address] = in_flight + 1, arrival
        heappush(self._flights, (arrival, next(self._numbers), down, address, message))
        self.deadline = self._flights[0][0]
