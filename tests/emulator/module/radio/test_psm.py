"""Power saving mode: sleep, wake-up, lost bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.lwm2m.model import Path
from emulator.module.radio.coverage import ATTACH_TIME, Coverage
from emulator.module.radio.psm import UART_HOLD, WAKING_BYTES, WAKING_TIME, active_time, update_time
from emulator.module.radio.radio import INACTIVITY_TIME
from tests.support.lwm2m_messages import Notification, Read
from tests.support.uart import Host, lines

TEN_SECONDS = "00000101"
TEN_MINUTES = "00000001"
NEVER = "11100000"
AT_ONCE = "00000000"


def saving(t3324: str = TEN_SECONDS, t3412: str = NEVER) -> Host:
    host = Host()
    host.well("AT+NPSMR=1", f'AT+CPSMS=1,,,"{t3412}","{t3324}"')
    return host


def sleeping(t3324: str = TEN_SECONDS, t3412: str = NEVER) -> Host:
    host = saving(t3324, t3412)
    assert host.wait(INACTIVITY_TIME + 10) == ["+NPSMR:1"]
    return host


@pytest.mark.parametrize(
    ("bits", "seconds"),
    [
        ("00000000", 0),
        ("00000101", 10),
        ("00101010", 600),
        ("01011111", 11_160),
        ("01100010", 120),  # a unit of the future counts as minutes
        ("11100000", None),
    ],
)
def test_active_time(bits: str, seconds: int | None) -> None:
    assert active_time(bits) == seconds


@pytest.mark.parametrize(
    ("bits", "seconds"),
    [
        ("00000001", 600),
        ("00100010", 7200),
        ("01000001", 36_000),
        ("01100101", 10),
        ("10010100", 600),
        ("10100011", 180),
        ("11000001", 1_152_000),
        ("11100000", None),
        ("01000000", None),
    ],
)
def test_update_time(bits: str, seconds: int | None) -> None:
    assert update_time(bits) == seconds


def test_sleeps_after_the_active_time_in_idle() -> None:
    host = saving()
    assert host.wait(INACTIVITY_TIME + 9.9) == []
    assert not host.module.power_saving.asleep
    assert host.wait(0.1) == ["+NPSMR:1"]
    assert host.module.power_saving.asleep
    assert host.wait(86_400) == []


def test_sleep_is_not_reported_without_npsmr() -> None:
    host = Host()
    host.well("AT+CPSMS=1")
    assert host.wait(INACTIVITY_TIME + 10) == []
    assert host.module.power_saving.asleep


@pytest.mark.parametrize("commands", [(), ("AT+CPSMS=1", "AT+CPSMS=0")])
def test_never_sleeps_without_power_saving(commands: tuple[str, ...]) -> None:
    host = Host()
    host.well("AT+NPSMR=1", *commands)
    assert host.wait(86_400) == []
    assert host.ask("AT") == ["OK"]


def test_never_sleeps_with_deactivated_active_timer() -> None:
    host = saving(NEVER)
    assert host.wait(86_400) == []
    assert host.ask("AT") == ["OK"]


def test_never_sleeps_without_network() -> None:
    host = Host()
    host.well("AT+NPSMR=1", "AT+CGATT=0", f'AT+CPSMS=1,,,"{NEVER}","{TEN_SECONDS}"')
    assert host.wait(86_400) == []
    host.well("AT+CGATT=1")
    assert host.wait(ATTACH_TIME + INACTIVITY_TIME + 10) == ["+NPSMR:1"]


def test_detach_cancels_the_planned_sleep() -> None:
    host = saving()
    host.wait(INACTIVITY_TIME + 5)
    host.well("AT+CGATT=0")
    assert host.wait(86_400) == []


def test_active_time_of_zero() -> None:
    host = saving(AT_ONCE)
    assert host.wait(INACTIVITY_TIME) == ["+NPSMR:1"]


def test_no_downlink_while_asleep() -> None:
    host = saving()
    host.configure(("3303/0/5700", 4, "20.5"))
    host.observed("3303/0")
    assert host.deliver(Read(10_001, Path(3303, 0, 5700))) == ["+MIPLREAD:0,10001,3303,0,5700"]
    assert host.wait(INACTIVITY_TIME + 10) == ["+NPSMR:1"]
    assert host.deliver(Read(10_002, Path(3303, 0, 5700))) == []
    host.module.deliver_datagram(0, "192.0.2.1", 5683, b"x", host.now)
    assert host.module.power_saving.asleep


def test_first_bytes_wake_the_module_and_are_lost() -> None:
    host = sleeping()
    assert host.raw(b"AT\r\n") == b"\r\n+NPSMR:0\r\n"
    assert host.ask("AT+CGATT?") == ["+CGATT:1", "OK"]


def test_bytes_after_the_lost_ones_are_read() -> None:
    host = sleeping()
    assert lines(host.raw(b"x" * WAKING_BYTES + b"AT\r")) == ["+NPSMR:0", "OK"]


@given(st.lists(st.integers(1, 5), min_size=1))
def test_as_many_bytes_are_lost_in_any_pieces(cuts: list[int]) -> None:
    host = sleeping()
    data, answer = b"x" * WAKING_BYTES + b"AT+CGMM\r", b""
    for cut in cuts:
        answer += host.raw(data[:cut])
        data = data[cut:]
    answer += host.raw(data)
    assert lines(answer) == ["+NPSMR:0", "M5310", "OK"]


def test_one_byte_wakes_and_the_next_line_is_read_whole() -> None:
    host = sleeping()
    assert host.raw(b"\r") == b"\r\n+NPSMR:0\r\n"
    host.wait(2 * WAKING_TIME)
    assert host.ask("AT") == ["OK"]


def test_lost_bytes_are_not_echoed() -> None:
    host = Host()
    host.raw(b"ATE1\r")
    host.raw(b"AT+CPSMS=1\r")
    host.wait_raw(INACTIVITY_TIME + 10)
    assert host.raw(b"ATATAT\r") == b"AT\r\r\nOK\r\n"


def test_woken_by_the_host_it_receives_and_sleeps_again() -> None:
    host = sleeping()
    host.raw(b"\r\r\r\r")
    assert host.wait(9.9) == []
    host.configure(("3303/0/5700", 4, "20.5"))
    assert host.wait(UART_HOLD) == ["+NPSMR:1"]


@pytest.mark.parametrize("t3324", [AT_ONCE, TEN_SECONDS])
def test_host_bytes_keep_it_awake(t3324: str) -> None:
    host = sleeping(t3324)
    host.raw(b"\r\r\r\r")
    for _ in range(20):
        assert host.wait(UART_HOLD - 0.1) == []
        assert host.ask("AT") == ["OK"]
    assert host.wait(UART_HOLD) == ["+NPSMR:1"]


def test_report_makes_it_reachable_until_idle() -> None:
    host = saving()
    host.configure(("3303/0/5700", 4, "20.5"))
    host.observed("3303/0")
    host.wait(INACTIVITY_TIME + 10)
    host.raw(b"\r\r\r\r")
    host.well('AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1')
    (report,) = host.uplink()
    assert isinstance(report, Notification)
    assert host.wait(INACTIVITY_TIME) == []
    assert host.deliver(Read(10_003, Path(3303, 0, 5700))) == ["+MIPLREAD:0,10003,3303,0,5700"]


def test_periodic_update_wakes_it() -> None:
    host = sleeping(t3412=TEN_MINUTES)
    assert host.wait(600 - 10) == ["+NPSMR:0"]
    assert host.module.radio.connected
    assert host.wait(INACTIVITY_TIME + 10) == ["+NPSMR:1"]
    assert host.wait(3 * (600 + INACTIVITY_TIME)) == ["+NPSMR:0", "+NPSMR:1"] * 3


def test_periodic_update_before_the_sleep() -> None:
    host = saving(t3324="00101010", t3412=TEN_MINUTES)  # both ten minutes
    assert host.wait(3600) == []
    assert host.ask("AT") == ["OK"]


def test_coverage_changes_are_not_noticed_while_asleep() -> None:
    host = sleeping()
    host.module.radio.coverage = Coverage.OUT
    assert host.wait(3600) == []
    host.module.radio.coverage = Coverage.ECL0
    assert host.raw(b"\r\r\r\r") == b"\r\n+NPSMR:0\r\n"
    assert host.ask("AT+CGATT?") == ["+CGATT:1", "OK"]


def test_woken_out_of_coverage_it_searches_and_stays_awake() -> None:
    host = Host()
    host.well("AT+CEREG=1", "AT+NPSMR=1", f'AT+CPSMS=1,,,"{NEVER}","{TEN_SECONDS}"')
    host.wait(INACTIVITY_TIME + 10)
    host.module.radio.coverage = Coverage.OUT
    assert lines(host.raw(b"\r\r\r\r")) == ["+NPSMR:0", "+CEREG:2"]
    assert host.wait(3600) == []
    assert host.ask("AT") == ["OK"]
    host.module.radio.coverage = Coverage.ECL0
    assert host.wait(ATTACH_TIME + INACTIVITY_TIME + 10) == ["+CEREG:1", "+NPSMR:1"]


def test_periodic_update_notices_lost_coverage() -> None:
    host = sleeping(t3412=TEN_MINUTES)
    host.module.radio.coverage = Coverage.OUT
    assert host.wait(600 - 10) == ["+NPSMR:0"]
    assert not host.module.radio.registered
    assert host.wait(3600) == []


def test_repeated_message_wakes_it() -> None:
    host = saving(AT_ONCE)
    host.configure(("3303/0/5700", 4, "20.5"))
    host.observed("3303/0")
    host.well('AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1,5')
    host.wait(INACTIVITY_TIME + UART_HOLD + 15)
    repeats = [m for m in host.uplink() if isinstance(m, Notification)]
    assert len(repeats) == 5


def test_restart_ends_power_saving() -> None:
    host = sleeping()
    host.raw(b"\r\r\r\r")
    host.raw(b"AT+NRB\r")
    host.wait_raw(60)
    assert host.ask("AT+CPSMS?") == ["+CPSMS:0,,,01000001,00000101", "OK"]
    assert host.ask("AT+NPSMR?") == ["+NPSMR:0", "OK"]


def test_no_deadline_while_asleep_without_updates() -> None:
    host = sleeping()
    assert host.module.step(host.now) is None
