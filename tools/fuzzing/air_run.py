"""Fuzz target: datagrams of anybody to the platform and to a module that it observes.

An event is a byte, two bytes of length, and a datagram. Of the byte: bit 0 who gets it (platform or
module), bit 1 who sends it (the other end or a stranger), bit 2 whether it gets message id and
token of the last datagram that the receiver sent, bits 3 and 4 how long to wait before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from emulator.air.faults import Faults
from emulator.air.network import MemoryAir
from emulator.coap.messages import RECOGNIZED_OPTIONS, MalformedMessage, decode
from emulator.module.firmware import DEFAULT
from emulator.module.module import Identity, Module
from emulator.module.radio.psm import WAKING_BYTES
from emulator.onenet.devices import Description
from emulator.onenet.errors import ApiError
from emulator.onenet.lwm2m.operations import Observe, Read
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.onenet.platform import Platform
from emulator.simulation.simulation import ACCESS_MACHINE, Simulation
from tests.support import captures
from tests.support.host_words import words_of
from tests.support.language import CLASSIC, LANGUAGES, Language
from tools.fuzzing.module_run import IMEI, IMSI, INSTANCE, RESOURCE, START, ContractBroken

STRANGER = "198.51.100.7:5683"
WAITS = (0.0, 0.5, 12.0, 300.0)
WORDS = ("rd", "bs", "ep=", "lt=", "3303", "\x60", "123456789012345")
# Seconds after which every request has ended: 30 for a request, some for those that follow.
_LAST = 400.0
_MAX_STEPS = 20_000
# The configuration of the transcripts of tests/wire: endpoint name, lifetime, address of OneNET.
_CONFIGURATION = re.compile(r"AT\+MIPLCONF=\S+")
_VALUES = {"3303": 21.5}


def _configuration() -> str:
    text = (captures.FOLDER.parent / "session.txt").read_text(encoding="utf-8")
    found = _CONFIGURATION.search(text)
    assert found is not None, "a transcript with a login"
    return found[0]


class AirRun:
    """A module of this language that is logged in and observed, its host, and the platform.

    `play` the events, then `check_alive`. Raises ContractBroken.
    """

    def __init__(self, style: str, language: Language = CLASSIC) -> None:
        self.now = START
        self.words = words_of(language, _configuration())
        self.module = Module(
            Identity(imei=IMEI, imsi=IMSI),
            firmware=DEFAULT if language.classic else language.module,
            style=style,
            now=START,
        )
        self.platform = Platform()
        self.air = MemoryAir(Faults(latency=0.1))
        self.air.on_datagram = self._on_datagram
        self.simulation = Simulation(self.platform, self.air)
        self.address = self.simulation.add(self.module)
        self.device = self.platform.create_device(Description("fuzz", IMEI, IMSI), START)
        self.sent: dict[bool, bytes] = {}  # the last datagram, by whether the module sent it
        self.outcomes: list[Outcome] = []
        self.output = b""  # of the module, since the last call of `check_alive`
        self.begun = 0
        for line in (*self.words.create("3303"), self.words.open(60)):
            self.command(line.encode())
        self.wait(10.0)
        if not self.platform.online(self.device):
            raise ContractBroken("the login failed")

    def play(self, data: bytes) -> None:
        while data:
            head, length, data = data[0], int.from_bytes(data[1:3], "big"), data[3:]
            datagram, data = data[:length], data[length:]
            self.wait(WAITS[head >> 3 & 3])
            self.deliver(datagram, to_module=bool(head & 1), stranger=bool(head & 2),
                         aimed=bool(head & 4))  # fmt: skip

    def deliver(self, datagram: bytes, *, to_module: bool, stranger: bool, aimed: bool) -> None:
        last = self.sent.get(to_module)
        if aimed and last is not None and len(datagram) >= 4:
            end = 4 + (last[0] & 15)
            datagram = bytes((datagram[0] & 0xF0 | last[0] & 15, datagram[1])) + last[2:end] + (
                datagram[4 + (datagram[0] & 15) :]
            )  # fmt: skip
        self.step()
        if to_module:
            self.module.deliver(STRANGER if stranger else ACCESS_MACHINE, datagram, self.now)
        else:
            source = STRANGER if stranger else self.address
            self.platform.server.receive(source, datagram, self.now)
        self.step()

    def ask(self) -> None:
        """A read, and an observe, of the application."""
        for operation in (Read(RESOURCE), Observe(INSTANCE)):
            try:
                self.platform.request(self.device, operation, self.outcomes.append, self.now)
            except ApiError:
                return
            self.begun += 1

    def state(self) -> object:
        """What a stranger must not change."""
        registration = self.platform.registration(self.device)
        assert registration is not None, "it has logged in"
        client = self.module.client
        return (
            *(registration.number, registration.address, registration.expires),
            *(registration.objects, registration.observations, self.outcomes),
            *(client.state, client.observed, len(client.requests), self.output),
            *(client.objects.instances, list(self.platform.points.newest(int(self.device.id), 10))),
        )

    def check_alive(self) -> None:
        """Each request has ended, and both ends serve on."""
        self.wait(_LAST)
        if len(self.outcomes) != self.begun:
            raise ContractBroken(f"{len(self.outcomes)} ends of {self.begun} requests")
        self.output = b""
        self.module.receive(b"\r" * (WAKING_BYTES + 1) + b"AT\r", self.now)
        self.step()
        if not self.output.endswith(b"\r\nOK\r\n"):
            raise ContractBroken(f"response to AT is {self.output!r}, expected OK")

    # Time ----------------------------------------------------------------------------------------

    def command(self, line: bytes) -> None:
        self.module.receive(line + b"\r", self.now)
        self.step()

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        for _ in range(_MAX_STEPS):
            deadline = self.step()
            if deadline is None or deadline > end:
                self.now = end
                return
            self.now = deadline
        raise ContractBroken(f"{_MAX_STEPS} deadlines in {seconds} s: endless loop")

    def step(self) -> float | None:
        """Do what is due, with the host's answers."""
        deadline = self.simulation.step(self.now)
        while output := self.module.take_output():
            self.output += output
            for line in output.decode("latin-1").split("\r\n"):
                answer = self.words.answer(self.words.understood(line), _VALUES)
                if answer is not None:
                    self.module.receive(answer.encode() + b"\r", self.now)
            deadline = self.simulation.step(self.now)
        return deadline

    def _on_datagram(self, source: str, _to: str, datagram: bytes, _now: float) -> None:
        self.sent[source == self.address] = datagram
        try:
            decode(datagram, RECOGNIZED_OPTIONS | {63})
        except MalformedMessage as error:
            raise ContractBroken(f"{source} sent {datagram.hex()}: {error}") from error


def seeds() -> Iterator[bytes]:
    """Each capture, to the end that it was for and to the other, with and without aim."""
    for file in captures.FILES:
        messages = captures.captured(file.stem)[:30]
        for first, other in enumerate((0, 1, 4, 5, 0, 5)):
            yield bytes((first,)) + b"".join(
                bytes(((sender == "server") ^ other,)) + len(datagram).to_bytes(2, "big") + datagram
                for sender, datagram, _ in messages
            )


def play(data: bytes) -> None:
    """The first byte selects style and language of the module."""
    if not data:
        return
    run = AirRun(("onenet", "standard")[data[0] & 1], LANGUAGES[(data[0] >> 1) % len(LANGUAGES)])
    run.ask()
    run.play(data[1:])
    run.check_alive()
