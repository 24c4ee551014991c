"""The asyncio driver and the emulated module on one loop, joined by a cable instead of a port.

On the virtual loop a boot or an attach takes no time.
"""

from __future__ import annotations

import asyncio

from emulator.module.general.identity import Identity
from emulator.module.module import Module
from m5310.at.modem import Modem
from tests.support.hostile import WHOLE, Carrier, Hostile
from tests.support.null_modem import START


class Cable(asyncio.Transport):
    """`modem` speaks to `module` over a line of the kind that `hostile` names."""

    def __init__(self, hostile: Hostile = WHOLE) -> None:
        super().__init__()
        self.module = Module(Identity(), now=START)
        self.modem = Modem("the cable", quiet=0)
        self._to_module = Carrier(hostile.to_module(), self._reached)
        self._to_host = Carrier(hostile.to_host(), self._hear)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._now = START
        if hostile.echo:
            self.module.receive(b"ATE1\r", START)
            self.module.take_output()
        self.modem.connection_made(self)
        self.turn()

    @property
    def now(self) -> float:
        """The module's time, which is of a network that knows the date."""
        return max(self._now, START + self._loop.time())

    def _due(self, deadline: float) -> None:
        self._now = deadline  # a sum of floats may fall short of what it is meant to be
        self.turn()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._to_module.carry(bytes(data))

    def say(self, line: str) -> None:
        """What this module would not say by itself."""
        self._to_host.carry(f"\r\n{line}\r\n".encode())

    def stop_faults(self) -> None:
        """From now on the line takes nothing away and changes nothing."""
        self._to_module.direction.stop_faults()
        self._to_host.direction.stop_faults()

    def turn(self) -> None:
        """Carry what the module says, and come back when it has planned something."""
        if self._closed:
            return
        deadline = self.module.step(self.now)
        if said := self._said():
            self._to_host.carry(said)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = (
            None if deadline is None else self._loop.call_at(deadline - START, self._due, deadline)
        )

    def _said(self) -> bytes:
        return self.module.take_output()

    def _reached(self, piece: bytes) -> None:
        self.module.receive(piece, self.now)
        self.turn()

    def _hear(self, piece: bytes) -> None:
        if not self._closed:
            self.modem.data_received(piece)

    def is_closing(self) -> bool:
        return self._closed

    def abort(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._loop.call_soon(self.modem.connection_lost, None)
