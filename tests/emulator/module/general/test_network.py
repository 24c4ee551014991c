"""Network commands: answers, reports, delays."""

from __future__ import annotations

import pytest

from emulator.module.general.network import OPERATOR_SEARCH_TIME
from emulator.module.radio.coverage import ATTACH_TIME, Coverage
from emulator.module.radio.sim import Sim
from tests.support.uart import Host


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("AT+CFUN?", ["+CFUN:1"]),
        ("AT+CEREG?", ["+CEREG:0,1"]),
        ("AT+CGATT?", ["+CGATT:1"]),
        ("AT+CSCON?", ["+CSCON:0,0"]),
        ("AT+COPS?", ['+COPS:0,2,"46000"']),
        ("AT+CFUN=?", ["+CFUN:(0,1)"]),
        ("AT+CEREG=?", ["+CEREG:(0-5)"]),
        ("AT+CGATT=?", ["+CGATT:(0,1)"]),
        ("AT+CSCON=?", ["+CSCON:(0,1)"]),
    ],
)
def test_answers_byte_for_byte(question: str, answer: list[str]) -> None:
    lines = "".join(f"\r\n{line}" for line in answer)  # they touch
    assert Host().raw(question.encode() + b"\r") == f"{lines}\r\n\r\nOK\r\n".encode()


@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("AT+CFUN=2", 50),
        ("AT+CFUN=1,2", 50),
        ("AT+CFUN", 50),
        ("AT+CEREG=6", 50),
        ("AT+CEREG=", 50),
        ("AT+CGATT=2", 50),
        ("AT+CSCON=2", 50),
        ("AT+COPS=1", 50),
        ('AT+COPS=1,2,"4600"', 50),
        ("AT+COPS=5", 50),
        ('AT+COPS=1,2,"46001"', 30),
    ],
)
def test_refusals_change_nothing(command: str, number: int) -> None:
    host = Host()
    questions = ["AT+CFUN?", "AT+CEREG?", "AT+CGATT?", "AT+CSCON?", "AT+COPS?", "AT+CGPADDR"]
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
def test_registration_report_levels(level: int, registered: str, lost: str) -> None:
    host = Host()
    host.well(f"AT+CEREG={level}", "AT+CPSMS=1")
    assert host.ask("AT+CEREG?") == [registered, "OK"]
    unasked = f"+CEREG:{lost.partition(',')[2]}"
    assert host.ask("AT+CGATT=0") == ["OK", unasked]
    assert host.ask("AT+CEREG?") == [lost, "OK"]


def test_timers_are_reported_only_with_power_saving() -> None:
    host = Host()
    host.well("AT+CEREG=5")
    assert host.ask("AT+CEREG?") == ["+CEREG:5,1,19E6,94,7", "OK"]


def test_registration_changes_are_reported_at_once() -> None:
    host = Host()
    host.well("AT+CEREG=2")
    assert host.raw(b"AT+CGATT=0\r") == b"\r\nOK\r\n\r\n+CEREG:0\r\n"
    assert host.ask("AT+CGATT?") == ["+CGATT:0", "OK"]
    assert host.ask("AT+CGATT=1") == ["OK", "+CEREG:2"]
    assert host.ask("AT+CGATT?") == ["+CGATT:0", "OK"]
    assert host.wait(2.1) == ["+CEREG:1,19E6,94,7"]
    assert host.ask("AT+CGATT?") == ["+CGATT:1", "OK"]


def test_no_address_and_operator_without_network() -> None:
    host = Host()
    host.well("AT+CGATT=0")
    assert host.ask("AT+CGPADDR") == ["+CGPADDR:0", "OK"]
    assert host.ask("AT+COPS?") == ["+COPS:0", "OK"]
    host.well("AT+CGATT=0")


def test_cfun_answers_late() -> None:
    host = Host()
    host.well("AT+CEREG=1")
    assert host.ask("AT+CFUN=0") == ["+CEREG:0"]
    assert host.wait(0.7) == []
    assert host.wait(0.2) == ["OK"]
    assert host.ask("AT+CFUN?") == ["+CFUN:0", "OK"]
    host.well("AT+CFUN=0")
    assert host.ask("AT+CFUN=1") == ["+CEREG:2"]
    assert host.wait(1.6) == ["OK"]
    assert host.wait(1.0) == ["+CEREG:1"]
    host.well("AT+CFUN=1")


