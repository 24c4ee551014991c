"""The module with a host at its UART, and a strict server on the other end of its air.

In memory and over UDP alike: time is the test's, and moves only while no datagram is on its way.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from emulator.air.faults import Faults
from emulator.air.network import Air, MemoryAir
from emulator.air.udp.air import UdpAir
from emulator.module.module import Identity, Module
from tests.support.strict_bootstrap import StrictBootstrap
from tests.support.strict_coap import Exchange, StrictPeer
from tests.support.strict_server import StrictServer
from tests.support.strict_udp import UdpEnd

START = 1_795_415_760.0
ENDPOINT = "865820030013978;460040983300001"
OF_SERVERS = "192.0.2.{}:5683"  # in memory


def blob(uri: str, *, lifetime: int = 300, bootstrap: bool = False, extra: str = "") -> str:
    """The configuration as the M5310 takes it: numbers are little-endian."""
    data = (
        bytes((0x10 if bootstrap else 0, 0, 0, 0))
        + lifetime.to_bytes(4, "little")
        + len(uri).to_bytes(2, "little")
        + uri.encode()
        + len(ENDPOINT).to_bytes(2, "little")
        + ENDPOINT.encode()
    )
    return f"AT+MIPLCONF={len(data)},{data.hex().upper()},1,1"


class StrictBench:
    """`values`: what the host answers to reads, by path, with the AT value type. `urcs`: all lines
    that came to it. `written`, `executed`: requests that it got; it refuses those in `refused`.
    """

    def __init__(self, style: str, *, forgiving: bool = False) -> None:
        self.now = START
        self.values: dict[str, tuple[int, str]] = {}
        self.urcs: list[str] = []
        self.written: list[tuple[str, str]] = []
        self.executed: list[tuple[str, str]] = []
        self.refused: set[str] = set()
        self.module = Module(Identity(), style=style, seed=7, now=START)
        self.air: Air = MemoryAir()
        self.address = ""
        self.server = StrictServer(self.sender(0), forgiving=forgiving)
        self.servers: list[StrictPeer] = [self.server]
        self.uris: list[str] = []
        self._sockets: list[UdpEnd] = []
        self._on_way = 0
        self._moved = asyncio.Event()

    def sender(self, index: int) -> Callable[[str, bytes, float], None]:
        """What server number `index` sends with."""

        def send(peer: str, datagram: bytes, now: float) -> None:
            if self._sockets:
                self._on_way += 1
                self._sockets[index].send(peer, datagram)
            else:
                self.air.send(OF_SERVERS.format(index + 1), peer, datagram, now)

        return send

    # --- the air -------------------------------------------------------------------------------

    def in_memory(self) -> None:
        for index, server in enumerate(self.servers):
            address = self.air.attach(OF_SERVERS.format(index + 1), server.receive)
            self.uris.append(f"coap://{address}")
        self.address = self.air.attach("100.64.0.1:56830", self.module.deliver)
        self.module.send_up = self._send_up

    async def over_udp(self) -> None:
        self.air = UdpAir(self._arrival, Faults(latency=0))
        for server in self.servers:
            made = await UdpEnd.open(partial(self._came, server))
            self._sockets.append(made)
            self.uris.append(made.uri)
        self.address = self.air.attach("127.0.0.1:0", self._delivered)
        self.module.send_up = self._send_up

    def _arrival(self, call: Callable[[float], None]) -> None:
        call(self.now)
        self._moved.set()

    def _send_up(self, to: str, datagram: bytes, now: float) -> None:
        self._on_way += bool(self._sockets)
        self.air.send(self.address, to, datagram, now)

    def _came(self, server: StrictPeer, peer: str, datagram: bytes) -> None:
        self._on_way -= 1
        server.receive(peer, datagram, self.now)
        self._moved.set()

    def _delivered(self, source: str, datagram: bytes, now: float) -> None:
        self._on_way -= 1
        self.module.deliver(source, datagram, now)
        self._moved.set()

    def close(self) -> None:
        self.air.close()
        for each in self._sockets:
            each.close()

    # --- time ------------------------------------------------------------------------------------

    async def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := await self._settle()) is not None and due <= end:
            assert due > self.now
            self.now = due
        self.now = end
        await self._settle()

    async def until(self, done: Callable[[], object], seconds: float = 600) -> None:
        end = self.now + seconds
        while True:
            due = await self._settle()
            if done():
                return
            assert due is not None, f"it never comes: {self.urcs[-5:]} {self.server.faults}"
            assert due <= end, f"not within {seconds} s: {self.urcs[-5:]} {self.server.faults}"
            self.now = due

    async def _settle(self) -> float | None:
        """Do all that happens now; returns the next deadline."""
        while True:
            due = self.module.step(self.now)
            self.air.step(self.now)
            output = self.module.take_output()
            if output:
                self._read(output)
            elif self._on_way:
                self._moved.clear()
                await self._moved.wait()
            else:
                arrival = self.air.deadline
                times = [at for at in (due, arrival) if at is not None]
                if not times or min(times) > self.now:
                    return min(times, default=None)

    # --- the host --------------------------------------------------------------------------------

    def command(self, *lines: str) -> None:
        """Commands that are answered OK at once."""
        for line in lines:
            self.module.receive(line.encode() + b"\r", self.now)
            output = self.module.take_output()
            answers = [text for text in re.split(rb"[\r\n]+", output) if text]
            assert b"OK" in answers, (line, output)
            answers.remove(b"OK")
            self._read(b"\r\n".join(answers))

    def _read(self, output: bytes) -> None:
        for line in re.split(r"[\r\n]+", output.decode()):
            if line:
                self.urcs.append(line)
                self._on_urc(line)

    def _on_urc(self, line: str) -> None:
        name, _, values = line.partition(":")
        fields = values.split(",", 5)
        if name not in ("+MIPLREAD", "+MIPLWRITE", "+MIPLEXECUTE"):
            return
        _, msgid, object_, instance, resource, *rest = fields
        path = f"/{object_}/{instance}/{resource}"
        if name == "+MIPLREAD":
            self._answer_read(msgid, path)
        elif name == "+MIPLWRITE":
            self.written.append((path, rest[0]))
            self.command(f"AT+MIPLWRITE=0,{msgid},{int(path not in self.refused)}")
        else:
            self.executed.append((path, rest[0] if rest else ""))
            self.command(f"AT+MIPLEXECUTE=0,{msgid},{int(path not in self.refused)}")

    def _answer_read(self, msgid: str, path: str) -> None:
        wanted = [part for part in path.strip("/").split("/") if part != "-1"]
        under = "/" + "/".join(wanted)
        found = [each for each in self.values if each == under or each.startswith(under + "/")]
        for number, each in enumerate(found, 1):
            kind, value = self.values[each]
            where = each.strip("/").replace("/", ",")
            self.command(f'AT+MIPLREAD=0,{msgid},{where},{kind},"{value}",{number // len(found)}')

    async def log_in(self, *, lifetime: int = 300, bootstrap: bool = False) -> None:
        """Configure, declare `values`, and log in."""
        self.command(blob(self.uris[bootstrap], lifetime=lifetime, bootstrap=bootstrap))
        instances = dict.fromkeys(path.rpartition("/")[0] for path in self.values)
        for instance in instances:
            self.command("AT+MIPLADDOBJ=0," + instance.strip("/").replace("/", ","))
        for path, (kind, value) in self.values.items():
            where = path.strip("/").replace("/", ",")
            self.command(f'AT+MIPLNOTIFY=0,{where},{kind},"{value}",1')
        self.command("AT+MIPLOPEN=0,30")
        self.urcs.clear()
        await self.until(lambda: self.urcs and self.urcs[-1].startswith("+MIPLOPEN:"))

    def report(self, path: str, value: str) -> None:
        """The value changes, and the host reports it."""
        kind, _ = self.values[path]
        self.values[path] = kind, value
        where = path.strip("/").replace("/", ",")
        self.command(f'AT+MIPLNOTIFY=0,{where},{kind},"{value}",1')

    # --- requests of the server ----------------------------------------------------------------

    async def answered(self, exchange: Exchange) -> Exchange:
        await self.until(lambda: exchange.answer is not None)
        return exchange


@asynccontextmanager
async def strict_bench(
    air: str,
    style: str = "standard",
    *,
    forgiving: bool = False,
    bootstrap: bool = False,
    faults: int = 0,
) -> AsyncIterator[StrictBench]:
    """A bench, `air` "memory" or "udp". At the end the server has found exactly `faults`."""
    bench = StrictBench(style, forgiving=forgiving)
    if bootstrap:
        bench.servers.append(StrictBootstrap(bench.sender(1)))
    try:
        if air == "udp":
            await bench.over_udp()
        else:
            bench.in_memory()
        yield bench
        assert len(bench.server.faults) == faults, bench.server.faults
    finally:
        bench.close()
        await asyncio.sleep(0)
