"""The asyncio driver and the emulated module on one loop, joined by a cable instead of a port.

On the virtual loop a boot or an attach takes no time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from emulator.identity import Identity
from emulator.module import Module
from m5310.modem import Modem

Cut = Callable[[bytes], Sequence[bytes]]


def whole(data: bytes) -> Sequence[bytes]:
    return [data]


class Cable(asyncio.Transport):
    """`modem` speaks to `module`; `cut` makes the pieces in which bytes arrive, both ways."""

    def __init__(self, cut: Cut = whole) -> None:
        super().__init__()
        self.module = Module(Identity())
        self.modem = Modem("the cable", quiet=0)
        self._cut = cut
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self.modem.connection_made(self)
        self.turn()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        for piece in self._cut(bytes(data)):
            self.module.receive(piece, self._loop.time())
        self.turn()

    def turn(self) -> None:
        """Carry what the module says, and come back when it has planned something."""
        if self._closed:
            return
        deadline = self.module.step(self._loop.time())
        for piece in self._cut(said) if (said := self.module.take_output()) else ():
            self._loop.call_soon(self._hear, piece)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if deadline is None else self._loop.call_at(deadline, self.turn)

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
