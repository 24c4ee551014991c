"""The emulator on an event loop: one module on a serial line, its air, its cloud, one timer."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self

from emulator.air import LATENCY, Air
from emulator.chain import Chain
from emulator.identity import Identity
from emulator.line import Line
from emulator.module import Module
from emulator.onenet.devices import IMEI, IMSI, Description
from emulator.onenet.http import HttpApi
from emulator.onenet.platform import Platform
from emulator.settings import FACTORY_SPEED
from emulator.trace import Trace, TraceLine

_DEFAULT = Identity()


class Emulator:
    """An M5310 on a pseudo terminal, for whoever opens `port`, and OneNET behind it.

    An async context manager; `start` and `close` do the same. Its handles are `port`, `http_url`,
    `api_key`, `imei`, `imsi`, `device_id`, and the parts `module`, `air` and `platform`.
    """

    def __init__(
        self,
        *,
        baud: int | None = 9600,
        imei: str = _DEFAULT.imei,
        imsi: str = _DEFAULT.imsi,
        http: str | None = "127.0.0.1:0",
        api_key: str | None = None,
        device: bool = True,
        link: Path | None = None,
        trace: Callable[[TraceLine], None] | None = None,
        typed_urcs: bool = False,
        latency: float = LATENCY,
    ) -> None:
        """`baud` None: the line is as fast as its host reads. `http` is HOST:PORT, port 0 takes a
        free one; None: no HTTP API. `api_key` None: a random one. `device` False: the cloud does
        not know this module and refuses its login. `link`: a symbolic link to make to the port.
        `trace` is called with each line of the conversation. `typed_urcs`: writes and executes are
        announced as later firmware does. `latency`: of the air, in seconds each way.

        Raises ValueError: which parameter is none, and what was expected.
        """
        if not IMEI.fullmatch(imei):
            raise ValueError(f"imei {imei!r}: expected 1 to 17 letters or digits")
        if not IMSI.fullmatch(imsi):
            raise ValueError(f"imsi {imsi!r}: expected 1 to 16 letters or digits")
        if baud is not None and baud <= 0:
            raise ValueError(f"baud {baud}: expected a speed above 0")
        if api_key is not None and not re.fullmatch("[!-~]+", api_key):
            raise ValueError("api key: expected letters, digits and signs of ASCII, without blanks")
        self.imei = imei
        self.imsi = imsi
        self.api_key = secrets.token_urlsafe(21) if api_key is None else api_key
        self.http_url: str | None = None
        self.device_id: str | None = None
        self.air = Air(latency=latency)
        self.platform = Platform()
        self.module = Module(
            replace(_DEFAULT, imei=imei, imsi=imsi),
            typed_urcs=typed_urcs,
            speed=FACTORY_SPEED if baud is None else baud,
            now=time.time(),
        )
        self._module_baud = self.module.baud
        self._chain = Chain(self.platform, self.air)
        self._chain.add(self.module)
        self._http = None if http is None else _host_and_port(http)
        self.baud = baud
        self._link = link
        self._known = device
        self._show = trace
        self._timer: asyncio.TimerHandle | None = None
        self._open = AsyncExitStack()

    @property
    def port(self) -> str:
        """The path of the serial port, the link's where there is one; only while started."""
        return self._line.port

    def now(self) -> float:
        """The time of module, air and platform: POSIX seconds that never jump; while started."""
        return self._loop.time() + self._epoch

    async def start(self) -> None:
        """Open port and API. Raises OSError: one of them cannot be had; nothing is left open."""
        self._loop = asyncio.get_running_loop()
        self._epoch = time.time() - self._loop.time()
        self._trace = Trace(self._show, self.now()) if self._show else None
        if self._known:
            told = Description(f"M5310 {self.imei}", self.imei, self.imsi)
            self.device_id = self.platform.create_device(told, self.now()).id
        async with AsyncExitStack() as opened:
            self._line = Line(self._received, on_sent=self._sent, baud=self.baud, link=self._link)
            opened.callback(self._line.close)
            opened.callback(self._stop_timer)
            if self._http is not None:
                api = HttpApi(self.platform, key=self.api_key, clock=self.now, changed=self._turn)
                opened.push_async_callback(api.close)
                self.http_url = await api.start(*self._http)
            self._turn()
            self._open = opened.pop_all()

    async def close(self) -> None:
        """Close port and API and remove the link; a second time does nothing."""
        await self._open.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _received(self, data: bytes) -> None:
        self._turn()  # what was due before these bytes happens before them
        now = self.now()
        if self._trace:
            self._trace.to_module(data, now)
        self.module.receive(data, now)
        self._turn()

    def _sent(self, data: bytes) -> None:
        if self._trace:
            self._trace.to_host(data, self.now())

    def _turn(self) -> None:
        """Do what is due, send what came of it, and come back at the next deadline."""
        now = self.now()
        deadline = self._chain.step(now)
        output = self.module.take_output()
        if output:
            self._line.send(output)
        if self.module.baud != self._module_baud:  # after what was still sent at the old speed
            self._module_baud = self.module.baud
            if self.baud is not None:
                self._line.baud = self._module_baud
        self._stop_timer()
        if deadline is not None:
            self._timer = self._loop.call_at(deadline - self._epoch, self._turn)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _host_and_port(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isascii() and port.isdecimal() and int(port) <= 65535):
        raise ValueError(f"http {text!r}: expected HOST:PORT, such as 127.0.0.1:8080")
    return host, int(port)
