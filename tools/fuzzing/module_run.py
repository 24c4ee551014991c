"""Fuzz target: an emulated module with air and cloud, driven by bytes.

The bytes are those of the host, except for the six of `Event`: each is an event, and the byte after
it selects the variant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from enum import IntEnum

from emulator.air.network import MemoryAir
from emulator.lwm2m.model import Item, Path
from emulator.module.firmware import FIRMWARES, MODULES
from emulator.module.module import Cause, Identity, Module
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.psm import WAKING_BYTES
from emulator.module.radio.sim import Sim
from emulator.onenet.devices import Description
from emulator.onenet.errors import ApiError
from emulator.onenet.lwm2m.operations import Execute, Operation, Read, Write
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.onenet.misbehaviour import PlatformFaults
from emulator.onenet.platform import Platform
from emulator.simulation.simulation import Simulation

START = 1_795_415_760.0  # 2026-11-23 06:36:00 UTC
# The endpoint in the transcripts of tests/wire, so that its login succeeds.
IMEI = IMSI = "123456789012345"
# Longer than any wait of the module: two retransmitted registrations.
IDLE_SECONDS = 900.0
# Deadlines in one wait: more than any schedule of the module, fewer than an endless loop.
_MAX_STEPS = 20_000
# Output bytes per byte of the host or per event: the response to `AT+NCONFIG?`, and a margin.
_MAX_OUTPUT = 2000

_FRAMED_LINES = re.compile(rb"(?:(?:\r\n[^\r\n]+)+\r\n)*")


class Event(IntEnum):
    """TIME waits 2**value / 16 s. For the others the value is an index in a list below."""

    TIME = 1
    REQUEST = 2
    RADIO = 3
    RESTART = 4
    FAULTS = 5
    DATAGRAM = 6


INSTANCE = Path(3303, 0)
RESOURCE = Path(3303, 0, 5700)
REQUESTS: tuple[Operation, ...] = (
    Read(RESOURCE),
    Read(INSTANCE),
    Read(Path(3303)),
    Read(Path(1, 2, 3)),
    Write(INSTANCE, (Item(RESOURCE, 22.5),), replace=False),
    Write(INSTANCE, (Item(RESOURCE, 1), Item(Path(3303, 0, 5701), "a,b")), replace=True),
    Write(Path(3306, 0), (Item(Path(3306, 0, 5850), True),), replace=False),
    Write(Path(3306, 0), (Item(Path(3306, 0, 5527), b"\0\xff"),), replace=False),
    Write(INSTANCE, (Item(Path(3303, 0, 5701), "\r\nOK\r\n\0"),), replace=False),
    Execute(Path(3306, 0, 5850), b""),
    Execute(Path(3306, 0, 5850), b"on,\xff\r\n"),
)
RADIOS: tuple[Coverage | Sim | bool, ...] = (*Coverage, *Sim, True, False)
CAUSES = tuple(Cause)
FAULTS = (
    PlatformFaults(),
    PlatformFaults(silent=True),
    PlatformFaults(refusing=True),
    PlatformFaults(delay=5.0),
    PlatformFaults(repeats=2),
)
NAMES = tuple({**FIRMWARES, **MODULES})
"""Of the firmware that the first byte of an input selects."""
DATAGRAMS = (b"x", b"", bytes(512), bytes(range(256)) * 5)


class ContractBroken(AssertionError):
    """A property that must hold does not."""


class ModuleRun:
    """A module that was started some time ago: `feed` the input, then `check_alive`."""

    def __init__(self, firmware: str, *, typed_urcs: bool | None = None) -> None:
        self.now = START
        self.module = Module(
            Identity(imei=IMEI, imsi=IMSI), firmware=firmware, typed_urcs=typed_urcs, now=START
        )
        self.platform = Platform()
        self.simulation = Simulation(self.platform, MemoryAir())
        self.simulation.add(self.module)
        self.device = self.platform.create_device(Description("fuzz", IMEI, IMSI), START)
        # echo or boot text: output is not in framed lines
        self._unframed = self.module.firmware.echo

    def feed(self, data: bytes) -> None:
        for event, value, sent in _parts(data):
            if event is not None:
                self._apply(event, value)
            if sent:
                self._unframed = self._unframed or b"E" in sent.upper().replace(b"\0", b"")
                self._step()
                self.module.receive(sent, self.now)
                self._check_output(len(sent))

    def check_alive(self) -> None:
        """After any input, some time and a CR, AT is answered OK. Raises ContractBroken."""
        self._wait(IDLE_SECONDS)
        # a sleeping module receives only the last CR, which ends an incomplete line
        self.module.receive(b"\r" * (WAKING_BYTES + 1), self.now)
        self._wait(IDLE_SECONDS)
        self.module.receive(b"\r" * WAKING_BYTES, self.now)
        self.module.receive(b"ATE0\r", self.now)
        self._wait(1.0)
        self.module.receive(b"AT\r", self.now)
        answer = self.module.take_output()
        if answer != b"\r\nOK\r\n":
            raise ContractBroken(f"response to AT is {answer!r}, expected OK")

    def _apply(self, event: Event, value: int) -> None:
        self._step()
        match event:
            case Event.TIME:
                self._wait(2.0 ** (value % 16) / 16)
            case Event.REQUEST:
                request = REQUESTS[value % len(REQUESTS)]
                with suppress(ApiError):  # offline, or too many requests
                    self.platform.request(self.device, request, _ignore, self.now)
            case Event.RADIO:
                self._change_radio(RADIOS[value % len(RADIOS)])
            case Event.RESTART:
                self._unframed = True
                self.module.power_cycle(CAUSES[value % len(CAUSES)], self.now)
            case Event.FAULTS:
                self.simulation.misbehaviour.faults = FAULTS[value % len(FAULTS)]
            case Event.DATAGRAM:
                data = DATAGRAMS[value // 8 % len(DATAGRAMS)]
                self.module.deliver_datagram(value % 8, "192.0.2.1", 7, data, self.now)
        self._check_output(1)

    def _change_radio(self, value: Coverage | Sim | bool) -> None:
        match value:
            case Coverage():
                self.module.radio.coverage = value
            case Sim():
                self.module.sim = value
            case bool():
                self.module.radio.refusing = value

    def _wait(self, seconds: float) -> None:
        end = self.now + seconds
        for _ in range(_MAX_STEPS):
            deadline = self._step()
            if deadline is None or deadline > end:
                self.now = end
                self._step()
                return
            self.now = deadline
        raise ContractBroken(f"{_MAX_STEPS} deadlines in {seconds} s: endless loop")

    def _step(self) -> float | None:
        deadline = self.simulation.step(self.now)
        self._check_output(1)
        return deadline

    def _check_output(self, received: int) -> None:
        output = self.module.take_output()
        self.module.take_datagrams()
        if len(output) > _MAX_OUTPUT * (received + 10):
            raise ContractBroken(
                f"{len(output)} bytes of output after {received} bytes of the host"
            )
        if b"REBOOT" in output:
            self._unframed = True
        if not self._unframed and not _FRAMED_LINES.fullmatch(output):
            raise ContractBroken(f"{output!r}: expected lines framed by CR LF")


def _ignore(_outcome: Outcome) -> None:
    """The caller of the API has disconnected."""


def _parts(data: bytes) -> Iterator[tuple[Event | None, int, bytes]]:
    """Split into events with their values, and the bytes of the host after each."""
    first, *others = re.split(rb"(?s)([\x01-\x06].)", data)
    yield None, 0, first
    for event, sent in zip(others[::2], others[1::2], strict=True):
        yield Event(event[0]), event[1], sent


def run(data: bytes) -> None:
    """Run an input; its first byte selects the firmware or module, and the form of URCs."""
    if not data:
        return
    form, name = divmod(data[0], len(NAMES))
    module_run = ModuleRun(NAMES[name], typed_urcs=(None, True, False)[form % 3])
    module_run.feed(data[1:])
    module_run.check_alive()
