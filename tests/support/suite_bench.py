"""A host at an emulated module that speaks the suite language, with OneNET behind it."""

from __future__ import annotations

import re

from emulator.air.network import MemoryAir
from emulator.lwm2m.model import Item, Path, Value
from emulator.module.firmware import Firmware
from emulator.module.module import Identity, Module
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.operations import Execute, Operation, Read, Write
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.onenet.platform import Platform
from emulator.simulation.simulation import Simulation

START = 1_795_415_760.0  # 2026-11-23 06:36:00 UTC
IMEI, IMSI = "865820030013971", "460040000000001"


class SuiteBench:
    """`answers`: it answers each observe and discover that the module leaves to its host."""

    def __init__(self, firmware: str | Firmware, *, answers: bool = True) -> None:
        self.now = START
        self.module = Module(Identity(imei=IMEI, imsi=IMSI), firmware=firmware, now=START)
        self.platform = Platform()
        self.simulation = Simulation(self.platform, MemoryAir())
        self.simulation.add(self.module)
        self.device = self.platform.create_device(Description("bench", IMEI, IMSI), START)
        self.answers = answers and self.module.firmware.suite.host_answers
        self.lists = {3303: "5700;5701", 3306: "5850;5851"}
        self.observed: dict[str, int] = {}  # msgids by "object/instance"
        self.lines: list[tuple[float, str]] = []  # unsolicited, with the seconds since the start
        self.outcome: Outcome | None = None
        self.module.receive(b"ATE0\r", self.now)
        self._output()

    # the serial line -----------------------------------------------------------------------

    def ask(self, line: str) -> list[str]:
        """The answer to a command; unsolicited lines behind it go to `lines`."""
        self._collect()
        self.module.receive(line.encode() + b"\r", self.now)
        found = re.findall(r"[^\r\n]+", self._output())
        end = next(i for i, text in enumerate(found) if re.match(r"OK|ERROR|\+C\w+ ERROR", text))
        for text in found[end + 1 :]:
            self._got(text)
        return found[: end + 1]

    def well(self, *commands: str) -> None:
        """Commands that are answered OK and nothing else."""
        for command in commands:
            assert self.ask(command) == ["OK"], command

    def _output(self) -> str:
        self.simulation.step(self.now)
        return self.module.take_output().decode()

    def _collect(self) -> None:
        for text in re.findall(r"[^\r\n]+", self._output()):
            self._got(text)

    def _got(self, text: str) -> None:
        self.lines.append((round(self.now - START, 1), text))
        found = re.match(r"\+MIPL(OBSERVE|DISCOVER): ?0, ?(\d+), ?(\d+)(?:, ?(\d+), ?(\d+))?", text)
        if found is None:
            return
        if found[1] == "OBSERVE":
            self.observed[f"{found[4]}/{found[5]}"] = int(found[2])
        if not self.answers:
            return
        if found[1] == "OBSERVE":
            self.ask(f"AT+MIPLOBSERVERSP=0,{found[2]},1")
        else:
            listed = self.lists[int(found[3])]
            self.ask(f'AT+MIPLDISCOVERRSP=0,{found[2]},1,{len(listed)},"{listed}"')

    def wait(self, seconds: float) -> list[str]:
        """Let time pass; the unsolicited lines of this time."""
        before, end = len(self.lines), self.now + seconds
        while self.now < end:
            self.now = min(end, round(self.now + 0.1, 3))
            self._collect()
        return [text for _, text in self.lines[before:]]

    # ready-made situations -----------------------------------------------------------------

    def create(self) -> None:
        """An instance with the objects 3303 (one instance) and 3306 (two)."""
        assert self.ask("AT+MIPLCREATE")[-1] == "OK"
        self.well(
            'AT+MIPLADDOBJ=0,3306,2,"11",2,1',
            'AT+MIPLADDOBJ=0,3303,1,"1",2,1',
        )
        if not self.module.firmware.suite.host_answers:
            self.well(
                'AT+MIPLDISCOVERRSP=0,3303,1,9,"5700;5701"',
                'AT+MIPLDISCOVERRSP=0,3306,1,9,"5850;5851"',
            )

    def log_in(self) -> list[str]:
        """Create and log in; the unsolicited lines of the minute after it."""
        self.create()
        before = len(self.lines)
        self.well("AT+MIPLOPEN=0,3600,30")
        self.wait(60)
        return [text for _, text in self.lines[before:]]

    # the cloud -----------------------------------------------------------------------------

    def request(self, operation: Operation) -> list[str]:
        """The lines that a request of the cloud causes."""
        self.outcome = None

        def done(outcome: Outcome) -> None:
            self.outcome = outcome

        self._collect()
        self.platform.request(self.device, operation, done, self.now)
        return self.wait(1)

    def read(self, path: str) -> list[str]:
        return self.request(Read(_path(path)))

    def write(self, path: str, **values: Value) -> list[str]:
        """`values`: by resource id, as `_5850=1`."""
        at = _path(path)
        items = tuple(
            Item(Path(at.object, at.instance, int(name[1:])), value)
            for name, value in values.items()
        )
        return self.request(Write(at, items, replace=False))

    def execute(self, path: str, arguments: str = "") -> list[str]:
        return self.request(Execute(_path(path), arguments.encode()))

    @property
    def result(self) -> str | tuple[Value, ...] | None:
        """Of the latest request: its failure, or its values; None: it is open."""
        if self.outcome is None:
            return None
        if self.outcome.failure is not None:
            return self.outcome.failure.value
        return tuple(item.value for item in self.outcome.items)


def _path(text: str) -> Path:
    return Path(*map(int, text.split("/")))


def msgid(line: str) -> int:
    """Of an unsolicited line."""
    found = re.match(r"\+\w+: ?0, ?(\d+)", line)
    assert found is not None, line
    return int(found[1])
