"""The module's clock (CCLK): it knows nothing until network or host has told it the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, Forms, Table, Values

_TIME_ZONE = 32  # quarters of an hour east of UTC: China
_ZONES = range(-48, 57)  # of the earth, in quarters of an hour


class LocalTime:
    """After a start it counts from 1970 on until `learn`. A guess: the chip has no battery."""

    def __init__(self, now: float) -> None:
        self._epoch = now
        self._zone = 0

    def commands(self) -> Table:
        return {"+CCLK": Forms(assign=self._set, read=self._tell, test="")}

    def learn(self) -> None:
        """The network tells the time when it takes the module in (TS 24.301 5.4.5)."""
        self._epoch = 0.0
        self._zone = _TIME_ZONE

    def _set(self, values: Values, now: float) -> Answer:
        """The host tells the time, as it is read (TS 27.007 8.15): until the network does again."""
        text = values.quoted()
        values.end()
        try:
            local = datetime.strptime(f"20{text[:-3]}", "%Y/%m/%d,%H:%M:%S").replace(tzinfo=UTC)
            zone = int(text[-3:])
        except ValueError:
            raise Refusal(Cme.INCORRECT_PARAMETERS) from None
        if zone not in _ZONES or self._shown(local, zone) != text:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        self._epoch = now - (local - timedelta(minutes=15 * zone)).timestamp()
        self._zone = zone
        return OK

    def _tell(self, now: float) -> Answer:
        local = datetime.fromtimestamp(now - self._epoch, UTC) + timedelta(minutes=15 * self._zone)
        return Answer((f"+CCLK:{self._shown(local, self._zone)}",))

    @staticmethod
    def _shown(local: datetime, zone: int) -> str:
        return f"{local:%y/%m/%d,%H:%M:%S}{zone:+03}"