def test_operator_selection_modes() -> None:
    host = Host()
    host.well("AT+COPS=2")
    assert host.ask("AT+COPS?") == ["+COPS:2", "OK"]
    host.well("AT+COPS=1,2,46000")
    host.wait(3)
    assert host.ask("AT+COPS?") == ['+COPS:1,2,"46000"', "OK"]
    host.well("AT+COPS=0")
    assert host.ask("AT+COPS?") == ['+COPS:0,2,"46000"', "OK"]


def test_connection_changes_are_reported() -> None:
    host = Host()
    host.well("AT+CSCON=1")
    assert host.ask("AT+NPING=192.0.2.1") == ["OK", "+CSCON:1"]
    assert host.ask("AT+CSCON?") == ["+CSCON:1,1", "OK"]
    assert host.wait(60) == ["+NPING:192.0.2.1,64,320", "+CSCON:0"]


# Coverage, refusal, SIM --------------------------------------------------------------------------


def test_lost_coverage_as_reported_to_the_host() -> None:
    host = Host()
    host.well("AT+CEREG=2")
    host.module.radio.coverage = Coverage.OUT
    assert host.wait(600) == ["+CEREG:2"]
    assert host.ask("AT+CEREG?") == ["+CEREG:2,2", "OK"]
    assert host.ask("AT+CGATT?") == ["+CGATT:0", "OK"]
    host.module.radio.coverage = Coverage.ECL1
    assert host.wait(11.9) == []
    assert host.wait(0.2) == ["+CEREG:1,19E6,94,7"]


@pytest.mark.parametrize(
    ("level", "report"),
    [
        (1, "+CEREG:3"),
        (2, "+CEREG:3"),
        (3, "+CEREG:3,,,,0,11"),
        (4, "+CEREG:3"),
        (5, "+CEREG:3,,,,0,11"),
    ],
)
def test_reject_cause_at_levels_three_and_five(level: int, report: str) -> None:
    host = Host()
    host.well(f"AT+CEREG={level}")
    host.module.radio.refusing = True
    assert host.wait(600) == [report]
    assert host.ask("AT+CEREG?") == [f"+CEREG:{level},{report.removeprefix('+CEREG:')}", "OK"]
    host.module.radio.refusing = False
    assert host.wait(600) == []
    assert host.ask("AT+CGATT=1") == ["OK", "+CEREG:2"]
    (again,) = host.wait(ATTACH_TIME)
    assert again.startswith("+CEREG:1")


def test_foreign_sim_is_rejected() -> None:
    host = Host()
    host.well("AT+CEREG=3")
    host.module.sim = Sim.FOREIGN
    assert host.module.sim is Sim.FOREIGN
    assert host.wait(60) == ["+CEREG:0", "+CEREG:2", "+CEREG:3,,,,0,13"]
    assert host.ask("AT+CIMI") == ["460040000000001", "OK"]


@pytest.mark.parametrize(("sim", "number"), [(Sim.MISSING, 10), (Sim.LOCKED, 311)])
def test_radio_stays_off_without_a_usable_sim(sim: Sim, number: int) -> None:
    host = Host()
    host.well("AT+CEREG=1")
    host.module.sim = sim
    assert host.wait(60) == ["+CEREG:0"]
    assert host.ask("AT+CFUN?") == ["+CFUN:0", "OK"]
    assert host.refused("AT+CFUN=1") == number
    host.well("AT+CFUN=0")
    host.module.sim = Sim.READY
    assert host.ask("AT+CFUN=1") == ["+CEREG:2"]
    assert host.wait(60) == ["OK", "+CEREG:1"]


# Operators in reach ------------------------------------------------------------------------------


def operators(host: Host) -> str:
    assert host.ask("AT+COPS=?") == []
    assert host.wait(OPERATOR_SEARCH_TIME - 0.1) == []
    answer, final = host.wait(0.2)
    assert final == "OK"
    return answer


def test_operator_search_is_slow_and_lists_states() -> None:
    host = Host()
    assert operators(host) == '+COPS:(2,,,"46000"),,(0-2),(2)'
    host.well("AT+COPS=2")
    assert operators(host) == '+COPS:(1,,,"46000"),,(0-2),(2)'
    host.module.radio.refusing = True
    host.well("AT+COPS=0")
    host.wait(10)
    assert operators(host) == '+COPS:(3,,,"46000"),,(0-2),(2)'
    host.module.radio.coverage = Coverage.OUT
    assert operators(host) == "+COPS:,,(0-2),(2)"
