"""Driver and emulated module joined without port, event loop or clock.

The bytes pass a line of tests/support/hostile.py in either direction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from emulator.air.network import MemoryAir
from emulator.module.general.identity import Identity
from emulator.module.module import Module
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.operations import Operation
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.onenet.platform import Platform
from emulator.simulation.simulation import Simulation
from m5310.at.codec import Answer, Command
from m5310.at.engine import Engine
from m5310.at.events import Event, Refused, TimedOut, Unsolicited
from m5310.commands import general
from m5310.dialects.classic import commands as classic
from m5310.dialects.classic import urcs as classic_urcs
from m5310.dialects.classic.config import Config
from m5310.dialects.urcs import Opened
from m5310.errors import CommandError
from m5310.lwm2m.path import Path
from m5310.lwm2m.values import ValueType
from tests.support.hostile import WHOLE, Arrival, Hostile

START = 1_795_415_760.0  # 2026-11-23 06:36:00 UTC
ENDPOINT = f"{Identity().imei};{Identity().imsi}"
URI = "coap://183.230.40.40:5683"


class NullModem:
    """`urcs` are the unsolicited lines that the driver received; `strays` all other events."""

    def __init__(self, hostile: Hostile = WHOLE, *, typed_urcs: bool = False) -> None:
        self.now = START
        self.engine = Engine()
        self.module = Module(Identity(), typed_urcs=typed_urcs, now=START)
        self.platform = Platform()
        self.simulation = Simulation(self.platform, MemoryAir())
        self.simulation.add(self.module)
        self.device = self.platform.create_device(
            Description("null modem", Identity().imei, Identity().imsi), START
        )
        self.urcs: list[str] = []
        self.strays: list[Event] = []
        self._ended: Event | None = None
        self._to_module, self._to_host = hostile.to_module(), hostile.to_host()
        self._downwards: deque[Arrival] = deque()
        self._upwards: deque[Arrival] = deque()
        if hostile.echo:
            self.execute(general.echo(on=True))

    def execute(self, command: Command) -> Answer:
        """One command through the engine to the module and back. Raises CommandError."""
        self._ended = None
        self.engine.submit(command, self.now)
        while self._ended is None:
            self._step()
        match self._ended:
            case Answer() as answer:
                return answer
            case Refused(command, result):
                raise CommandError(command.line, result.text, result.number, result.meaning)
            case _:
                raise AssertionError(f"{command.line}: {self._ended}")

    def until(self, done: Callable[[], bool], seconds: float = 60) -> None:
        """Let time pass until `done`."""
        end = self.now + seconds
        while not done():
            assert self.now < end, f"nothing within {seconds} s; received {self.urcs}"
            self._step()

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        self.until(lambda: self.now >= end, seconds + 1)

    def log_in(self, *resources: tuple[str, ValueType, str]) -> None:
        """Configure, declare `(path, type, text)`, log in, and wait for the observations."""
        for command in classic.configure(Config(ENDPOINT, URI, 300)):
            self.execute(command)
        instances = dict.fromkeys(
            Path(path.object, path.instance)
            for path in (Path.parse(name) for name, *_ in resources)
        )
        for instance in instances:
            self.execute(classic.add_object(instance))
        for name, kind, text in resources:
            self.execute(classic.notify(Path.parse(name), kind, text))
        self.execute(classic.open_(30))
        self.until(lambda: any(isinstance(classic_urcs.parse(line), Opened) for line in self.urcs))
        self.wait(2)

    def ask(self, question: Operation) -> list[Outcome]:
        """Ask the device through the platform; the list holds the outcome once there is one."""
        outcomes: list[Outcome] = []
        self.simulation.step(self.now)
        self.platform.request(self.device, question, outcomes.append, self.now)
        return outcomes

    def _step(self) -> None:
        """Carry what waits on either side; when nothing does, go to the next deadline."""
        if sent := self.engine.outgoing():
            self._downwards += self._to_module.carry(sent, self.now)
        while self._downwards and self._downwards[0].at <= self.now:
            self.simulation.step(self.now)
            self.module.receive(self._downwards.popleft().data, self.now)
        deadline = self.simulation.step(self.now)
        if written := self.module.take_output():
            self._upwards += self._to_host.carry(written, self.now)
        while self._upwards and self._upwards[0].at <= self.now:
            self._received(self.engine.receive(self._upwards.popleft().data, self.now))
        self._received(self.engine.tick(self.now))
        if not sent and not written:
            planned = [at for at in (deadline, self.engine.deadline) if at is not None]
            planned += [line[0].at for line in (self._downwards, self._upwards) if line]
            self.now = max(self.now, min([*planned, self.now + 1]))

    def _received(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case Unsolicited(line):
                    self.urcs.append(line)
                case Answer() | Refused() | TimedOut():
                    self._ended = event
                case _:
                    self.strays.append(event)
