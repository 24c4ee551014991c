"""PDP contexts and their addresses."""

from __future__ import annotations

import pytest

from emulator.module.boot import Cause
from tests.support.uart import Host

FIRST = '+CGDCONT:0,"IP","nbiot.MNC002.MCC460.GPRS",,0,0'
ADDRESS = "+CGPADDR:0,10.160.3.14"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("AT+CGDCONT?", FIRST),
        ("AT+CGDCONT=?", '+CGDCONT:(0-10),("IP","NONIP"),,,(0),(0)'),
        ("AT+CGPADDR", ADDRESS),
        ("AT+CGPADDR=0", ADDRESS),
        ("AT+CGPADDR=?", "+CGPADDR:(0)"),
    ],
)
def test_read_and_test_forms(command: str, answer: str) -> None:
    assert Host().ask(command) == [answer, "OK"]


def test_contexts_are_defined_deleted_and_lost_at_a_restart() -> None:
    host = Host()
    host.well('AT+CGDCONT=1,"IP","cmnbiot"', 'AT+CGDCONT=2,"NONIP","",,0,0', 'AT+CGDCONT=0,"IP"')
    others = ['+CGDCONT:1,"IP","cmnbiot",,0,0', '+CGDCONT:2,"NONIP","",,0,0']
    assert host.ask("AT+CGDCONT?") == ['+CGDCONT:0,"IP","",,0,0', *others, "OK"]
    assert host.ask("AT+CGPADDR") == [ADDRESS, "+CGPADDR:1", "+CGPADDR:2", "OK"]
    assert host.ask("AT+CGPADDR=1") == ["+CGPADDR:1", "OK"]
    assert host.ask("AT+CGPADDR=?") == ["+CGPADDR:(0,1,2)", "OK"]
    host.well("AT+CGDCONT=2", "AT+CGDCONT=0", "AT+CGDCONT=7")
    assert host.ask("AT+CGDCONT?") == [FIRST, others[0], "OK"]
    host.module.power_cycle(Cause.POWER_ON, host.now)
    host.wait_raw(60)
    assert host.ask("AT+CGDCONT?") == [FIRST, "OK"]


def test_no_address_without_network() -> None:
    host = Host()
    host.well("AT+CGATT=0")
    assert host.ask("AT+CGPADDR") == ["+CGPADDR:0", "OK"]


@pytest.mark.parametrize(
    "command",
    [
        "AT+CGDCONT",
        "AT+CGDCONT=",
        'AT+CGDCONT=256,"IP"',
        'AT+CGDCONT=1,"A B"',
        'AT+CGDCONT=1,"IP","a",,5',
        'AT+CGDCONT=1,"IP","a",,0,0,0',
        "AT+CGPADDR=256",
        "AT+CGPADDR=0,x",
    ],
)
def test_refusals_change_nothing(command: str) -> None:
    host = Host()
    assert host.refused(command) == 50
    assert host.ask("AT+CGDCONT?") == [FIRST, "OK"]
