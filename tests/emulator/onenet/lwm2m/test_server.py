"""The LwM2M server with another product than OneNET's platform."""

from __future__ import annotations

from dataclasses import replace

from emulator.onenet.lwm2m.server import Server
from emulator.onenet.years import YEARS
from tests.support.open_product import OpenProduct

LINKS = b"\xff</3303/0>"


def test_server_serves_any_product() -> None:
    product = OpenProduct()
    server = Server(product, replace(YEARS[2019], final_read=False))
    sent: list[bytes] = []
    server.send = lambda _address, datagram, _now: sent.append(datagram)
    register = bytes.fromhex("4402 0001 aaaaaaaa b27264 1128 3b") + b"ep=a client\x05lt=60" + LINKS
    server.receive("address", register, 0)
    created, discover = sent
    assert created == bytes.fromhex("6441 0001 aaaaaaaa 827264") + b"\x08a client"
    server.receive("address", b"\x64\x45" + discover[2:8], 1)
    observe = sent[-1]
    report = b"\x54\x45\x00\x02" + observe[4:8] + bytes.fromhex("6101 622d16 ff e4164441a40000")
    server.receive("address", report, 2)
    assert product.values == [("a client", 20.5)]
    assert server.step(3) == 60
