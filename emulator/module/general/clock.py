"""The module's clock (AT+CCLK), which the network or the host sets."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values

_TIME_ZONE = 32  # quarters of an hour east of UTC: China
_ZONES = range(-96, 97)  # time zones in quarters of an hour (TS 27.007 8.15)


class LocalTime:
    """After a start the clock counts from 1970 until it is set."""

    # guess: the chip has no battery
    def __init__(self, now: float) -> None:
        self._epoch = now
        self._zone = 0

    def set_by_network(self) -> None:
        """The network sends the time when the module registers (TS 24.301 5.4.5)."""
        self._epoch = 0.0
        self._zone = _TIME_ZONE

    def _set(self, values: Values, now: float) -> Answer:
        """Set the local time (TS 27.007 8.15), until the network sets it again."""
        text = values.quoted()
        values.end()
        if re.search("[+-][0-9]{2}$", text) is None:
            values.doubts.take("a time without its time zone: the zone stays as it is")
            text += f"{self._zone:+03}"
        try:
            local = datetime.strptime(f"20{text[:-3]}", "%Y/%m/%d,%H:%M:%S").replace(tzinfo=UTC)
            zone = int(text[-3:])
        except ValueError:
            raise Refusal(Cme.INCORRECT_PARAMETERS) from None
        if zone not in _ZONES or self._format(local, zone) != text:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        self._epoch = now - (local - timedelta(minutes=15 * zone)).timestamp()
        self._zone = zone
        return OK

    def _read(self, now: float) -> Answer:
        local = datetime.fromtimestamp(now - self._epoch, UTC) + timedelta(minutes=15 * self._zone)
        return Answer((f"+CCLK:{self._format(local, self._zone)}",))

    @staticmethod
    def _format(local: datetime, zone: int) -> str:
        return f"{local:%y/%m/%d,%H:%M:%S}{zone:+03}"

    COMMANDS: ClassVar[Commands] = {"+CCLK": CommandForms(set=_set, read=_read, test="")}
