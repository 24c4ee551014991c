"""Doubtful lines of the host: taken with a note, refused by a strict module."""

from __future__ import annotations

import pytest

from tests.support.uart import DIRECT, Host

SOCKET = "AT+NSOCR=DGRAM,17,5000"
OFF = "AT+CFUN=0"
ADDED = "AT+MIPLADDOBJ=0,3303,0"

# What is sent before; the doubtful line; the number of its refusal by a strict module; a question
# and its answer once the line is taken.
DOUBTFUL = [
    ([], "AT+CFUN=1,1", 50, "AT+CFUN?", "+CFUN:1"),
    ([OFF], "AT+CGATT=1", 3, "AT+CGATT?", "+CGATT:0"),
    ([OFF], "AT+CGATT=0", 3, "AT+CGATT?", "+CGATT:0"),
    ([OFF], 'AT+COPS=1,2,"46000"', 3, "AT+COPS?", "+COPS:1"),
    ([], "AT+COPS=0,0", 50, "AT+COPS?", '+COPS:0,2,"46000"'),
    ([], "AT+COPS=3,2", 50, "AT+COPS?", '+COPS:0,2,"46000"'),
    ([], 'AT+COPS=4,2,"46000"', 50, "AT+COPS?", '+COPS:1,2,"46000"'),
    ([], 'AT+COPS=4,2,"46001"', 50, "AT+COPS?", '+COPS:0,2,"46000"'),
    ([], 'AT+COPS=1,0,"CHINA MOBILE"', 50, "AT+COPS?", '+COPS:1,2,"46000"'),
    ([], 'AT+COPS=1,2,"46000",7', 50, "AT+COPS?", '+COPS:1,2,"46000"'),
    ([], 'AT+CGDCONT=11,"IP"', 50, "AT+CGPADDR=11", "+CGPADDR:11"),
    ([], 'AT+CGDCONT=0,"IPV4V6","a"', 50, "AT+CGDCONT?", '+CGDCONT:0,"IPV4V6","a",,0,0'),
    ([], 'AT+CGDCONT=0,"IP","a","10.0.0.1"', 50, "AT+CGDCONT?", '+CGDCONT:0,"IP","a",,0,0'),
    ([], 'AT+CGDCONT=0,"IP","a",,1,2', 50, "AT+CGDCONT?", '+CGDCONT:0,"IP","a",,0,0'),
    ([], 'AT+CCLK="26/11/23,10:00:00"', 50, "AT+CCLK?", "+CCLK:26/11/23,10:00:05+32"),
    (["AT+NPING=192.0.2.1"], "AT+NPING=192.0.2.2", 3, "AT+CSQ", "+CSQ:28,99"),
    ([], "AT+NBAND=20,8", 50, "AT+NBAND?", "+NBAND:20,8"),
    ([], "AT+NBAND=8,8", 50, "AT+NBAND?", "+NBAND:8"),
    ([], "AT+NEARFCN=1,88", 50, "AT+CEREG?", "+CEREG:0,1"),
    ([], "AT+NEARFCN=0,3555,1A", 50, "AT+CEREG?", "+CEREG:0,1"),
    ([], 'AT+CPSMS=2,,,"11100000"', 50, "AT+CPSMS?", "+CPSMS:0,,,01000001,00000101"),
    ([], "AT+CEDRXS=1", 50, "AT+CEDRXS?", '+CEDRXS:5,"0101"'),
    ([], 'AT+CEDRXS=2,5,"1001"', 50, "AT+CEDRXS?", '+CEDRXS:5,"1001"'),
    ([], 'AT+CEDRXS=1,4,"1001"', 50, "AT+CEDRXS?", '+CEDRXS:5,"1001"'),
    (['AT+CEDRXS=1,5,"1001"', "AT+CEDRXS=1,5"], "AT+CEDRXS=3", 50, "AT+CSQ", "+CSQ:28,99"),
    ([SOCKET], "AT+NSORF=0,1358", 50, "AT+CSQ", "+CSQ:28,99"),
    ([SOCKET], "AT+NSORF=0,0", 50, "AT+CSQ", "+CSQ:28,99"),
    ([DIRECT, ADDED], ADDED, 3, "AT+CSQ", "+CSQ:28,99"),
    ([DIRECT], "AT+MIPLDELOBJ=0,3303,0", 3, "AT+CSQ", "+CSQ:28,99"),
    ([DIRECT, ADDED], "AT+MIPLOPEN=0,0", 50, "AT+CSQ", "+CSQ:28,99"),
]


