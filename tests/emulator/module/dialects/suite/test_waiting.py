"""Operations that the host fetches: China Mobile's LwM2M manual, Quectel's later firmware."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from emulator.module.dialects.suite.waiting import OPERATIONS
from emulator.module.firmware import MODULES
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
    """The lines between AT+MIPLMGR and its OK."""
    *lines, final = bench.ask("AT+MIPLMGR=0")
    assert final == "OK"
    return lines


def test_next_operation_comes_after_the_answer_to_the_one_before(bench: SuiteBench) -> None:
    assert bench.ask("AT+MIPLQMGR") == [COUNTS.format(0, 0, 0), "OK"]
    assert fetched(bench) == []
    assert bench.write("3306/0", _5851=300) == [NOTICE]
    assert bench.execute("3306/0/5850", "ping") == [NOTICE]
    assert bench.ask("AT+MIPLQMGR=0") == [COUNTS.format(2, 0, 6), "OK"]
    (write,) = fetched(bench)
    assert write.startswith("+MIPLWRITE:0,")
    assert fetched(bench) == [write]
    assert bench.ask("AT+MIPLQMGR=0") == [COUNTS.format(2, 0, 6), "OK"]
    bench.well(f"AT+MIPLWRITERSP=0,{msgid(write)},2")
    assert bench.ask("AT+MIPLQMGR=0") == [COUNTS.format(1, 0, 4), "OK"]
    (execute,) = fetched(bench)
    assert execute.endswith(",3306,0,5850,ping")
    bench.well(f"AT+MIPLEXECUTERSP=0,{msgid(execute)},2")
    bench.wait(1)
    assert bench.result == ()
    assert fetched(bench) == []


def test_lines_of_one_operation_come_together(bench: SuiteBench) -> None:
    bench.write("3306/0", _5851=300, _5750="hi")
    first, last = fetched(bench)
    assert msgid(first) == msgid(last)


def test_a_read_is_fetched_again_until_its_last_value(bench: SuiteBench) -> None:
    bench.read("3303/0")
    (read,) = fetched(bench)
    answer = f"AT+MIPLREADRSP=0,{msgid(read)},1,3303,0"
    bench.well(f"{answer},5700,4,4,21.5,1,1")
    assert fetched(bench) == [read]
    bench.well(f'{answer},5701,1,3,"Cel",0,0')
    assert fetched(bench) == []
    bench.wait(1)
    assert bench.result == (21.5, "Cel")


def test_answer_counts_as_long_as_the_platform_waits(bench: SuiteBench) -> None:
    """The 5 s of the manual are those of lines that are written at once."""
    bench.write("3306/0", _5851=300)
    bench.wait(20)
    (write,) = fetched(bench)
    bench.well(f"AT+MIPLWRITERSP=0,{msgid(write)},2")
    bench.wait(1)
    assert bench.result == ()


def test_operation_that_the_platform_has_given_up_does_not_block(bench: SuiteBench) -> None:
    bench.write("3306/0", _5851=300)
    (write,) = fetched(bench)
    bench.wait(40)
    assert bench.result == "TIME_OUT"
    assert fetched(bench) == []
    assert bench.ask(f"AT+MIPLWRITERSP=0,{msgid(write)},2") == ["+CIS ERROR:651"]


def test_oldest_operation_is_dropped_for_the_41st(bench: SuiteBench) -> None:
    for number in range(OPERATIONS + 2):
        bench.read(f"3303/0/{number}")
        bench.wait(2)  # the platform keeps 20 requests open, each for 25 s
    (answer, _) = bench.ask("AT+MIPLQMGR")
    assert re.fullmatch(r"\+MIPLQMGR:0,QUEUES=40,DROPPED=[1-9]\d*,BUFFERS=0", answer)
    (oldest,) = fetched(bench)
    assert not oldest.endswith(",0")


def test_write_beyond_the_buffer_is_dropped(bench: SuiteBench) -> None:
    for _ in range(3):
        bench.write("3306/0", _5750="x" * 900)
    assert bench.ask("AT+MIPLQMGR=0") == [COUNTS.format(2, 1, 1800), "OK"]


def test_repeated_operation_waits_once(bench: SuiteBench) -> None:
    assert bench.read("3303/0/5700") == [NOTICE]
    assert bench.wait(8) == []
    assert bench.ask("AT+MIPLQMGR") == [COUNTS.format(1, 0, 0), "OK"]
    (read,) = fetched(bench)
    assert bench.wait(8) == []
    assert fetched(bench) == [read]


def test_lines_come_at_once_again(bench: SuiteBench) -> None:
    bench.well("AT+MIPLNMI=0,1,0")
    (line,) = bench.read("3303/0/5700")
    assert line.startswith("+MIPLREAD:0,")


def test_modes_of_the_later_manual() -> None:
    """1 announces, 2 does neither announce nor write (China Mobile's manual, V5.2.2)."""
    bench = SuiteBench("mn316")
    bench.log_in()
    bench.well("AT+MIPLNMI=0,1,0")
    assert bench.read("3303/0/5700") == ["+MIPLNMI: 0"]
    bench.well("AT+MIPLNMI=0,2,0")
    assert bench.read("3303/0/5701") == []
    (read,) = fetched(bench)
    assert read.endswith(",3303,0,5700")


def test_either_reading_of_the_modes_can_be_chosen() -> None:
    suite = replace(MODULES["m5310a"].suite, kept=frozenset({1, 2}), announced=frozenset({1}))
    bench = SuiteBench(replace(MODULES["m5310a"], suite=suite))
    bench.log_in()
    bench.well("AT+MIPLNMI=0,1,0")
    assert bench.read("3303/0/5700") == [NOTICE]


def test_what_was_chosen_can_be_read(bench: SuiteBench) -> None:
    assert bench.ask("AT+MIPLNMI?") == ["+MIPLNMI:0,2,0", "OK"]


def test_only_who_is_logged_in_fetches(bench: SuiteBench) -> None:
    bench.well("AT+MIPLCLOSE=0")
    bench.wait(1)
    assert bench.ask("AT+MIPLMGR=0") == ["+CIS ERROR:602"]


def test_counts_are_those_of_one_login(bench: SuiteBench) -> None:
    bench.read("3303/0/5700")
    bench.well("AT+MIPLCLOSE=0")
    bench.wait(1)
    bench.well("AT+MIPLOPEN=0,3600,30")
    bench.wait(30)
    assert bench.ask("AT+MIPLQMGR") == [COUNTS.format(0, 0, 0), "OK"]


def test_deletion_ends_it(bench: SuiteBench) -> None:
    bench.read("3303/0/5700")
    bench.well("AT+MIPLDELETE=0")
    assert bench.ask("AT+MIPLQMGR") == [COUNTS.format(0, 0, 0), "OK"]
    bench.log_in()
    (line,) = bench.read("3303/0/5700")
    assert line.startswith("+MIPLREAD:0,")


def test_other_modules_do_not_know_it() -> None:
    bench = SuiteBench("nb73")
    for line in ("AT+MIPLNMI=0,2,0", "AT+MIPLNMI?", "AT+MIPLMGR=0", "AT+MIPLQMGR", "AT+MIPLRD=9"):
        assert bench.ask(line) == bench.ask("AT+MIPLNONE")


# What was sent ---------------------------------------------------------------------------------


def sent(bench: SuiteBench, line: str) -> list[str]:
    """The unsolicited lines right behind the OK of a command."""
    before = len(bench.lines)
    bench.well(line)
    bench.wait(0.1)
    return [text for _, text in bench.lines[before:]]


def test_what_was_sent_is_reported_by_the_bits_of_its_msgid(bench: SuiteBench) -> None:
    bench.well("AT+MIPLNMI=0,0,1")
    report = "AT+MIPLNOTIFY=0,5,3303,0,5700,4,4,21.5"
    assert sent(bench, f"{report},1,1") == []
    assert sent(bench, f"{report},0,0") == ["+MIPLNSMI:0,1,5"]
    (read,) = bench.read("3303/0/5700")
    number = msgid(read) & 127
    answer = f"AT+MIPLREADRSP=0,{msgid(read)},1,3303,0,5700,4,4,21.5,0,0"
    assert sent(bench, answer) == [f"+MIPLNSMI:0,1,{number}"]
    (write,) = bench.write("3306/0", _5851=1)
    assert sent(bench, f"AT+MIPLWRITERSP=0,{msgid(write)},2") == [
        f"+MIPLNSMI:0,1,{msgid(write) & 127}"
    ]
    (execute,) = bench.execute("3306/0/5850")
    assert sent(bench, f"AT+MIPLEXECUTERSP=0,{msgid(execute)},11") == [
        f"+MIPLNSMI:0,1,{msgid(execute) & 127}"
    ]


def test_what_the_radio_cannot_send_is_reported(bench: SuiteBench) -> None:
    bench.well("AT+MIPLNMI=0,0,1")
    bench.module.radio.coverage = "OUT"
    bench.wait(60)
    assert sent(bench, "AT+MIPLNOTIFY=0,130,3303,0,5700,4,4,21.5,0,0") == ["+MIPLNSMI:0,0,2"]


# Quectel ---------------------------------------------------------------------------------------


def quectel(setting: str) -> SuiteBench:
    bench = SuiteBench("bc28")
    bench.well(f"AT+MIPLCONFIG={setting}", "AT+MIPLCONFIG=3,0")
    bench.log_in()
    return bench


def test_writes_and_executes_are_read_out() -> None:
    bench = quectel("7,3,1")
    assert bench.write("3306/0", _5851=300) == ["+MIPLEVENT: 0,50"]
    assert bench.execute("3306/0/5850", "ping") == []
    (read,) = bench.read("3303/0/5700")
    assert read.startswith("+MIPLREAD: 0,")
    head, write, final = bench.ask("AT+MIPLRD=256")
    assert (head, final) == ("+MIPLRD: 2,4", "OK")
    assert re.fullmatch(r"\+MIPLWRITE: 0,\d+,3306,0,5851,2,2,012C,0,0", write)
    bench.well(f"AT+MIPLWRITERSP=0,{msgid(write)},2")
    head, execute, _ = bench.ask("AT+MIPLRD=256")
    assert head == "+MIPLRD: 4,0"
    assert execute.endswith(',3306,0,5850,4,"ping"')
    assert bench.ask("AT+MIPLRD=256") == ["+MIPLRD: 0,0", "OK"]
    assert bench.write("3306/0", _5851=300) == ["+MIPLEVENT: 0,50"]


@pytest.mark.parametrize(
    ("setting", "kept"), [("7,0,1", ""), ("7,1,0", "WRITE"), ("7,2,0", "EXECUTE")]
)
def test_what_is_kept_is_a_setting(setting: str, kept: str) -> None:
    bench = quectel(setting)
    lines = [*bench.write("3306/0", _5851=300), *bench.execute("3306/0/5850")]
    assert {"WRITE", "EXECUTE"} - {kept} == {line[5:].partition(":")[0] for line in lines}
    assert len(bench.ask("AT+MIPLRD=256")) == (3 if kept else 2)


def test_setting_of_the_buffer_is_read_back_and_checked() -> None:
    bench = SuiteBench("bc28")
    bench.well("AT+MIPLCONFIG=7,3,1")
    assert "+MIPLCONFIG:7,3,1" in bench.ask("AT+MIPLCONFIG?")
    for values in ("4,0", "1,2", "1", "1,1,1"):
        assert bench.ask(f"AT+MIPLCONFIG=7,{values}") == ["ERROR"]
