"""The commands about the network, byte for byte and in time."""

from __future__ import annotations

import pytest

from tests.emulator.uart import Host, lines

CSQ = "+CSQ:28,99"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("AT+CSQ", [CSQ]),
        ("AT+CFUN?", ["+CFUN:1"]),
        ("AT+CEREG?", ["+CEREG:0,1"]),
        ("AT+CGATT?", ["+CGATT:1"]),
        ("AT+CSCON?", ["+CSCON:0,0"]),
        ("AT+COPS?", ['+COPS:0,2,"46000"']),
        ("AT+CGDCONT?", ['+CGDCONT:0,"IP","nbiot.MNC002.MCC460.GPRS",,0,0']),
        ("AT+CGPADDR", ["+CGPADDR:0,10.160.3.14"]),
        ("AT+CGPADDR=0", ["+CGPADDR:0,10.160.3.14"]),
        ("AT+CCLK?", ["+CCLK:26/11/23,14:36:00+32"]),
        ("AT+NUESTATS=CELL", ["NUESTATS:CELL,3555,88,1,-666,-108,-570,222"]),
        (
            "AT+NUESTATS",
            [
                "Signal power:-666",
                "Total power:-570",
                "TX power:0",
                "TX time:0",
                "RX time:0",
                "Cell ID:94",
                "ECL:0",
                "SNR:222",
                "EARFCN:3555",
                "PCI:88",
                "RSRQ:-108",
            ],
        ),
        ("AT+CFUN=?", ["+CFUN:(0,1)"]),
        ("AT+CEREG=?", ["+CEREG:(0-5)"]),
        ("AT+CGATT=?", ["+CGATT:(0,1)"]),
        ("AT+CSCON=?", ["+CSCON:(0,1)"]),
        ("AT+CSQ=?", ["+CSQ:(0-31,99),(99)"]),
        ("AT+CGPADDR=?", ["+CGPADDR:(0)"]),
    ],
)
def test_questions_byte_for_byte(question: str, answer: list[str]) -> None:
    framed = "".join(f"\r\n{line}\r\n" for line in [*answer, "OK"])
    assert Host().raw(question.encode() + b"\r") == framed.encode()


@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("AT+CFUN=2", 50),
        ("AT+CFUN", 50),
        ("AT+CFUN=0,0", 50),
        ("AT+CEREG=6", 50),
        ("AT+CEREG=", 50),
        ("AT+CGATT=2", 50),
        ("AT+CSCON=2", 50),
        ("AT+COPS=1", 50),
        ("AT+COPS=1,0,46000", 50),
        ('AT+COPS=1,2,"4600"', 50),
        ("AT+COPS=0,2", 50),
        ("AT+COPS=3", 50),
        ('AT+COPS=1,2,"46001"', 30),
        ("AT+CSQ=1", 50),
        ("AT+CSQ?", 4),
        ("AT+NUESTATS=NONE", 50),
        ("AT+NUESTATS=CELL,1", 50),
        ("AT+CGPADDR=1", 50),
        ("AT+CCLK", 50),
        ("AT+CGDCONT=0", 50),
        ("AT+NPING=host", 50),
        ("AT+NPING=192.0.2.1,11", 50),
        ("AT+NPING=192.0.2.1,12,9", 50),
        ("AT+NPING=192.0.2.1,12,10,1", 50),
    ],
)
def test_refusals_change_nothing(command: str, number: int) -> None:
    host = Host()
    questions = ["AT+CFUN?", "AT+CEREG?", "AT+CGATT?", "AT+CSCON?", "AT+COPS?", "AT+CSQ"]
    before = [host.ask(question) for question in questions]
    assert host.refused(command) == number
    assert host.wait(60) == []
    assert [host.ask(question) for question in questions] == before


# Registration ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "registered", "lost"),
    [
        (1, "+CEREG:1,1", "+CEREG:1,0"),
        (2, "+CEREG:2,1,19E6,94,7", "+CEREG:2,0"),
        (3, "+CEREG:3,1,19E6,94,7", "+CEREG:3,0"),
        (4, '+CEREG:4,1,19E6,94,7,,,"00000101","01000001"', "+CEREG:4,0"),
        (5, '+CEREG:5,1,19E6,94,7,,,"00000101","01000001"', "+CEREG:5,0"),
    ],
)
def test_levels_of_registration(level: int, registered: str, lost: str) -> None:
    host = Host()
    host.well(f"AT+CEREG={level}", "AT+CPSMS=1")
    assert host.ask("AT+CEREG?") == [registered, "OK"]
    unasked = f"+CEREG:{lost.partition(',')[2]}"
    assert host.ask("AT+CGATT=0") == ["OK", unasked]
    assert host.ask("AT+CEREG?") == [lost, "OK"]


