"""A whole world in virtual time: the driver's `Modem`, the emulated module, its air, its cloud.

`asyncio` runs it on the loop of tests/clock.py, so a month passes in seconds; the faults are
methods. Bytes are carried in the pieces that `cut` makes of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from emulator.air import Air
from emulator.chain import Chain
from emulator.identity import Identity
from emulator.module import Cause, Module
from emulator.onenet.devices import Description
from emulator.onenet.platform import Platform
from emulator.onenet.requests import Outcome, Question
from m5310 import Device
from m5310.device.upkeep import UpkeepEvent
from m5310.modem import Modem
from tests.chain.null_modem import ENDPOINT, START, Cut, whole
from tests.clock import elapse


class World(asyncio.Transport):
    """`events` is what the device told of its upkeep; `commands` every line the module got."""

    def __init__(self, cut: Cut = whole, *, reachable: bool = True) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self.module = Module(Identity(), now=START)
        self.platform = Platform()
        self.air = Air()
        self.chain = Chain(self.platform, self.air)
        self.chain.add(self.module)
        self.cloud = self.platform.create_device(
            Description("the world's", Identity().imei, Identity().imsi), START
        )
        self.modem = Modem("the world")
        self.events: list[UpkeepEvent] = []
        self.commands: list[str] = []
        self.silent = False
        self._cut = cut
        self._now = START
        self._timer: asyncio.TimerHandle | None = None
        self._partial = b""
        self._closing = False
        self.modem.connection_made(self)
        if not reachable:
            self.outage()

    def device(self, *, lifetime: int = 86400, **options: object) -> Device:
        on_event = self.events.append
        return Device(self.modem, ENDPOINT, lifetime=lifetime, on_event=on_event, **options)  # type: ignore[arg-type]

    # --- what a test does to it --------------------------------------------------------------

    def reset(self, cause: Cause = Cause.WATCHDOG) -> None:
        """The module restarts, in the middle of whatever it is."""
        self.module.power_cycle(cause, self._advance())
        self._carry()

    def outage(self) -> None:
        """Nothing that is sent through the air arrives any more."""
        self.air.loss = 1.0

    def back(self) -> None:
        self.air.loss = 0.0

    def ask(self, question: Question) -> list[Outcome]:
        """Ask the device through the platform; the list holds the outcome once there is one."""
        outcomes: list[Outcome] = []
        self.platform.request(self.cloud, question, outcomes.append, self._advance())
        self._carry()
        return outcomes

    def say(self, line: str) -> None:
        """What this module would not say by itself."""
        self.modem.data_received(f"\r\n{line}\r\n".encode())

    @property
    def online(self) -> bool:
        self._carry()
        return self.platform.online(self.cloud)

    @property
    def reported(self) -> list[object]:
        """The values of all points that the cloud got, in order."""
        self._carry()
        return [point.value for stream in self.cloud.points.streams() for point in stream.points]

    async def until(self, done: Callable[[], bool], seconds: float = 3600) -> None:
        async with asyncio.timeout(seconds):
            while not done():  # the other side has no event to await
                await elapse(0.1)

    def stop(self) -> None:
        """Time goes on without it."""
        if self._timer is not None:
            self._timer.cancel()
        self._closing = True

    # --- the transport -----------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._loop.call_soon(self._deliver, bytes(data))

    def is_closing(self) -> bool:
        return self._closing

    def abort(self) -> None:
        self.stop()
        self._loop.call_soon(self.modem.connection_lost, None)

    # --- time --------------------------------------------------------------------------------

    def _deliver(self, data: bytes) -> None:
        *lines, self._partial = (self._partial + data).split(b"\r")
        self.commands += [line.decode() for line in lines if line != b"AT"]
        now = self._advance()
        if not self.silent:
            for piece in self._cut(data):
                self.module.receive(piece, now)
        self._carry()

    def _advance(self) -> float:
        self._now = max(self._now, START + self._loop.time())
        self.chain.step(self._now)
        return self._now

    def _carry(self, due: float = START) -> None:
        """Whatever is due happens, and what the module wrote goes to the driver."""
        self._now = max(self._now, due)  # a sum of floats may fall short of what it is meant to be
        self._advance()
        deadline = self.chain.step(self._now)
        written = self.module.take_output()
        if written and not self._closing:
            for piece in self._cut(written):
                self._loop.call_soon(self.modem.data_received, piece)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if deadline is not None and not self._closing:
            self._timer = self._loop.call_at(deadline - START, self._carry, deadline)
