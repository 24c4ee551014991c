"""The trace: whole lines with time and direction, URCs told from answers, nothing that harms."""

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


def test_lines_of_both_directions_with_their_times() -> None:
    assert traced((OUT, b"AT+CSQ\r\n"), (BACK, b"\r\n+CSQ:31,99\r\n\r\nOK\r\n")) == [
        TraceLine(0, OUT, "AT+CSQ"),
        TraceLine(1, BACK, "+CSQ:31,99"),
        TraceLine(1, BACK, "OK"),
    ]


def test_a_line_in_pieces_is_shown_once_when_it_ends() -> None:
    steps = [
        (OUT, b"AT+"),
        (OUT, b"CSQ"),
        (OUT, b"\r"),
        (BACK, b"\r\nO"),
        (BACK, b"K\r"),
        (BACK, b"\n"),
    ]
    assert [(line.at, line.text) for line in traced(*steps)] == [(2, "AT+CSQ"), (4, "OK")]


def test_a_host_that_ends_its_lines_with_lf_alone_is_told_what_the_module_waits_for() -> None:
    told = "the host ends its line with LF, the module waits for CR: AT+CSQ"
    assert traced((OUT, b"AT+CSQ\n")) == [TraceLine(0, Direction.NOTE, told)]
    texts = [line.text for line in traced((OUT, b"AT+CSQ\n"), (OUT, b"AT\r"), (OUT, b"\nAT\r\n"))]
    assert texts == [told, "AT+CSQ\nAT", "AT"]
    assert r"AT+CSQ\nAT" in str(traced((OUT, b"AT+CSQ\nAT\r"))[0])


def test_what_was_never_ended_is_told_in_the_end() -> None:
    shown: list[TraceLine] = []
    trace = Trace(shown.append, start=0)
    trace.to_module(b"AT\r\nAT+CS", 1)
    trace.to_host(b"\r\nOK\r\n\r\n+CE", 2)
    trace.close(3)
    trace.close(4)
    assert [(line.at, line.text) for line in shown[2:]] == [
        (3, "begun and never ended: --> AT+CS"),
        (3, "begun and never ended: <-- +CE"),
    ]


def test_an_answer_is_no_urc_and_the_same_line_later_is_one() -> None:
    line = b"\r\n+CEREG:2,1\r\n"
    assert urcs((OUT, b"at+cereg?\r"), (BACK, line + b"\r\nOK\r\n")) == []
    assert urcs((OUT, b"AT+CEREG?\r"), (BACK, line + b"\r\nOK\r\n" + line)) == ["+CEREG:2,1"]
    assert urcs((BACK, line)) == ["+CEREG:2,1"]


def test_another_line_amid_a_command_is_a_urc() -> None:
    steps = [(OUT, b"AT+CSQ\r"), (BACK, b"\r\n+CEREG:1\r\n\r\n+CSQ:9,99\r\n\r\nOK\r\n")]
    assert urcs(*steps) == ["+CEREG:1"]
    assert urcs((OUT, b"AT\r"), (BACK, b"\r\n+CSCON:1\r\n\r\nOK\r\n")) == ["+CSCON:1"]


def test_requests_of_the_platform_are_urcs_even_amid_their_own_answer() -> None:
    steps = [
        (OUT, b'AT+MIPLREAD=0,10000,3303,0,5700,4,"20.5",1\r'),
        (BACK, b"\r\n+MIPLREAD:0,10001,3303,0,5700\r\n\r\nOK\r\n"),
    ]
    assert urcs(*steps) == ["+MIPLREAD:0,10001,3303,0,5700"]
    assert urcs((OUT, b"AT+NPING=1.1.1.1\r"), (BACK, b"\r\n+NPINGERR:1\r\n")) == ["+NPINGERR:1"]


def test_results_and_boot_texts_are_no_urcs() -> None:
    assert urcs((BACK, b"\r\nREBOOTING\r\n\r\nOK\r\n\r\n+CME ERROR:50\r\n\r\nERROR\r\n")) == []


