"""The module's clock: wrong after a start, right with the network."""

from __future__ import annotations

from emulator.coverage import ATTACH_TIME, Coverage
from emulator.module import BOOT_TIME
from tests.emulator.uart import Host


def test_a_module_on_the_network_knows_the_time() -> None:
    assert Host().ask("AT+CCLK?") == ["+CCLK:26/11/23,14:36:00+32", "OK"]
    Host().well("AT+CCLK=?")
    assert Host().refused("AT+CCLK") == 50


def test_the_clock_goes() -> None:
    host = Host()
    host.wait(9 * 3600 + 24 * 60)
    assert host.ask("AT+CCLK?") == ["+CCLK:26/11/24,00:00:00+32", "OK"]


def test_after_a_start_it_counts_from_1970_until_the_network_tells_it_the_time() -> None:
    host = Host()
    host.raw(b"AT+NRB\r")
    host.wait_raw(BOOT_TIME)
    assert host.ask("AT+CCLK?") == ["+CCLK:70/01/01,00:00:03+00", "OK"]
    host.wait(ATTACH_TIME)
    assert host.ask("AT+CCLK?") == ["+CCLK:26/11/23,14:36:05+32", "OK"]


def test_once_told_it_needs_no_network() -> None:
    host = Host()
    host.module.radio.coverage = Coverage.OUT
    host.wait(60)
    assert host.ask("AT+CCLK?") == ["+CCLK:26/11/23,14:37:00+32", "OK"]
