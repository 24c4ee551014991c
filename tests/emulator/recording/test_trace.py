"""Trace: lines with time and direction, URC marks, safe output."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from emulator.recording.trace import Direction, Trace, TraceLine

OUT, BACK = Direction.TO_MODULE, Direction.TO_HOST


def traced(*steps: tuple[Direction, bytes]) -> list[TraceLine]:
    shown: list[TraceLine] = []
    trace = Trace(shown.append, start=100)
    for number, (direction, data) in enumerate(steps):
        take = trace.to_module if direction is OUT else trace.to_host
        take(data, 100 + number)
    return shown


def urcs(*steps: tuple[Direction, bytes]) -> list[str]:
    return [line.text for line in traced(*steps) if line.urc]


def test_lines_of_both_directions_with_times() -> None:
    assert traced((OUT, b"AT+CSQ\r\n"), (BACK, b"\r\n+CSQ:31,99\r\n\r\nOK\r\n")) == [
        TraceLine(0, OUT, "AT+CSQ"),
        TraceLine(1, BACK, "+CSQ:31,99"),
        TraceLine(1, BACK, "OK"),
    ]


def test_split_line_is_shown_once_complete() -> None:
    steps = [
        (OUT, b"AT+"),
        (OUT, b"CSQ"),
        (OUT, b"\r"),
        (BACK, b"\r\nO"),
        (BACK, b"K\r"),
        (BACK, b"\n"),
    ]
    assert [(line.at, line.text) for line in traced(*steps)] == [(2, "AT+CSQ"), (4, "OK")]


def test_lf_without_cr_is_noted() -> None:
    note = "the host ends its line with LF; the module waits for CR: AT+CSQ"
    assert traced((OUT, b"AT+CSQ\n")) == [TraceLine(0, Direction.NOTE, note)]
    texts = [line.text for line in traced((OUT, b"AT+CSQ\n"), (OUT, b"AT\r"), (OUT, b"\nAT\r\n"))]
    assert texts == [note, "AT+CSQ\nAT", "AT"]
    assert r"AT+CSQ\nAT" in str(traced((OUT, b"AT+CSQ\nAT\r"))[0])


def test_close_notes_incomplete_lines() -> None:
    shown: list[TraceLine] = []
    trace = Trace(shown.append, start=0)
    trace.to_module(b"AT\r\nAT+CS", 1)
    trace.to_host(b"\r\nOK\r\n\r\n+CE", 2)
    trace.close(3)
    trace.close(4)
    assert [(line.at, line.text) for line in shown[2:]] == [
        (3, "incomplete line: --> AT+CS"),
        (3, "incomplete line: <-- +CE"),
    ]


def test_response_is_no_urc_but_the_same_line_later_is() -> None:
    line = b"\r\n+CEREG:2,1\r\n"
    assert urcs((OUT, b"at+cereg?\r"), (BACK, line + b"\r\nOK\r\n")) == []
    assert urcs((OUT, b"AT+CEREG?\r"), (BACK, line + b"\r\nOK\r\n" + line)) == ["+CEREG:2,1"]
    assert urcs((BACK, line)) == ["+CEREG:2,1"]


def test_other_line_during_a_command_is_a_urc() -> None:
    steps = [(OUT, b"AT+CSQ\r"), (BACK, b"\r\n+CEREG:1\r\n\r\n+CSQ:9,99\r\n\r\nOK\r\n")]
    assert urcs(*steps) == ["+CEREG:1"]
    assert urcs((OUT, b"AT\r"), (BACK, b"\r\n+CSCON:1\r\n\r\nOK\r\n")) == ["+CSCON:1"]


def test_platform_requests_are_always_urcs() -> None:
    steps = [
        (OUT, b'AT+MIPLREAD=0,10000,3303,0,5700,4,"20.5",1\r'),
        (BACK, b"\r\n+MIPLREAD:0,10001,3303,0,5700\r\n\r\nOK\r\n"),
    ]
    assert urcs(*steps) == ["+MIPLREAD:0,10001,3303,0,5700"]
    assert urcs((OUT, b"AT+NPING=1.1.1.1\r"), (BACK, b"\r\n+NPINGERR:1\r\n")) == ["+NPINGERR:1"]


def test_final_results_and_boot_text_are_no_urcs() -> None:
    assert urcs((BACK, b"\r\nREBOOTING\r\n\r\nOK\r\n\r\n+CME ERROR:50\r\n\r\nERROR\r\n")) == []


def test_pipelined_commands_are_answered_in_order() -> None:
    steps = [
        (OUT, b"AT+CSQ\rAT+CEREG?\rAT\r"),
        (BACK, b"\r\n+CSQ:9,99\r\n\r\nOK\r\n\r\n+CEREG:2,1\r\n\r\nOK\r\n"),
        (BACK, b"\r\n+CEREG:1\r\n\r\nOK\r\n"),
    ]
    assert urcs(*steps) == ["+CEREG:1"]


def test_reboot_clears_pending_commands() -> None:
    steps = [
        (OUT, b"AT+CSQ\r"),
        (BACK, b"\r\nREBOOT_CAUSE_UNKNOWN\r\nM5310\r\nOK\r\n\r\n+CSQ:9,99\r\n"),
    ]
    assert urcs(*steps) == ["+CSQ:9,99"]


def test_error_ends_the_command() -> None:
    steps = [(OUT, b"AT+CEREG=9\r"), (BACK, b"\r\n+CME ERROR:50\r\n\r\n+CEREG:1\r\n")]
    assert urcs(*steps) == ["+CEREG:1"]


def test_invalid_host_bytes_are_shown() -> None:
    assert [line.text for line in traced((OUT, b"hello\r\xff\x00\r"))] == ["hello", "\\xff\x00"]


def test_notes_appear_among_the_lines() -> None:
    shown: list[TraceLine] = []
    trace = Trace(shown.append, start=100, module=2)
    trace.to_module(b"AT\r", 101)
    trace.note("the host has closed the port", 102.5)
    assert [str(line) for line in shown] == [
        "     1.000 #2 --> AT",
        "     2.500 #2 *** the host has closed the port",
    ]


def test_line_format() -> None:
    urc = TraceLine(12.3456, BACK, "+MIPLOPEN:0,1", urc=True)
    assert str(urc) == "    12.346 <-- +MIPLOPEN:0,1   (URC)"
    assert str(TraceLine(1, OUT, "AT")) == "     1.000 --> AT"


def test_colours_only_on_request() -> None:
    lines = [TraceLine(0, OUT, "AT"), TraceLine(0, BACK, "OK"), TraceLine(0, BACK, "+X:1", True)]
    lines.append(TraceLine(0, Direction.NOTE, "a host has come"))
    shown = [line.render(colours=True) for line in lines]
    assert len({text[:5] for text in shown}) == 4
    assert all(text.startswith("\x1b[") and text.endswith("\x1b[0m") for text in shown)
    assert not any("\x1b" in line.render() for line in lines)


def test_control_characters_are_escaped() -> None:
    shown = str(TraceLine(0, OUT, "AT\x1b[2J\x07\x00é温"))
    assert "\x1b" not in shown
    assert shown.endswith("AT\\x1b[2J\\x07\\x00é温")


def test_long_line_is_shortened_in_the_middle() -> None:
    shown = str(TraceLine(0, OUT, "AT+MIPLCONF=" + "0" * 2048 + ",1,1"))
    assert len(shown) < 200
    assert "AT+MIPLCONF=000" in shown
    assert "(2064 characters)" in shown
    assert shown.endswith("0,1,1")


def test_endless_line_is_shown_in_parts() -> None:
    shown = traced((OUT, b"x" * 5000), (OUT, b"x" * 5000), (OUT, b"AT\r"))
    assert [len(line.text) for line in shown] == [10000, 2]


@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200)))
def test_any_split_shows_the_same_lines(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(edges)]
    whole = [(line.text, line.urc) for line in traced((BACK, data))]
    cut = [(line.text, line.urc) for line in traced(*((BACK, piece) for piece in pieces))]
    assert cut == whole
    assert all("\x1b" not in str(line) for line in traced((BACK, data)))
