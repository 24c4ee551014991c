"""A module with its host, and a platform with its HTTP API, over either air, in the test's time.

The test is the same for both airs, and in each language. Sockets are real, so such tests run on the
real clock; time of all parts is `World.now`, which only `elapse` moves.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp

from emulator.air.faults import Faults, Link
from emulator.air.network import Air, MemoryAir
from emulator.air.udp.air import UdpAir
from emulator.clock.deadlines import earliest
from emulator.module.firmware import DEFAULT
from emulator.module.module import Identity, Module
from emulator.onenet.devices import Description
from emulator.onenet.http.api import HttpApi
from emulator.onenet.platform import Platform
from emulator.simulation.simulation import ACCESS_MACHINE
from tests.support.host_words import BOTH, Words, words_of
from tests.support.language import running
from tests.support.uart import START

T = TypeVar("T")
Deliver = Callable[[str, bytes, float], None]
AIRS = ("memory", "udp")
IMEI, IMSI = "1234", "test"  # of the endpoint name in DIRECT
KEY = "secret"
TEMPERATURE = {"imei": IMEI, "obj_id": "3303", "obj_inst_id": "0", "res_id": "5700"}
LEVEL = {"imei": IMEI, "obj_id": "3306", "obj_inst_id": "0"}
REQUESTS = ("read", "write", "execute")


class AtHost:
    """A program at the UART: it answers requests, unless it is `busy`. `urcs`: all lines it got, in
    the words of tests/support/host_words.py.

    `answers_with_msgid`: the temperature that it answers is the msgid of the read.
    """

    def __init__(self, module: Module, words: Words) -> None:
        self._module = module
        self.words = words
        self.urcs: list[str] = []
        self.busy = False
        self.answers_with_msgid = False
        self._unanswered: list[str] = []

    def write(self, line: str, now: float) -> None:
        self._module.receive(line.encode() + b"\r", now)

    def read(self, now: float) -> None:
        """Take the module's output, and answer it."""
        while output := self._module.take_output():
            for line in re.findall(r"[^\r\n]+", output.decode()):
                words = self.words.understood(line)
                self.urcs.append(words)
                if words.startswith(REQUESTS):
                    self._unanswered.append(words)
                else:
                    self._answer(words, now)
            while self._unanswered and not self.busy:
                self._answer(self._unanswered.pop(0), now)

    def _answer(self, words: str, now: float) -> None:
        values: dict[str, object] = {"3303": 21.5, "3306": 7}
        if self.answers_with_msgid:
            values["3303"] = words.split(" ")[1] if " " in words else 0
        answer = self.words.answer(words, values)
        if answer is not None:
            self.write(answer, now)

    def resume(self, now: float) -> None:
        """Be no longer busy, and answer what came meanwhile."""
        self.busy = False
        while self._unanswered:
            self._answer(self._unanswered.pop(0), now)

    def got(self, begin: str) -> list[str]:
        """The lines that begin so."""
        return [line for line in self.urcs if line.startswith(begin)]


class Secure:
    """The DTLS of both ends; `send_down` and `send_up` take what they send, as it is."""

    def __init__(
        self, down: Deliver, up: Deliver, to_platform: Deliver, to_module: Deliver
    ) -> None:
        # Without the extra, only tests that need it are skipped.
        from tests.support.dtls import (  # noqa: PLC0415
            KEY,
            Credentials,
            SecureClient,
            SecureServer,
            end,
        )

        name = f"{IMEI};{IMSI}"

        def from_server(peer: str, datagram: bytes, now: float) -> None:
            to_module(peer.removeprefix(end.COAPS), datagram, now)

        self._make: dict[str, Callable[[], Any]] = {
            "platform": lambda: SecureServer(down, to_platform, {name: KEY}.get),
            "module": lambda: SecureClient(up, from_server, lambda _: Credentials(name, KEY)),
        }
        self.server, self.client = self._make["platform"](), self._make["module"]()
        self._scheme: str = end.COAPS

    def lose(self, which: str) -> None:
        name = {"platform": "server", "module": "client"}[which]
        setattr(self, name, self._make[which]())

    def send_down(self, peer: str, datagram: bytes, now: float) -> None:
        self.server.send(peer, datagram, now)

    def send_up(self, address: str, datagram: bytes, now: float) -> None:
        self.client.send(f"{self._scheme}{address}", datagram, now)

    def step(self, now: float) -> float | None:
        for each in (self.server, self.client):
            if each.due is not None and each.due <= now:
                each.step(now)
        return earliest(self.server.due, self.client.due)


