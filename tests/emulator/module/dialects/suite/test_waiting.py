"""Operations that the host fetches, as China Mobile's LwM2M manual has it."""

from __future__ import annotations

import re

import pytest

from emulator.module.dialects.suite.waiting import OPERATIONS
from tests.support.suite_bench import SuiteBench, msgid

NOTICE = "+MIPLNMI:0"
COUNTS = "+MIPLQMGR:0,QUEUES={},DROPPED={},BUFFERS={}"


@pytest.fixture
def bench() -> SuiteBench:
    bench = SuiteBench("m5310a")
    bench.log_in()
    bench.well("AT+MIPLNMI=0,2,0")
    return bench


def fetched(bench: SuiteBench) -> list[str]:
    before = len(bench.lines)
    bench.well("AT+MIPLMGR=0")
    bench.wait(0.2)
    return [text for _, text in bench.lines[before:]]


def test_next_operation_comes_after_the_answer_to_the_one_before(bench: SuiteBench) -> None:
    assert bench.ask("AT+MIPLQMGR") == [COUNTS.format(0, 0, 0), "OK"]
    assert fetched(bench) == []
    assert bench.write("3306/0", _5851=300) == [NOTICE]
    assert bench.execute("3306/0/5850", "ping") == [NOTICE]
    (write,) = fetched(bench)
    assert write.startswith("+MIPLWRITE:0,")
    assert fetched(bench) == []
    bench.well(f"AT+MIPLWRITERSP=0,{msgid(write)},2")
    (execute,) = fetched(bench)
    assert execute.endswith(",3306,0,5850,ping")
    bench.well(f"AT+MIPLEXECUTERSP=0,{msgid(execute)},2")
    bench.wait(1)
    assert bench.result == ()


def test_what_waits_is_bounded_and_counted(bench: SuiteBench) -> None:
    for _ in range(OPERATIONS + 2):
        bench.read("3303/0/5700")
        bench.wait(2)  # the platform keeps 20 requests open, each for 25 s
    (answer, _) = bench.ask("AT+MIPLQMGR")
    assert re.fullmatch(r"\+MIPLQMGR:0,QUEUES=40,DROPPED=[1-9]\d*,BUFFERS=1160", answer)


def test_repeated_operation_waits_once(bench: SuiteBench) -> None:
    assert bench.read("3303/0/5700") == [NOTICE]
    assert bench.wait(15) == []
    assert bench.ask("AT+MIPLQMGR") == [COUNTS.format(1, 0, 29), "OK"]


def test_lines_come_at_once_again(bench: SuiteBench) -> None:
    bench.well("AT+MIPLNMI=0,1,0")
    (line,) = bench.read("3303/0/5700")
    assert line.startswith("+MIPLREAD:0,")


def test_only_who_is_logged_in_fetches(bench: SuiteBench) -> None:
    bench.well("AT+MIPLCLOSE=0")
    bench.wait(1)
    assert bench.ask("AT+MIPLMGR=0") == ["+CIS ERROR:602"]


def test_deletion_ends_it(bench: SuiteBench) -> None:
    bench.read("3303/0/5700")
    bench.well("AT+MIPLDELETE=0")
    assert bench.ask("AT+MIPLQMGR") == [COUNTS.format(0, 0, 0), "OK"]
    bench.log_in()
    (line,) = bench.read("3303/0/5700")
    assert line.startswith("+MIPLREAD:0,")


def test_other_modules_do_not_know_it() -> None:
    bench = SuiteBench("nb73")
    for line in ("AT+MIPLNMI=0,2,0", "AT+MIPLMGR=0", "AT+MIPLQMGR"):
        assert bench.ask(line) == bench.ask("AT+MIPLNONE")
