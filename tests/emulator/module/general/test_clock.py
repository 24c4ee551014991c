"""AT+CCLK: set by the network or the host."""

from __future__ import annotations

import pytest

from emulator.module.module import BOOT_TIME
from emulator.module.radio.coverage import ATTACH_TIME, Coverage
from tests.support.uart import Host


def test_registered_module_has_network_time() -> None:
    assert Host().ask("AT+CCLK?") == ["+CCLK:26/11/23,14:36:00+32", "OK"]
    Host().well("AT+CCLK=?")
    assert Host().refused("AT+CCLK") == 50


def test_clock_runs() -> None:
    host = Host()
    host.wait(9 * 3600 + 24 * 60)
    assert host.ask("AT+CCLK?") == ["+CCLK:26/11/24,00:00:00+32", "OK"]


def test_clock_counts_from_1970_until_registration() -> None:
    host = Host()
    host.raw(b"AT+NRB\r")
    host.wait_raw(BOOT_TIME)
    assert host.ask("AT+CCLK?") == ["+CCLK:70/01/01,00:00:03+00", "OK"]
    host.wait(ATTACH_TIME)
    assert host.ask("AT+CCLK?") == ["+CCLK:26/11/23,14:36:05+32", "OK"]


def test_clock_keeps_its_time_without_network() -> None:
    host = Host()
    host.module.radio.coverage = Coverage.OUT
    host.wait(60)
    assert host.ask("AT+CCLK?") == ["+CCLK:26/11/23,14:37:00+32", "OK"]


def test_host_sets_the_time_until_the_network_does() -> None:
    host = Host()
    host.well('AT+CCLK="99/12/31,23:59:58-08"')
    assert host.ask("AT+CCLK?") == ["+CCLK:99/12/31,23:59:58-08", "OK"]
    host.wait(2)
    host.well('AT+CCLK="24/02/29,00:00:00+00"', "AT+CPSMS=0", "AT+CSCON=1")
    assert host.wait(30) == ["+CSCON:0"]
    assert host.ask("AT+CCLK?") == ["+CCLK:24/02/29,00:00:30+00", "OK"]
    host.well("AT+CGATT=0", "AT+CGATT=1")
    host.wait(ATTACH_TIME)
    assert host.ask("AT+CCLK?") == ["+CCLK:26/11/23,14:36:34+32", "OK"]


@pytest.mark.parametrize(
    "time",
    [
        "",
        "26/11/23,14:36:00+32",
        '"26/13/23,14:36:00+32"',
        '"25/02/29,14:36:00+32"',
        '"26/1/23,14:36:00+32"',
        '"26/11/23,24:36:00+32"',
        '"26/11/23,14:36:00+97"',
        '"26/11/23,14:36:00 32"',
        '"26/11/23,14:36:00+32",1',
        '"\u00e9"',
    ],
)
def test_invalid_times_are_refused(time: str) -> None:
    host = Host()
    assert host.refused(f"AT+CCLK={time}") == 50
    assert host.ask("AT+CCLK?") == ["+CCLK:26/11/23,14:36:00+32", "OK"]