def test_commands_at_once_are_answered_in_their_order() -> None:
    steps = [
        (OUT, b"AT+CSQ\rAT+CEREG?\rAT\r"),
        (BACK, b"\r\n+CSQ:9,99\r\n\r\nOK\r\n\r\n+CEREG:2,1\r\n\r\nOK\r\n"),
        (BACK, b"\r\n+CEREG:1\r\n\r\nOK\r\n"),
    ]
    assert urcs(*steps) == ["+CEREG:1"]


def test_a_reboot_forgets_what_was_asked() -> None:
    steps = [
        (OUT, b"AT+CSQ\r"),
        (BACK, b"\r\nREBOOT_CAUSE_UNKNOWN\r\nM5310\r\nOK\r\n\r\n+CSQ:9,99\r\n"),
    ]
    assert urcs(*steps) == ["+CSQ:9,99"]


def test_an_error_ends_the_command() -> None:
    steps = [(OUT, b"AT+CEREG=9\r"), (BACK, b"\r\n+CME ERROR:50\r\n\r\n+CEREG:1\r\n")]
    assert urcs(*steps) == ["+CEREG:1"]


def test_a_host_s_nonsense_is_shown() -> None:
    assert [line.text for line in traced((OUT, b"hello\r\xff\x00\r"))] == ["hello", "\\xff\x00"]


def test_what_happens_beside_the_line_is_noted_among_its_lines() -> None:
    shown: list[TraceLine] = []
    trace = Trace(shown.append, start=100, module=2)
    trace.to_module(b"AT\r", 101)
    trace.note("the host has closed the port", 102.5)
    assert [str(line) for line in shown] == [
        "     1.000 #2 --> AT",
        "     2.500 #2 *** the host has closed the port",
    ]


def test_a_line_looks_like_this() -> None:
    urc = TraceLine(12.3456, BACK, "+MIPLOPEN:0,1", urc=True)
    assert str(urc) == "    12.346 <-- +MIPLOPEN:0,1   (URC)"
    assert str(TraceLine(1, OUT, "AT")) == "     1.000 --> AT"


def test_colours_are_only_for_those_who_ask() -> None:
    lines = [TraceLine(0, OUT, "AT"), TraceLine(0, BACK, "OK"), TraceLine(0, BACK, "+X:1", True)]
    lines.append(TraceLine(0, Direction.NOTE, "a host has come"))
    shown = [line.render(colours=True) for line in lines]
    assert len({text[:5] for text in shown}) == 4
    assert all(text.startswith("\x1b[") and text.endswith("\x1b[0m") for text in shown)
    assert not any("\x1b" in line.render() for line in lines)


def test_control_characters_do_not_reach_the_terminal() -> None:
    shown = str(TraceLine(0, OUT, "AT\x1b[2J\x07\x00é温"))
    assert "\x1b" not in shown
    assert shown.endswith("AT\\x1b[2J\\x07\\x00é温")


def test_a_long_line_is_shortened_in_the_middle() -> None:
    shown = str(TraceLine(0, OUT, "AT+MIPLCONF=" + "0" * 2048 + ",1,1"))
    assert len(shown) < 200
    assert "AT+MIPLCONF=000" in shown
    assert "(2064 characters)" in shown
    assert shown.endswith("0,1,1")


def test_a_line_without_end_is_not_kept_for_ever() -> None:
    shown = traced((OUT, b"x" * 5000), (OUT, b"x" * 5000), (OUT, b"AT\r"))
    assert [len(line.text) for line in shown] == [10000, 2]


@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200)))
def test_any_cut_of_any_bytes_shows_the_same_lines(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(edges)]
    whole = [(line.text, line.urc) for line in traced((BACK, data))]
    cut = [(line.text, line.urc) for line in traced(*((BACK, piece) for piece in pieces))]
    assert cut == whole
    assert all("\x1b" not in str(line) for line in traced((BACK, data)))
