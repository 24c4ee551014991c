"""The emulator on an event loop: modules on serial lines, their air, their cloud, one clock."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Self

from emulator.air.memory import LATENCY, Air
from emulator.clock.clocks import Clock, EagerClock, LoopClock
from emulator.line.faults import Rates
from emulator.line.line import Line
from emulator.line.ports.port import parse_address
from emulator.line.quiet_time import QuietTime
from emulator.module.firmware import DEFAULT, Firmware, profile
from emulator.module.general.identity import Identity
from emulator.module.module import Module
from emulator.module.settings import FACTORY_SPEED
from emulator.onenet.devices import Description
from emulator.onenet.http.api import HttpApi
from emulator.onenet.misbehaviour import Front
from emulator.onenet.platform import Platform
from emulator.recording.trace import Trace, TraceLine
from emulator.simulation.board import Board, Wiring
from emulator.simulation.fleet import identities
from emulator.simulation.loop_thread import LoopThread
from emulator.simulation.remote import remote
from emulator.simulation.scheduler import Turns
from emulator.simulation.simulation import Chain

_DEFAULT = Identity()
_NO_FAULTS = Rates()


class Emulator:
    """M5310s, each for whoever opens its port, and OneNET behind them.

    An async context manager; `start` and `close` do the same. Its handles are `port`, `http_url`,
    `api_key`, `imei`, `imsi`, `device_id`, and the parts `module`, `line`, `air`, `platform`,
    `front` (of the platform) and `clock`. Where there are several modules, these are the first
    one's; `boards` has them all.
    """

    http_url: str | None = None

    def __init__(
        self,
        *,
        port: str = "pty",
        baud: int | None = 9600,
        strict: bool = False,
        imei: str = _DEFAULT.imei,
        imsi: str = _DEFAULT.imsi,
        http: str | None = "127.0.0.1:0",
        api_key: str | None = None,
        device: bool = True,
        link: Path | str | None = None,
        trace: Callable[[TraceLine], None] | None = None,
        record: Callable[[str], object] | None = None,
        firmware: str | Firmware = DEFAULT,
        typed_urcs: bool | None = None,
        boot_noise: bool = False,
        latency: float = LATENCY,
        modules: int = 1,
        clock: Clock | None = None,
        quiet: float | None = None,
        hasty_lost: bool | None = None,
        overruns: bool | None = None,
        faults: Rates = _NO_FAULTS,
        seed: int = 0,
        allow_network: bool = False,
    ) -> None:
        """`port`: what a host opens: `pty`, `socket://HOST:PORT`, `rfc2217://HOST:PORT` or `-` for
        standard input and output. `baud` None: the line is as fast as its host reads. `strict`: a
        host at another speed than the module's reads and sends garbage. `http` is HOST:PORT, port 0
        takes a free one; None: no HTTP API. `api_key` None: a random one. `device` False: the cloud
        does not know these modules and refuses their login. `link`: a symbolic link to make to the
        pty. `trace` is called with each line of the conversation, `record` with each line of a
        recording of the first module's (`emulator.recording`). `firmware`, or its name, decides
        `typed_urcs`, `quiet`, `hasty_lost` and `overruns` where they are None. `boot_noise`: see
        `Module`. `latency`: of the air, in seconds each way.

        `modules`: how many; links, ports, IMEI and IMSI are counted up. `clock`: real unless told
        otherwise. `quiet`: seconds from a final result to the host's next command; sooner ones are
        counted in `too_soon`, and lost if `hasty_lost`. `overruns`: bytes that come while the
        module sends may be lost. An unpaced line has, unless told, neither. `faults`: of the lines,
        drawn from `seed`. `allow_network`: datagrams may leave the machine.

        Raises ValueError: which parameter is none, and what was expected.
        """
        self.api_key = secrets.token_urlsafe(21) if api_key is None else _key(api_key)
        self.air = Air(latency=latency, seed=seed)
        self.platform = Platform()
        self.front = Front(self.platform)
        self.clock = clock or LoopClock()
        self.ended = asyncio.Event()  # no host will ever come again: standard input has ended
        self.baud = baud
        self._http = None if http is None else _host_and_port(http)
        self._known = device
        self._show, self._record = trace, record
        self._open = AsyncExitStack()
        self._started = False
        self._thread = LoopThread("the emulator's thread")
        self.boards: list[Board] = []
        self._chain = Chain(self.front, self.air)
        self._turns = Turns(self._chain, self.clock)
        made_of = profile(firmware, baud is not None, typed_urcs, quiet, hasty_lost, overruns)
        path = None if link is None else Path(link)
        wiring = Wiring(
            parse_address(port), path, baud, strict, made_of.overruns, faults, seed, allow_network
        )
        make = partial(Module, firmware=made_of, speed=baud or FACTORY_SPEED, boot_noise=boot_noise)
        names = identities(imei, imsi, modules)
        for identity, wired in zip(names, wiring.for_each(modules), strict=True):
            self._add(make(identity, seed=wired.seed, now=self.now()), wired, made_of)

    # Handles -----------------------------------------------------------------------------------

    @property
    def module(self) -> Module:
        return self.boards[0].module

    @property
    def line(self) -> Line:
        """The serial line. Raises RuntimeError: it has not been started."""
        if not self._started:
            raise RuntimeError("the emulator has no port yet: use it inside of its `with`")
        return self.boards[0].line

    @property
    def port(self) -> str:
        """What a host opens, the link where there is one; only while started."""
        return self.line.port

    @property
    def imei(self) -> str:
        return self.module.identity.imei

    @property
    def imsi(self) -> str:
        return self.module.identity.imsi

    @property
    def device_id(self) -> str | None:
        """The cloud's number for the device; None: it does not know it, or is not started."""
        return self.boards[0].device_id

    @property
    def too_soon(self) -> int:
        """How many commands came before the quiet time after a final result was over."""
        return sum(board.quiet.too_soon for board in self.boards)

    def now(self) -> float:
        """The time of lines, modules, air and platform: POSIX seconds that never go back."""
        return self.clock.now()

    def settle(self) -> None:
        """Do all that is due by now: before the parts are moved by hand, and after it."""
        self._turns.turn()

    # Life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open ports and API. Raises OSError: one of them cannot be had, nothing is left open;
        RuntimeError: a second time.
        """
        if self._started:
            raise RuntimeError("the emulator has been started already: make another one")
        self._started = True
        self.clock.start()
        if isinstance(self.clock, EagerClock):
            self.clock.work_pending = self._owing
        async with AsyncExitStack() as opened:
            opened.callback(self._turns.stop)
            self._turns.start()
            for place, board in enumerate(self.boards):
                trace = self._trace_of(place)
                board.open(self.clock, trace, self.ended.set)
                opened.callback(board.close)
            if self._record is not None:
                self.boards[0].record(self._record)
            if self._known:
                self._create_devices()
            if self._http is not None:
                api = HttpApi(
                    self.platform, key=self.api_key, clock=self.now, changed=self._turns.turn
                )
                opened.push_async_callback(api.close)
                self.http_url = await api.start(*self._http)
            self._turns.turn()
            self._open = opened.pop_all()

    async def close(self) -> None:
        """Close ports and API and remove the links; a second time does nothing."""
        await self._open.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __enter__(self) -> Self:
        """For programs that block: it runs in a thread of its own, and what `with` gives has the
        same handles for any other thread. `trace` is called in the emulator's.
        """
        self._thread.start()
        try:
            self._thread.run(self.start())
        except BaseException:
            self._thread.close()
            raise
        return remote(self, self._thread, self._turns.turn)

    def __exit__(self, *_: object) -> None:
        try:
            self._thread.run(self.close())
        finally:
            self._thread.close()

    def _add(self, module: Module, wiring: Wiring, firmware: Firmware) -> None:
        board = Board(
            module,
            wiring,
            QuietTime(firmware.quiet, early_lost=firmware.hasty_lost),
            stir=self._turns.stir,
            catch_up=self._turns.catch_up,
            turn=self._turns.turn_at,
            later=self._turns.soon,
        )
        self.boards.append(board)
        self._chain.add(board)

    def _trace_of(self, place: int) -> Trace | None:
        if self._show is None:
            return None
        module = place + 1 if len(self.boards) > 1 else None
        return Trace(self._show, self.now(), module=module)

    def _create_devices(self) -> None:
        for board in self.boards:
            imei, imsi = board.module.identity.imei, board.module.identity.imsi
            told = Description(f"M5310 {imei}", imei, imsi)
            board.device_id = self.platform.create_device(told, self.now()).id

    def _owing(self) -> bool:
        """Whether somebody waits: for a module, or for what is in the air."""
        if not self._turns.started:
            return False
        return self.air.deadline is not None or any(board.owing for board in self.boards)


def _key(api_key: str) -> str:
    if not re.fullmatch("[!-~]+", api_key):
        raise ValueError("api key: expected letters, digits and signs of ASCII, without blanks")
    return api_key


def _host_and_port(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isascii() and port.isdecimal() and int(port) <= 65535):
        raise ValueError(f"http {text!r}: expected HOST:PORT, such as 127.0.0.1:8080")
    return host, int(port)
