"""Power saving: 3GPP timers to seconds and back, commands and responses."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.at.codec import Command
from m5310.commands import power as p
from m5310.errors import AnswerError, ParameterError
from tests.support.answers import parsed


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (
            p.power_saving(p.PowerSaving(True, periodic_update=3600, active=10)),
            'AT+CPSMS=1,,,"00000110","00000101"',
        ),
        (
            p.power_saving(p.PowerSaving(on=True)),
            'AT+CPSMS=1,,,"11100000","11100000"',
        ),
        (p.power_saving(p.PowerSaving(on=False)), "AT+CPSMS=0"),
        (p.power_saving_query(), "AT+CPSMS?"),
        (p.discontinuous_reception(81.92), 'AT+CEDRXS=1,5,"0101"'),
        (p.discontinuous_reception(None), "AT+CEDRXS=0,5"),
        (p.discontinuous_reception_query(), "AT+CEDRXS?"),
        (p.report_sleep(on=True), "AT+NPSMR=1"),
        (p.report_sleep(on=False), "AT+NPSMR=0"),
    ],
)
def test_each_command_line(command: Command, line: str) -> None:
    assert command.line == line


@pytest.mark.parametrize(
    ("bits", "seconds"),
    [
        ("01000111", 70 * 3600),  # TS 24.008: 10 h x 7
        ("00100001", 3600),
        ("00000001", 600),
        ("01100001", 2),
        ("10000001", 30),
        ("10100001", 60),
        ("11000001", 320 * 3600),
        ("11100000", None),
        ("11111111", None),
    ],
)
def test_periodic_update_units(bits: str, seconds: int | None) -> None:
    assert p.periodic_update_seconds(bits) == seconds


@pytest.mark.parametrize(
    ("bits", "seconds"),
    [("00000101", 10), ("00100001", 60), ("01000001", 360), ("11100000", None), ("10100011", 180)],
)
def test_active_timer_units(bits: str, seconds: int | None) -> None:
    assert p.active_seconds(bits) == seconds


ALL_PERIODS = sorted(
    seconds
    for code in range(0b11100000)
    if (seconds := p.periodic_update_seconds(f"{code:08b}")) is not None
)


@given(st.floats(0, 31 * 1152000, allow_subnormal=False))
def test_period_is_rounded_up(seconds: float) -> None:
    value = p.periodic_update_seconds(p.periodic_update_bits(seconds))
    assert value == next(period for period in ALL_PERIODS if period >= seconds)


@given(st.integers(0, 255).map(lambda number: f"{number:08b}"))
def test_timer_round_trip(bits: str) -> None:
    for value, again in (
        (p.periodic_update_seconds, p.periodic_update_bits),
        (p.active_seconds, p.active_bits),
    ):
        seconds = value(bits)
        if seconds is not None:
            assert value(again(seconds)) == seconds


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, 31 * 1152000 + 1])
def test_period_out_of_range(seconds: float) -> None:
    with pytest.raises(ParameterError, match="T3412"):
        p.periodic_update_bits(seconds)


def test_active_time_out_of_range() -> None:
    assert p.active_seconds(p.active_bits(11160)) == 11160
    with pytest.raises(ParameterError, match="T3324"):
        p.active_bits(11161)


@pytest.mark.parametrize("bits", ["", "0000000", "000000000", "0000000x"])
def test_invalid_timer_bits(bits: str) -> None:
    with pytest.raises(AnswerError):
        p.active_seconds(bits)


def test_cycles() -> None:
    assert p.cycle_bits(1) == "0010"
    assert p.cycle_bits(20.48) == "0010"
    assert p.cycle_bits(20.49) == "0011"
    assert p.cycle_bits(10485.76) == "1111"
    for code in (0b0010, 0b0101, 0b1001, 0b1111):
        assert p.cycle_bits(p.cycle_seconds(f"{code:04b}")) == f"{code:04b}"
    for seconds in (0, -1, 10486, math.nan):
        with pytest.raises(ParameterError):
            p.cycle_bits(seconds)
    for bits in ("0000", "0100", "010", "abcd"):
        with pytest.raises(AnswerError):
            p.cycle_seconds(bits)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("+CPSMS:0", p.PowerSaving(on=False)),
        ('+CPSMS:1,,,"01000111","00000101"', p.PowerSaving(True, 252000, 10)),
        ("+CPSMS: 1,,,01000111,11100000", p.PowerSaving(True, 252000, None)),
        ("+CPSMS:1,,,,", p.PowerSaving(on=True)),
    ],
)
def test_power_saving_response(line: str, value: p.PowerSaving) -> None:
    assert parsed(p.power_saving_query(), line) == value


@pytest.mark.parametrize(
    ("lines", "cycle"),
    [
        ((), None),
        (("+CEDRXS:5",), None),
        (('+CEDRXS:5,"0000"',), None),
        (('+CEDRXS:5,"0101"',), p.Cycle("0101")),
    ],
)
def test_edrx_response(lines: tuple[str, ...], cycle: p.Cycle | None) -> None:
    assert parsed(p.discontinuous_reception_query(), *lines) == cycle


def test_edrx_cycle_in_seconds() -> None:
    assert p.Cycle("0101").seconds == 81.92
    with pytest.raises(AnswerError, match="'0001' is not an eDRX cycle of NB-IoT"):
        _ = p.Cycle("0001").seconds
