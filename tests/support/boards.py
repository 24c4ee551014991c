"""A scripted module with a UART speed, behind a port whose speed can be set without a port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container

import pytest

from m5310.at.modem import Modem
from m5310.errors import PortError
from m5310.module.link import Link
from m5310.ports.speed import PortSpeed
from tests.support.scripted import Reply, Scripted

GARBAGE = b"\x80\x00\xf8\x00"


class Dial(PortSpeed):
    """`turned` are the speeds it was set to, in order; it cannot be set to those of `refuses`."""

    def __init__(self, baudrate: int = 9600, refuses: Container[int] = ()) -> None:
        self.baudrate = baudrate
        self.stored = baudrate
        self.refuses = refuses
        self.turned: list[int] = []
        self._changed = asyncio.Event()

    async def reaches(self, baudrate: int) -> None:
        while self.baudrate != baudrate:
            self._changed.clear()
            await self._changed.wait()

    async def change(self, baudrate: int) -> None:
        await asyncio.sleep(0)
        if baudrate in self.refuses:
            raise PortError(f"the port cannot be set to {baudrate} baud")
        self.turned.append(baudrate)
        self.baudrate = baudrate
        self._changed.set()


class Board(Scripted):
    """Understands commands at `speed` only; at another it answers garbage, or nothing if `mute`.

    It obeys AT+NATSPEED, and returns to the old speed if no command comes at the new one in the
    time named there.
    """

    def __init__(
        self,
        rules: dict[str, Reply | Callable[[str], Reply]] | None = None,
        *,
        dial: Dial | None = None,
        speed: int = 9600,
        mute: bool = False,
    ) -> None:
        super().__init__(rules)
        self.dial = Dial() if dial is None else dial
        self.speed = speed
        self.mute = mute
        self._back: asyncio.TimerHandle | None = None

    def _answer(self, line: str) -> None:
        if self.dial.baudrate != self.speed:
            if not self.mute and not self.closed:
                self.modem.data_received(GARBAGE)
            return
        if self._back is not None:
            self._back.cancel()
            self._back = None
        super()._answer(line)
        if line.startswith("AT+NATSPEED=") and not any(line.startswith(r) for r in self.rules):
            wanted, seconds, *_ = map(int, line.removeprefix("AT+NATSPEED=").split(","))
            old, self.speed = self.speed, wanted
            self._back = self._loop.call_later(seconds, setattr, self, "speed", old)

    def behind_a_port(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """`Module("a port")` opens this one."""

        async def opened(_: Link) -> Modem:
            return self.modem

        monkeypatch.setattr(Link, "_open_by_name", opened)
        monkeypatch.setattr(PortSpeed, "of", lambda _: self.dial)