class World:
    """`carried`: each datagram on the air, with source and destination, lost ones too.

    The module is that of the running test's language. `secure`: all of it by DTLS.
    """

    def __init__(
        self,
        air: str,
        style: str = "onenet",
        faults: Faults | None = None,
        *,
        secure: bool = False,
    ) -> None:
        self.now = START
        self.kind = air
        self.faults = Faults() if faults is None else faults
        self.air: Air = MemoryAir(self.faults)
        if air == "udp":
            self.air = UdpAir(self._input, self.faults)
        self.carried: list[tuple[str, str, bytes]] = []
        self.air.on_datagram = lambda *it: self.carried.append(it[:3])
        language = running()
        self.module = Module(
            Identity(imei=IMEI, imsi=IMSI),
            firmware=DEFAULT if language.classic else language.module,
            style=style,
            now=self.now,
        )
        self.words = words_of(language)
        self.host = AtHost(self.module, self.words)
        self._news = asyncio.Event()
        self._called = asyncio.Event()
        self._delivered = 0
        self._ends = self._starts = 0
        self.module_address = ""
        self._secure: Secure | None = None
        if secure:
            self._secure = Secure(
                self._from_platform,
                self._from_module,
                self._platform_receives,
                self._module_receives,
            )
        self.platform_address = self._attach(self._to_platform)
        self.air.routes[ACCESS_MACHINE] = self.platform_address
        self.start_platform()
        self.rebind()
        self.client: aiohttp.ClientSession

    # What a test does to it ----------------------------------------------------------------------

    def start_platform(self) -> None:
        """A platform that knows the device, and no registration."""
        self._starts += 1
        self.platform = Platform(seed=self._starts)  # other tokens than the one before
        secure = self._secure
        self.platform.server.send = self._from_platform if secure is None else secure.send_down
        if secure is not None:
            self.platform.server.identity_of = lambda peer: secure.server.identity(peer)
        self.device = self.platform.create_device(Description("a device", IMEI, IMSI), self.now)

    def rebind(self) -> None:
        """The module gets another address, as from a NAT; what goes to the old one is lost."""
        self.module_address = self._attach(self._to_module, lambda: self.module.link)
        secure = self._secure
        self.module.send_up = self._from_module if secure is None else secure.send_up

    def lose_session(self, end: str) -> None:
        """`platform` or `module` forgets the DTLS session."""
        assert self._secure is not None
        self._secure.lose(end)

    async def at(self, *lines: str) -> None:
        """The host writes these lines, and the effects follow."""
        for line in lines:
            self.host.write(line, self.now)
            await self.settle()

    async def log_in(self) -> None:
        await self.at(*self.words.create(*BOTH), self.words.open(60))
        await self.elapse(5)
        assert self.host.got("refused") == [], self.host.urcs
        assert self.host.got("opened") == ["opened 1"], self.host.urcs

    async def report(self, value: float, ackid: int = 0) -> None:
        await self.at(self.words.report(value, ackid))
        await self.elapse(2)

    # The application -----------------------------------------------------------------------------

    async def call(
        self, method: str, path: str, query: dict[str, str] | None = None, body: object = None
    ) -> dict[str, Any]:
        """A call of the HTTP API, which needs no time to pass."""
        data = None if body is None else json.dumps(body).encode()
        call = self.client.request(
            method, self.url + path, params=query, data=data, headers={"api-key": KEY}
        )
        async with call as response:
            answer: dict[str, Any] = json.loads(await response.read())
            return answer

    async def begin(
        self, method: str, path: str, query: dict[str, str], body: object = None
    ) -> asyncio.Task[dict[str, Any]]:
        """Begin a call that waits for the device; the platform has got it."""
        self._called.clear()
        call = asyncio.create_task(self.call(method, path, query, body))
        waiting = asyncio.create_task(self._called.wait())
        await asyncio.wait((call, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        await self.settle()
        return call

    async def read(self) -> dict[str, Any]:
        """The application reads the temperature."""
        call = await self.begin("GET", "/nbiot", TEMPERATURE)
        await self.elapse(31)
        return await call

    async def values(self) -> list[float]:
        """What the application sees of the temperature, oldest first."""
        answer = await self.call("GET", f"/devices/{self.device.id}/datapoints", {"limit": "100"})
        return [
            float(point["value"])
            for stream in answer["data"]["datastreams"]
            for point in stream["datapoints"]
            if stream["id"] == "3303_0_5700"
        ]

    async def online(self) -> bool:
        answer = await self.call("GET", f"/devices/{self.device.id}")
        online: bool = answer["data"]["online"]
        return online

    # Time ----------------------------------------------------------------------------------------

    async def elapse(self, seconds: float) -> None:
        """Let time pass, from deadline to deadline."""
        end = self.now + seconds
        while (deadline := await self.settle()) is not None and deadline <= end:
            self.now = deadline
        self.now = end
        await self.settle()

    async def settle(self) -> float | None:
        """Do what is due until nothing more happens now; returns the next deadline."""
        while True:
            deadline = earliest(
                self.module.step(self.now),
                self.platform.server.step(self.now),
                self.platform.step(self.now),
            )
            self.host.read(self.now)
            secure = None if self._secure is None else self._secure.step(self.now)
            deadline = earliest(deadline, self.module.step(self.now), self.air.deadline, secure)
            if deadline is None or deadline > self.now:
                return deadline
            self.air.step(self.now)
            while self._delivered < self.air.carried:  # on its way through a socket
                self._news.clear()
                await self._news.wait()

    # Between the parts ---------------------------------------------------------------------------

    def _attach(
        self, deliver: Callable[[str, str, bytes, float], None], link: Callable[[], Link] = Link
    ) -> str:
        self._ends += 1
        address = "127.0.0.1:0" if self.kind == "udp" else f"100.64.0.{self._ends}:56830"
        own = self.air.attach(address, lambda *it: self._arrived(deliver, own, *it), link)
        return own

    def _arrived(
        self,
        deliver: Callable[[str, str, bytes, float], None],
        own: str,
        source: str,
        datagram: bytes,
        now: float,
    ) -> None:
        self._delivered += 1
        deliver(own, source, datagram, now)
        self._news.set()

    def _to_module(self, own: str, source: str, datagram: bytes, now: float) -> None:
        if own == self.module_address:
            secure = self._secure
            receive = self._module_receives if secure is None else secure.client.receive
            receive(source, datagram, now)

    def _to_platform(self, _own: str, source: str, datagram: bytes, now: float) -> None:
        secure = self._secure
        receive = self._platform_receives if secure is None else secure.server.receive
        receive(source, datagram, now)

    def _module_receives(self, source: str, datagram: bytes, now: float) -> None:
        self.module.deliver(source, datagram, now)

    def _platform_receives(self, source: str, datagram: bytes, now: float) -> None:
        self.platform.server.receive(source, datagram, now)

    def _from_platform(self, address: str, datagram: bytes, now: float) -> None:
        self.air.send(self.platform_address, address, datagram, now)

    def _from_module(self, address: str, datagram: bytes, now: float) -> None:
        self.air.send(self.module_address, address, datagram, now)

    def _input(self, call: Callable[[float], None]) -> None:
        call(self.now)

    def act(self, call: Callable[[float], T]) -> T:
        try:
            return call(self.now)
        finally:
            self._called.set()

    async def serve_http(self) -> None:
        """Serve the API of the present platform, in place of the one before."""
        if hasattr(self, "http"):
            await self.http.close()
        self.http = HttpApi(self.platform, key=KEY, act=self.act)
        self.url = await self.http.start("127.0.0.1", 0)


@asynccontextmanager
async def world(
    air: str, style: str = "onenet", faults: Faults | None = None, *, secure: bool = False
) -> AsyncIterator[World]:
    made = World(air, style, faults, secure=secure)
    made.client = aiohttp.ClientSession()
    await made.serve_http()
    try:
        yield made
    finally:
        await made.client.close()
        await made.http.close()
        made.air.close()
