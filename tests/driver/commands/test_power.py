"""Power saving: 3GPP's timers as seconds, and back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.at.codec import Answer, Command
from m5310.commands import power as p
from m5310.errors import AnswerError, ParameterError
from tests.support.answers import answer


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (
            p.power_saving(periodic_update=3600, active=10),
            'AT+CPSMS=1,,,"00000110","00000101"',
        ),
        (
            p.power_saving(periodic_update=None, active=None),
            'AT+CPSMS=1,,,"11100000","11100000"',
        ),
        (p.no_power_saving(), "AT+CPSMS=0"),
        (p.power_saving_query(), "AT+CPSMS?"),
        (p.discontinuous_reception(81.92), 'AT+CEDRXS=1,5,"0101"'),
        (p.discontinuous_reception(None), "AT+CEDRXS=0,5"),
        (p.discontinuous_reception_query(), "AT+CEDRXS?"),
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
def test_the_periodic_updates_units(bits: str, seconds: int | None) -> None:
    assert p.periodic_update_seconds(bits) == seconds


@pytest.mark.parametrize(
    ("bits", "seconds"),
    [("00000101", 10), ("00100001", 60), ("01000001", 360), ("11100000", None), ("10100011", 180)],
)
def test_the_active_timers_units(bits: str, seconds: int | None) -> None:
    assert p.active_seconds(bits) == seconds


ALL_PERIODS = sorted(
    seconds
    for code in range(0b11100000)
    if (seconds := p.periodic_update_seconds(f"{code:08b}")) is not None
)


@given(st.floats(0, 31 * 1152000, allow_subnormal=False))
def test_a_period_is_rounded_up_to_the_next_that_a_timer_can_say(seconds: float) -> None:
    said = p.periodic_update_seconds(p.periodic_update_bits(seconds))
    assert said == next(period for period in ALL_PERIODS if period >= seconds)


@given(st.integers(0, 255).map(lambda number: f"{number:08b}"))
def test_every_timer_that_runs_can_be_said_again(bits: str) -> None:
    for said, again in (
        (p.periodic_update_seconds, p.periodic_update_bits),
        (p.active_seconds, p.active_bits),
    ):
        seconds = said(bits)
        if seconds is not None:
            assert said(again(seconds)) == seconds


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, 31 * 1152000 + 1])
def test_periods_no_timer_says(seconds: float) -> None:
    with pytest.raises(ParameterError, match="T3412"):
        p.periodic_update_bits(seconds)


def test_active_times_no_timer_says() -> None:
    assert p.active_seconds(p.active_bits(11160)) == 11160
    with pytest.raises(ParameterError, match="T3324"):
        p.active_bits(11161)


@pytest.mark.parametrize("bits", ["", "0000000", "000000000", "0000000x"])
def test_bits_that_are_no_timer(bits: str) -> None:
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
    ("line", "said"),
    [
        ("+CPSMS:0", p.PowerSaving(on=False)),
        ('+CPSMS:1,,,"01000111","00000101"', p.PowerSaving(True, 252000, 10)),
        ("+CPSMS: 1,,,01000111,11100000", p.PowerSaving(True, 252000, None)),
        ("+CPSMS:1,,,,", p.PowerSaving(on=True)),
    ],
)
def test_the_answer_about_power_saving(line: str, said: p.PowerSaving) -> None:
    assert p.power_saving_of(answer(p.power_saving_query(), line)) == said


@pytest.mark.parametrize(
    ("lines", "cycle"),
    [
        ((), None),
        (("+CEDRXS:5",), None),
        (('+CEDRXS:5,"0000"',), None),
        (('+CEDRXS:5,"0101"',), 81.92),
    ],
)
def test_the_answer_about_discontinuous_reception(
    lines: tuple[str, ...], cycle: float | None
) -> None:
    query = p.discontinuous_reception_query()
    assert p.discontinuous_reception_of(answer(query, *lines)) == cycle
    with pytest.raises(AnswerError):
        p.discontinuous_reception_of(Answer(query, ("+CEDRXS:5,7",)))


def test_a_cycle_of_other_radios_is_told_by_its_code() -> None:
    query = p.discontinuous_reception_query()
    other = answer(query, '+CEDRXS:5,"0001"')
    assert p.discontinuous_reception_code(other) == "0001"
    with pytest.raises(AnswerError, match="'0001' is no eDRX cycle of NB-IoT"):
        p.discontinuous_reception_of(other)
