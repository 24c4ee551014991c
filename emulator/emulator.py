"""Emulator: composes boards, air, cloud and clock, and runs them on an event loop."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from emulator.air.faults import LATENCY, Faults
from emulator.air.network import MemoryAir
from emulator.clock.clocks import Clock, EagerClock, LoopClock
from emulator.line.faults import Rates
from emulator.line.line import Line
from emulator.line.ports.port import parse_address
from emulator.line.quiet_time import QuietTime
from emulator.module.boot import Cause
from emulator.module.firmware import DEFAULT, Firmware, profile
from emulator.module.general.identity import Identity
from emulator.module.module import Module
from emulator.module.settings import FACTORY_SPEED
from emulator.onenet.devices import Description
from emulator.onenet.platform import Platform
from emulator.onenet.years import DEFAULT_YEAR, year_of
from emulator.recording.guard import guarded
from emulator.recording.trace import Trace, TraceLine
from emulator.simulation.board import Board, BoardConfig
from emulator.simulation.fleet import identities
from emulator.simulation.loop_thread import LoopThread
from emulator.simulation.parameters import check_types
from emulator.simulation.remote import remote
from emulator.simulation.scheduler import Scheduler
from emulator.simulation.simulation import Simulation

if TYPE_CHECKING:
    from emulator.onenet.http.api import HttpApi

_DEFAULT = Identity()
_NO_FAULTS = Rates()


class Emulator:
    """Emulated M5310 modules, each on a port for one host, and OneNET behind them.

    An async context manager; `start` and `close` do the same. Its handles are `port`, `http_url`,
    `api_key`, `imei`, `imsi`, `device_id`, and the parts `module`, `line`, `air`, `platform`,
    `misbehaviour` (of the platform) and `clock`. With several modules, these belong to the first;
    `boards` has all of them.
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
        cold: bool = False,
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
        year: int = DEFAULT_YEAR,
        platform_addresses: Sequence[str] = (),
        strict_host: bool = False,
    ) -> None:
        """Checks its parameters; `start` opens ports.

        - `port`: what a host opens: `pty`, `socket://HOST:PORT`, `rfc2217://HOST:PORT`, or `-` for
          standard input and output. `link`: path of a symbolic link to make to the pty.
        - `baud`: bits a second; None: the line is as fast as its host reads. `strict`: a host at
          another speed than the module's reads and sends garbage.
        - `modules`: how many, 1 or more; links, ports, IMEI and IMSI are counted up from the first.
          `imei`, `imsi`: 1 to 17 and 1 to 16 letters or digits (OneNET guide 4.2.1).
        - `http`: HOST:PORT of the API, port 0 takes a free one; None: no API. `api_key` None: a
          random one. `device` False: the cloud has no devices, and refuses every login.
        - `firmware`: a profile or its name. It decides `typed_urcs`, `quiet`, `hasty_lost` and
          `overruns` where they are None.
        - `quiet`: seconds, 0 or more, from a final result to the next command; earlier commands are
          counted in `too_soon`, and lost if `hasty_lost`. `overruns`: bytes that arrive while the
          module sends may be lost. Both are off by default on an unpaced line. `boot_noise`: see
          `Module`. `cold`: the modules are powered at the start: they boot, and then search for the
          network. Otherwise they have been registered for some time.
        - `faults`: error rates of the lines. `seed`: of everything that is random. `latency`: of
          the air, seconds each way, 0 or more. `allow_network`: datagrams may leave this machine.
        - `year`: 2018 or 2019, whose OneNET is behind them (`emulator.onenet.years`).
          `platform_addresses`: `host:port` or `coap://host:port`, where modules may log in besides
          OneNET's own addresses; logins to others time out. `strict_host`: the modules refuse
          doubtful commands, which they take with a note in the trace otherwise.
        - `clock`: `LoopClock()` by default. `trace` is called with each line of the conversation,
          `record` with each line of a recording of the first module (`emulator.recording`). What
          they raise goes to the event loop's exception handler; `record` is not called again then.

        Raises ValueError or TypeError naming the invalid parameter, ModuleNotFoundError if `http`
        needs the extra `emulator` and it is not installed.
        """
        check_types(Emulator.__init__, locals())
        self.api_key = secrets.token_urlsafe(21) if api_key is None else _key(api_key)
        self.air = MemoryAir(Faults(latency=latency, seed=seed))
        self.platform = Platform(year_of(year), seed=seed)
        self.clock = clock or LoopClock()
        self.ended = asyncio.Event()  # set once standard input has ended and all is answered
        self.baud = baud
        self._http = None if http is None else _host_and_port(http)
        self._http_api = None if http is None else _http_api()
        self._with_devices, self._cold = device, cold
        self._trace, self._record = trace, record
        self._open = AsyncExitStack()
        self._started = False
        self._thread = LoopThread("the emulator's thread")
        self.boards: list[Board] = []
        self._simulation = Simulation(
            self.platform.server, self.air, map(_server_address, platform_addresses)
        )
        self.misbehaviour = self._simulation.misbehaviour  # its `faults` may change at any time
        self._scheduler = Scheduler(self._simulation, self.clock)
        firmware = profile(firmware, baud is not None, typed_urcs, quiet, hasty_lost, overruns)
        path, overruns = None if link is None else Path(link), firmware.overruns
        address = parse_address(port)
        config = BoardConfig(address, path, baud, strict, overruns, faults, seed, allow_network)
        configs = config.for_each(modules)
        for identity, own in zip(identities(imei, imsi, modules), configs, strict=True):
            module = Module(
                identity,
                firmware=firmware,
                speed=baud or FACTORY_SPEED,
                boot_noise=boot_noise,
                strict_host=strict_host,
                seed=own.seed,
                now=self.now(),
            )
            self._add_board(module, own)

    def _add_board(self, module: Module, config: BoardConfig) -> None:
        firmware = module.firmware
        quiet_time = QuietTime(firmware.quiet, early_lost=firmware.hasty_lost)
        board = Board(module, config, quiet_time, self._scheduler)
        self.boards.append(board)
        self._simulation.add(module, board.flush)

    def __repr__(self) -> str:
        try:
            port = self.port
        except RuntimeError:
            port = "not open"
        device = self.platform.device_by_imei(self.imei)
        online = device is not None and self.platform.online(device)
        others = f", and {len(self.boards) - 1} more" if len(self.boards) > 1 else ""
        state = "online" if online else "not online"
        return f"<Emulator: port {port}, imei {self.imei}, {state}{others}>"

    # Handles -----------------------------------------------------------------------------------

    @property
    def module(self) -> Module:
        return self.boards[0].module

    @property
    def line(self) -> Line:
        """The serial line. Raises RuntimeError before `start`."""
        return self.boards[0].line

    @property
    def port(self) -> str:
        """What a host opens: the link if there is one. Raises RuntimeError before `start`."""
        return self.line.port

    @property
    def imei(self) -> str:
        return self.module.identity.imei

    @property
    def imsi(self) -> str:
        return self.module.identity.imsi

    @property
    def device_id(self) -> str | None:
        """The cloud's id of the device; None before `start`, or without a device."""
        return self.boards[0].device_id

    @property
    def too_soon(self) -> int:
        """How many commands came within the quiet time after a final result."""
        return sum(board.quiet.too_soon for board in self.boards)

    def now(self) -> float:
        """The time of all parts: POSIX seconds that never go back."""
        return self.clock.now()

    def settle(self) -> None:
        """Do everything that is due by now. Call it before and after acting on a part directly.

        Does nothing before `start` and after `close`.
        """
        self._scheduler.settle()

    # Lifecycle ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open ports and API.

        Raises OSError if one cannot be opened (then none is left open), RuntimeError if called
        twice.
        """
        if self._started:
            raise RuntimeError("the emulator can be started only once: make another one")
        self._started = True
        self.clock.start()
        if isinstance(self.clock, EagerClock):
            self.clock.work_pending = self._has_pending_work
        async with AsyncExitStack() as opened:
            opened.callback(self._scheduler.stop)
            self._scheduler.start()
            opened.callback(self._take_offline)
            for place, board in enumerate(self.boards):
                trace = self._trace_of(place)
                board.open(self.clock, trace, self.ended.set)
                opened.callback(board.close)
            if self._record is not None:
                self.boards[0].record(guarded(self._record, _report("record"), ends=True))
            if self._with_devices:
                self._create_devices()
            if self._http is not None and self._http_api is not None:
                api = self._http_api(self.platform, key=self.api_key, act=self._scheduler.input)
                opened.push_async_callback(api.close)
                self.http_url = await api.start(*self._http)
            if self._cold:
                for board in self.boards:
                    board.module.power_cycle(Cause.POWER_ON, self.now())
            self._scheduler.settle()
            self._open = opened.pop_all()

    async def close(self) -> None:
        """Close ports and API, remove the links, and take the devices offline.

        Open requests to devices end as OFFLINE. A second call does nothing.
        """
        await self._open.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __enter__(self) -> Self:
        """For blocking programs: run in a thread, and return the same handles for other threads.

        `trace` is called in the emulator's thread.
        """
        self._thread.start()
        try:
            self._thread.run(self.start())
        except BaseException:
            self._thread.close()
            raise
        return remote(self, self._thread, self._scheduler.settle)

    def __exit__(self, *_: object) -> None:
        try:
            self._thread.run(self.close())
        finally:
            self._thread.close()

    def _trace_of(self, place: int) -> Trace | None:
        if self._trace is None:
            return None
        module = place + 1 if len(self.boards) > 1 else None
        return Trace(guarded(self._trace, _report("trace")), self.now(), module=module)

    def _take_offline(self) -> None:
        self.platform.server.close(self.now())

    def _create_devices(self) -> None:
        for board in self.boards:
            imei, imsi = board.module.identity.imei, board.module.identity.imsi
            description = Description(f"M5310 {imei}", imei, imsi)
            board.device_id = self.platform.create_device(description, self.now()).id

    def _has_pending_work(self) -> bool:
        """Whether a host or a request waits: for a module, or for a message in the air.

        An application may wait for any message, so each moves the clock, by its latency at most.
        """
        if not self._scheduler.started:
            return False
        return self.air.deadline is not None or any(board.has_pending_work for board in self.boards)


def _http_api() -> type[HttpApi]:
    try:
        # Only it needs the extra: a module on a port, or a replay, runs without.
        from emulator.onenet.http.api import HttpApi  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error.name} is not installed, which the HTTP API needs:"
            ' pip install "m5310[emulator]"',
            name=error.name,
        ) from None
    return HttpApi


def _report(callback: str) -> Callable[[Exception], None]:
    """Gives an exception of `callback` to the event loop, as for one of its own callbacks."""
    loop = asyncio.get_running_loop()
    message = f"the callback `{callback}` of the emulator failed"
    return lambda error: loop.call_exception_handler({"message": message, "exception": error})


def _key(api_key: str) -> str:
    if not re.fullmatch("[!-~]+", api_key):
        raise ValueError("api_key: expected printable ASCII without spaces")
    return api_key


def _server_address(text: str) -> str:
    host, port = _host_and_port(text.removeprefix("coap://"), "platform_addresses")
    return f"{host.lower()}:{port}"


def _host_and_port(text: str, name: str = "http") -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isascii() and port.isdecimal() and int(port) <= 65535):
        raise ValueError(f"{name} {text!r}: expected HOST:PORT, such as 127.0.0.1:8080")
    return host, int(port)
