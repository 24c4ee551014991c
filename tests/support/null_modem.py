"""Driver and emulated module joined without port, event loop or clock, in any language.

The bytes pass a line of tests/support/hostile.py in either direction. The driver's part is its
engine and the dialect of the module; `NullModem` is the little of a device that a dialect needs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from emulator.air.network import MemoryAir
from emulator.module.firmware import DEFAULT
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
from m5310.dialects.classic.config import Config
from m5310.dialects.classic.dialect import Classic
from m5310.dialects.classic.form import Reading
from m5310.dialects.dialect import Commands, Dialect
from m5310.dialects.profiles import PROFILES
from m5310.dialects.suite.dialect import Suite
from m5310.dialects.urcs import Discovered, Observed, Opened, Urc
from m5310.errors import CommandError
from m5310.lwm2m.resources import ObjectTree, Resource
from tests.support.hostile import WHOLE, Arrival, Hostile
from tests.support.language import CLASSIC, Language

T = TypeVar("T")

START = 1_795_415_760.0  # 2026-11-23 06:36:00 UTC
ENDPOINT = f"{Identity().imei};{Identity().imsi}"
URI = "coap://183.230.40.40:5683"


class NullModem:
    """`urcs` are the unsolicited lines that the driver received, by their meaning; `strays` all
    other events. `typed_urcs` and `reading` are of the classic language only: the other form of its
    URCs, and the form that the driver expects.
    """

    def __init__(
        self,
        hostile: Hostile = WHOLE,
        *,
        language: Language = CLASSIC,
        typed_urcs: bool = False,
        reading: Reading = Reading.EITHER,
    ) -> None:
        self.now = START
        self.engine = Engine()
        self.module = Module(
            Identity(),
            firmware=DEFAULT if language.classic else language.module,
            typed_urcs=typed_urcs,
            now=START,
        )
        self.platform = Platform()
        self.simulation = Simulation(self.platform, MemoryAir())
        self.simulation.add(self.module)
        self.device = self.platform.create_device(
            Description("null modem", Identity().imei, Identity().imsi), START
        )
        self.resources = ObjectTree()
        self.dialect = self._dialect(language, reading)
        self.urcs: list[Urc] = []
        self.strays: list[Event] = []
        self._asked: deque[Observed | Discovered] = deque()  # and not yet answered
        self._ended: Event | None = None
        self._to_module, self._to_host = hostile.to_module(), hostile.to_host()
        self._downwards: deque[Arrival] = deque()
        self._upwards: deque[Arrival] = deque()
        if hostile.echo:
            self.execute(general.echo(on=True))

    def _dialect(self, language: Language, reading: Reading) -> Dialect:
        config = Config(ENDPOINT, URI, 300)
        if language.classic:
            return Classic(config, reading)
        return Suite(PROFILES[language.module], config, self.resources)

    def execute(self, command: Command[T]) -> T:
        """One command through the engine to the module and back. Raises CommandError."""
        self._ended = None
        self.engine.submit(command, self.now)
        while self._ended is None:
            self._step()
        match self._ended:
            case Answer() as answer:
                return command.parse(answer)
            case Refused(refused, result):
                raise CommandError(refused.line, result.text, result.number, result.meaning)
            case _:
                raise AssertionError(f"{command.line}: {self._ended}")

    def execute_all(self, commands: Commands) -> None:
        for command in commands:
            self.execute(command)

    def until(self, done: Callable[[], bool], seconds: float = 60) -> None:
        """Let time pass until `done`, and answer what the dialect answers without the program."""
        end = self.now + seconds
        while not done():
            assert self.now < end, f"nothing within {seconds} s; received {self.urcs}"
            self._step()
            while self._asked:
                asked = self._asked.popleft()
                answer = (
                    self.dialect.answer_observe(asked)
                    if isinstance(asked, Observed)
                    else self.dialect.answer_discover(asked)
                )
                self.execute_all(answer)

    def arrives(self, kind: type[T]) -> T:
        """The next line of this meaning; those before it are forgotten."""
        self.until(lambda: any(isinstance(urc, kind) for urc in self.urcs))
        while not isinstance(urc := self.urcs.pop(0), kind):
            pass
        return urc

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        self.until(lambda: self.now >= end, seconds + 1)

    def log_in(self, *resources: Resource) -> None:
        """Configure, declare the resources, log in, and wait for the observations."""
        _done(self.dialect.configure(self._execute))
        for resource in resources:
            if resource.path.instance_path not in self.resources.instances():
                self.execute_all(self.dialect.add_instance(resource.path.instance_path))
            self.resources.add(resource)
            self.execute_all(self.dialect.declare(resource, resource.text))
        _done(self.dialect.prepare(self._execute))
        self.execute_all(self.dialect.open(30))
        assert self.arrives(Opened).success
        self.wait(2)

    def ask(self, question: Operation) -> list[Outcome]:
        """Ask the device through the platform; the list holds the outcome once there is one."""
        outcomes: list[Outcome] = []
        self.urcs.clear()
        self.simulation.step(self.now)
        self.platform.request(self.device, question, outcomes.append, self.now)
        return outcomes

    async def _execute(self, command: Command[T], /) -> T:
        return self.execute(command)

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
                case Unsolicited(line) if urc := self.dialect.parse(line, self.resources.declared):
                    self.urcs.append(urc)
                    if isinstance(urc, Observed | Discovered):
                        self._asked.append(urc)
                case Answer() | Refused() | TimedOut():
                    self._ended = event
                case _:
                    self.strays.append(event)


def _done(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError(f"{coroutine} waits")
