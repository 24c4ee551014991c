"""AT+NPING, answered from the radio model: no packet is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from emulator.module.at.codec import Cme
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values
from emulator.module.general.udp import address_of
from emulator.module.radio.radio import Radio

# The chip's limits and defaults: sizes in bytes, times in milliseconds. It lists no limit for the
# fourth value, which China Mobile's terminal program sends.
_SIZES = (12, 1500)
_TIMEOUTS = (10, 460_800)
_TIMEOUT = 10_000
_TTL = 64
_TIMES = (0, 2**31 - 1)


@dataclass(frozen=True, slots=True)
class _Ping:
    address: str
    timeout: int  # milliseconds
    sent: bool  # there was a network
    more: int = 0  # echo requests that follow it


class Pinger:
    """`urc` queues an unsolicited line; `transmit` uses the radio, False without a network."""

    __slots__ = ("_ping", "_radio", "_transmit", "_urc", "due")

    def __init__(
        self, radio: Radio, urc: Callable[[str], None], transmit: Callable[[float], bool]
    ) -> None:
        self._radio = radio
        self._urc = urc
        self._transmit = transmit
        self._ping: _Ping | None = None
        self.due: float | None = None  # when the result of the running ping comes

    def step(self, now: float) -> None:
        """Report the result of the ping, and send the next one of several."""
        if self._ping is not None:
            ping, self._ping, self.due = self._ping, None, None
            reachable = ping.sent and self._radio.registered
            answered = reachable and self._round_trip() <= ping.timeout
            result = f"+NPING:{ping.address},{_TTL},{self._round_trip()}"
            self._urc(result if answered else "+NPINGERR:1")
            if ping.more:
                # guess: one after the other, each with its own result
                self._send(ping.address, ping.timeout, ping.more - 1, now)

    def _round_trip(self) -> int:
        return round(self._radio.cell.round_trip * 1000)

    def _begin(self, values: Values, now: float) -> Answer:
        address = address_of(values.word("[0-9.]+"))
        values.optional_integer(*_SIZES)
        timeout = values.optional_integer(*_TIMEOUTS) or _TIMEOUT
        times = values.optional_integer(*_TIMES) or 1
        values.end()
        if self._ping is not None:
            # guess: the newer one replaces it
            values.doubts.take("a ping before the result of the last one", Cme.NOT_ALLOWED)
        self._send(address, timeout, times - 1, now)
        return OK

    def _send(self, address: str, timeout: int, more: int, now: float) -> None:
        sent = self._transmit(now)
        wait = min(self._round_trip(), timeout) if sent else timeout
        self._ping = _Ping(address, timeout, sent, more)
        self.due = now + wait / 1000

    COMMANDS: ClassVar[Commands] = {"+NPING": CommandForms(set=_begin, test="")}
