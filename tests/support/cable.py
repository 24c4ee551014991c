"""The asyncio driver and the emulated module on one loop, joined without a port.

On the virtual loop a boot or an attach takes no real time.
"""

from __future__ import annotations

import asyncio

from emulator.module.firmware import DEFAULT
from emulator.module.general.identity import Identity
from emulator.module.module import Module
from m5310.at.modem import Modem
from tests.support.hostile import WHOLE, Carrier, Hostile
from tests.support.language import running
from tests.support.null_modem import START


class Cable(asyncio.Transport):
    """Joins `modem` and `module` by a line of this kind."""

    def __init__(self, hostile: Hostile = WHOLE) -> None:
        super().__init__()
        language = running()
        self.module = Module(
            Identity(), firmware=DEFAULT if language.classic else language.module, now=START
        )
        self.modem = Modem("the cable", quiet=0)
        self._to_module = Carrier(hostile.to_module(), self._arrived)
        self._to_host = Carrier(hostile.to_host(), self._received)
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
        self._now = deadline  # a sum of floats may fall short of the deadline
        self.turn()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._to_module.carry(bytes(data))

    def send(self, line: str) -> None:
        """Send the host a line that this module would not send."""
        self._to_host.carry(f"\r\n{line}\r\n".encode())

    def stop_faults(self) -> None:
        """From now on the line loses and changes nothing."""
        self._to_module.direction.stop_faults()
        self._to_host.direction.stop_faults()

    def turn(self) -> None:
        """Carry the module's output, and return at its next deadline."""
        if self._closed:
            return
        deadline = self.module.step(self.now)
        if output := self._output():
            self._to_host.carry(output)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = (
            None if deadline is None else self._loop.call_at(deadline - START, self._due, deadline)
        )

    def _output(self) -> bytes:
        return self.module.take_output()

    def _arrived(self, piece: bytes) -> None:
        self.module.receive(piece, self.now)
        self.turn()

    def _received(self, piece: bytes) -> None:
        if not self._closed:
            self.modem.data_received(piece)

    def is_closing(self) -> bool:
        return self._closed

    def abort(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._loop.call_soon(self.modem.connection_lost, None)
