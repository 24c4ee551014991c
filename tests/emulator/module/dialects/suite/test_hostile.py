"""Any line of a host is answered once, and changes nothing where it is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.module.firmware import MODULES
from tests.support.stored import streams
from tests.support.suite_bench import SuiteBench

NAMES = (
    *("CREATE", "CREATEEX", "CREATEEXT", "CONFIG", "BOOTSTRAP", "DELETE", "ADDOBJ", "DELOBJ"),
    *("OPEN", "UPDATE", "CLOSE", "NOTIFY", "READRSP", "WRITERSP", "EXECUTERSP", "OBSERVERSP"),
    *("DISCOVERRSP", "PARAMETERRSP", "VER", "NMI", "RD"),
    *("MGR", "QMGR", "SOTA", "SOTAVER", "DEVINFO", "LTRDP", "CFG", "DTLSNAT", "UPDATESET"),
)
NUMBERS = ("0", "1", "2", "3", "11", "15", "3303", "5700", "10002", "75538", "-1", "99999999999")
TEXTS = ('"5700;5701"', '"11"', "0A0B", '"183.230.40.40:5683"', "25.6", '""', '"é"', "x", "", '"')
VALUES = st.lists(st.sampled_from(NUMBERS + TEXTS) | st.text(max_size=5), max_size=12)
LINES = st.builds(
    lambda name, form, values: f"AT+MIPL{name}{form}" + (",".join(values) if form == "=" else ""),
    st.sampled_from(NAMES),
    st.sampled_from(("", "=", "?", "=?")),
    VALUES,
).filter(lambda line: "\r" not in line and "\n" not in line and "\0" not in line)
FINAL = re.compile(r"OK|ERROR|\+CM[ES] ERROR: ?\d+|\+CIS ERROR: ?\d+")


@pytest.mark.parametrize("name", ["generic", "m5310a", "nb73", "bc28", "me3616", "sim7020"])
@given(lines=st.lists(LINES, max_size=8), waits=st.lists(st.integers(0, 20), max_size=8))
@settings(max_examples=40, deadline=None)
def test_each_line_has_one_final_result(name: str, lines: list[str], waits: list[int]) -> None:
    bench = SuiteBench(name, answers=False)
    bench.create()
    bench.well("AT+MIPLOPEN=0,300,30")
    bench.wait(1)
    for line, seconds in zip(lines, [*waits, *[0] * len(lines)], strict=False):
        bench.module.take_output()
        bench.module.receive(line.encode("utf-8", "surrogatepass") + b"\r", bench.now)
        output = bench.module.take_output().decode("utf-8", "replace")
        finals = [text for text in re.findall(r"[^\r\n]+", output) if FINAL.fullmatch(text)]
        assert len(finals) == 1, (line, output)
        bench.wait(seconds / 10)


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ('AT+MIPLADDOBJ=0,3303,2,"1",2,1', 601),  # a bitmap of another length
        ('AT+MIPLADDOBJ=0,3303,1,"2",2,1', 601),
        ("AT+MIPLDELOBJ=0,3311", 601),  # unknown
        ("AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,warm,0,0", 601),
        ("AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,25.6,0,0,65536", 601),
        ("AT+MIPLNOTIFY=0,0,3311,0,5700,4,4,25.6,0,0", 601),
        ("AT+MIPLREADRSP=0,1,9", 601),  # no result
        ("AT+MIPLWRITERSP=0,1,1", 601),
        ("AT+MIPLOPEN=0,14,30", 601),
        ("AT+MIPLOPEN=0,300,30", 602),  # already
        ("AT+MIPLCREATE", 602),
    ],
)
def test_refusals_have_the_numbers_of_the_family(line: str, number: int) -> None:
    bench = SuiteBench("nb73")
    bench.log_in()
    assert bench.ask(line) == [f"+CIS ERROR:{number}"]


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("AT+MIPLOPEN?", 653),
        ("AT+MIPLOPEN=0,300,30", 653),
        ('AT+MIPLADDOBJ=0,3303,1,"1",2,1', 653),
        ("AT+MIPLDELETE=0", 653),
    ],
)
def test_nothing_goes_without_an_instance(line: str, number: int) -> None:
    assert SuiteBench("m5310a").ask(line) == [f"+CIS ERROR:{number}"]


def test_every_suite_module_is_covered() -> None:
    assert {"generic", "m5310a", "nb73", "bc28", "me3616", "sim7020"} <= MODULES.keys()


def test_a_refused_line_of_a_group_drops_it() -> None:
    bench = SuiteBench("nb73")
    bench.log_in()
    bench.well('AT+MIPLNOTIFY=0,0,3303,0,5701,1,1,"F",1,1,5')
    assert bench.ask("AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,x,0,0,5") == ["+CIS ERROR:601"]
    bench.well("AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,20.5,0,0,6")
    bench.wait(1)
    assert bench.lines[-1][1] == "+MIPLEVENT:0,26,6"
    names = [stream.id for stream in streams(bench.platform, bench.device)]
    assert names == ["3303_0_5700"]
