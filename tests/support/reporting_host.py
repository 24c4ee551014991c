"""A host with the emulated module and a cloud: it reports, renews its login and answers reads."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from emulator.air.faults import Faults
from emulator.air.network import MemoryAir
from emulator.lwm2m.model import Path
from emulator.module.firmware import DEFAULT
from emulator.module.module import Identity, Module
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.operations import Read
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.onenet.platform import Platform
from emulator.onenet.years import YEARS
from emulator.simulation.simulation import Simulation
from tests.support.host_words import words_of
from tests.support.language import running
from tests.support.uart import START

TEMPERATURE = Path(3303, 0, 5700)
VALUES = {"3303": 21.5}


@dataclass
class ReportingHost:
    """A host that reports, renews its login and answers reads, with a loss on its air.

    `log` is what the module wrote, `news` the same in the words of tests/support/host_words.py. The
    module is that of the running test's language.
    """

    loss: float = 0.0
    now: float = START
    log: list[tuple[float, bytes]] = field(default_factory=list)
    news: list[tuple[float, str]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    answering: bool = True

    def __post_init__(self) -> None:
        language = running()
        self.words = words_of(language)
        firmware = DEFAULT if language.classic else language.module
        identity = Identity(imei="1234", imsi="test")
        self.module = Module(identity, firmware=firmware, seed=5, now=self.now)
        self.platform = Platform(replace(YEARS[2018], final_read=False))
        self.simulation = Simulation(self.platform, MemoryAir(Faults(loss=self.loss, seed=5)))
        self.simulation.add(self.module)
        self.device = self.platform.create_device(Description("host", "1234", "test"), self.now)
        for line in (*self.words.create("3303"), self.words.open(60)):
            self.write(line)
        self.wait(60)

    def write(self, line: str) -> None:
        self.simulation.step(self.now)
        self.module.receive(line.encode() + b"\r", self.now)
        self.settle()

    def report(self, value: float, ackid: int = 0) -> None:
        self.write(self.words.report(value, ackid))

    def settle(self) -> float | None:
        deadline = self.simulation.step(self.now)
        while output := self.module.take_output():
            self.log.append((self.now, output))
            for line in output.decode().split("\r\n"):
                words = self.words.understood(line)
                self.news.append((self.now, words))
                answer = self.words.answer(words, VALUES if self.answering else {})
                if answer is not None:
                    self.write(answer)
            deadline = self.simulation.step(self.now)
        return deadline

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (deadline := self.settle()) is not None and deadline <= end:
            assert deadline > self.now
            self.now = deadline
        self.now = end
        self.settle()

    def answer(self, msgid: int) -> None:
        """To a read that came while the host was not answering."""
        answer = self.words.answer(f"read {msgid} 3303 5700", VALUES)
        assert answer is not None
        self.write(answer)

    def read(self) -> None:
        self.simulation.step(self.now)
        self.platform.request(self.device, Read(TEMPERATURE), self.outcomes.append, self.now)

    def times_of(self, words: str) -> list[float]:
        """When a line that begins with these words came to the host."""
        return [at for at, line in self.news if line.startswith(words)]
