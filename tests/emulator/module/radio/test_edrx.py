"""eDRX: downlink waits for the next paging window."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.lwm2m.model import Path
from emulator.module.module import Cause
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.edrx import PAGING_LIMIT, next_window
from emulator.module.radio.radio import INACTIVITY_TIME
from tests.support.lwm2m_messages import Read
from tests.support.uart import START, Host

CYCLE = 20.48
READ = Read(10_001, Path(3303, 0, 5700))
ASKED = "+MIPLREAD:0,10001,3303,0,5700"


def dozing() -> Host:
    """Observed, with eDRX, and just after a paging window."""
    host = Host()
    host.configure(("3303/0/5700", 4, "20.5"))
    host.observed("3303/0")
    host.well('AT+CEDRXS=1,5,"0010"')
    host.wait(next_window(CYCLE, START + INACTIVITY_TIME + 3) + 3 - START)
    return host


@pytest.mark.parametrize(
    ("commands", "question", "answer"),
    [
        (['AT+CEDRXS=1,5,"0010"'], "AT+CEDRXS?", '+CEDRXS:5,"0010"'),
        (["AT+CEDRXS=1,5"], "AT+CEDRXS?", '+CEDRXS:5,"0101"'),
        ([], "AT+CEDRXS=?", "+CEDRXS:(0,1),(5),(0000-1111)"),
        ([], "AT+CEDRXRDP", "+CEDRXRDP:0"),
        (['AT+CEDRXS=1,5,"1001"'], "AT+CEDRXRDP", '+CEDRXRDP:5,"1001","1001","0000"'),
        (["AT+CEDRXS=1,5", "AT+CGATT=0"], "AT+CEDRXRDP", "+CEDRXRDP:0"),
    ],
)
def test_set_and_read_back(commands: list[str], question: str, answer: str) -> None:
    host = Host()
    host.well(*commands)
    assert host.raw(question.encode() + b"\r") == f"\r\n{answer}\r\n\r\nOK\r\n".encode()


def test_edrx_off_reads_back_as_ok_alone() -> None:
    host = Host()
    host.well("AT+CEDRXS?", 'AT+CEDRXS=1,5,"0010"', "AT+CEDRXS=0,5", "AT+CEDRXS?", "AT+CEDRXS=0")
    host.well("AT+CEDRXS=1,5", "AT+CEDRXRDP=?")
    assert host.ask("AT+CEDRXS?") == ['+CEDRXS:5,"0010"', "OK"]


@pytest.mark.parametrize(
    "command", ["AT+CEDRXS=", "AT+CEDRXS=1,6", 'AT+CEDRXS=1,5,"01010"', "AT+CEDRXS=4,5"]
)
def test_refusals_change_nothing(command: str) -> None:
    host = Host()
    assert host.refused(command) == 50
    assert host.ask("AT+CEDRXS?") == ["OK"]


@given(now=st.floats(0, 4e9), cycle=st.sampled_from([20.48, 40.96, 81.92, 10485.76]))
def test_next_window_comes_within_a_cycle(now: float, cycle: float) -> None:
    at = next_window(cycle, now)
    assert now <= at <= now + cycle
    assert next_window(cycle, at) == at


def test_downlink_waits_for_the_window() -> None:
    host = dozing()
    assert host.deliver(READ) == []
    assert host.module.step(host.now) == next_window(CYCLE, host.now)
    waited = next_window(CYCLE, host.now) - host.now
    assert 15 < waited < CYCLE
    assert host.wait(waited - 0.01) == []
    assert host.wait(0.02) == [ASKED]


def test_messages_and_datagrams_keep_their_order() -> None:
    host = dozing()
    host.ask("AT+NSOCR=DGRAM,17,5000")
    host.deliver(READ)
    host.module.deliver_datagram(0, "192.0.2.1", 7, b"x", host.now)
    assert host.wait(CYCLE) == [ASKED, "+NSONMI:0,1"]


def test_downlink_arrives_at_once_while_connected() -> None:
    host = dozing()
    host.deliver(READ)
    assert host.ask("AT+NPING=192.0.2.1") == ["OK", ASKED]
    assert host.deliver(READ) == [ASKED]


def test_downlink_arrives_at_once_when_edrx_is_turned_off() -> None:
    host = dozing()
    host.deliver(READ)
    assert host.ask("AT+CEDRXS=0") == ["OK", ASKED]


@pytest.mark.parametrize("loss", ["coverage", "restart"])
def test_waiting_downlink_is_lost_with_the_network(loss: str) -> None:
    host = dozing()
    host.deliver(READ)
    if loss == "coverage":
        host.module.radio.coverage = Coverage.OUT
        host.wait(1)
        host.module.radio.coverage = Coverage.ECL0
    else:
        host.module.power_cycle(Cause.WATCHDOG, host.now)
    assert ASKED not in host.wait_raw(60).decode()


def test_waiting_downlink_is_limited() -> None:
    host = dozing()
    for _ in range(PAGING_LIMIT + 3):
        host.deliver(READ)
    assert host.wait(CYCLE) == [ASKED] * PAGING_LIMIT


def test_cycle_values_and_the_shortest_for_others() -> None:
    host = dozing()
    for value, cycle in (("0111", CYCLE), ("0000", CYCLE), ("1111", 10485.76)):
        host.well(f'AT+CEDRXS=1,5,"{value}"')
        host.wait(next_window(cycle, host.now + INACTIVITY_TIME + 3) + 3 - host.now)
        host.deliver(READ)
        assert host.module.step(host.now) == next_window(cycle, host.now)
        assert host.wait(cycle) == [ASKED]


def test_setting_edrx_connects_the_radio() -> None:
    host = Host()
    host.well("AT+CSCON=1")
    assert host.ask('AT+CEDRXS=1,5,"0010"') == ["OK", "+CSCON:1"]
    host.wait(60)
    host.well("AT+CGATT=0", "AT+CEDRXS=0")
    assert host.wait(60) == []
