"""AT+NPING: what comes back, when, and what does not."""

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
        "AT+NPING=192.0.2.1,12,10,1",
    ],
)
def test_refusals(command: str) -> None:
    host = Host()
    assert host.refused(command) == 50
    assert host.wait(60) == []


def test_a_ping_comes_back_after_the_round_trip() -> None:
    host = Host()
    host.well("AT+NPING=192.0.2.1,100,5000")
    assert host.refused("AT+NPING=192.0.2.1") == 3
    assert host.wait(0.31) == []
    assert host.module.busy
    assert host.wait(0.02) == ["+NPING:192.0.2.1,64,320"]
    assert not host.module.busy
    host.well('AT+NPING="192.0.2.1"')


def test_a_ping_that_has_no_time_fails() -> None:
    host = Host()
    host.well("AT+NPING=192.0.2.1,,300")
    assert host.wait(0.29) == []
    assert host.wait(0.02) == ["+NPINGERR:1"]


def test_a_ping_without_network_fails_after_its_time() -> None:
    host = Host()
    host.well("AT+CGATT=0", "AT+NPING=192.0.2.1")
    assert host.wait(9.9) == []
    assert host.wait(0.2) == ["+NPINGERR:1"]


def test_a_ping_that_never_left_is_not_answered_by_a_network_that_comes_meanwhile() -> None:
    host = Host()
    host.well("AT+CGATT=0", "AT+NPING=192.0.2.1", "AT+CGATT=1")
    assert host.wait(9.9) == []
    assert host.ask("AT+CGATT?") == ["+CGATT:1", "OK"]
    assert host.wait(0.2) == ["+NPINGERR:1"]


def test_a_ping_whose_network_goes_meanwhile_fails() -> None:
    host = Host()
    host.well("AT+NPING=192.0.2.1", "AT+CGATT=0")
    assert host.wait(1) == ["+NPINGERR:1"]


def test_a_slow_network_takes_the_ping_along() -> None:
    host = Host()
    host.module.radio.cell = type(host.module.radio.cell)(round_trip=11.0)
    host.module.receive(b"AT+NPING=192.0.2.1,,20000\r", host.now)
    assert lines(host.module.take_output()) == ["OK"]
    assert host.wait(12) == ["+NPING:192.0.2.1,64,11000"]


def test_a_ping_from_bad_coverage_takes_longer() -> None:
    host = Host()
    host.module.radio.coverage = Coverage.ECL2
    host.well("AT+NPING=192.0.2.1,,20000")
    seconds = RECEPTIONS[Coverage.ECL2].cell.round_trip
    assert host.wait(seconds) == [f"+NPING:192.0.2.1,64,{round(1000 * seconds)}"]
