"""Whole sessions as the suite's documents and real logs have them, over the LwM2M client."""

from __future__ import annotations

from itertools import pairwise

import pytest

from emulator.lwm2m.model import Path
from emulator.module.firmware import MODULES
from emulator.onenet.lwm2m.operations import WriteAttributes
from emulator.onenet.misbehaviour import PlatformFaults
from tests.support.suite_bench import SuiteBench, msgid

SUITES = [name for name, firmware in MODULES.items() if firmware.dialect == "suite"]


def events(lines: list[str]) -> list[str]:
    return [
        line.replace(" ", "").removeprefix("+MIPLEVENT:0,") for line in lines if "EVENT" in line
    ]


def test_a_session_whose_host_answers() -> None:
    """The order of a real session of a WH-NB73; ids as China Mobile's suite composes them."""
    bench = SuiteBench("nb73")
    lines = bench.log_in()
    assert lines[:5] == [
        "+MIPLEVENT:0,1",
        "+MIPLEVENT:0,2",
        "+MIPLEVENT:0,4",
        "+MIPLEVENT:0,6",
        f"+MIPLOBSERVE:0,{(1 << 16) + 10002},1,3303,0,-1",
    ]
    assert lines[5:] == [
        f"+MIPLOBSERVE:0,{(2 << 16) + 10003},1,3306,0,-1",
        f"+MIPLOBSERVE:0,{(3 << 16) + 10004},1,3306,1,-1",
        "+MIPLDISCOVER:0,10005,3303",
        "+MIPLDISCOVER:0,10006,3306",
    ]
    times = [at for at, line in bench.lines if "EVENT" not in line]
    waits = [after - before for before, after in pairwise(times)]
    assert all(2.2 <= wait <= 9 for wait in waits), "hosts throw away what comes sooner"


def test_a_session_whose_module_answers() -> None:
    """China Mobile's LwM2M manual: 2, 6, then observe, discover and the read of object 3 shown."""
    bench = SuiteBench("m5310a")
    assert bench.log_in() == [
        "+MIPLEVENT:0,2",
        "+MIPLEVENT:0,6",
        "+MIPLOBSERVE:0,10002,1,3303,0,-1",
        "+MIPLOBSERVE:0,10003,1,3306,0,-1",
        "+MIPLOBSERVE:0,10004,1,3306,1,-1",
        "+MIPLDISCOVER:0,10005,3303",
        "+MIPLDISCOVER:0,10006,3306",
        "+MIPLREAD:0,10007,3,0,-1,0",
    ]
    # Late answers are harmless.
    bench.well("AT+MIPLOBSERVERSP=0,10002,1", "AT+MIPLPARAMETERRSP=0,10002,2")


@pytest.mark.parametrize("name", SUITES)
def test_everything_works_on_every_module(name: str) -> None:
    bench = SuiteBench(name)
    bench.log_in()
    suite = bench.module.firmware.suite
    observe = bench.observed["3303/0"]
    bench.well(f"AT+MIPLNOTIFY=0,{observe},3303,0,5700,4,4,21.5,0,0")
    assert events(bench.wait(1)) == []
    bench.well(
        f'AT+MIPLNOTIFY=0,{observe},3303,0,5701,1,7,"Celsius",1,1,17',
        f"AT+MIPLNOTIFY=0,{observe},3303,0,5700,4,4,22.5,0,0,17",
    )
    assert events(bench.wait(1)) == ["26,17"]

    (line,) = bench.read("3303/0/5700")
    bench.well(f"AT+MIPLREADRSP=0,{msgid(line)},1,3303,0,5700,4,4,20.5,0,0")
    bench.wait(1)
    assert bench.result == (20.5,)
    (line,) = bench.read("3303/0")
    bench.well(
        f'AT+MIPLREADRSP=0,{msgid(line)},1,3303,0,5701,1,7,"Celsius",1,0',
        f"AT+MIPLREADRSP=0,{msgid(line)},1,3303,0,5700,4,4,20.5,0,0",
    )
    bench.wait(1)
    assert bench.result == ("Celsius", 20.5)
    (line,) = bench.read("3303/0/5601")
    bench.well(f"AT+MIPLREADRSP=0,{msgid(line)},13")
    bench.wait(1)
    assert isinstance(bench.result, str)

    lines = bench.write("3306/0", _5850=1, _5851=50)
    assert len({msgid(line) for line in lines}) == 1
    assert len(lines) == 2
    bench.well(f"AT+MIPLWRITERSP=0,{msgid(lines[0])},2")
    bench.wait(1)
    assert bench.result == ()
    (line,) = bench.execute("3306/1/5823", "ping")
    bench.well(f"AT+MIPLEXECUTERSP=0,{msgid(line)},2")
    bench.wait(1)
    assert bench.result == ()

    bench.well("AT+MIPLUPDATE=0,3600,1")
    assert events(bench.wait(1)) == ["11"]
    version = "+MIPLVER: 2.2.0" if suite.answer_blank else "+MIPLVER:2.2.0"
    assert bench.ask("AT+MIPLVER?") == [version, "OK"]
    bench.well("AT+MIPLCLOSE=0")
    assert events(bench.wait(1)) == ["15"]
    bench.well("AT+MIPLDELETE=0")
    assert bench.wait(1) == []
    assert not bench.platform.online(bench.device)


