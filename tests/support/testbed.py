"""Driver, emulated module, air and cloud in virtual time, joined by a serial line.

The event loop is that of tests/support/clock.py, so a month passes in seconds. Faults are methods.
The line is one of tests/support/hostile.py. Every line that the driver writes is judged by
tests/support/command_order.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from emulator.air.network import MemoryAir
from emulator.module.firmware import DEFAULT
from emulator.module.general.identity import Identity
from emulator.module.lwm2m.host import Happening
from emulator.module.module import Cause, Module
from emulator.onenet.commands.command import Kind
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.operations import Operation
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.onenet.lwm2m.server import Sign
from emulator.onenet.platform import Platform
from emulator.onenet.store.streams import MAX_POINTS
from emulator.simulation.simulation import ACCESS_MACHINE, Simulation
from m5310 import Device
from m5310.at.modem import Modem
from m5310.device.events import UpkeepEvent
from m5310.errors import PortError
from tests.support.clock import elapse
from tests.support.command_order import CommandOrder
from tests.support.hostile import WHOLE, Carrier, Direction, Hostile
from tests.support.language import CLASSIC, Language, running
from tests.support.null_modem import ENDPOINT, START
from tests.support.stored import streams
from tests.support.suite_order import SuiteOrder
from tests.support.upkeep import upkeep


class Wire(asyncio.Transport):
    """From one opening of the port to its end."""

    def __init__(
        self,
        modem: Modem,
        order: CommandOrder | SuiteOrder,
        to_module: Direction,
        to_host: Direction,
        deliver: Callable[[bytes], None],
    ) -> None:
        super().__init__()
        self._order = order
        self._loop = asyncio.get_running_loop()
        self._modem = modem
        self._deliver = deliver
        self._to_module = Carrier(to_module, self._arrived)
        self._to_host = Carrier(to_host, self._received)
        self._cut = False
        modem.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._order.wrote(bytes(data))
        self._to_module.carry(bytes(data))

    def is_closing(self) -> bool:
        return self._cut

    def abort(self) -> None:
        if not self._cut:
            self.cut(None)

    def cut(self, error: Exception | None) -> None:
        """End the connection; the host is notified."""
        self._cut = True
        self._loop.call_soon(self._modem.connection_lost, error)

    def carry(self, data: bytes) -> None:
        """To the host."""
        self._to_host.carry(data)

    def _arrived(self, data: bytes) -> None:
        if not self._cut:
            self._deliver(data)

    def _received(self, data: bytes) -> None:
        if not self._cut:
            self._order.received(data)
            self._modem.data_received(data)


class OneSidedAir(MemoryAir):
    """While `mute` the platform receives everything, and none of its answers arrives."""

    mute = False

    def send(self, source: str, destination: str, datagram: bytes, now: float) -> None:
        if not (self.mute and source == ACCESS_MACHINE):
            super().send(source, destination, datagram, now)


class DeviceTestbed:
    """`events` are the device's upkeep events, without the steps of the program; `commands` every
    line that the module received. `firmware` is one of the classic module; None: the module of
    `language`, by default the one of the running test.
    """

    def __init__(
        self,
        hostile: Hostile = WHOLE,
        *,
        reachable: bool = True,
        firmware: str | None = None,
        strict_host: bool = False,
        language: Language | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.language = CLASSIC if firmware else language or running()
        self.module = Module(
            Identity(),
            firmware=firmware or (DEFAULT if self.language.classic else self.language.module),
            strict_host=strict_host,
            now=START,
        )
        if hostile.echo:
            self.module.receive(b"ATE1\r", START)
            self.module.take_output()
        self.platform = Platform()
        self.air = OneSidedAir()
        self.simulation = Simulation(self.platform, self.air)
        self.simulation.add(self.module)
        self.cloud = self.platform.create_device(
            Description("the testbed's", Identity().imei, Identity().imsi), START
        )
        self.order = self._judge(lossy=hostile.lossy)
        self.events: list[UpkeepEvent] = []
        self.commands: list[str] = []
        self.silent = False
        self._sleep_loss: tuple[str, slice, bool] | None = None
        self._to_module, self._to_host = hostile.to_module(), hostile.to_host()
        self._now = START
        self._timer: asyncio.TimerHandle | None = None
        self._partial = b""
        self._stopped = False
        self._wire: Wire | None = None
        self._plugged = True
        self.modem = self._join()
        if not reachable:
            self.outage()

    def _judge(self, *, lossy: bool) -> CommandOrder | SuiteOrder:
        if self.language.classic:
            return CommandOrder(self._loop.time, lossy=lossy)
        return SuiteOrder(self._loop.time, lossy=lossy, declaring=self.language.declaring)

    def device(self, *, lifetime: int = 86400, reopens: bool = False, **options: object) -> Device:
        """A device on the testbed's modem; with `reopens` it opens and re-opens the port itself."""
        on_event = upkeep(self.events)
        port = self.open if reopens else self.modem
        return Device(port, ENDPOINT, lifetime=lifetime, on_event=on_event, **options)  # type: ignore[arg-type]

    async def open(self) -> Modem:
        """Raises PortError while the port is unplugged."""
        if not self._plugged:
            raise PortError("there is no port of the testbed's name")
        self.modem = self._join()
        return self.modem

    # --- what a test does to it --------------------------------------------------------------

    def unplug(self) -> None:
        """The module goes on without a host."""
        self._plugged = False
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.cut(OSError("unplugged"))

    def plug(self) -> None:
        self._plugged = True

    def reset(self, cause: Cause = Cause.WATCHDOG) -> None:
        """Restart the module at once."""
        self.module.power_cycle(cause, self._advance())
        self._carry()

    def end_login(self, reason: Happening) -> None:
        """The lifetime is over, or the platform has deleted the device."""
        self.module.end_login(reason, self._advance())
        self._carry()

    def settle(self) -> None:
        """Do what is due, and carry what it writes."""
        self._carry()

    def outage(self) -> None:
        """From now on nothing that is sent through the air arrives."""
        self.air.faults.loss = 1.0

    def back(self) -> None:
        self.air.faults.loss = 0.0

    def ask(self, question: Operation) -> list[Outcome]:
        """Ask the device through the platform; the list holds the outcome once there is one."""
        outcomes: list[Outcome] = []
        self.platform.request(self.cloud, question, outcomes.append, self._advance())
        self._carry()
        return outcomes

    def queue(self, question: Operation) -> str:
        """An offline command that is sent at any sign of the device; returns its uuid."""
        now = self._advance()
        uuid = self.platform.commands.create(
            *(int(self.cloud.id), Kind.WRITE, {}, None, question),
            valid=now,
            expires=now + 86400,
            retry=3,
            signs=Sign(7),
            now=now,
        )
        self._carry()
        return uuid

    def lose_bytes_to_sleep(self, over: str, reads: slice, *, announced: bool = False) -> None:
        """Of the next line that begins with `over` the module reads only these bytes.

        With `announced` it reports its sleep while that line is being sent.
        """
        self._sleep_loss = over, reads, announced

    def deliver_datagram(self, number: int, address: str, port: int, data: bytes) -> None:
        """A datagram arrives for one of the module's sockets."""
        self.module.deliver_datagram(number, address, port, data, self._advance())
        self._carry()

    def command(self, line: str) -> None:
        """Send a command that does not come from the driver."""
        self.order.doubt()
        self.module.receive(f"{line}\r".encode(), self._advance())
        self._carry()

    def send(self, line: str) -> None:
        """Send the host a line that this module would not send."""
        data = f"\r\n{line}\r\n".encode()
        self.order.received(data)
        self.modem.data_received(data)

    def pour(self, *lines: str) -> None:
        """The same, through the line and its faults."""
        assert self._wire is not None
        self._wire.carry("".join(f"\r\n{line}\r\n" for line in lines).encode())

    @property
    def online(self) -> bool:
        self._carry()
        return self.platform.online(self.cloud)

    @property
    def reported(self) -> list[object]:
        """The newest values that the cloud received, at most MAX_POINTS, in order."""
        return self.values()

    def values(self, path: str | None = None) -> list[object]:
        """Those of one resource; None: of all."""
        self._carry()
        ids = None if path is None else [path.replace("/", "_")]
        found = streams(self.platform, self.cloud, MAX_POINTS, ids=ids)
        return [point.value for stream in found for point in stream.points]

    async def until(self, done: Callable[[], bool], seconds: float = 3600) -> None:
        async with asyncio.timeout(seconds):
            while not done():  # the other side has no event to await
                await elapse(0.1)

    def stop(self) -> None:
        """End the testbed: check all lines that the driver wrote, and set no more timers."""
        self.order.check()
        if self._timer is not None:
            self._timer.cancel()
        self._stopped = True

    def stop_faults(self) -> None:
        """From now on the line loses and changes nothing."""
        self.order.lossy = False
        self._to_module.stop_faults()
        self._to_host.stop_faults()

    # --- time --------------------------------------------------------------------------------

    def _join(self) -> Modem:
        modem = Modem("the testbed")
        self.order.reopened()
        self._wire = Wire(modem, self.order, self._to_module, self._to_host, self._deliver)
        return modem

    def _deliver(self, data: bytes) -> None:
        *lines, self._partial = (self._partial + data).split(b"\r")
        self.commands += [line.decode(errors="replace") for line in lines if line.strip() != b"AT"]
        now = self._advance()
        if self._sleep_loss is not None and data.startswith(self._sleep_loss[0].encode()):
            _, reads, announced = self._sleep_loss
            self._sleep_loss = None
            data = data[reads]
            if announced and self._wire is not None:
                self._wire.carry(b"\r\n+NPSMR:1\r\n")
                self._wire.carry(b"\r\n+NPSMR:0\r\n")
        if not self.silent:
            self.module.receive(data, now)
        self._carry()

    def _advance(self) -> float:
        self._now = max(self._now, START + self._loop.time())
        self.simulation.step(self._now)
        return self._now

    def _carry(self, due: float = START) -> None:
        """Do what is due, and carry the module's output to the driver."""
        self._now = max(self._now, due)  # a sum of floats may fall short of the deadline
        self._advance()
        deadline = self.simulation.step(self._now)
        written = self.module.take_output()
        if written and self._wire is not None:
            self._wire.carry(written)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if deadline is not None and not self._stopped:
            self._timer = self._loop.call_at(deadline - START, self._carry, deadline)


async def random_faults(testbed: DeviceTestbed, random: Random, days: float) -> None:
    """Random faults, about one an hour; at the end everything works again."""
    loop = asyncio.get_running_loop()
    end = loop.time() + days * 86400
    while loop.time() < end:
        await elapse(random.expovariate(1 / 3600))
        match random.choice(["reset", "unplug", "outage", "mute", "silence", "power cut"]):
            case "reset":
                testbed.reset()
            case "unplug":
                testbed.unplug()
                await elapse(random.choice([0.01, 3, 60, 3000]) * random.random())
                testbed.plug()
            case "outage":
                testbed.outage()
                await elapse(random.choice([1, 60, 1000, 10000]) * random.random())
                testbed.back()
            case "mute":  # only the downlink is lost
                testbed.air.mute = True
                await elapse(random.choice([1, 60, 1000, 10000]) * random.random())
                testbed.air.mute = False
            case "silence":  # of the module, which still works
                testbed.silent = True
                await elapse(random.choice([1, 20, 300]) * random.random())
                testbed.silent = False
            case "power cut":  # of board and adapter
                testbed.unplug()
                testbed.reset()
                await elapse(random.uniform(0, 30))
                testbed.plug()
