"""Power saving: PSM (AT+CPSMS), eDRX (AT+CEDRXS) and sleep reports, with timers in seconds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from m5310.at.codec import Quoted
from m5310.at.table import CommandTable, Match, Values
from m5310.errors import AnswerError, ParameterError, Text, shortened

TABLE: Final = CommandTable()

# Unit of each timer by its three upper bits, in seconds; the five lower bits count them. 111
# stands for a timer that does not run.
_PERIODIC_UPDATE: Final = {  # T3412 extended, GPRS timer 3 (TS 24.008 10.5.7.4a)
    0b011: 2,
    0b100: 30,
    0b101: 60,
    0b000: 600,
    0b001: 3600,
    0b010: 36000,
    0b110: 1152000,
}
_ACTIVE: Final = {0b000: 2, 0b001: 60, 0b010: 360}  # T3324, GPRS timer 2 (TS 24.008 10.5.7.4)
_DEACTIVATED: Final = 0b111

# Cycle length by its four bits, NB-S1 mode (TS 24.008 10.5.5.32)
_CYCLES: Final = {
    0b0010: 20.48,
    0b0011: 40.96,
    0b0101: 81.92,
    0b1001: 163.84,
    0b1010: 327.68,
    0b1011: 655.36,
    0b1100: 1310.72,
    0b1101: 2621.44,
    0b1110: 5242.88,
    0b1111: 10485.76,
}
_NB_IOT: Final = 5  # <AcT-type> of AT+CEDRXS (TS 27.007 7.40)


@dataclass(frozen=True, slots=True)
class PowerSaving:
    """AT+CPSMS. Timers in seconds; None for one that is omitted or does not run."""

    on: bool
    periodic_update: int | None = None
    active: int | None = None


def describe_seconds(seconds: float | None) -> str:
    """The duration of a timer; None: it does not run."""
    if seconds is None:
        return Text("off")
    if seconds < 120 or seconds % 60:
        return Text("{seconds:g} s", seconds=seconds)
    if seconds < 7200:
        return Text("{minutes:g} min", minutes=seconds / 60)
    return Text("{hours:g} h", hours=seconds / 3600)


def _describe_saving(found: PowerSaving) -> str:
    if not found.on:
        return Text("power saving off")
    update, active = map(describe_seconds, (found.periodic_update, found.active))
    return Text(
        "power saving on: periodic update {update}, reachable after traffic {active}",
        update=update,
        active=active,
    )


def _describe_saving_values(values: Sequence[str]) -> str:
    if values[0] == "0":
        return Text("power saving off")
    _, _, _, update, active = values
    return _describe_saving(
        PowerSaving(True, periodic_update_seconds(update), active_seconds(active))
    )


@TABLE.setting(
    "+CPSMS",
    '0 | 1,,,"<T3412>","<T3324>"',
    Text("set power saving"),
    describe=_describe_saving_values,
    repeatable=True,
)
def power_saving(wanted: PowerSaving) -> Values:
    """Sleep when idle: wake every `periodic_update` s, stay reachable `active` s after traffic.

    Rounded up to what the timers can express (TS 27.007 7.38). None: the timer does not run.
    Raises ParameterError beyond their maximum, 35,712,000 s and 11,160 s.
    """
    if not wanted.on:
        return (0,)
    periodic_update = periodic_update_bits(wanted.periodic_update)
    return 1, None, None, Quoted(periodic_update), Quoted(active_bits(wanted.active))


def _saving(matches: Sequence[Match]) -> PowerSaving:
    on, periodic_update, active = matches[0].groups()
    return PowerSaving(
        on == "1",
        periodic_update_seconds(periodic_update) if periodic_update else None,
        active_seconds(active) if active else None,
    )


power_saving_query: Final = TABLE.query(
    "+CPSMS?",
    re.compile(r'\+CPSMS: ?([01])(?:,[^,]*,[^,]*,"?([01]{8})?"?,"?([01]{8})?"?)?'),
    _saving,
    Text("power saving"),
    meaning=Text("ask for power saving"),
    describe=_describe_saving,
)


@dataclass(frozen=True, slots=True)
class Cycle:
    """An eDRX cycle as its 4 bits. A module may report a code that is none of NB-IoT."""

    code: str

    @property
    def seconds(self) -> float:
        """Raises AnswerError on a code that is no cycle of NB-IoT."""
        return cycle_seconds(self.code)


def _describe_cycle(cycle: Cycle | None) -> str:
    if cycle is None:
        return Text("eDRX off")
    try:
        return Text("eDRX cycle {seconds:g} s", seconds=cycle.seconds)
    except AnswerError:
        return Text("eDRX code {code}, no cycle of NB-IoT", code=shortened(cycle.code, 20))


def _describe_cycle_values(values: Sequence[str]) -> str:
    if values[0] == "0":
        return Text("eDRX off")
    _, _, *cycle = values
    return _describe_cycle(Cycle(cycle[0])) if cycle else Text("eDRX on")


@TABLE.setting(
    "+CEDRXS",
    '0|1,5[,"<cycle>"]',
    Text("set the eDRX cycle"),
    describe=_describe_cycle_values,
    repeatable=True,
)
def discontinuous_reception(cycle: float | None) -> Values:
    """Listen once in `cycle` seconds, rounded up, or None: all the time (TS 27.007 7.40).

    Raises ParameterError unless `cycle` is above 0 and at most 10485.76.
    """
    if cycle is None:
        return 0, _NB_IOT
    return 1, _NB_IOT, Quoted(cycle_bits(cycle))


_NO_CYCLE: Final = "0000"
"""No cycle in NB-S1 mode; a module without a requested cycle may still fill the value."""


def _cycle(matches: Sequence[Match]) -> Cycle | None:
    """The requested cycle, None if there is none."""
    bits = matches[0][1] if matches else None
    return Cycle(bits) if bits and bits != _NO_CYCLE else None


discontinuous_reception_query: Final = TABLE.query(
    "+CEDRXS?",
    re.compile(r'\+CEDRXS: ?[0-5](?:,"?([01]{4})"?)?'),
    _cycle,
    Text("eDRX cycle"),
    required=False,
    describe=_describe_cycle,
)


report_sleep: Final = TABLE.switch(
    "+NPSMR", Text("report sleep"), Text("reports of sleep"), repeatable=True
)
"""`+NPSMR:1` when the module falls asleep, `+NPSMR:0` when it wakes up."""


# --- timers ----------------------------------------------------------------------------------


def periodic_update_bits(seconds: float | None) -> str:
    """T3412 extended as its 8 bits; None: it does not run. Raises ParameterError out of range."""
    return _timer_bits("T3412", seconds, _PERIODIC_UPDATE)


def active_bits(seconds: float | None) -> str:
    """T3324 as its 8 bits; None: it does not run. Raises ParameterError out of range."""
    return _timer_bits("T3324", seconds, _ACTIVE)


def periodic_update_seconds(bits: str) -> int | None:
    """T3412 extended in seconds; None: it does not run. Raises AnswerError on other bits."""
    return _timer_seconds(bits, _PERIODIC_UPDATE)


def active_seconds(bits: str) -> int | None:
    """T3324 in seconds; None: it does not run. Raises AnswerError on other bits."""
    return _timer_seconds(bits, _ACTIVE)


def cycle_bits(seconds: float) -> str:
    """The shortest eDRX cycle of at least `seconds`, as its 4 bits.

    Raises ParameterError unless `seconds` is above 0 and at most 10485.76.
    """
    longest = max(_CYCLES.values())
    if not 0 < seconds <= longest:
        raise ParameterError(f"an eDRX cycle of {seconds} s; expected above 0, up to {longest} s")
    return f"{next(code for code, cycle in _CYCLES.items() if cycle >= seconds):04b}"


def cycle_seconds(bits: str) -> float:
    """The length of an eDRX cycle of NB-IoT, in seconds. Raises AnswerError on other bits."""
    if bits not in {f"{code:04b}" for code in _CYCLES}:
        raise AnswerError(f"{bits!r} is not an eDRX cycle of NB-IoT")
    return _CYCLES[int(bits, 2)]


def _timer_bits(name: str, seconds: float | None, units: Mapping[int, int]) -> str:
    if seconds is None:
        return f"{_DEACTIVATED:03b}00000"
    longest = 31 * max(units.values())
    if not 0 <= seconds <= longest:  # a NaN is refused here too
        raise ParameterError(f"{name} of {seconds} s; expected 0..{longest} s")
    spans = [
        (math.ceil(seconds / unit) * unit, code)
        for code, unit in units.items()
        if math.ceil(seconds / unit) <= 31
    ]
    span, code = min(spans, key=lambda each: each[0])
    return f"{code:03b}{span // units[code]:05b}"


def _timer_seconds(bits: str, units: Mapping[int, int]) -> int | None:
    if not re.fullmatch("[01]{8}", bits):
        raise AnswerError(f"{bits!r} is not the 8 bits of a timer")
    code, count = int(bits[:3], 2), int(bits[3:], 2)
    if code == _DEACTIVATED:
        return None
    # every unit that a timer does not define counts as one minute (TS 24.008 10.5.7.4)
    return count * units.get(code, 60)