def test_results_reach_the_platform_as_codes() -> None:
    bench = SuiteBench("nb73")
    bench.log_in()
    failures = []
    for result in (11, 12, 13, 14, 15):
        (line,) = bench.read("3303/0/5700")
        bench.well(f"AT+MIPLREADRSP=0,{msgid(line)},{result}")
        bench.wait(1)
        failures.append(bench.result)
    assert len(set(failures)) == 5
    assert all(isinstance(failure, str) for failure in failures)


def test_lifetime_is_warned_of_and_ends() -> None:
    bench = SuiteBench("nb73")
    bench.create()
    bench.well("AT+MIPLOPEN=0,120,30")
    bench.wait(20)
    bench.answers = False
    assert events(bench.wait(140)) == ["14,93", "9"]
    assert bench.ask("AT+MIPLUPDATE=0,0,0") == ["+CIS ERROR:602"]
    bench.well("AT+MIPLOPEN=0,120,30")  # the instance is still there
    assert "6" in events(bench.wait(20))


def test_lifetime_that_ends_during_a_logout_is_no_event() -> None:
    bench = SuiteBench("nb73")
    bench.create()
    bench.well("AT+MIPLOPEN=0,60,30")
    bench.wait(40)
    bench.simulation.misbehaviour.faults = PlatformFaults(silent=True)
    bench.well("AT+MIPLCLOSE=0")
    assert events(bench.wait(60)) == ["15"]


def test_refused_login_is_event_7() -> None:
    bench = SuiteBench("nb73")
    bench.platform.delete_device(bench.device)
    bench.create()
    bench.well("AT+MIPLOPEN=0,300,30")
    assert events(bench.wait(60))[-1] in ("3", "7")


def test_delete_of_a_registered_instance_is_event_15() -> None:
    """WH-NB73: before OK (a real log); others: behind it."""
    first, other = SuiteBench("nb73"), SuiteBench("nb86")
    first.log_in()
    other.log_in()
    assert first.ask("AT+MIPLDELETE=0") == ["+MIPLEVENT:0,15", "OK"]
    assert other.ask("AT+MIPLDELETE=0") == ["OK"]
    assert other.lines[-1][1] == "+MIPLEVENT:0,15"


def test_report_before_the_observe_is_lost_and_says_so_by_its_ackid() -> None:
    bench = SuiteBench("nb73", answers=False)
    bench.create()
    bench.well("AT+MIPLOPEN=0,300,30")
    bench.wait(2)
    bench.well("AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,21.5,0,0")
    assert events(bench.wait(1)) == []
    bench.well("AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,21.5,0,0,9")
    assert bench.lines[-1][1] == "+MIPLEVENT:0,25,9"


def test_observe_that_comes_again_keeps_its_id() -> None:
    """The platform repeats what is not answered, with the same message."""
    bench = SuiteBench("me3616", answers=False)
    bench.create()
    bench.well("AT+MIPLOPEN=0,300,30")
    lines = [line for line in bench.wait(29) if "OBSERVE" in line]
    assert lines == [f"+MIPLOBSERVE: 0, {(1 << 16) + 10002}, 1, 3303, 0, -1"] * 3


def test_each_repetition_may_be_answered() -> None:
    bench = SuiteBench("nb86")
    bench.log_in()
    (line,) = bench.read("3303/0/5700")
    assert bench.wait(10) == [line], "the platform repeats it after 10 s"
    answer = f"AT+MIPLREADRSP=0,{msgid(line)},1,3303,0,5700,4,4,20.5,0,0"
    bench.well(answer)
    bench.wait(1)
    assert bench.result == (20.5,)
    bench.well(answer)
    assert bench.module.doubts.notes
    assert bench.ask(answer) == ["+CIS ERROR:601"]


def test_answer_that_comes_too_late_is_refused() -> None:
    """China Mobile's modules wait 5 s for the host (an example session)."""
    bench = SuiteBench("m5310a")
    bench.log_in()
    (line,) = bench.read("3303/0/5700")
    answer = f"AT+MIPLREADRSP=0,{msgid(line)},1,3303,0,5700,4,4,20.5,0,0"
    bench.wait(3)
    bench.well(answer)
    (line,) = bench.read("3303/0/5700")
    bench.wait(5)
    answer = f"AT+MIPLREADRSP=0,{msgid(line)},1,3303,0,5700,4,4,20.5,0,0"
    assert bench.ask(answer) == ["+CIS ERROR:651"]


def test_attributes_wait_for_the_host_or_are_shown() -> None:
    attributes = ("pmin=15", "pmax=60", "gt=50.0", "lt=0.0", "st=2.0")
    request = WriteAttributes(Path(3303, 0, 5700), attributes)
    host, module, quectel = SuiteBench("nb73"), SuiteBench("m5310a"), SuiteBench("bc28")
    for bench in (host, module, quectel):
        bench.log_in()
    (line,) = host.request(request)
    assert line.split(",", 2)[2] == '3303,0,5700,37,"pmin=15;pmax=60;lt=0.0;gt=50.0;st=2.0"'
    assert host.outcome is None
    host.well(f"AT+MIPLPARAMETERRSP=0,{msgid(line)},2")
    host.wait(1)
    assert host.result == ()
    (line,) = module.request(request)
    assert (module.result, "MIPLPARAMETER" in line) == ((), True)
    (line,) = quectel.request(request)
    assert line.endswith('37,"pmin=15;pmax=60;gt=50.0;lt=0.0;st=2.0"')
