"""What users report of these modules: busy uplink, missing and repeated discovers, lost logins."""

from __future__ import annotations

import pytest

from emulator.module.at.command_faults import CommandFault
from emulator.module.boot import Cause
from emulator.module.lwm2m.host import Happening
from emulator.onenet.misbehaviour import PlatformFaults
from tests.support.suite_bench import SuiteBench
from tests.support.uart import Host


@pytest.mark.parametrize(
    ("name", "error"),
    [("nb73", "+CIS ERROR:652"), ("m5310a", "+CIS ERROR:652"), ("bc28", "+CME ERROR: 159")],
)
def test_busy_uplink_refuses_reports_for_a_while(name: str, error: str) -> None:
    """Both numbers are seen in runs of refusals, after which it goes on."""
    bench = SuiteBench(name)
    bench.log_in()
    bench.well("AT+CMEE=1")
    report = "AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,21.5,0,0,{}"
    bench.module.radio.busy = True
    assert bench.ask(report.format(1)) == [error]
    bench.module.radio.busy = False
    bench.well(report.format(2))


@pytest.mark.parametrize(
    ("name", "number", "error"),
    [
        ("nb73", 652, "+CIS ERROR:652"),
        ("m5310a", 653, "+CIS ERROR:653"),
        ("mn316", 652, "+CIS ERROR: 652"),
        ("me3616", 601, "+CIS ERROR: 601"),
        ("bc28", 652, "+CME ERROR: 159"),
        ("bc95", 601, "+CME ERROR: 50"),
        ("bc35g", 602, "+CME ERROR: 3"),
        ("bc35g", 999, "+CME ERROR: 100"),
        ("sim7020", 653, "+CME ERROR: 3"),
    ],
)
def test_planned_error_has_the_form_of_the_module(name: str, number: int, error: str) -> None:
    bench = SuiteBench(name)
    bench.module.fault_source = lambda _line: CommandFault(cis=number)
    answers = [bench.ask("AT+MIPLCREATE")]
    bench.module.fault_source = None
    bench.well("AT+CMEE=1")
    bench.module.fault_source = lambda _line: CommandFault(cis=number)
    answers.append(bench.ask("AT+MIPLCREATE"))
    assert answers == [["ERROR"] if "CME" in error else [error], [error]]


def test_busy_uplink_refuses_datagrams_and_classic_reports() -> None:
    host = Host()
    host.configure(("3306/0/5851", 3, "7"))
    host.observed("3306/0")
    assert host.ask("AT+NSOCR=DGRAM,17,5683,1") == ["0", "OK"]
    host.module.radio.busy = True
    assert host.refused('AT+NSOST=0,"192.0.2.1",7,3,0AFF00') == 159
    assert host.refused('AT+MIPLNOTIFY=0,3306,0,5851,3,"8",1') == 159
    host.module.radio.busy = False
    host.well('AT+MIPLNOTIFY=0,3306,0,5851,3,"8",1')


def test_discover_never_comes() -> None:
    bench = SuiteBench("nb73")
    bench.simulation.misbehaviour.faults = PlatformFaults(discovers=False)
    lines = bench.log_in()
    assert len([line for line in lines if "OBSERVE" in line]) == 3
    assert not any("DISCOVER" in line for line in lines)


def test_discover_comes_again_behind_its_answer() -> None:
    """With the same msgid (ME3616, a real log); the answer to it is taken again."""
    bench = SuiteBench("me3616")
    bench.simulation.misbehaviour.faults = PlatformFaults(repeats=1)
    lines = bench.log_in()
    discovers = [line for line in lines if "DISCOVER" in line]
    assert len(discovers) == 4
    assert sorted(discovers)[0] == sorted(discovers)[1]


@pytest.mark.parametrize(("reason", "event"), [("LIFETIME_OVER", 9), ("REMOVED", 31)])
def test_login_ends_in_mid_session(reason: str, event: int) -> None:
    bench = SuiteBench("nb73")
    bench.log_in()
    bench.module.end_login(Happening[reason], bench.now)
    assert bench.wait(1) == [f"+MIPLEVENT:0,{event}"]
    assert bench.ask("AT+MIPLUPDATE=0,300,0") == ["+CIS ERROR:602"]
    bench.module.end_login(Happening[reason], bench.now)
    assert bench.wait(1) == []
    bench.well("AT+MIPLOPEN=0,300,30")
    assert "+MIPLEVENT:0,6" in bench.wait(30)


def test_host_restarts_and_the_instance_is_still_there() -> None:
    """A real session: CREATE fails, DELETE, CREATE again."""
    bench = SuiteBench("nb73")
    bench.log_in()
    assert bench.ask("AT+MIPLCREATE") == ["+CIS ERROR:602"]
    assert bench.ask("AT+MIPLDELETE=0") == ["+MIPLEVENT:0,15", "OK"]
    assert bench.ask("AT+MIPLCREATE") == ["+MIPLCREATE:0", "OK"]


def test_module_restarts_and_the_instance_is_gone() -> None:
    bench = SuiteBench("nb73")
    bench.log_in()
    bench.module.power_cycle(Cause.WATCHDOG, bench.now)
    assert "Neul" in bench.wait(10)
    assert bench.ask("AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,21.5,0,0") == ["+CIS ERROR:602"]


def test_lost_report_is_event_25() -> None:
    bench = SuiteBench("nb73")
    bench.log_in()
    bench.simulation.air.faults.loss = 1.0  # type: ignore[attr-defined]
    bench.well("AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,21.5,0,0,7")
    assert bench.wait(70) == ["+MIPLEVENT:0,25,7"]
