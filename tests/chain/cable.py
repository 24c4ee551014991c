"""The asyncio driver and the emulated module on one loop, joined by a cable instead of a port.

On the virtual loop a boot or an attach takes no time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from emulator.identity import Identity
from emulator.module import Module
from m5310.modem import Modem
from tests.chain.null_modem import START

Cut = Callable[[bytes], Sequence[bytes]]


def whole(data: bytes) -> Sequence[bytes]:
    return [data]


class Cable(asyncio.Transport):
    """`modem` speaks to `module`; `cut` makes the pieces in which bytes arrive, both ways."""

    def __init__(self, cut: Cut = whole) -> None:
        super().__init__()
        self.module = Module(Identity(), now=START)
        self.modem = Modem("the cable", quiet=0)
        self._cut = cut
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._now = START
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
        for piece in self._cut(bytes(data)):
            self.module.receive(piece, self.now)
        self.turn()

    def turn(self) -> None:
        """Carry what the module says, and come back when it has planned something."""
        if self._closed:
            return
        deadline = self.module.step(self.now)
        for piece in self._cut(said) if (said := self._said()) else ():
            self._loop.call_soon(self._hear, piece)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = (
            None if deadline is None else self._loop.call_at(deadline - START, self._due, deadline)
        )

    def _said(self) -> bytes:
        return self.module.take_output()

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
