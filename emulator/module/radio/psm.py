"""Power saving mode (PSM, TS 23.682 4.5.4).

After T3324 in idle mode the module sleeps until T3412 expires or its host sends a byte.
"""

# guess: the network grants the requested timers with every tracking area update

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from emulator.clock.deadlines import earliest
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values
from emulator.module.radio.radio import Radio

# A sleeping UART loses the first bytes: so many, if they come within so many seconds (documented
# for the module's successor).
# guess: both numbers
WAKING_BYTES = 4
WAKING_TIME = 0.02
UART_HOLD = 5.0  # guess: seconds the module stays awake after the last byte of its host

# Seconds of each timer unit; a timer has three bits of unit and five bits of count
# (TS 24.008 10.5.7.3 and 10.5.7.4a). Unit 7 means deactivated.
_ACTIVE_UNITS = (2, 60, 360, 60, 60, 60, 60)
_T3412, _T3324 = "01000001", "00000101"  # guess: 10 hours and 10 seconds until the host sets them
_UPDATE_UNITS = (600, 3600, 36_000, 2, 30, 60, 1_152_000)


def active_time(t3324: str) -> int | None:
    """Seconds of a T3324 of eight bits; None: deactivated, the module does not sleep."""
    return _seconds(t3324, _ACTIVE_UNITS)


def update_time(t3412: str) -> int | None:
    """Seconds of an extended T3412 of eight bits; None: deactivated, also for a count of 0."""
    return _seconds(t3412, _UPDATE_UNITS) or None  # TS 24.301 5.3.5


def _seconds(bits: str, units: tuple[int, ...]) -> int | None:
    unit, number = int(bits[:3], 2), int(bits[3:], 2)
    return number * units[unit] if unit < len(units) else None


class PowerSaving:
    """`urc` queues an unsolicited line, `asleep` is one that announces sleep. The timers are bit
    strings as in AT+CPSMS.

    Call `radio_changed` on each change of the radio's connection or registration.
    """

    def __init__(self, radio: Radio, urc: Callable[[str], None], asleep: str = "") -> None:
        self.on = False
        self._asleep = asleep
        self.t3412, self.t3324 = _T3412, _T3324
        self._radio = radio
        self._urc = urc
        self._report = False
        self._sleep_at: float | None = None
        self._update_at: float | None = None
        self._woken_at = 0.0
        self._bytes_to_lose = 0  # of those that woke the UART

    @property
    def asleep(self) -> bool:
        return self._radio.asleep

    def radio_changed(self, now: float) -> None:
        """Start the timers when the radio is registered and idle, else stop them."""
        self._sleep_at = self._update_at = None
        if self._radio.connected or not self._radio.registered:
            self.wake(now)
        elif self.on:
            update = update_time(self.t3412)
            self._update_at = None if update is None else now + update
            self._plan_sleep(now)
            self.step(now)  # a T3324 of 0

    def receive(self, data: bytes, now: float) -> bytes:
        """Bytes of the host; returns those that are not lost to a sleeping UART."""
        # guess: the bytes also restart T3324, so the module receives messages again
        if self._radio.asleep:
            self.wake(now)
            self._woken_at, self._bytes_to_lose = now, WAKING_BYTES
            if self._radio.registered:
                self._plan_sleep(now)
        elif now - self._woken_at >= WAKING_TIME:
            self._bytes_to_lose = 0
        if self._sleep_at is not None:
            self._sleep_at = max(self._sleep_at, now + UART_HOLD)
        read = data[self._bytes_to_lose :]
        self._bytes_to_lose -= len(data) - len(read)
        return read

    def write(self, line: str, now: float) -> None:
        """Queue a line of the module's own, for example that an update is needed: it is awake."""
        if self._radio.asleep:
            self.wake(now)
            self._sleep_at = now + UART_HOLD
        self._urc(line)

    def step(self, now: float) -> None:
        """Start the periodic update or go to sleep, if that is due at `now`."""
        if self._update_at is not None and self._update_at <= now:
            self._update_at = None
            self.wake(now)
            if self._radio.registered:
                self._radio.use(now)  # the periodic update; calls `radio_changed`
        elif self._sleep_at is not None and self._sleep_at <= now:
            self._sleep_at = None
            self._radio.asleep = True
            if self._asleep:
                self._urc(self._asleep)
            self._report_state()

    @property
    def due(self) -> float | None:
        """When to call `step` next; None: no timer runs."""
        return earliest(self._sleep_at, self._update_at)

    def wake(self, now: float) -> None:
        """Turn the receiver on and notice what has changed meanwhile."""
        if self._radio.asleep:
            self._radio.asleep = False
            self._report_state()
            self._radio.notice_place(now)

    def _plan_sleep(self, now: float) -> None:
        active = active_time(self.t3324)
        self._sleep_at = None if active is None else now + active

    def _report_state(self) -> None:
        if self._report:
            self._urc(f"+NPSMR:{int(self._radio.asleep)}")

    def _set(self, values: Values, now: float) -> Answer:
        mode = values.integer(0, 2)
        # The second and third value are GPRS timers without a meaning here (TS 27.007 7.38).
        _, _, t3412, t3324 = (values.optional_word("[01]{8}") for _ in range(4))
        values.end()
        if mode == 2:  # off, and the timers are forgotten (TS 27.007 7.38)
            values.doubts.take("power saving mode 2, which no host program was seen to set")
            t3412, t3324 = _T3412, _T3324
        self.on = mode == 1
        self.t3412, self.t3324 = t3412 or self.t3412, t3324 or self.t3324
        if self._radio.registered:  # a tracking area update (TS 24.301 5.3.11)
            self._radio.use(now)
        return OK

    def _read(self, _now: float) -> Answer:
        # All values whatever the mode, the bits bare: China Mobile's terminal program takes them
        # behind the third comma.
        return Answer((f"+CPSMS:{int(self.on)},,,{self.t3412},{self.t3324}",))

    def _set_report(self, values: Values, _now: float) -> Answer:
        self._report = values.only_flag()
        return OK

    def _read_report(self, _now: float) -> Answer:
        # The second value is the current state: a module that answers is awake.
        return Answer((f"+NPSMR:{'1,0' if self._report else '0'}",))

    COMMANDS: ClassVar[Commands] = {
        "+CPSMS": CommandForms(
            set=_set,
            read=_read,
            test="+CPSMS:(0,1),,,(00000000-11111111),(00000000-11111111)",
        ),
        "+NPSMR": CommandForms(set=_set_report, read=_read_report, test="+NPSMR:(0,1)"),
    }
