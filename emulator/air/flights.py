"""Datagrams on their way: order of arrival, and the bound of each direction. Pure."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

from emulator.air.faults import NO_LINK, Faults, Link

# guess: bounds memory. Datagrams in flight from one address to another; further ones are lost.
CAPACITY = 64

Flow = tuple[str, str]


class Flights:
    """Carries datagrams as `faults` decides.

    A flow is (source, destination). Datagrams of one flow arrive in the order of sending, unless
    `faults` reorders them. `arrive(flow, shown, datagram, now)` returns whether there is a
    receiver; `shown` is the source that it sees. `carried` counts arrivals, a datagram that is
    duplicated twice; `lost` counts what never arrives. Call `step` at `deadline`.
    """

    def __init__(self, faults: Faults, arrive: Callable[[Flow, str, bytes, float], bool]) -> None:
        self.faults = faults
        self.carried = 0
        self.lost = 0
        self.deadline: float | None = None
        self._arrive = arrive
        # Arrival, order of sending, flow, shown source, datagram.
        self._heap: list[tuple[float, int, Flow, str, bytes]] = []
        self._numbers = count()
        # By flow: how many are in flight, and when the last ordered one arrives.
        self._last: dict[Flow, tuple[int, float]] = {}

    def launch(
        self,
        flow: Flow,
        shown: str,
        datagram: bytes,
        now: float,
        sender: Link = NO_LINK,
        receiver: Link = NO_LINK,
    ) -> None:
        """Send `datagram` at `now`."""
        copies = self.faults.copies(sender, receiver)
        in_flight, last = self._last.get(flow, (0, now))
        room = CAPACITY - in_flight
        if not copies or room <= 0:
            self.lost += 1
            return
        for after, ordered in copies[:room]:
            at = now + after
            if ordered:
                # A lower latency than before lets none overtake another.
                at = last = max(at, last)
            in_flight += 1
            heappush(self._heap, (at, next(self._numbers), flow, shown, datagram))
        self._last[flow] = in_flight, last
        self.deadline = self._heap[0][0]

    def step(self, now: float) -> None:
        """Let everything arrive that is due by `now`, in order of arrival, then of sending."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            _, _, flow, shown, datagram = heappop(heap)
            in_flight, last = self._last.pop(flow)
            if in_flight > 1:
                self._last[flow] = in_flight - 1, last
            if self._arrive(flow, shown, datagram, now):
                self.carried += 1
            else:
                self.lost += 1
        self.deadline = heap[0][0] if heap else None

    def drop(self) -> None:
        """Count everything in flight as lost."""
        self.lost += len(self._heap)
        self._heap.clear()
        self._last.clear()
        self.deadline = None
