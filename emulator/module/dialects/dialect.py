"""What an AT dialect of OneNET is to the module, and the dialects that exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from emulator.module.at.commands import CommandPart
from emulator.module.dialects.classic.commands import Classic
from emulator.module.dialects.suite.dialect import SuiteDialect
from emulator.module.firmware import Firmware
from emulator.module.lwm2m.client import Client
from emulator.module.lwm2m.host import Host


class Dialect(Host, CommandPart, Protocol):
    """The commands that drive the LwM2M client, and the lines that report its events.

    `due`: when to call `step`; None: nothing is planned.
    """

    @property
    def due(self) -> float | None: ...

    def step(self, now: float) -> None: ...

    def refused(self, line: str) -> None:
        """This line of the host was refused, whatever the reason and whatever the command."""


# By `Firmware.dialect`. Each is created with the client, whose host it becomes, the function that
# queues an unsolicited line, and the firmware.
DIALECTS: Mapping[str, Callable[[Client, Callable[[str], None], Firmware], Dialect]] = {
    "classic": Classic,
    "suite": SuiteDialect,
}
