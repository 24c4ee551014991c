"""AT+NATSPEED: a new speed is kept once a command has come at it."""

from __future__ import annotations

import pytest

from tests.support.uart import Host


def test_speed_changes_with_the_answer() -> None:
    host = Host()
    assert host.ask("AT+NATSPEED?") == ["+NATSPEED:9600,0,0,2,1,0,0", "OK"]
    host.well("AT+NATSPEED=115200,30,0,2,1,0,0")
    assert host.module.baud == 115_200
    assert host.ask("AT+NATSPEED?") == ["+NATSPEED:115200,30,0,2,1,0,0", "OK"]
    host.well("AT+NATSPEED=57600")
    assert host.ask("AT+NATSPEED?") == ["+NATSPEED:57600,30,0,2,1,0,0", "OK"]
    (ranges, _) = host.ask("AT+NATSPEED=?")
    assert ranges.startswith("+NATSPEED:(4800,9600,57600,115200,230400,460800),(0-30),")
    host.raw(b"AT+NRB\r")
    assert host.module.baud == 9600


def test_speed_stored_in_flash() -> None:
    host = Host(speed=115_200)
    assert host.module.baud == 115_200
    assert host.ask("AT+NATSPEED?") == ["+NATSPEED:115200,0,0,2,1,0,0", "OK"]
    host.well("AT+NATSPEED=57600")
    host.raw(b"AT+NRB\r")
    assert host.module.baud == 115_200


@pytest.mark.parametrize(
    "command",
    ["AT+NATSPEED=9601", "AT+NATSPEED=300", "AT+NATSPEED=9600,31", "AT+NATSPEED=9600,,,,,,,1"],
)
def test_invalid_speeds_are_refused(command: str) -> None:
    host = Host()
    assert host.refused(command) == 50
    assert host.module.baud == 9600


def test_unconfirmed_speed_is_reverted() -> None:
    host = Host()
    host.well("AT+NATSPEED=115200,3,1")
    assert host.wait(2.9) == []
    assert host.module.baud == 115_200
    host.wait(0.2)
    assert host.module.baud == 9600
    host.raw(b"AT+NRB\r")
    assert host.module.baud == 9600


def test_command_confirms_the_new_speed_and_garbage_does_not() -> None:
    host = Host()
    host.well("AT+NATSPEED=115200,3,1")
    assert host.ask("\xf8\x80") == ["ERROR"]
    host.raw(b"\r")
    host.wait(2)
    host.well("AT")
    host.wait(60)
    assert host.module.baud == 115_200
    host.raw(b"AT+NRB\r")
    assert host.module.baud == 115_200


def test_second_speed_command_confirms_the_first_speed() -> None:
    host = Host()
    host.well("AT+NATSPEED=115200,3,1", "AT+NATSPEED=57600,3")
    host.wait(60)
    assert host.module.baud == 115_200


def test_speed_without_timeout_stays() -> None:
    host = Host()
    host.well("AT+NATSPEED=115200")
    host.wait(3600)
    assert host.module.baud == 115_200
