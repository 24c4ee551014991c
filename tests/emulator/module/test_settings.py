"""Settings: set, read back, effect on the search."""

from __future__ import annotations

import pytest

from emulator.module.boot import Cause
from tests.support.uart import Host


@pytest.mark.parametrize(
    ("commands", "question", "answer"),
    [
        ([], "AT+CPSMS?", "+CPSMS:0,,,01000001,00000101"),
        (["AT+CPSMS=1"], "AT+CPSMS?", "+CPSMS:1,,,01000001,00000101"),
        (
            ['AT+CPSMS=1,,,"01011111","00001010"'],
            "AT+CPSMS?",
            "+CPSMS:1,,,01011111,00001010",
        ),
        (
            ['AT+CPSMS=1,,,"01011111","00001010"', "AT+CPSMS=1,,,,00001111"],
            "AT+CPSMS?",
            "+CPSMS:1,,,01011111,00001111",
        ),
        (["AT+CPSMS=1", "AT+CPSMS=0"], "AT+CPSMS?", "+CPSMS:0,,,01000001,00000101"),
        ([], "AT+NPSMR?", "+NPSMR:0"),
        (["AT+NPSMR=1"], "AT+NPSMR?", "+NPSMR:1,0"),
        ([], "AT+NBAND?", "+NBAND:5,8"),
        (["AT+NBAND=8"], "AT+NBAND?", "+NBAND:8"),
        (["AT+NBAND=8,3,5"], "AT+NBAND?", "+NBAND:8,3,5"),
        ([], "AT+CPSMS=?", "+CPSMS:(0,1),,,(00000000-11111111),(00000000-11111111)"),
        ([], "AT+NPSMR=?", "+NPSMR:(0,1)"),
        ([], "AT+NBAND=?", "+NBAND:(3,5,8)"),
        ([], "AT+NEARFCN=?", "+NEARFCN:(0),(0-65535)"),
    ],
)
def test_set_and_read_back(commands: list[str], question: str, answer: str) -> None:
    host = Host()
    host.well(*commands)
    assert host.raw(question.encode() + b"\r") == f"\r\n{answer}\r\n\r\nOK\r\n".encode()


@pytest.mark.parametrize(
    "command",
    [
        "AT+CPSMS=3",
        "AT+CPSMS",
        'AT+CPSMS=1,,,"0101111","00001010"',
        'AT+CPSMS=1,,,"01011112","00001010"',
        'AT+CPSMS=1,,,"01011111","00001010",1',
        "AT+NPSMR=2",
        "AT+NBAND=",
        "AT+NBAND=0",
        "AT+NBAND=8,256",
        "AT+NEARFCN=256,3555",
        "AT+NEARFCN=0",
        "AT+NEARFCN=0,65536",
        "AT+NCONFIG=nosuch,TRUE",
        "AT+NCONFIG=AUTOCONNECT,1",
        "AT+NCONFIG=AUTOCONNECT",
        "AT+NCONFIG=AUTOCONNECT,TRUE,1",
        "AT+NCSEARFCN=1",
    ],
)
def test_refusals_change_nothing(command: str) -> None:
    host = Host()
    questions = ["AT+CPSMS?", "AT+NPSMR?", "AT+NBAND?", "AT+NCONFIG?"]
    before = [host.ask(question) for question in questions]
    assert host.refused(command) == 50
    assert [host.ask(question) for question in questions] == before


def test_flags_are_listed_one_a_line() -> None:
    host = Host()
    host.well("AT+NCONFIG=CELL_RESELECTION,FALSE")
    rows = host.ask("AT+NCONFIG?")
    assert rows == [
        "+NCONFIG:AUTOCONNECT,TRUE",
        "+NCONFIG:CR_0354_0338_SCRAMBLING,TRUE",
        "+NCONFIG:CR_0859_SI_AVOID,FALSE",
        "+NCONFIG:COMBINE_ATTACH,FALSE",
        "+NCONFIG:CELL_RESELECTION,FALSE",
        "+NCONFIG:ENABLE_BIP,FALSE",
        "OK",
    ]
    (ranges, _) = host.ask("AT+NCONFIG=?")
    assert ranges.startswith("+NCONFIG:(AUTOCONNECT,")
    assert ranges.endswith(",ENABLE_BIP),(FALSE,TRUE)")


def test_locked_carrier_applies_to_the_next_search() -> None:
    host = Host()
    host.well("AT+NEARFCN=0,1", "AT+CGATT=0", "AT+CGATT=1")
    assert host.wait(300) == []
    assert host.ask("AT+CEREG?") == ["+CEREG:0,2", "OK"]
    host.well("AT+NCSEARFCN", "AT+CGATT=0", "AT+CGATT=1", "AT+NCSEARFCN=?")
    host.wait(10)
    assert host.ask("AT+CEREG?") == ["+CEREG:0,1", "OK"]


def test_band_without_the_cell_finds_nothing() -> None:
    host = Host()
    host.well("AT+NBAND=5")
    assert host.ask("AT+CGATT?") == ["+CGATT:1", "OK"]
    host.well("AT+CGATT=0", "AT+CGATT=1")
    host.wait(300)
    assert host.ask("AT+CEREG?") == ["+CEREG:0,2", "OK"]


def test_wrong_scrambling_finds_nothing_after_a_restart() -> None:
    host = Host()
    host.well("AT+NCONFIG=CR_0354_0338_SCRAMBLING,FALSE", "AT+CGATT=0", "AT+CGATT=1")
    host.wait(10)
    assert host.ask("AT+CEREG?") == ["+CEREG:0,1", "OK"]
    host.raw(b"AT+NRB\r")
    host.wait_raw(300)
    assert host.ask("AT+CEREG?") == ["+CEREG:0,2", "OK"]


@pytest.mark.parametrize("cause", Cause)
def test_any_restart_keeps_the_flash_only(cause: Cause) -> None:
    host = Host()
    host.well("AT+NCONFIG=AUTOCONNECT,FALSE", "AT+NBAND=8,3", "AT+CEREG=2", "AT+CPSMS=1")
    host.module.power_cycle(cause, host.now)
    host.wait_raw(60)
    assert host.ask("AT+NCONFIG?")[0] == "+NCONFIG:AUTOCONNECT,FALSE"
    assert host.ask("AT+NBAND?") == ["+NBAND:8,3", "OK"]
    assert host.ask("AT+CEREG?") == ["+CEREG:0,0", "OK"]
    assert host.ask("AT+CPSMS?") == ["+CPSMS:0,,,01000001,00000101", "OK"]
