"""The module's clock, told by CCLK: it knows nothing until the network has told it the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from emulator.commands import Answer, Forms, Table

_TIME_ZONE = 32  # quarters of an hour east of UTC: China


class LocalTime:
    """After a start it counts from 1970 on until `learn`. A guess: the chip has no battery."""

    def __init__(self, now: float) -> None:
        self._epoch = now
        self._zone = 0

    def commands(self) -> Table:
        return {"+CCLK": Forms(read=self._tell, test="")}

    def learn(self) -> None:
        """The network tells the time when it takes the module in (TS 24.301 5.4.5)."""
        self._epoch = 0.0
        self._zone = _TIME_ZONE

    def _tell(self, now: float) -> Answer:
        local = datetime.fromtimestamp(now - self._epoch, UTC) + timedelta(minutes=15 * self._zone)
        return Answer((f"+CCLK:{local:%y/%m/%d,%H:%M:%S}+{self._zone:02}",))
