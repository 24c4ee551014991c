"""The module's input: a module with its air and its cloud, and bytes that decide what happens.

Bytes are what the host sends, but for the six below: each of those is an event, and the byte after
it says which. (Hosts send these bytes, too; tests/emulator/module/test_module.py has such garbage.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from enum import IntEnum

from emulator.air.memory import Air
from emulator.air.messages import Execute, Item, Path, Read, Write
from emulator.module.firmware import FIRMWARES
from emulator.module.module import Cause, Identity, Module
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.psm import WAKING_BYTES
from emulator.module.radio.sim import Sim
from emulator.onenet.devices import Description
from emulator.onenet.errors import ApiError
from emulator.onenet.lwm2m.requests import Operation, Outcome
from emulator.onenet.misbehaviour import PlatformFaults
from emulator.onenet.platform import Platform
from emulator.simulation.simulation import Simulation

START = 1_795_415_760.0  # 2026-11-23 06:36:00 UTC
# The endpoint of the first MIPLCONF of tests/wire, so that the cloud knows who logs in.
IMEI = IMSI = "123456789012345"
# Longer than everything that the module lets a host wait for: two retransmitted registrations.
LONG = 900.0
# Deadlines within so many seconds: far above any plan of the module's, far below a loop.
_STEPS = 20_000
# What one byte of the host may bring at most, and what one event: a whole table of `AT+NCONFIG?`.
_OUTPUT_A_BYTE = 2000

_FRAMED = re.compile(rb"(?:\r\n[^\r\n]+\r\n)*")


class Event(IntEnum):
    """`TIME`: sixteenths of a second, doubled so often. The others choose from a list below."""

    TIME = 1
    ASKED = 2
    PLACE = 3
    RESTART = 4
    FAULTS = 5
    DATAGRAM = 6


INSTANCE = Path(3303, 0)
RESOURCE = Path(3303, 0, 5700)
QUESTIONS: tuple[Operation, ...] = (
    Read(0, RESOURCE),
    Read(0, INSTANCE),
    Read(0, Path(3303)),
    Read(0, Path(1, 2, 3)),
    Write(0, INSTANCE, (Item(RESOURCE, 22.5),), replace=False),
    Write(0, INSTANCE, (Item(RESOURCE, 1), Item(Path(3303, 0, 5701), "a,b")), replace=True),
    Write(0, Path(3306, 0), (Item(Path(3306, 0, 5850), True),), replace=False),
    Write(0, Path(3306, 0), (Item(Path(3306, 0, 5527), b"\0\xff"),), replace=False),
    Write(0, INSTANCE, (Item(Path(3303, 0, 5701), "\r\nOK\r\n\0"),), replace=False),
    Execute(0, Path(3306, 0, 5850), b""),
    Execute(0, Path(3306, 0, 5850), b"on,\xff\r\n"),
)
PLACES: tuple[Coverage | Sim | bool, ...] = (*Coverage, *Sim, True, False)
CAUSES = tuple(Cause)
FAULTS = (
    PlatformFaults(),
    PlatformFaults(silent=True),
    PlatformFaults(refusing=True),
    PlatformFaults(delay=5.0),
    PlatformFaults(repeats=2),
)
DATAGRAMS = (b"x", b"", bytes(512), bytes(range(256)) * 5)


class Broken(AssertionError):
    """What must hold did not."""


class Life:
    """From a module that has been on for a while: `live` the input, then `end`."""

    def __init__(self, firmware: str, *, typed_urcs: bool | None = None) -> None:
        self.now = START
        self.module = Module(
            Identity(imei=IMEI, imsi=IMSI), firmware=firmware, typed_urcs=typed_urcs, now=START
        )
        self.platform = Platform()
        self.simulation = Simulation(self.platform.server, Air())
        self.simulation.add(self.module)
        self.device = self.platform.create_device(Description("fuzz", IMEI, IMSI), START)
        self._free = False  # an echo or the words of a start: lines are no longer framed

    def live(self, data: bytes) -> None:
        for event, value, sent in _parts(data):
            if event is not None:
                self._happens(event, value)
            if sent:
                self._free = self._free or b"E" in sent.upper().replace(b"\0", b"")
                self._settle()
                self.module.receive(sent, self.now)
                self._look(len(sent))

    def end(self) -> None:
        """After any garbage: time to answer, a CR, and `AT` gets its OK."""
        self._pass(LONG)
        # Asleep it hears the last one only, which ends a line that was begun before.
        self.module.receive(b"\r" * (WAKING_BYTES + 1), self.now)
        self._pass(LONG)
        self.module.receive(b"\r" * WAKING_BYTES, self.now)
        self.module.receive(b"ATE0\r", self.now)
        self._pass(1.0)
        self.module.receive(b"AT\r", self.now)
        answer = self.module.take_output()
        if answer != b"\r\nOK\r\n":
            raise Broken(f"AT was answered {answer!r}, expected OK")

    def _happens(self, event: Event, value: int) -> None:
        self._settle()
        match event:
            case Event.TIME:
                self._pass(2.0 ** (value % 16) / 16)
            case Event.ASKED:
                question = QUESTIONS[value % len(QUESTIONS)]
                with suppress(ApiError):  # it is not online, or has been asked too much
                    self.platform.request(self.device, question, _nobody, self.now)
            case Event.PLACE:
                self._move(PLACES[value % len(PLACES)])
            case Event.RESTART:
                self._free = True
                self.module.power_cycle(CAUSES[value % len(CAUSES)], self.now)
            case Event.FAULTS:
                self.simulation.misbehaviour.faults = FAULTS[value % len(FAULTS)]
            case Event.DATAGRAM:
                data = DATAGRAMS[value // 8 % len(DATAGRAMS)]
                self.module.deliver_datagram(value % 8, "192.0.2.1", 7, data, self.now)
        self._look(1)

    def _move(self, place: Coverage | Sim | bool) -> None:
        match place:
            case Coverage():
                self.module.radio.coverage = place
            case Sim():
                self.module.sim = place
            case bool():
                self.module.radio.refusing = place

    def _pass(self, seconds: float) -> None:
        end = self.now + seconds
        for _ in range(_STEPS):
            deadline = self._settle()
            if deadline is None or deadline > end:
                self.now = end
                self._settle()
                return
            self.now = deadline
        raise Broken(f"{_STEPS} deadlines within {seconds} s: it never comes to rest")

    def _settle(self) -> float | None:
        deadline = self.simulation.step(self.now)
        self._look(1)
        return deadline

    def _look(self, heard: int) -> None:
        output = self.module.take_output()
        self.module.take_datagrams()
        if len(output) > _OUTPUT_A_BYTE * (heard + 10):
            raise Broken(f"{len(output)} bytes came after {heard} bytes of the host")
        if b"REBOOT" in output:
            self._free = True
        if not self._free and not _FRAMED.fullmatch(output):
            raise Broken(f"{output!r}: expected lines between CR LF and CR LF")


def _nobody(_outcome: Outcome) -> None:
    """Whoever asked has hung up."""


def _parts(data: bytes) -> Iterator[tuple[Event | None, int, bytes]]:
    """What happens, if anything does, and what the host sends after it."""
    first, *others = re.split(rb"(?s)([\x01-\x06].)", data)
    yield None, 0, first
    for event, sent in zip(others[::2], others[1::2], strict=True):
        yield Event(event[0]), event[1], sent


def live(data: bytes) -> None:
    """The first byte says which firmware, and in which form writes are announced."""
    if not data:
        return
    names = tuple(FIRMWARES)
    life = Life(names[data[0] % len(names)], typed_urcs=(None, True, False)[data[0] // 8 % 3])
    life.live(data[1:])
    life.end()
