"""Settings that survive a restart, and those that do not."""

from __future__ import annotations

import pytest

from emulator.module.boot import Cause
from tests.support.uart import DIRECT, Host

# Commands of the host, a question, and its answer with the setting made.
KEPT = [
    ("AT+NBAND=8", "AT+NBAND?", "+NBAND:8"),
    ("AT+NCONFIG=CELL_RESELECTION,FALSE", "AT+NCONFIG?", "+NCONFIG:CELL_RESELECTION,FALSE"),
    ("AT+NCONFIG=AUTOCONNECT,FALSE", "AT+NCONFIG?", "+NCONFIG:AUTOCONNECT,FALSE"),
    ("AT+NATSPEED=57600,30,1", "AT+NATSPEED?", "+NATSPEED:57600,0,0,2,1,0,0"),
]
FORGOTTEN = [
    ("ATE1", "AT+CSQ", "AT+CSQ"),
    ("AT+CMEE=1", "AT+CMEE?", "+CMEE:1"),
    ("AT+CEREG=2", "AT+CEREG?", "+CEREG:2,1,19E6,94,7"),
    ("AT+CSCON=1", "AT+CSCON?", "+CSCON:1,0"),
    ('AT+COPS=1,2,"46000"', "AT+COPS?", '+COPS:1,2,"46000"'),
    ("AT+CFUN=0", "AT+CFUN?", "+CFUN:0"),
    ("AT+CGATT=0", "AT+CGATT?", "+CGATT:0"),
    ('AT+CGDCONT=1,"IP","cmnbiot"', "AT+CGDCONT?", '+CGDCONT:1,"IP","cmnbiot",,0,0'),
    ('AT+CPSMS=1,,,"01000011","00100001"', "AT+CPSMS?", "+CPSMS:1,,,01000011,00100001"),
    ("AT+NPSMR=1", "AT+NPSMR?", "+NPSMR:1,0"),
    ('AT+CEDRXS=1,5,"0101"', "AT+CEDRXS?", '+CEDRXS:5,"0101"'),
    ('AT+CCLK="30/01/01,00:00:00+00"', "AT+CCLK?", "+CCLK:30/01/01,00:01:00+00"),
    ("AT+NATSPEED=57600,30,0", "AT+NATSPEED?", "+NATSPEED:57600,30,0,2,1,0,0"),
    ("AT+NSOCR=DGRAM,17,5683", "AT+NSOCR=DGRAM,17,5684", "1"),
    (DIRECT, "AT+MIPLADDOBJ=0,3303,0", "OK"),
]


def output_of(host: Host, question: str) -> list[str]:
    """The lines of the output, with or without echo."""
    return host.raw(f"{question}\r".encode()).decode().split()


def made(command: str, question: str, answer: str) -> Host:
    """A module with the setting made and a minute passed."""
    host = Host()
    host.raw(f"{command}\r".encode())
    if command.startswith("AT+NATSPEED"):
        host.well("AT")  # at the new speed, which keeps it
    host.wait_raw(60)
    assert answer in output_of(host, question)
    return host


def restarted(host: Host, cause: Cause) -> None:
    if cause is Cause.COMMAND:
        host.raw(b"AT+NRB\r")
    else:
        host.module.power_cycle(cause, host.now)
    host.wait_raw(60)


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize(("command", "question", "answer"), KEPT)
def test_flash_keeps_settings(command: str, question: str, answer: str, cause: Cause) -> None:
    before = answer.replace("57600,0,0", "57600,30,1")
    host = made(command, question, before)
    restarted(host, cause)
    assert answer in output_of(host, question)


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize(("command", "question", "answer"), FORGOTTEN)
def test_other_settings_are_lost(command: str, question: str, answer: str, cause: Cause) -> None:
    host = made(command, question, answer)
    fresh = Host()
    fresh.now = host.now
    restarted(host, cause)
    restarted(fresh, cause)
    after = output_of(host, question)
    assert after == output_of(fresh, question)
    assert answer not in after


def test_radio_stays_off_without_autoconnect() -> None:
    host = Host()
    host.well("AT+NCONFIG=AUTOCONNECT,FALSE")
    assert host.ask("AT+CEREG?") == ["+CEREG:0,1", "OK"]  # it counts from the next start on
    restarted(host, Cause.COMMAND)
    host.wait(3600)
    assert host.ask("AT+CFUN?") == ["+CFUN:0", "OK"]
    assert host.ask("AT+CEREG?") == ["+CEREG:0,0", "OK"]
    host.raw(b"AT+CFUN=1\r")
    host.wait(10)
    assert host.ask("AT+CEREG?") == ["+CEREG:0,1", "OK"]
