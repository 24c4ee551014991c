"""A host with the emulated module and a cloud: it reports, renews its login and answers reads."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from emulator.air.faults import Faults
from emulator.air.network import MemoryAir
from emulator.lwm2m.model import Path
from emulator.module.module import Identity, Module
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.operations import Read
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.onenet.platform import Platform
from emulator.onenet.years import YEARS
from emulator.simulation.simulation import Simulation
from tests.support.uart import DIRECT, START

TEMPERATURE = Path(3303, 0, 5700)


@dataclass
class ReportingHost:
    """A host that reports, renews its login and answers reads, with a loss on its air."""

    loss: float = 0.0
    now: float = START
    log: list[tuple[float, bytes]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    answering: bool = True

    def __post_init__(self) -> None:
        self.module = Module(Identity(imei="1234", imsi="test"), seed=5, now=self.now)
        self.platform = Platform(replace(YEARS[2018], final_read=False))
        self.simulation = Simulation(self.platform, MemoryAir(Faults(loss=self.loss, seed=5)))
        self.simulation.add(self.module)
        self.device = self.platform.create_device(Description("host", "1234", "test"), self.now)
        for line in (
            DIRECT,
            "AT+MIPLADDOBJ=0,3303,0",
            'AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1',
            "AT+MIPLOPEN=0,60",
        ):
            self.write(line)
        self.wait(60)

    def write(self, line: str) -> None:
        self.simulation.step(self.now)
        self.module.receive(line.encode() + b"\r", self.now)
        self.settle()

    def settle(self) -> float | None:
        deadline = self.simulation.step(self.now)
        while output := self.module.take_output():
            self.log.append((self.now, output))
            for urc in output.split(b"\r\n"):
                if self.answering and urc.startswith(b"+MIPLREAD:"):
                    msgid = urc.split(b",")[1].decode()
                    self.write(f'AT+MIPLREAD=0,{msgid},3303,0,5700,4,"21.5",1')
            deadline = self.simulation.step(self.now)
        return deadline

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (deadline := self.settle()) is not None and deadline <= end:
            assert deadline > self.now
            self.now = deadline
        self.now = end
        self.settle()

    def read(self) -> None:
        self.simulation.step(self.now)
        self.platform.request(self.device, Read(TEMPERATURE), self.outcomes.append, self.now)

    def times_of(self, text: bytes) -> list[float]:
        """When this text came to the host."""
        return [at for at, output in self.log if text in output]
