"""AT+NPING, answered by the radio model: no packet leaves this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, Forms, Table, Values
from emulator.module.general.udp import address_of
from emulator.module.radio.radio import Radio

# Sizes in bytes and times in milliseconds; the chip's limits, its defaults.
_SIZES = (12, 1500)
_TIMEOUTS = (10, 460_800)
_TIMEOUT = 10_000
_TTL = 64


@dataclass(frozen=True, slots=True)
class _Ping:
    address: str
    due: float
    timeout: int  # milliseconds
    left: bool  # the network took it


class Pinger:
    """`urc` writes an unsolicited line; `use` says that there is traffic, and whether it left."""

    def __init__(
        self, radio: Radio, urc: Callable[[str], None], use: Callable[[float], bool]
    ) -> None:
        self._radio = radio
        self._urc = urc
        self._use = use
        self._ping: _Ping | None = None

    def commands(self) -> Table:
        return {"+NPING": Forms(assign=self._begin, test="")}

    @property
    def due(self) -> float | None:
        """When to step next."""
        return None if self._ping is None else self._ping.due

    @property
    def waiting(self) -> bool:
        """Whether an echo is awaited."""
        return self._ping is not None

    def step(self, now: float) -> float | None:
        """Do what is due at `now`; returns the next deadline."""
        if self._ping is not None and self._ping.due <= now:
            ping, self._ping = self._ping, None
            there = ping.left and self._radio.registered
            answered = there and self._round_trip() <= ping.timeout
            result = f"+NPING:{ping.address},{_TTL},{self._round_trip()}"
            self._urc(result if answered else "+NPINGERR:1")
        return self.due

    def _round_trip(self) -> int:
        return round(self._radio.cell.round_trip * 1000)

    def _begin(self, values: Values, now: float) -> Answer:
        address = address_of(values.word("[0-9.]+"))
        values.optional_integer(*_SIZES)
        timeout = values.optional_integer(*_TIMEOUTS) or _TIMEOUT
        values.end()
        if self._ping is not None:
            raise Refusal(Cme.NOT_ALLOWED)
        left = self._use(now)
        wait = min(self._round_trip(), timeout) if left else timeout
        self._ping = _Ping(address, now + wait / 1000, timeout, left)
        return OK
