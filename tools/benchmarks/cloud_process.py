"""The emulator behind HTTP, CoAP and ptys; the bare parts of that; a server with registrations.

Run as a module: `cloud_process emulator|bare|registrations COUNT`. It prints one line of JSON:
where its parts are, or the bytes of memory of one registration. It ends at the end of stdin.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tools.benchmarks import module_process

ANSWER = b'{"errno":0,"error":"succ"}'
Started = tuple[dict[str, object], object]
"""What is printed, and an object to keep."""


async def emulator(count: int) -> Started:
    from emulator import Emulator  # noqa: PLC0415 - must not add to the bare parts

    it = Emulator(air="coap", modules=count, baud=None, latency=0)
    await it.start()
    names = [f"{identity.imei};{identity.imsi}" for identity, _ in it.devices]
    ports = [board.line.port for board in it.boards]
    return {"url": it.http_url, "key": it.api_key, "ports": ports, "names": names}, it


class _Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._transport.sendto(data, addr)


async def bare(count: int) -> Started:
    """An aiohttp server with one answer, a UDP echo, and ptys that answer each line."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=ANSWER, content_type="application/json")

    loop = asyncio.get_running_loop()
    application = web.Application()
    application.router.add_post("/nbiot/execute", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    transport, _ = await loop.create_datagram_endpoint(_Echo, local_addr=("127.0.0.1", 0))
    ports, kept = await module_process.bare(count)
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    udp = transport.get_extra_info("sockname")[1]
    names = [str(number) for number in range(count)]
    found = {"url": url, "key": "bare", "ports": ports, "names": names, "udp": udp}
    return found, (site, transport, kept)


async def registrations(count: int) -> Started:
    """Devices with two instances that the platform observes, and has discovered."""
    from emulator.onenet import devices  # noqa: PLC0415
    from emulator.onenet.platform import Platform  # noqa: PLC0415

    devices.MAX_DEVICES = count + 1
    platform = Platform()
    server = platform.server
    sent: list[tuple[str, bytes]] = []
    server.send = lambda to, datagram, _now: sent.append((to, datagram))

    def register(number: int) -> None:
        imei = imsi = f"{number:015}"
        platform.create_device(devices.Description("a device", imei, imsi), number)
        name = f"{imei};{imsi}".encode()
        links = b'</>;rt="oma.lwm2m",</3303/0>,</3306/0>'
        datagram = (
            b"\x44\x02\x12\x34" + number.to_bytes(4, "big")  # CON POST
            + b"\xb2rd\x11\x28"  # /rd, Content-Format 40
            + b"\x3d\x15ep=" + name + b"\x03b=U\x08lt=86400"
            + b"\xff" + links
        )  # fmt: skip
        now = number / 1000
        server.receive(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}:5683", datagram, now)
        while sent:
            to, request = sent.pop()
            if request[1] == 1:  # GET: observe, discover or read; 2.05, with Observe if it has it
                observe = b"\x60" if request[8] == 0x60 else b""
                server.receive(to, b"\x64\x45" + request[2:8] + observe, now)
        server.step(now)

    register(0)
    held = module_process.memory()
    for number in range(1, count + 1):
        register(number)
    if [len(one.observations) for one in server.registrations.online()] != [2] * (count + 1):
        raise RuntimeError("not all are registered and observed")
    each = (module_process.memory() - held) / count
    return {"memory": max(each, 1.0)}, platform


async def main(start: Callable[[int], Awaitable[Started]], count: int) -> None:
    found, kept = await start(count)
    print(json.dumps(found), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    del kept


if __name__ == "__main__":
    kinds = {"emulator": emulator, "bare": bare, "registrations": registrations}
    asyncio.run(main(kinds[sys.argv[1]], int(sys.argv[2])))
