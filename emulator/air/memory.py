"""The air between modules and platform: each message arrives a latency later, or not at all.

Pure. Neither side knows the other; they know addresses. Real CoAP takes exactly this place.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Generic, TypeVar

from emulator.air.messages import Downlink, Uplink
from emulator.clock.deadlines import earliest

M = TypeVar("M")

# NB-IoT takes longer; short enough not to be waited for, long enough to be seen in a trace.
LATENCY = 0.1
# Messages under way to or from one address; what comes beyond is lost. A guess, to bound memory.
CAPACITY = 64


@dataclass(frozen=True, slots=True)
class Link:
    """What the place of one station adds to the air: seconds each way, and a share of loss."""

    latency: float = 0.0
    loss: float = 0.0


class _Way(Generic[M]):
    """Messages in one direction, in the order of their arrival, and of their sending for equals."""

    def __init__(self) -> None:
        self._messages: list[tuple[float, int, str, M]] = []
        self._numbers = count()
        self._last: dict[str, float] = {}  # arrival of the last message of an address
        self._under_way: dict[str, int] = {}

    def has_room(self, address: str) -> bool:
        return self._under_way.get(address, 0) < CAPACITY

    def put(self, arrival: float, address: str, message: M) -> None:
        # A latency that was lowered meanwhile lets no message overtake another of its address.
        arrival = max(arrival, self._last.get(address, arrival))
        self._last[address] = arrival
        self._under_way[address] = self._under_way.get(address, 0) + 1
        heappush(self._messages, (arrival, next(self._numbers), address, message))

    def take(self, now: float) -> list[tuple[str, M]]:
        arrived = []
        while self._messages and self._messages[0][0] <= now:
            _arrival, _number, address, message = heappop(self._messages)
            arrived.append((address, message))
            self._under_way[address] -= 1
            if not self._under_way[address]:
                del self._under_way[address], self._last[address]
        return arrived

    @property
    def next(self) -> float | None:
        return self._messages[0][0] if self._messages else None


class Air:
    """`latency` seconds each way; `loss` 0..1 is the share of messages that never arrive.

    A `link` adds to both. Which messages are lost follows from `seed` and the number of messages
    before. Latency and loss may be changed at any time, for what is sent from then on.
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

    def send_up(self, address: str, message: Uplink, now: float, link: Link = Link()) -> None:
        """From the module at `address` to the platform."""
        self._send(self._up, address, message, now, link)

    def send_down(self, address: str, message: Downlink, now: float, link: Link = Link()) -> None:
        """From the platform to whoever is at `address`."""
        self._send(self._down, address, message, now, link)

    def take_up(self, now: float) -> list[tuple[str, Uplink]]:
        """What reaches the platform by `now`, each message with its sender's address."""
        return self._up.take(now)

    def take_down(self, now: float) -> list[tuple[str, Downlink]]:
        """What comes down by `now`, each message with the address it is meant for."""
        return self._down.take(now)

    @property
    def deadline(self) -> float | None:
        """When the next message arrives, either way."""
        return earliest(self._up.next, self._down.next)

    def _send(self, way: _Way[M], address: str, message: M, now: float, link: Link) -> None:
        loss = 1 - (1 - self.loss) * (1 - link.loss)
        if (loss and self._chance.random() < loss) or not way.has_room(address):
            self.lost += 1
            return
        self.carried += 1
        way.put(now + self.latency + link.latency, address, message)
