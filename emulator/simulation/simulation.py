"""Modules, air and platform as one thing that is stepped: the whole chain without a clock.

The one place that knows all three. `Emulator` drives it by the real clock, tests by their own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from emulator.air.memory import Air, Link
from emulator.air.messages import Downlink, Uplink
from emulator.clock.deadlines import Deadlines, earliest


class Station(Protocol):
    """What is at the far end of the air: an emulated module, or whatever speaks LwM2M like it.

    `touched` is the chain's: the station calls it whenever anything but `step` may have changed its
    deadline or made it send. Untouched, a `step` before its deadline does nothing.
    """

    touched: Callable[[], None]

    @property
    def link(self) -> Link: ...

    def deliver(self, message: Downlink, now: float) -> None: ...

    def step(self, now: float) -> float | None: ...

    def take_uplink(self) -> list[Uplink]: ...


class Cloud(Protocol):
    """What is at this end of the air: the platform, or a front of it; `touched` as a station's."""

    touched: Callable[[], None]

    def receive(self, address: str, message: Uplink, now: float) -> None: ...

    def step(self, now: float) -> float | None: ...

    def take_downlink(self) -> list[tuple[str, Downlink]]: ...


class Chain:
    """`step` before and after anything else is done to one of the parts, so that time is one.

    A station costs nothing while it has nothing to do, so that there may be thousands.
    """

    def __init__(self, platform: Cloud, air: Air) -> None:
        self.platform = platform
        self.air = air
        self._stations: list[Station] = []
        self._addresses: list[str] = []
        self._numbers: dict[str, int] = {}
        self._deadlines: Deadlines[int] = Deadlines()  # of the stations, by number
        self._touched: set[int] = set()
        self._platform_due: float | None = None
        self._platform_touched = True
        platform.touched = self._touch_platform
        self._deadline: float | None = None

    def add(self, station: Station) -> str:
        """Put it on the air; returns its address. It counts from the next `step` on."""
        # Carrier-grade NAT and the local port of OneNET's examples: what such a module comes from.
        number = len(self._stations)
        host = number + 1
        address = f"100.64.{host >> 8 & 255}.{host & 255}:56830"
        self._stations.append(station)
        self._addresses.append(address)
        self._numbers[address] = number
        self._touched.add(number)
        station.touched = partial(self._touched.add, number)
        return address

    def step(self, now: float) -> float | None:
        """Do everything that is due up to `now`, each thing at its own time and in that order.

        Returns the next deadline, None when nothing is planned. However seldom it is called, what
        happens is the same.
        """
        while self._deadline is not None and self._deadline < now:
            self._deadline = self._settle(self._deadline)
        if self._deadline == now or self._touched or self._platform_touched:
            self._deadline = self._settle(now)
        return self._deadline

    def _touch_platform(self) -> None:
        self._platform_touched = True

    def _settle(self, now: float) -> float | None:
        """All that happens at `now`, until it is quiet; returns what is due next."""
        moving = True
        while moving:
            self._step_platform(now)
            moving = self._carry(self._step_stations(now), now)
        deadline = earliest(self._platform_due, self._deadlines.next, self.air.deadline)
        assert deadline is None or deadline > now, "what was due at this instant is still due"
        return deadline

    def _step_platform(self, now: float) -> None:
        due = self._platform_due is not None and self._platform_due <= now
        if due or self._platform_touched:
            self._platform_touched = False
            self._platform_due = self.platform.step(now)

    def _step_stations(self, now: float) -> list[int]:
        """Step those that are due or touched; returns which, in the order they were added."""
        stepped = sorted({*self._deadlines.pop_due(now), *self._touched})
        self._touched.clear()
        for number in stepped:
            self._deadlines.set(number, self._stations[number].step(now))
        return stepped

    def _carry(self, stepped: list[int], now: float) -> bool:
        """Hand over what was sent and what has arrived; whether there was anything."""
        moved = False
        for number in stepped:
            station = self._stations[number]
            for rising in station.take_uplink():
                moved = True
                self.air.send_up(self._addresses[number], rising, now, station.link)
        for address, falling in self.platform.take_downlink():
            moved = True
            known = self._numbers.get(address)
            link = Link() if known is None else self._stations[known].link
            self.air.send_down(address, falling, now, link)
        up, down = self.air.take_up(now), self.air.take_down(now)
        for address, rising in up:
            self._platform_touched = True
            self.platform.receive(address, rising, now)
        for address, falling in down:
            arrived = self._numbers.get(address)
            if arrived is not None:
                self._touched.add(arrived)
                self._stations[arrived].deliver(falling, now)
        return moved or bool(up or down)
