"""Emulator: composes boards, air, cloud and clock, and runs them on an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Self

from emulator.air.faults import Faults
from emulator.air.network import Air, MemoryAir
from emulator.air.udp.air import UdpAir
from emulator.clock.clocks import EagerClock, LoopClock, VirtualClock
from emulator.clock.steered import SteeredClock
from emulator.control.control import Control
from emulator.control.site import page_address, site
from emulator.control.traffic import Traffic
from emulator.control.watch import watch as watch_all
from emulator.line.line import Line
from emulator.line.quiet_time import QuietTime
from emulator.module.boot import Cause
from emulator.module.firmware import Firmware
from emulator.module.general.identity import Identity
from emulator.module.module import Module
from emulator.onenet.http.route import Site
from emulator.recording.guard import guarded
from emulator.recording.trace import Trace
from emulator.simulation.air_watch import watch
from emulator.simulation.board import Board, BoardConfig
from emulator.simulation.checks import checked_psk, login_addresses
from emulator.simulation.cloud import Applications
from emulator.simulation.fleet import identities, module_of
from emulator.simulation.kept import kept_key, open_platform, take_up
from emulator.simulation.loop_thread import LoopThread, reported
from emulator.simulation.parameters import Parameters, taking
from emulator.simulation.remote import remote
from emulator.simulation.scheduler import Scheduler
from emulator.simulation.simulation import Simulation
from emulator.simulation.sockets import Ways, open_sockets


class Emulator:
    """Emulated M5310 modules, each on a port for one host, and OneNET behind them.

    Its parameters are those of `emulator.simulation.parameters.Parameters`. An async context
    manager; `start` and `close` do the same. Its handles are `port`, `http_url`, `coap_url`,
    `coaps_url`, `page_url`, `server`, `psk`, `api_key`, `imei`, `imsi`, `device_id`, and the
    parts `module`, `line`, `air`, whose `faults` may change at any time, `platform`, `misbehaviour`
    (of the platform) and `clock`. With several modules, these belong to the first; `boards` has
    all.
    """

    http_url: str | None = None
    coap_url: str | None = None
    coaps_url: str | None = None
    page_url: str | None = None

    @taking(Parameters)
    def __init__(self, parameters: Parameters) -> None:
        self._given = given = parameters
        self.clock = given.clock or (SteeredClock() if given.page else LoopClock())
        self._applications, self._ways = Applications.of(given), Ways.of(given)
        self.server = self._ways.server
        self.air = self._air(given.air, Faults(latency=given.latency, seed=given.seed))
        self._identities = identities(given.imei, given.imsi, given.modules)
        addresses = login_addresses(given.platform_addresses)
        firmware, self.baud = given.chosen()
        config = BoardConfig.of(given, firmware, self.baud)
        psk = checked_psk(given.psk, given.coaps, given.server)
        self.platform = open_platform(given, self._identities, self.now())
        self.psk = kept_key(self.platform, self._identities, given.psk, psk)
        self.ended = asyncio.Event()  # set once standard input has ended and all is answered
        self._open = AsyncExitStack()
        self._started = False
        self._thread = LoopThread("the emulator's thread")
        self._simulation = Simulation(self.platform, self.air, addresses)
        self.misbehaviour = self._simulation.misbehaviour  # its `faults` may change at any time
        self._scheduler = Scheduler(self._simulation, self.clock)
        self._servers = self._simulation.led
        self.boards: list[Board] = []
        self.played: object | None = None
        if not given.platform_only:
            self._add_boards(firmware, config.for_each(given.modules))

    def _add_boards(self, firmware: Firmware, configs: Sequence[BoardConfig]) -> None:
        for identity, config in zip(self._identities, configs, strict=True):
            module = module_of(self._given, firmware, identity, config.baud, config.seed)
            module.downlink_window = self._given.downlink_window
            quiet_time = QuietTime(firmware.quiet, early_lost=firmware.hasty_lost)
            board = Board(module, config, quiet_time, self._scheduler)
            self.boards.append(board)
            self._simulation.add(module, board.flush)

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
            given = self._given
            show, write = given.trace if given.trace_air else None, given.capture
            show = show and guarded(show, reported("trace"))
            write = write and guarded(write, reported("capture"), ends=True)
            watched = partial(
                watch, self.air, self._simulation.secure, self.boards, servers=self._servers
            )
            opened.callback(watched(show, write, begin=self._begin, now=self.now))
            if given.record is not None:
                self.boards[0].record(guarded(given.record, reported("record"), ends=True))
            if given.device and self.server is None:
                self._create_devices()
            if self.server is None:
                act = self._scheduler.input
                self._applications.connect(self.platform, act, opened)
                served = self._open_page(opened) if given.page else Site()
                self.http_url = await self._applications.open(self.platform, act, opened, served)
                if given.page and self.http_url is not None:
                    self.page_url = page_address(self.http_url, self.api_key)
            if given.cold:
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
        if self._given.trace is None:
            return None
        module = place + 1 if len(self.boards) > 1 else None
        return Trace(guarded(self._given.trace, reported("trace")), self._begin, module=module)

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
        elif isinstance(self.clock, SteeredClock):
            self.clock.watch(air.poll_some)  # other programs may send without an end
            opened.callback(self.clock.unwatch, air.poll_some)

    def _open_page(self, opened: AsyncExitStack) -> Site:
        """What the HTTP API serves for it."""
        traffic = Traffic(len(self.boards), self._simulation.number_of)
        watch_all(traffic, self, self._simulation.secure)
        control = Control(self, self._begin, traffic, self._servers, self.coap_url)
        opened.callback(control.close)
        self.platform.on_online = control.on_online
        return site(control)

    def _create_devices(self) -> None:
        devices = list(take_up(self.platform, self._identities, self.psk, self.now()))
        for board, device in zip(self.boards, devices, strict=False):
            board.device_id = device.id
            if self.coaps_url is not None and device.psk is not None:
                board.module.key = device.psk.encode()

    def _has_pending_work(self) -> bool:
        """Whether a host or a request waits: for a module, a message in the air, or the platform.

        An application may wait for any message, so each moves the clock, by its latency at most.
        """
        if not self._scheduler.started:
            return False
        if self.platform.reports.waiting and not self.platform.reports.failing:
            return True
        return self.air.deadline is not None or any(board.has_pending_work for board in self.boards)
