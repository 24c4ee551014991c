"""A product of the LwM2M server that admits and observes every endpoint."""

from __future__ import annotations

from emulator.lwm2m.model import Item
from emulator.onenet.lwm2m.registrations import Registration
from emulator.onenet.lwm2m.server import Sign


class OpenProduct:
    """Keeps the reported values."""

    def __init__(self) -> None:
        self.values: list[tuple[str, object]] = []

    def knows(self, endpoint: str) -> bool:
        return True

    def admits(self, endpoint: str, auth: str | None) -> bool:
        return True

    def observes(self, endpoint: str) -> bool:
        return True

    def registered(self, registration: Registration, now: float) -> None:
        pass

    def changed(self, registration: Registration) -> None:
        pass

    def ended(self, registration: Registration, now: float) -> None:
        pass

    def report(self, endpoint: str, items: tuple[Item, ...], now: float) -> None:
        self.values += [(endpoint, item.value) for item in items]

    def reachable(self, endpoint: str, sign: Sign) -> None:
        pass
