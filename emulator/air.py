"""The air between modules and platform: each message arrives a latency later, or not at all.

Pure. Neither side knows the other; they know addresses. Real CoAP takes exactly this place.
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Generic, TypeVar

from emulator.lwm2m import Downlink, Uplink

M = TypeVar("M")

# NB-IoT takes longer; short enough not to be waited for, long enough to be seen in a trace.
LATENCY = 0.1


class _Way(Generic[M]):
    """Messages in one direction with their arrival times, in the order of their sending."""

    def __init__(self) -> None:
        self._messages: deque[tuple[float, str, M]] = deque()

    def put(self, arrival: float, address: str, message: M) -> None:
        # A latency that was lowered meanwhile lets no message overtake another.
        if self._messages:
            arrival = max(arrival, self._messages[-1][0])
        self._messages.append((arrival, address, message))

    def take(self, now: float) -> list[tuple[str, M]]:
        arrived = []
        while self._messages and self._messages[0][0] <= now:
            arrived.append(self._messages.popleft()[1:])
        return arrived

    @property
    def next(self) -> float | None:
        return self._messages[0][0] if self._messages else None


class Air:
    """`latency` seconds each way; `loss` 0..1 is the share of messages that never arrive.

    Which ones are lost follows from `seed` and the number of messages before. Latency and loss may
    be changed at any time, for what is sent from then on.
    """

    def __init__(self, *, latency: float = LATENCY, loss: float = 0.0, seed: int = 0) -> None:
        """Raises ValueError: a negative latency, or a loss that is no share."""
        if not 0 <= latency < float("inf"):
            raise ValueError(f"latency {latency}: expected a number of seconds, 0 or more")
        if not 0 <= loss <= 1:
            raise ValueError(f"loss {loss}: expected a share from 0 to 1")
        self.latency = latency
        self.loss = loss
        self.carried = 0
        self.lost = 0
        self._chance = Random(seed)  # noqa: S311 - guards no secret, must repeat itself
        self._up: _Way[Uplink] = _Way()
        self._down: _Way[Downlink] = _Way()

    def send_up(self, address: str, message: Uplink, now: float) -> None:
        """From the module at `address` to the platform."""
        if self._passes():
            self._up.put(now + self.latency, address, message)

    def send_down(self, address: str, message: Downlink, now: float) -> None:
        """From the platform to whoever is at `address`."""
        if self._passes():
            self._down.put(now + self.latency, address, message)

    def take_up(self, now: float) -> list[tuple[str, Uplink]]:
        """What reaches the platform by `now`, each message with its sender's address."""
        return self._up.take(now)

    def take_down(self, now: float) -> list[tuple[str, Downlink]]:
        """What comes down by `now`, each message with the address it is meant for."""
        return self._down.take(now)

    @property
    def deadline(self) -> float | None:
        """When the next message arrives, either way."""
        return min((t for t in (self._up.next, self._down.next) if t is not None), default=None)

    def _passes(self) -> bool:
        if self.loss and self._chance.random() < self.loss:
            self.lost += 1
            return False
        self.carried += 1
        return True
