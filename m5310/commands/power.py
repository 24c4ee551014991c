"""Power saving: AT+CPSMS, AT+CEDRXS, with 3GPP's timers as seconds."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from m5310.at.codec import Answer, Command, Quoted
from m5310.commands.general import query, read, setting
from m5310.errors import AnswerError, ParameterError

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
    """AT+CPSMS. Seconds; None for a timer that is left out or does not run."""

    on: bool
    periodic_update: int | None = None
    active: int | None = None


def power_saving(*, periodic_update: float | None, active: float | None) -> Command:
    """Sleep when idle: wake every `periodic_update` s, stay reachable `active` s after traffic.

    Rounded up to what the timers can say; ParameterError beyond their ends (37.2 million s and
    11,160 s). None: the timer does not run.
    """
    return setting(
        "+CPSMS",
        1,
        None,
        None,
        Quoted(periodic_update_bits(periodic_update)),
        Quoted(active_bits(active)),
        repeatable=True,
    )


def no_power_saving() -> Command:
    return setting("+CPSMS", 0, repeatable=True)


def power_saving_query() -> Command:
    return query("+CPSMS?", _CPSMS)


def power_saving_of(answer: Answer) -> PowerSaving:
    match = read(answer, _CPSMS)
    periodic_update, active = match[2], match[3]
    return PowerSaving(
        match[1] == "1",
        periodic_update_seconds(periodic_update) if periodic_update else None,
        active_seconds(active) if active else None,
    )


_CPSMS = re.compile(r'\+CPSMS: ?([01])(?:,[^,]*,[^,]*,"?([01]{8})?"?,"?([01]{8})?"?)?')


def discontinuous_reception(cycle: float | None) -> Command:
    """AT+CEDRXS: listen once in `cycle` seconds (rounded up), or None: all the time."""
    if cycle is None:
        return setting("+CEDRXS", 0, _NB_IOT, repeatable=True)
    return setting("+CEDRXS", 1, _NB_IOT, Quoted(cycle_bits(cycle)), repeatable=True)


def discontinuous_reception_query() -> Command:
    return query("+CEDRXS?", _CEDRXS, required=False)


def discontinuous_reception_of(answer: Answer) -> float | None:
    """The requested cycle in seconds, None if there is none. Raises AnswerError on a code that
    names no cycle of NB-IoT."""
    code = discontinuous_reception_code(answer)
    return None if code is None else cycle_seconds(code)


def discontinuous_reception_code(answer: Answer) -> str | None:
    """The 4 bits of the requested cycle, None if there is none."""
    if not answer.lines:
        return None
    bits = read(answer, _CEDRXS)[1]
    return bits if bits and bits != _NO_CYCLE else None


_NO_CYCLE: Final = "0000"
"""Names no cycle in NB-S1 mode: a module that has none to tell may still fill the value."""
_CEDRXS = re.compile(r'\+CEDRXS: ?[0-5](?:,"?([01]{4})"?)?')


# --- timers ----------------------------------------------------------------------------------


def periodic_update_bits(seconds: float | None) -> str:
    """T3412 extended as its 8 bits."""
    return _timer_bits("T3412", seconds, _PERIODIC_UPDATE)


def active_bits(seconds: float | None) -> str:
    """T3324 as its 8 bits."""
    return _timer_bits("T3324", seconds, _ACTIVE)


def periodic_update_seconds(bits: str) -> int | None:
    """None: the timer does not run."""
    return _timer_seconds(bits, _PERIODIC_UPDATE)


def active_seconds(bits: str) -> int | None:
    """None: the timer does not run."""
    return _timer_seconds(bits, _ACTIVE)


def cycle_bits(seconds: float) -> str:
    """The shortest eDRX cycle of at least `seconds`, as its 4 bits."""
    longest = max(_CYCLES.values())
    if not 0 < seconds <= longest:
        raise ParameterError(f"an eDRX cycle of {seconds} s; expected up to {longest} s")
    return f"{next(code for code, cycle in _CYCLES.items() if cycle >= seconds):04b}"


def cycle_seconds(bits: str) -> float:
    if bits not in {f"{code:04b}" for code in _CYCLES}:
        raise AnswerError(f"{bits!r} is no eDRX cycle of NB-IoT")
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
