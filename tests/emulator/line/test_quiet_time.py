"""Quiet time after a final result: early commands are counted, and lost if so configured."""

from __future__ import annotations

import pytest

from emulator.line.quiet_time import QuietTime


def test_command_after_the_quiet_time_is_not_early() -> None:
    quiet = QuietTime(0.02)
    assert quiet.received(b"AT\r", 0.0) == (b"AT\r", None)
    quiet.sent(b"\r\nOK\r\n", 1.0)
    assert quiet.received(b"AT\r", 1.02) == (b"AT\r", None)
    assert quiet.too_soon == 0


def test_exact_quiet_time_is_not_early_at_any_date() -> None:
    quiet = QuietTime(0.02)
    quiet.sent(b"\r\nOK\r\n", 1_795_415_760.005)
    assert quiet.received(b"AT\r", 1_795_415_760.025) == (b"AT\r", None)


def test_lf_of_previous_command_is_no_command() -> None:
    quiet = QuietTime(0.02, early_lost=True)
    quiet.sent(b"\r\nOK\r\n", 1.0)
    assert quiet.received(b"\n", 1.0) == (b"\n", None)
    assert quiet.received(b"AT\r", 1.005) == (b"", pytest.approx(0.005))
    assert quiet.too_soon == 1


@pytest.mark.parametrize("lost", [False, True])
def test_command_before_the_end_of_the_answer_is_counted_once(lost: bool) -> None:
    quiet = QuietTime(0.02, early_lost=lost)
    quiet.queued(b"\r\n+CSQ:20,99\r\n\r\nOK\r\n")
    assert quiet.received(b"\n", 0.999, idle=False) == (b"\n", None)
    assert quiet.received(b"A", 1.0, idle=False) == (b"" if lost else b"A", 0.0)
    quiet.sent(b"\r\n+CSQ:20,99\r\n\r\nOK\r\n", 1.001)
    assert quiet.received(b"T\r", 1.002) == (b"" if lost else b"T\r", None)
    assert quiet.too_soon == 1


@pytest.mark.parametrize("lost", [False, True])
def test_command_during_a_delayed_answer_is_counted_once(lost: bool) -> None:
    quiet = QuietTime(0.02, early_lost=lost)
    assert quiet.received(b"\n", 1.0, answering=True) == (b"\n", None)
    assert quiet.received(b"A", 1.1, answering=True) == (b"" if lost else b"A", 0.0)
    assert quiet.received(b"T\r", 1.2, answering=True) == (b"" if lost else b"T\r", None)
    quiet.sent(b"\r\nOK\r\n", 2.0)
    assert quiet.received(b"AT\r", 2.01)[1] == pytest.approx(0.01)
    assert quiet.too_soon == 2


def test_answer_lost_with_its_port_is_not_waited_for() -> None:
    quiet = QuietTime(0.02)
    quiet.queued(b"\r\nOK\r\n")
    assert quiet.received(b"AT\r", 5.0, idle=True) == (b"AT\r", None)
    assert quiet.too_soon == 0


@pytest.mark.parametrize("final", [b"OK", b"ERROR", b"+CME ERROR:50"])
def test_early_command_is_counted_once(final: bytes) -> None:
    quiet = QuietTime(0.02)
    for _ in range(2):
        quiet.sent(b"\r\n" + final + b"\r\n", 1.0)
        assert quiet.received(b"A", 1.005) == (b"A", pytest.approx(0.005))
        assert quiet.received(b"T", 1.006) == (b"T", None)
        assert quiet.received(b"\r", 1.03) == (b"\r", None)
        assert quiet.received(b"AT", 1.031) == (b"AT", None)
    assert quiet.too_soon == 2


def test_early_bytes_are_lost_until_quiet_time_ends() -> None:
    quiet = QuietTime(0.02, early_lost=True)
    quiet.sent(b"\r\nOK\r\n", 1.0)
    received = b"".join(
        quiet.received(bytes([c]), 1.0 + n / 100)[0] for n, c in enumerate(b"AT+CSQ\r")
    )
    assert received == b"+CSQ\r"
    assert quiet.too_soon == 1


@pytest.mark.parametrize("text", [b"\r\n+CEREG:1\r\n", b"\r\nOKAY\r\n", b"\r\nREBOOTING\r\n"])
def test_other_lines_start_no_quiet_time(text: bytes) -> None:
    quiet = QuietTime(0.02)
    quiet.sent(text, 1.0)
    assert quiet.received(b"AT\r", 1.0) == (b"AT\r", None)


def test_quiet_time_starts_at_last_byte_of_final_result() -> None:
    quiet = QuietTime(0.02)
    for place, byte in enumerate(b"\r\n+CSQ:1,99\r\n\r\nOK\r"):
        quiet.sent(bytes([byte]), place / 1000)
    assert quiet.received(b"A", 1.0) == (b"A", None)
    quiet.sent(b"\n", 2.0)
    assert quiet.received(b"", 2.0) == (b"", None)
    assert quiet.received(b"A", 2.01)[1] == pytest.approx(0.01)


def test_endless_line_is_not_stored() -> None:
    quiet = QuietTime(0.02)
    for _ in range(1000):
        quiet.sent(b"x" * 1000, 1.0)
    assert len(quiet._line) < 100
    quiet.sent(b"\r\nOK\r\n", 1.0)
    assert quiet.received(b"A", 1.0)[1] == 0.0


def test_quiet_time_zero_finds_no_early_command() -> None:
    quiet = QuietTime(0)
    quiet.sent(b"\r\nOK\r\n", 1.0)
    assert quiet.received(b"AT\r", 1.0) == (b"AT\r", None)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_invalid_quiet_time_is_rejected(seconds: float) -> None:
    with pytest.raises(ValueError, match=r"quiet .*: expected a number of seconds"):
        QuietTime(seconds)


def test_without_a_quiet_time_no_command_is_early() -> None:
    quiet = QuietTime(0, early_lost=True)
    quiet.queued(b"\r\nOK\r\n")
    assert quiet.received(b"AT\r", 1.0, idle=False, answering=True) == (b"AT\r", None)
    assert quiet.too_soon == 0
