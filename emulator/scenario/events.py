"""The contents of a scenario: events, each with its time and its action. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from emulator.line.faults import FaultAt
from emulator.module.at.command_faults import CommandFault, ExtraBytes
from emulator.module.boot import Cause
from emulator.module.lwm2m.host import Happening
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.sim import Sim
from emulator.onenet.api_faults import ApiFault
from emulator.onenet.lwm2m.operations import Discover, Execute, Read, Write

# When ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class At:
    """Once, `seconds` after the beginning."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Every:
    """First after `first` seconds, then every `seconds`, `times` times; None: without end."""

    seconds: float
    first: float
    times: int | None = None


@dataclass(frozen=True, slots=True)
class On:
    """`after` seconds after each of the first `times` commands that begin with `command`. A `*` at
    its end stands for any further letters.
    """

    command: str
    times: int | None = None
    after: float = 0.0

    def matches(self, line: str) -> bool:
        """Whether `line` begins with `command`, at a word boundary: AT+NSO is not AT+NSOCR, and
        AT+NSO* is.
        """
        command = self.command.removesuffix("*")
        start, rest = line[: len(command)], line[len(command) :]
        if start.upper() != command.upper():
            return False
        if command != self.command:
            return True
        return not re.match(r"\w", rest) or not re.search(r"\w\Z", start)


When = At | Every | On

# What ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RadioChange:
    """Change the module's place; None leaves a part unchanged. `refusing`: the network refuses to
    register the module. `busy`: the uplink takes no data.
    """

    coverage: Coverage | None = None
    refusing: bool | None = None
    sim: Sim | None = None
    busy: bool | None = None


@dataclass(frozen=True, slots=True)
class LoginEnd:
    """The module's login ends, as the module sees it: LIFETIME_OVER or REMOVED."""

    reason: Happening


@dataclass(frozen=True, slots=True)
class Restart:
    """The module restarts."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class CableChange:
    """Unplug or plug the serial port."""

    plugged: bool


@dataclass(frozen=True, slots=True)
class NoiseChange:
    """Set the share of bytes, 0 to 1, with each fault, in both directions; None: unchanged."""

    loss: float | None = None
    double: float | None = None
    corrupt: float | None = None
    delay: float | None = None
    garbage: float | None = None


@dataclass(frozen=True, slots=True)
class ByteFault:
    """One fault in the direction to the host or to the module."""

    to_host: bool
    fault: FaultAt


@dataclass(frozen=True, slots=True)
class AirChange:
    """Settings of `emulator.air.faults.Faults`; None: unchanged."""

    latency: float | None = None
    loss: float | None = None
    duplication: float | None = None
    reordering: float | None = None
    delayed: float | None = None
    delay: float | None = None


@dataclass(frozen=True, slots=True)
class PlatformChange:
    """Set how the platform treats its devices (`PlatformFaults`), and with `api` the calls of
    applications; None: unchanged.
    """

    api: ApiFault | None = None  # the first, because it may be refused: then nothing has changed
    silent: bool | None = None
    refusing: bool | None = None
    delay: float | None = None
    repeats: int | None = None
    discovers: bool | None = None


@dataclass(frozen=True, slots=True)
class CloudRequest:
    """The cloud sends a request to the device."""

    request: Read | Write | Execute | Discover


@dataclass(frozen=True, slots=True)
class SoftwareUpdate:
    """The cloud updates the host's own program to `version`, with a package of `size` bytes."""

    version: str
    size: int


Change = (
    RadioChange
    | Restart
    | LoginEnd
    | CableChange
    | NoiseChange
    | ByteFault
    | AirChange
    | PlatformChange
)
# `CommandFault` needs an `On`. `ExtraBytes` are added to the answer of an `On` without delay;
# elsewhere they are written on an idle line.
Action = Change | CloudRequest | SoftwareUpdate | CommandFault | ExtraBytes


@dataclass(frozen=True, slots=True)
class Event:
    """`duration`: seconds until the action is undone; None: never.

    `text` is the action as in the file, `line` the line where the event begins, `module` the
    number of its module, from 1.
    """

    when: When
    action: Action
    duration: float | None
    text: str
    line: int
    module: int = 1

    @property
    def command_fault(self) -> CommandFault | None:
        """The fault of the command itself; None if the action happens at its own time."""
        match self.action, self.when:
            case CommandFault() as fault, On():
                return fault
            case ExtraBytes() as extra, On(after=0.0):
                return CommandFault(extra=extra)
            case _:
                return None


class Begin(StrEnum):
    """The zero of all times of a scenario."""

    START = "start"  # the emulator has started
    COMMAND = "first command"  # the module has received its first command line


@dataclass(frozen=True, slots=True)
class Scenario:
    """`ends`: duration in seconds; None: until stopped. `seed`: of all random numbers."""

    events: tuple[Event, ...]
    title: str = ""
    seed: int = 0
    begin: Begin = Begin.START
    ends: float | None = None