def prepared(commands: list[str], *, strict: bool) -> Host:
    host = Host(strict_host=strict)
    for command in commands:
        host.ask(command)
    if OFF in commands:
        host.wait(0.9)
    host.module.doubts.notes.clear()
    return host


@pytest.mark.parametrize(
    ("before", "line", "number", "question", "answer"), DOUBTFUL, ids=[row[1] for row in DOUBTFUL]
)
def test_doubtful_line(
    before: list[str], line: str, number: int, question: str, answer: str
) -> None:
    host = prepared(before, strict=False)
    host.well(line)
    assert len(host.module.doubts.notes) == 1
    host.wait(5)
    assert host.ask(question) == [answer, "OK"]
    strict = prepared(before, strict=True)
    kept = strict.ask(question)
    assert strict.refused(line) == number
    assert strict.ask(question) == kept


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ('AT+NSOCR="DGRAM",17,5683,2', "0"),
        ("AT+CGPADDR=0,1", "+CGPADDR:0,10.160.3.14 +CGPADDR:1"),
    ],
)
def test_doubtful_line_with_information(line: str, answer: str) -> None:
    host = Host()
    assert host.ask(line) == [*answer.split(), "OK"]
    assert len(host.module.doubts.notes) == 1
    assert Host(strict_host=True).refused(line) == 50


def test_flags_of_release_assistance_without_prefix() -> None:
    line = "AT+NSOSTF=0,192.0.2.1,7,200,1,00"
    host = prepared([SOCKET, "AT+CSCON=1"], strict=False)
    assert host.ask(line) == ["0,1", "OK", "+CSCON:1"]
    assert len(host.module.doubts.notes) == 1
    assert host.wait(1) == ["+CSCON:0"]  # as with 0x200
    assert prepared([SOCKET], strict=True).refused(line) == 50


def test_flag_that_is_not_known_is_stored() -> None:
    host = Host()
    host.well("AT+NCONFIG=RELEASE_VERSION,13")
    assert host.ask("AT+NCONFIG?")[-2:] == ["+NCONFIG:RELEASE_VERSION,13", "OK"]
    assert len(host.module.doubts.notes) == 1
    for number in range(25):
        host.well(f"AT+NCONFIG=FLAG_{number},1")
    assert host.refused("AT+NCONFIG=FLAG_25,1") == 3  # memory is bounded
    assert Host(strict_host=True).refused("AT+NCONFIG=RELEASE_VERSION,13") == 50


def test_usual_lines_are_not_doubtful() -> None:
    host = Host(strict_host=True)
    host.well("AT+NPING=192.0.2.1,32,5000,0", "AT+CEDRXS=0,5", 'AT+CGDCONT=1,"IP","cmnbiot"')
    assert not host.module.doubts.notes


def test_newer_ping_replaces_the_older_one() -> None:
    host = Host()
    host.well("AT+NPING=192.0.2.1", "AT+NPING=192.0.2.2")
    assert host.wait(60) == ["+NPING:192.0.2.2,64,320"]


def test_operators_are_not_found_without_the_radio() -> None:
    host = Host(strict_host=True)
    host.ask(OFF)
    host.wait(1)
    assert host.ask("AT+COPS=?") == []
    assert host.wait(60) == ["+COPS:,,(0-2),(2)", "OK"]
