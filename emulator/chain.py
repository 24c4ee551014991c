"""Modules, air and platform as one thing that is stepped: the whole chain without a clock.

The one place that knows all three. `Emulator` drives it by the real clock, tests by their own.
"""

from __future__ import annotations

from typing import Protocol

from emulator.air import Air
from emulator.lwm2m import Downlink, Uplink
from emulator.onenet.platform import Platform


class Station(Protocol):
    """What is at the far end of the air: an emulated module, or whatever speaks LwM2M like it."""

    def deliver(self, message: Downlink, now: float) -> None: ...

    def step(self, now: float) -> float | None: ...

    def take_uplink(self) -> list[Uplink]: ...


class Chain:
    """`step` before and after anything else is done to one of the parts, so that time is one."""

    def __init__(self, platform: Platform, air: Air) -> None:
        self.platform = platform
        self.air = air
        self._stations: dict[str, Station] = {}
        self._deadline: float | None = None

    def add(self, station: Station) -> str:
        """Put it on the air; returns its address. It counts from the next `step` on."""
        # Carrier-grade NAT and the local port of OneNET's examples: what such a module comes from.
        host = len(self._stations) + 1
        address = f"100.64.{host >> 8 & 255}.{host & 255}:56830"
        self._stations[address] = station
        return address

    def step(self, now: float) -> float | None:
        """Do everything that is due up to `now`, each thing at its own time and in that order.

        Returns the next deadline, None when nothing is planned. However seldom it is called, what
        happens is the same.
        """
        while self._deadline is not None and self._deadline < now:
            self._deadline = self._settle(self._deadline)
        self._deadline = self._settle(now)
        return self._deadline

    def _settle(self, now: float) -> float | None:
        """All that happens at `now`, until it is quiet; returns what is due next."""
        moving = True
        while moving:
            planned = [self.platform.step(now)]
            planned += [station.step(now) for station in self._stations.values()]
            moving = self._carry(now)
        planned.append(self.air.deadline)
        deadline = min((at for at in planned if at is not None), default=None)
        assert deadline is None or deadline > now, "what was due at this instant is still due"
        return deadline

    def _carry(self, now: float) -> bool:
        """Hand over what was sent and what has arrived; whether there was anything."""
        sent_up = [(a, m) for a, s in self._stations.items() for m in s.take_uplink()]
        for address, rising in sent_up:
            self.air.send_up(address, rising, now)
        sent_down = self.platform.take_downlink()
        for address, falling in sent_down:
            self.air.send_down(address, falling, now)
        up, down = self.air.take_up(now), self.air.take_down(now)
        for address, rising in up:
            self.platform.receive(address, rising, now)
        for address, falling in down:
            station = self._stations.get(address)
            if station is not None:
                station.deliver(falling, now)
        return bool(sent_up or sent_down or up or down)