def test_timers_are_told_only_while_power_saving_is_on() -> None:
    host = Host()
    host.well("AT+CEREG=5")
    assert host.ask("AT+CEREG?") == ["+CEREG:5,1,19E6,94,7", "OK"]


def test_losing_and_finding_the_network_is_told_at_once() -> None:
    host = Host()
    host.well("AT+CEREG=2")
    assert host.raw(b"AT+CGATT=0\r") == b"\r\nOK\r\n\r\n+CEREG:0\r\n"
    assert host.ask("AT+CGATT?") == ["+CGATT:0", "OK"]
    assert host.ask("AT+CGATT=1") == ["OK", "+CEREG:2"]
    assert host.ask("AT+CGATT?") == ["+CGATT:0", "OK"]
    assert host.wait(2.1) == ["+CEREG:1,19E6,94,7"]
    assert host.ask("AT+CGATT?") == ["+CGATT:1", "OK"]


def test_without_network_there_is_neither_signal_nor_address_nor_operator() -> None:
    host = Host()
    host.well("AT+CGATT=0")
    assert host.ask("AT+CSQ") == ["+CSQ:99,99", "OK"]
    assert host.ask("AT+CGPADDR") == ["+CGPADDR:0", "OK"]
    assert host.ask("AT+COPS?") == ["+COPS:0", "OK"]
    assert host.ask("AT+NUESTATS=CELL") == ["OK"]
    assert host.ask("AT+NUESTATS")[0] == "Signal power:-32768"
    host.well("AT+CGATT=0")


def test_the_radio_off_and_on_takes_its_time() -> None:
    host = Host()
    host.well("AT+CEREG=1")
    assert host.ask("AT+CFUN=0") == ["+CEREG:0"]
    assert host.wait(0.7) == []
    assert host.wait(0.2) == ["OK"]
    assert host.ask("AT+CFUN?") == ["+CFUN:0", "OK"]
    host.well("AT+CFUN=0")
    assert host.refused("AT+CGATT=1") == 3
    assert host.refused('AT+COPS=1,2,"46000"') == 3
    assert host.ask("AT+CFUN=1") == ["+CEREG:2"]
    assert host.wait(1.6) == ["OK"]
    assert host.wait(1.0) == ["+CEREG:1"]
    host.well("AT+CFUN=1")


def test_operators_by_hand_by_itself_and_none() -> None:
    host = Host()
    host.well("AT+COPS=2")
    assert host.ask("AT+COPS?") == ["+COPS:2", "OK"]
    host.well("AT+COPS=1,2,46000")
    host.wait(3)
    assert host.ask("AT+COPS?") == ['+COPS:1,2,"46000"', "OK"]
    host.well("AT+COPS=0")
    assert host.ask("AT+COPS?") == ['+COPS:0,2,"46000"', "OK"]


def test_connection_is_told_as_it_comes_and_goes() -> None:
    host = Host()
    host.well("AT+CSCON=1")
    assert host.ask("AT+NPING=192.0.2.1") == ["OK", "+CSCON:1"]
    assert host.ask("AT+CSCON?") == ["+CSCON:1,1", "OK"]
    assert host.wait(60) == ["+NPING:192.0.2.1,64,320", "+CSCON:0"]


# Signal, clock, ping -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rssi", "shown"), [(-1130, 0), (-1200, 0), (-510, 31), (-300, 31), (-1110, 1), (-1115, 0)]
)
def test_signal_strength_in_steps_of_two_decibels(rssi: int, shown: int) -> None:
    host = Host()
    host.module.radio.cell = type(host.module.radio.cell)(rssi=rssi)
    assert host.ask("AT+CSQ") == [f"+CSQ:{shown},99", "OK"]


def test_the_clock_goes() -> None:
    host = Host()
    host.wait(9 * 3600 + 24 * 60)
    assert host.ask("AT+CCLK?") == ["+CCLK:26/11/24,00:00:00+32", "OK"]


def test_a_ping_comes_back_after_the_round_trip() -> None:
    host = Host()
    host.well("AT+NPING=192.0.2.1,100,5000")
    assert host.refused("AT+NPING=192.0.2.1") == 3
    assert host.wait(0.31) == []
    assert host.wait(0.02) == ["+NPING:192.0.2.1,64,320"]
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
