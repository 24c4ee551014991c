"""Emulator: composes boards, air, cloud and clock, and runs them on an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Literal, Self

from emulator.air.faults import DOWNLINK_WINDOW, LATENCY, Faults
from emulator.air.network import Air, MemoryAir
from emulator.air.udp.air import UdpAir
from emulator.clock.clocks import Clock, EagerClock, LoopClock, VirtualClock
from emulator.line.faults import Rates
from emulator.line.line import Line
from emulator.line.quiet_time import QuietTime
from emulator.module.boot import Cause
from emulator.module.firmware import DEFAULT, Firmware
from emulator.module.general.identity import Identity
from emulator.module.module import Module
from emulator.onenet.years import DEFAULT_YEAR, year_of
from emulator.recording.guard import guarded
from emulator.recording.trace import Trace, TraceLine
from emulator.simulation.air_watch import watch
from emulator.simulation.board import Board, BoardConfig
from emulator.simulation.cloud import Applications
from emulator.simulation.fleet import firmware_and_speed, identities, modules_of
from emulator.simulation.kept import kept_key, open_file, open_platform, take_up
from emulator.simulation.loop_thread import LoopThread, reported
from emulator.simulation.parameters import (
    check_parts,
    check_types,
    checked_psk,
    login_addresses,
    run_number,
)
from emulator.simulation.remote import remote
from emulator.simulation.scheduler import Scheduler
from emulator.simulation.simulation import Simulation
from emulator.simulation.sockets import Ways, open_sockets

_DEFAULT = Identity()
_NO_FAULTS = Rates()


class Emulator:
    """Emulated M5310 modules, each on a port for one host, and OneNET behind them.

    An async context manager; `start` and `close` do the same. Its handles are `port`, `http_url`,
    `coap_url`, `coaps_url`, `server`, `psk`, `api_key`, `imei`, `imsi`, `device_id`, and the parts
    `module`, `line`, `air`, whose `faults` may change at any time, `platform`, `misbehaviour` (of
    the platform) and `clock`. With several modules, these belong to the first; `boards` has all.
    """

    http_url: str | None = None
    coap_url: str | None = None
    coaps_url: str | None = None

    def __init__(
        self,
        *,
        port: str = "pty",
        baud: int | Literal["own"] | None = "own",
        strict: bool = False,
        imei: str = _DEFAULT.imei,
        imsi: str = _DEFAULT.imsi,
        http: str | None = "127.0.0.1:0",
        allow_hosts: Sequence[str] = (),
        api_key: str | None = None,
        push: str | None = None,
        token: str | None = None,
        aes_key: str | None = None,
        device: bool = True,
        link: Path | str | None = None,
        trace: Callable[[TraceLine], None] | None = None,
        record: Callable[[str], object] | None = None,
        module: str | None = None,
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
        air: Literal["memory", "coap"] = "memory",
        coap: str = "127.0.0.1:0",
        coaps: str | None = None,
        psk: str | None = None,
        server: str | None = None,
        style: Literal["onenet", "standard"] | None = None,
        platform_only: bool = False,
        trace_air: bool = False,
        capture: Callable[[bytes], object] | None = None,
        downlink_window: float | None = DOWNLINK_WINDOW,
        db: Path | str | None = None,
        keep_days: float | None = None,
        keep_points: int | None = None,
    ) -> None:
        """Checks its parameters, and opens `db`; `start` opens ports.

        - `port`: what a host opens: `pty`, `socket://HOST:PORT`, `rfc2217://HOST:PORT`, or `-` for
          standard input and output. `link`: path of a symbolic link to make to the pty.
        - `baud`: bits a second, or the module's "own"; None: as fast as its host reads. `strict`: a
          host at another speed than the module's reads and sends garbage.
        - `modules`: how many, 1 or more; links, ports, IMEI and IMSI are counted up from the first.
          `imei`, `imsi`: 1 to 17 and 1 to 16 letters or digits (OneNET guide 4.2.1).
        - `http`: HOST:PORT of the API, port 0 takes a free one; None: no API. `allow_hosts`: names
          of this machine in HTTP requests, besides `localhost`; those under others are refused.
          `api_key` None: a random one. `push`: URL of an application that gets what happens;
          `token`: its own; `aes_key`: to encrypt it (guide 4.1). `device` False: no devices, so
          every login is refused.
        - `module`: one of `emulator.module.firmware.MODULES`, such as "bc28"; None: the M5310 with
          `firmware`, a profile or its name. This decides `typed_urcs`, `quiet`, `hasty_lost` and
          `overruns` where they are None.
        - `quiet`: seconds, 0 or more, from a final result to the next command; earlier commands are
          counted in `too_soon`, and lost if `hasty_lost`. `overruns`: bytes that arrive while the
          module sends may be lost. Both are off by default on an unpaced line. `boot_noise`: see
          `Module`. `cold`: the modules are powered at the start: they boot, and then search for the
          network. Otherwise they have been registered for some time.
        - `faults`: error rates of the lines. `seed`: of everything that is random. `latency`: of
          the air, seconds each way, 0 or more. `allow_network`: datagrams and requests to
          applications may leave this machine.
        - `year`: 2018 or 2019, whose OneNET is behind them (`emulator.onenet.years`).
          `platform_addresses`: `host:port` or `coap://host:port`, where modules may log in besides
          OneNET's own addresses; logins to others time out. `strict_host`: the modules refuse
          doubtful commands, which they take with a note in the trace otherwise.
        - `air`: what carries the CoAP datagrams between modules and cloud: `memory`, or `coap`: UDP
          sockets, so that other LwM2M clients can log in to the cloud at `coap`, HOST:PORT.
          `coaps`: HOST:PORT of a second one by DTLS, with the extra `dtls`; `psk`: the key of the
          devices there, 8 to 16 letters or digits (None: a random one); it is in the modules, too.
          `server`: `coap://HOST:PORT` of another LwM2M server in place of the cloud, with `air`
          `coap`: OneNET's addresses lead there, and there is no HTTP API. `style`: how the modules
          speak LwM2M, `onenet` as China Mobile's suite, `standard` as LwM2M 1.0 has it; None:
          `standard` with `server`. `platform_only`: no module; `modules` devices of the cloud.
          `downlink_window`: seconds in which downlink reaches a module that sent; None: always.
        - `trace_air`: `trace` gets the messages of the air, too. `capture` is called with the
          blocks of a pcapng file of the air and the lines.
        - `clock`: `LoopClock()` by default. `trace` is called with each line of the conversation,
          `record` with each line of a recording of the first module (`emulator.recording`). What
          they raise goes to the event loop's exception handler; `record` is not called again then.
        - `db`: file in which the cloud keeps what it has; the next start on it finds that again. It
          has the newest `keep_points` of each stream, and those of the last `keep_days`; None: all.

        Raises ValueError or TypeError naming the invalid parameter, OSError naming the file `db`.
        """
        check_types(Emulator.__init__, locals())
        place, to = (http, allow_hosts), (push, token, aes_key, server)
        self._applications = Applications.of(place, api_key, to, allow_network=allow_network)
        self.air = self._air(air, Faults(latency=latency, seed=seed))
        check_parts(air, server=server, platform_only=platform_only, coaps=coaps, record=record)
        self.psk = checked_psk(psk, coaps, server)
        self._ways = Ways.of(coap, coaps, server, allow_network=allow_network)
        self.clock, self._identities = clock or LoopClock(), identities(imei, imsi, modules)
        kept = (*open_file(db, keep_days, keep_points, server), self._identities)
        self.platform = open_platform(year_of(year), seed + run_number(air, self.now()), *kept)
        self.psk = kept_key(self.platform, self._identities, psk, self.psk)
        self._connect(platform_addresses)
        overrides = (typed_urcs, quiet, hasty_lost, overruns)
        firmware, baud = firmware_and_speed(module, firmware, baud, overrides)
        config = BoardConfig.of(port, link, baud, strict, firmware, faults, seed, allow_network)
        self._trace, self._record, self._capture, self.baud = trace, record, capture, baud
        self._shown, self._cold, self._device = trace if trace_air else None, cold, device
        make = modules_of(firmware, baud, (style, server), boot_noise, strict_host)
        self._add_boards(make, [] if platform_only else config.for_each(modules), downlink_window)

    def _connect(self, platform_addresses: Sequence[str]) -> None:
        self.ended = asyncio.Event()  # set once standard input has ended and all is answered
        self._open = AsyncExitStack()
        self._started = False
        self._thread = LoopThread("the emulator's thread")
        self.boards: list[Board] = []
        self._simulation = Simulation(self.platform, self.air, login_addresses(platform_addresses))
        self.misbehaviour = self._simulation.misbehaviour  # its `faults` may change at any time
        self._scheduler = Scheduler(self._simulation, self.clock)
        self._servers = self._simulation.led

    def _add_boards(
        self, module: Callable[..., Module], configs: Sequence[BoardConfig], window: float | None
    ) -> None:
        if window is not None and not window > 0:
            raise ValueError(f"downlink_window {window}: expected seconds above 0, or None")
        for identity, config in zip(self._identities, configs, strict=False):
            made = module(identity, seed=config.seed)
            made.downlink_window = window
            quiet_time = QuietTime(made.firmware.quiet, early_lost=made.firmware.hasty_lost)
            board = Board(made, config, quiet_time, self._scheduler)
            self.boards.append(board)
            self._simulation.add(made, board.flush)

    def _air(self, kind: str, faults: Faults) -> Air:
        if kind == "memory":
            return MemoryAir(faults)
        return UdpAir(lambda call: self._scheduler.input(call), faults)

    def __repr__(self) -> str:
        if not self.boards:
            return f"<Emulator: OneNET at {self.coap_url or 'no address yet'}>"
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
        """Raises RuntimeError where there is none: `platform_only`."""
        return self._first.module

    @property
    def _first(self) -> Board:
        if not self.boards:
            raise RuntimeError("there is no module: the emulator was made with platform_only=True")
        return self.boards[0]

    @property
    def line(self) -> Line:
        """The serial line. Raises RuntimeError before `start`."""
        return self._first.line

    @property
    def port(self) -> str:
        """What a host opens: the link if there is one. Raises RuntimeError before `start`."""
        return self.line.port

    @property
    def api_key(self) -> str:
        """What clients of the API must send."""
        return self._applications.key

    @property
    def server(self) -> str | None:
        """The other LwM2M server, `host:port`; None: the cloud."""
        return self._ways.server

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
    def devices(self) -> list[tuple[Identity, str | None]]:
        """The identities of modules or devices, with the cloud's id of the device, if any."""
        found = (self.platform.device_by_imei(identity.imei) for identity in self._identities)
        ids = [None if device is None else device.id for device in found]
        return list(zip(self._identities, ids, strict=True))

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
        self._begin = self.now()
        if isinstance(self.clock, EagerClock):
            self.clock.work_pending = self._has_pending_work
        async with AsyncExitStack() as opened:
            opened.callback(self._scheduler.stop)
            self._scheduler.start()
            # Modules end with the emulator, other devices do not.
            opened.callback(lambda: self.platform.close(self.now(), online=not self.boards))
            for place, board in enumerate(self.boards):
                trace = self._trace_of(place)
                board.open(self.clock, trace, self.ended.set)
                opened.callback(board.close)
            if isinstance(self.air, UdpAir):
                self._open_sockets(self.air, opened)
            show, write = self._shown, self._capture
            show = show and guarded(show, reported("trace"))
            write = write and guarded(write, reported("capture"), ends=True)
            watched = partial(
                watch, self.air, self._simulation.secure, self.boards, servers=self._servers
            )
            opened.callback(watched(show, write, begin=self._begin, now=self.now))
            if self._record is not None:
                self.boards[0].record(guarded(self._record, reported("record"), ends=True))
            if self._device and self.server is None:
                self._create_devices()
            if self.server is None:
                act = self._scheduler.input
                self.http_url = await self._applications.open(self.platform, act, opened)
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
        return Trace(guarded(self._trace, reported("trace")), self._begin, module=module)

    def _open_sockets(self, air: UdpAir, opened: AsyncExitStack) -> None:
        """Raises OSError."""
        opened.callback(air.close)
        found = open_sockets(self._simulation, self.platform, self._ways)
        self.coap_url, self.coaps_url, self._servers = found
        for board in self.boards:
            board.module.servers = self._servers
            board.module.key = None if self.psk is None else self.psk.encode()
        if isinstance(self.clock, VirtualClock):
            self.clock.watch(air.poll, timers=True)
            opened.callback(self.clock.unwatch, air.poll)

    def _create_devices(self) -> None:
        devices = list(take_up(self.platform, self._identities, self.psk, self.now()))
        for board, device in zip(self.boards, devices, strict=False):
            board.device_id = device.id
            if self.coaps_url is not None and device.psk is not None:
                board.module.key = device.psk.encode()

    def _has_pending_work(self) -> bool:
        """Whether a host or a request waits: for a module, or for a message in the air.

        An application may wait for any message, so each moves the clock, by its latency at most.
        """
        if not self._scheduler.started:
            return False
        return self.air.deadline is not None or any(board.has_pending_work for board in self.boards)
