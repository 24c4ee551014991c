"""Plays a transcript of `tests/wire` to the emulated module and its cloud, byte for byte."""

from __future__ import annotations

import difflib

import pytest

from emulator.air.network import MemoryAir
from emulator.lwm2m.model import Item, Path, Value
from emulator.module.firmware import DEFAULT
from emulator.module.module import Cause, Identity, Module
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.sim import Sim
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.operations import Execute, Read, Write
from emulator.onenet.lwm2m.requests import Operation, Outcome
from emulator.onenet.platform import Platform
from emulator.simulation.simulation import Simulation
from tests.support.hostile import Hostile
from tests.support.stored import streams
from tests.support.transcript import Bindings, Kind, Step, framed, literal, sent

START = 1_795_415_760.0  # 2026-11-23 06:36:00 UTC


class Player:
    """A fresh module with its cloud, and one transcript after another line of it."""

    def __init__(
        self, opening: tuple[Step, ...], line: Hostile, firmware: str | None = None
    ) -> None:
        words = [word for step in opening if step.text.startswith("module") for word in step.words]
        known = not any(step.text == "cloud has no device" for step in opening)
        settings = dict(word.split("=", 1) for word in words if "=" in word)
        self.now = START
        self.line = line.to_module()
        self.module = Module(
            Identity(imei=settings["imei"], imsi=settings["imsi"]),
            firmware=firmware or settings.get("firmware", DEFAULT),
            typed_urcs=True if "typed_urcs" in words else None,
            now=START,
        )
        self.platform = Platform()
        self.simulation = Simulation(self.platform, MemoryAir())
        self.simulation.add(self.module)
        if known:
            self.device = self.platform.create_device(
                Description("wire", settings["imei"], settings["imsi"]), START
            )
        self.output = b""
        self.bindings = Bindings()
        self.outcome: Outcome | None = None
        self.sockets = 0

    def play(self, step: Step) -> None:
        match step.kind:
            case Kind.HOST:
                for at, piece in self.line.carry(sent(self.bindings.samples(step.text)), self.now):
                    self.now = at
                    self.simulation.step(at)
                    self.module.receive(piece, at)
            case Kind.ANSWER | Kind.UNSOLICITED:
                self.expect(framed(""), step)
            case Kind.BYTES:
                self.expect(b"", step)
            case Kind.EVENT if step.words[0] == "after":
                self.now += float(step.words[1])
            case Kind.EVENT if step.words[0] == "power":
                self.module.power_cycle(Cause[step.words[1]], self.now)
            case Kind.EVENT if step.words[0] == "radio":
                self.radio(step)
            case Kind.EVENT if step.words[0] == "sim":
                self.module.sim = Sim[step.words[1]]
            case Kind.EVENT if step.words[0] == "cloud":
                self.cloud(step)
            case _:
                return
        self.settle()

    def settle(self) -> None:
        self.simulation.step(self.now)
        self.output += self.module.take_output()

    def expect(self, frame: bytes, step: Step) -> None:
        if frame:
            line = framed(step.text, touches=step.touches).decode()
            pattern = self.bindings.pattern(line)
        else:
            pattern = self.bindings.pattern(literal(step.text).decode("latin-1"))
        match = pattern.match(self.output)
        if match is None:
            wanted = pattern.pattern.decode(errors="replace").replace("\\", "")
            came = self.output.decode(errors="replace")
            diff = difflib.ndiff([repr(wanted)], [repr(came)])
            pytest.fail(f"{step.where}: the module wrote something else\n" + "\n".join(diff))
        self.bindings.bind(match)
        self.output = self.output[match.end() :]

    def nothing_left(self, where: str) -> None:
        assert self.output == b"", f"{where}: the module also wrote {self.output!r}"

    def radio(self, step: Step) -> None:
        match step.words[1:]:
            case ["coverage", level]:
                self.module.radio.coverage = Coverage[level]
            case ["refuses", answer]:
                self.module.radio.refusing = answer == "yes"
            case _:
                pytest.fail(f"{step.where}: not a thing that happens to a radio")

    # the platform's part -------------------------------------------------------------------

    def cloud(self, step: Step) -> None:
        _, verb, *rest = (self.bindings.samples(word) for word in step.words)
        match verb:
            case "read":
                self.ask(Read(path(rest[0])))
            case "write":
                target = path(rest[0])
                pairs = (word.split("=", 1) for word in rest[1:])
                items = tuple(
                    Item(Path(target.object, target.instance, int(number)), value_of(text))
                    for number, text in pairs
                )
                self.ask(Write(target, items, replace=False))
            case "execute":
                self.ask(Execute(path(rest[0]), " ".join(rest[1:]).encode()))
            case "datagram":
                number, host, port, digits = rest
                socket = int(number.removeprefix("socket="))
                self.module.deliver_datagram(
                    socket, host, int(port), bytes.fromhex(digits), self.now
                )
            case "got":
                self.got(rest, step.where)
            case _:
                pytest.fail(f"{step.where}: the cloud cannot {verb}")

    def ask(self, question: Operation) -> None:
        self.outcome = None

        def done(outcome: Outcome) -> None:
            self.outcome = outcome

        self.simulation.step(self.now)
        self.platform.request(self.device, question, done, self.now)

    def got(self, words: list[str], where: str) -> None:
        match words:
            case ["nothing", name]:
                assert self.latest(name) is None, where
            case ["offline"]:
                assert not self.platform.online(self.device), where
            case ["done"]:
                assert self.outcome is not None, where
                assert self.outcome.failure is None, where
            case ["failure", *reason]:
                assert self.outcome is not None, where
                assert self.outcome.failure is not None, where
                assert reason in ([], [self.outcome.failure.value]), where
            case ["answer", *pairs]:
                assert self.outcome is not None, where
                came = [f"{str(item.path)[1:]}={shown(item.value)}" for item in self.outcome.items]
                assert came == pairs, where
            case [name, value]:
                assert self.latest(name) == value, where
            case _:
                pytest.fail(f"{where}: not an expectation")

    def latest(self, name: str) -> str | None:
        found = streams(self.platform, self.device, ids=[name.replace("/", "_")])
        return shown(found[0].points[-1].value) if found else None


def path(text: str) -> Path:
    return Path(*(int(part) for part in text.split("/")))


def value_of(text: str) -> Value:
    if text.startswith("hex:"):
        return bytes.fromhex(text[4:])
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def shown(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.hex().upper() if isinstance(value, bytes) else str(value)
