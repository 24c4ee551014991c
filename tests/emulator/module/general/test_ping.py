"""AT+NPING: result, delay, failures."""

from __future__ import annotations

import pytest

from emulator.module.radio.coverage import RECEPTIONS, Coverage
from tests.support.uart import Host, lines


@pytest.mark.parametrize(
    "command",
    [
        "AT+NPING=host",
        "AT+NPING=192.0.2.1,11",
        "AT+NPING=192.0.2.1,12,9",
        "AT+NPING=192.0.2.1,12,10,-1",
        "AT+NPING=192.0.2.1,12,10,1,1",
    ],
)
def test_refusals(command: str) -> None:
    host = Host()
    assert host.refused(command) == 50
    assert host.wait(60) == []


def test_result_after_the_round_trip() -> None:
    host = Host()
    host.well("AT+NPING=192.0.2.1,100,5000")
    assert host.wait(0.31) == []
    assert host.module.busy
    assert host.wait(0.02) == ["+NPING:192.0.2.1,64,320"]
    assert not host.module.busy
    host.well('AT+NPING="192.0.2.1"')


def test_fourth_value_is_the_number_of_pings() -> None:
    host = Host()
    host.well("AT+NPING=192.0.2.1,12,5000,3")
    assert host.wait(0.97) == ["+NPING:192.0.2.1,64,320"] * 3
    assert not host.module.busy


def test_ping_fails_after_its_timeout() -> None:
    host = Host()
    host.well("AT+NPING=192.0.2.1,,300")
    assert host.wait(0.29) == []
    assert host.wait(0.02) == ["+NPINGERR:1"]


def test_ping_without_network_fails_after_its_timeout() -> None:
    host = Host()
    host.well("AT+CGATT=0", "AT+NPING=192.0.2.1")
    assert host.wait(9.9) == []
    assert host.wait(0.2) == ["+NPINGERR:1"]


def test_unsent_ping_fails_although_the_network_returns() -> None:
    host = Host()
    host.well("AT+CGATT=0", "AT+NPING=192.0.2.1", "AT+CGATT=1")
    assert host.wait(9.9) == []
    assert host.ask("AT+CGATT?") == ["+CGATT:1", "OK"]
    assert host.wait(0.2) == ["+NPINGERR:1"]


def test_ping_fails_when_the_network_is_lost() -> None:
    host = Host()
    host.well("AT+NPING=192.0.2.1", "AT+CGATT=0")
    assert host.wait(1) == ["+NPINGERR:1"]


def test_ping_connects_the_radio() -> None:
    host = Host()
    host.module.radio.cell = type(host.module.radio.cell)(round_trip=11.0)
    host.module.receive(b"AT+NPING=192.0.2.1,,20000\r", host.now)
    assert lines(host.module.take_output()) == ["OK"]
    assert host.wait(12) == ["+NPING:192.0.2.1,64,11000"]


def test_ping_takes_longer_in_bad_coverage() -> None:
    host = Host()
    host.module.radio.coverage = Coverage.ECL2
    host.well("AT+NPING=192.0.2.1,,20000")
    seconds = RECEPTIONS[Coverage.ECL2].cell.round_trip
    assert host.wait(seconds) == [f"+NPING:192.0.2.1,64,{round(1000 * seconds)}"]
