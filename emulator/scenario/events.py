"""What a scenario says: events, each with its occasion and its action. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from emulator.air.messages import Discover, Execute, Read, Write
from emulator.line.faults import FaultAt, Rates
from emulator.module.boot import Cause
from emulator.module.command_faults import CommandFault, ExtraBytes
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.sim import Sim
from emulator.onenet.misbehaviour import PlatformFaults

# When ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class At:
    """Once, so many seconds after the beginning."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Every:
    """At `first` and each `seconds` after it, `times` times; None: for ever."""

    seconds: float
    first: float
    times: int | None = None


@dataclass(frozen=True, slots=True)
class On:
    """When the module hears a command line that begins with `command`, the first `times` of them.

    `after`: so many seconds later.
    """

    command: str
    times: int | None = None
    after: float = 0.0

    def matches(self, line: str) -> bool:
        """`AT+NSO` is no beginning of `AT+NSOCR`: what it ends in must end there, too."""
        beginning, rest = line[: len(self.command)], line[len(self.command) :]
        if beginning.upper() != self.command.upper():
            return False
        return not re.match(r"\w", rest) or not re.search(r"\w\Z", beginning)


When = At | Every | On

# What ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CoverageChange:
    """The module stands where the coverage is this."""

    coverage: Coverage


@dataclass(frozen=True, slots=True)
class NetworkChange:
    """It takes the module in, or does no more."""

    refusing: bool


@dataclass(frozen=True, slots=True)
class SimChange:
    """This SIM is in the holder."""

    sim: Sim


@dataclass(frozen=True, slots=True)
class Restart:
    cause: Cause


@dataclass(frozen=True, slots=True)
class CableChange:
    """The port is there or has gone."""

    plugged: bool


@dataclass(frozen=True, slots=True)
class NoiseChange:
    """The line meets faults, both ways."""

    rates: Rates


class Way(StrEnum):
    TO_HOST = "to_host"
    TO_MODULE = "to_module"


@dataclass(frozen=True, slots=True)
class ByteFault:
    """One fault of one direction."""

    way: Way
    spot: FaultAt


@dataclass(frozen=True, slots=True)
class AirChange:
    """The air's latency, seconds each way, and its loss, a share; None: as it is."""

    latency: float | None
    loss: float | None


@dataclass(frozen=True, slots=True)
class PlatformChange:
    """How the platform meets its devices."""

    faults: PlatformFaults


@dataclass(frozen=True, slots=True)
class CloudRequest:
    """The cloud asks the device."""

    question: Read | Write | Execute | Discover


# `CommandFault` needs an `On`. `ExtraBytes` are added to the answer of an `On` without delay;
# elsewhere they are written on an idle line.
Action = (
    CoverageChange
    | NetworkChange
    | SimChange
    | Restart
    | CableChange
    | NoiseChange
    | ByteFault
    | AirChange
    | PlatformChange
    | CloudRequest
    | CommandFault
    | ExtraBytes
)


@dataclass(frozen=True, slots=True)
class Event:
    """`lasting`: seconds until things are again as they were before it; None: they stay.

    `text` is the action in the file's words, `line` where the event begins, `module` whose it is,
    from 1 on.
    """

    when: When
    action: Action
    lasting: float | None
    text: str
    line: int
    module: int = 1

    @property
    def upset(self) -> CommandFault | None:
        """What becomes of the command itself; None: the action has a time of its own."""
        match self.action, self.when:
            case CommandFault() as upset, On():
                return upset
            case ExtraBytes() as aside, On(after=0.0):
                return CommandFault(extra=aside)
            case _:
                return None


class Begin(StrEnum):
    """What the seconds of a scenario count from."""

    START = "start"  # the emulator is ready
    COMMAND = "first command"  # the module hears its host for the first time


@dataclass(frozen=True, slots=True)
class Scenario:
    """`ends`: seconds after which it is over; None: when it is stopped. `seed` decides all that is
    drawn at random.
    """

    events: tuple[Event, ...]
    title: str = ""
    seed: int = 0
    begin: Begin = Begin.START
    ends: float | None = None
