"""Power saving mode (TS 23.682 4.5.4): idle for T3324, the module sleeps until T3412 or its host.

The network grants the timers as they were asked for, whenever it is told of them. A guess.
"""

from __future__ import annotations

from collections.abc import Callable

from emulator.clock.deadlines import earliest
from emulator.module.at.commands import OK, Answer, Forms, Table, Values
from emulator.module.radio.radio import Radio

# What the UART loses while it wakes: so many bytes, if they come within so many seconds. That it
# loses the first ones is documented for the module's successor; both numbers are guesses.
WAKING_BYTES = 4
WAKING_TIME = 0.02
# The module stays awake so many seconds after its host's last byte. A guess.
UART_HOLD = 5.0

# Seconds in a unit of a timer, whose bits are three of the unit and five of the count
# (TS 24.008 10.5.7.3 and 10.5.7.4a); unit 7 means deactivated.
_ACTIVE_UNITS = (2, 60, 360, 60, 60, 60, 60)
_UPDATE_UNITS = (600, 3600, 36_000, 2, 30, 60, 1_152_000)


def active_time(t3324: str) -> int | None:
    """Seconds from a T3324 of eight bits; None: deactivated, there is no sleep."""
    return _seconds(t3324, _ACTIVE_UNITS)


def update_time(t3412: str) -> int | None:
    """Seconds from an extended T3412 of eight bits; None: deactivated, which 0 is too."""
    return _seconds(t3412, _UPDATE_UNITS) or None  # TS 24.301 5.3.5


def _seconds(bits: str, units: tuple[int, ...]) -> int | None:
    unit, number = int(bits[:3], 2), int(bits[3:], 2)
    return number * units[unit] if unit < len(units) else None


class PowerSaving:
    """`urc` writes an unsolicited line. The timers are bit strings, as `AT+CPSMS` has them.

    Call `radio_changed` whenever the radio's connection or registration has.
    """

    def __init__(self, radio: Radio, urc: Callable[[str], None]) -> None:
        self.on = False
        self.t3412 = "01000001"  # 10 hours
        self.t3324 = "00000101"  # 10 seconds
        self._radio = radio
        self._urc = urc
        self._report = False
        self._sleep_at: float | None = None
        self._update_at: float | None = None
        self._woken_at = 0.0
        self._swallowing = 0  # bytes still to be lost to the last waking

    def commands(self) -> Table:
        return {
            "+CPSMS": Forms(
                assign=self._set,
                read=self._tell,
                test="+CPSMS:(0,1),,,(00000000-11111111),(00000000-11111111)",
            ),
            "+NPSMR": Forms(assign=self._set_report, read=self._tell_report, test="+NPSMR:(0,1)"),
        }

    @property
    def asleep(self) -> bool:
        return self._radio.asleep

    def radio_changed(self, now: float) -> None:
        """The timers run while the radio is registered and idle."""
        self._sleep_at = self._update_at = None
        if self._radio.connected or not self._radio.registered:
            self.wake(now)
        elif self.on:
            update = update_time(self.t3412)
            self._update_at = None if update is None else now + update
            self._plan_sleep(now)
            self.step(now)  # a T3324 of 0

    def hear(self, data: bytes, now: float) -> bytes:
        """What of the host's bytes is read: asleep, the first ones are lost and wake the module.

        It then listens to the air as well, for another T3324. A guess.
        """
        if self.asleep:
            self.wake(now)
            self._woken_at, self._swallowing = now, WAKING_BYTES
            if self._radio.registered:
                self._plan_sleep(now)
        elif now - self._woken_at >= WAKING_TIME:
            self._swallowing = 0
        if self._sleep_at is not None:
            self._sleep_at = max(self._sleep_at, now + UART_HOLD)
        read = data[self._swallowing :]
        self._swallowing -= len(data) - len(read)
        return read

    def step(self, now: float) -> None:
        """Do what is due at `now`; then step the radio, which this may use."""
        if self._update_at is not None and self._update_at <= now:
            self._update_at = None
            self.wake(now)
            if self._radio.registered:
                self._radio.use(now)  # the periodic update; `radio_changed` follows from it
        elif self._sleep_at is not None and self._sleep_at <= now:
            self._sleep_at = None
            self._radio.asleep = True
            self._tell_host()

    @property
    def due(self) -> float | None:
        """When to step next."""
        return earliest(self._sleep_at, self._update_at)

    def wake(self, now: float) -> None:
        """The receiver is on; whoever transmits next finds the network, or that it is gone."""
        if self.asleep:
            self._radio.asleep = False
            self._tell_host()
            self._radio.look_around(now)

    def _plan_sleep(self, now: float) -> None:
        active = active_time(self.t3324)
        self._sleep_at = None if active is None else now + active

    def _tell_host(self) -> None:
        if self._report:
            self._urc(f"+NPSMR:{int(self.asleep)}")

    def _set(self, values: Values, now: float) -> Answer:
        on = bool(values.integer(0, 1))
        # The second and third value are timers of GPRS and mean nothing here (TS 27.007 7.38).
        _, _, t3412, t3324 = (values.optional_word("[01]{8}") for _ in range(4))
        values.end()
        self.on = on
        self.t3412, self.t3324 = t3412 or self.t3412, t3324 or self.t3324
        if self._radio.registered:  # the network is told (TS 24.301 5.3.11)
            self._radio.use(now)
        return OK

    def _tell(self, _now: float) -> Answer:
        timers = f',,,"{self.t3412}","{self.t3324}"' if self.on else ""
        return Answer((f"+CPSMS:{int(self.on)}{timers}",))

    def _set_report(self, values: Values, _now: float) -> Answer:
        report = bool(values.integer(0, 1))
        values.end()
        self._report = report
        return OK

    def _tell_report(self, _now: float) -> Answer:
        # 0 behind the setting: who answers is awake.
        return Answer((f"+NPSMR:{'1,0' if self._report else '0'}",))
