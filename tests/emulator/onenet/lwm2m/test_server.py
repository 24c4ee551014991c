"""The LwM2M server with another product than OneNET's platform."""

from __future__ import annotations

from dataclasses import replace

from emulator.air.messages import Downlink, Notification, Observe, Register, Response
from emulator.air.model import Code, Item, Path
from emulator.onenet.lwm2m.server import Server
from emulator.onenet.years import YEARS

INSTANCE = Path(3303, 0)
TEMPERATURE = Path(3303, 0, 5700)


class OpenProduct:
    """Admits and observes every endpoint, and keeps the reported values."""

    def __init__(self) -> None:
        self.values: list[tuple[str, object]] = []

    def admits(self, endpoint: str) -> bool:
        return True

    def observes(self, endpoint: str) -> bool:
        return True

    def report(self, endpoint: str, items: tuple[Item, ...], now: float) -> None:
        self.values += [(endpoint, item.value) for item in items]


def test_server_needs_admits_observes_and_report_only() -> None:
    product = OpenProduct()
    server = Server(product, replace(YEARS[2019], final_read=False))
    sent: list[Downlink] = []
    server.send = lambda _address, message, _now: sent.append(message)
    server.receive("address", Register(1, "any endpoint", 60, (INSTANCE,)), 0)
    created, discover = sent
    assert isinstance(created, Response)
    assert created.code is Code.CREATED
    server.receive("address", Response(discover.mid, Code.CONTENT), 1)
    observe = sent[-1]
    assert isinstance(observe, Observe)
    report = Notification(2, observe.token, 1, (Item(TEMPERATURE, 20.5),), confirmable=False)
    server.receive("address", report, 2)
    assert product.values == [("any endpoint", 20.5)]
    assert server.step(3) == 60
