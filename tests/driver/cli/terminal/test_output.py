"""Output: plain in pipes; coloured and wrapped at terminals."""

from __future__ import annotations

import io
import os
import termios
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.cli.terminal.output import Output, Style, columns, padded, visible, width, wrapped
from tests.support.clock import elapse


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def piped() -> Output:
    return Output(io.StringIO(), io.StringIO(), {})


def text(stream: object) -> str:
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


def test_results_go_to_stdout_and_messages_to_stderr() -> None:
    output = piped()
    output.result("a result", Style.RED)
    output.result()
    output.message("advice")
    assert (text(output.out), text(output.err)) == ("a result\n\n", "m5310: advice\n")


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours_only_at_terminals_without_no_color(
    environment: dict[str, str], coloured: bool
) -> None:
    output = Output(Terminal(), Terminal(), environment)
    assert output.coloured("x", Style.RED) == ("\x1b[31mx\x1b[0m" if coloured else "x")
    assert output.coloured("x", Style.PLAIN) == "x"
    assert output.coloured("", Style.RED) == ""
    assert piped().coloured("x", Style.RED) == "x"


def test_table_columns_line_up_with_chinese_text() -> None:
    output = piped()
    output.table(("名称", "B"), [("a", "long " * 30), ("模组", "")], [Style.PLAIN, Style.RED])
    lines = text(output.out).splitlines()
    assert lines == ["名称  B", "a     " + ("long " * 30).rstrip(), "模组"]


def test_table_wraps_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    output = Output(Terminal(), Terminal(), {"NO_COLOR": "1"})
    output.table(("A", "B"), [("first", "word " * 20), ("second", "")], [Style.PLAIN] * 2)
    lines = text(output.out).splitlines()
    assert max(map(len, lines)) <= 50
    assert lines[1].startswith("first   word")
    assert lines[2].startswith("        word")
    assert lines[-1] == "second"


def test_table_too_wide_shows_the_last_column_below(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    output = Output(Terminal(), Terminal(), {"NO_COLOR": "1"})
    output.table(("A", "B"), [("x" * 30, "word " * 10), ("y", "")], [Style.PLAIN] * 2)
    assert text(output.out).splitlines() == [
        "A" + " " * 31 + "B",
        "x" * 30,
        "    word word word word word word word",
        "    word word word",
        "y",
    ]


def test_explanation_beside_or_below_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    plain, output = piped(), Output(Terminal(), Terminal(), {"NO_COLOR": "1"})
    for each in (plain, output):
        each.explained("short", "fits", 10, Style.PLAIN)
        each.explained("short", "seven by seven " * 3 + "end", 10, Style.PLAIN)
        each.explained("quite a long line of its own", "with its own long words", 10, Style.PLAIN)
        each.explained("nothing to say", "", 10, Style.PLAIN)
    assert text(plain.out).splitlines() == [
        "short     fits",
        "short     seven by seven seven by seven seven by seven end",
        "quite a long line of its own  with its own long words",
        "nothing to say",
    ]
    assert text(output.out).splitlines() == [
        "short     fits",
        "short     seven by seven seven by seven seven by",
        "          seven end",
        "quite a long line of its own",
        "    with its own long words",
        "nothing to say",
    ]


def test_mark_alone_at_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    output = Output(Terminal(), Terminal(), {"NO_COLOR": "1"})
    output.explained("=", "log in to OneNET", 32, Style.DIM)
    output.explained("=", "log in to OneNET within 10 s", 32, Style.DIM)
    assert text(output.out).splitlines() == [
        "=   log in to OneNET",
        "=   log in to OneNET",
        "    within 10 s",
    ]


def test_explanation_has_its_own_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    output = Output(Terminal(), Terminal(), {})
    output.explained("short", "seven by seven " * 3 + "end", 10, Style.GREEN)
    first, second = text(output.out).splitlines()
    assert first == "\x1b[32mshort     \x1b[0m\x1b[36mseven by seven seven by seven seven by\x1b[0m"
    assert second == "\x1b[36m          seven end\x1b[0m"


@given(st.text(max_size=80), st.integers(2, 30))
def test_wrapped_lines_fit_and_keep_all_words(content: str, most: int) -> None:
    lines = wrapped(content, most)
    assert lines
    assert all(width(line) <= most for line in lines)
    assert "".join("".join(lines).split()) == "".join(content.split())


def test_chinese_is_wrapped_by_columns() -> None:
    assert wrapped("温度传感器", 5) == ["温度", "传感", "器"]
    assert wrapped("m5310: 请检查 SIM 卡的方向。", 14) == ["m5310: 请检查", "SIM 卡的方向。"]
    assert wrapped("没有信号，请检查（天线）。", 9) == ["没有信", "号，请检", "查（天", "线）。"]


@pytest.mark.realtime
def test_columns_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, 40))
    with os.fdopen(slave, "w") as stream:
        monkeypatch.delenv("COLUMNS", raising=False)
        assert columns(stream) == 40
        monkeypatch.setenv("COLUMNS", "60")
        assert columns(stream) == 60
        for nonsense in ("0", "wide", "-1", "9" * 9):
            monkeypatch.setenv("COLUMNS", nonsense)
            assert columns(stream) == 40
    os.close(master)
    assert columns(io.StringIO()) == 80


@given(st.text(max_size=20), st.integers(0, 60))
def test_padded_width(cell: str, columns: int) -> None:
    assert width(padded(cell, columns)) == max(columns, width(cell))


async def test_progress_shows_text_and_seconds() -> None:
    output = Output(io.StringIO(), Terminal(), {})
    async with output.progress("searching") as show:
        await elapse(2.5)
        show("still searching")
        await elapse(1)
        output.result("a result")
    shown = text(output.err)
    for part in ("searching ... 0 s", "searching ... 2 s", "still searching ... 3 s"):
        assert part in shown
    assert shown.endswith("\r\x1b[K")
    assert text(output.out) == "a result\n"
    output.message("later")
    assert text(output.err).endswith("\r\x1b[Km5310: later\n")


async def test_progress_stays_on_one_line_of_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    output = Output(io.StringIO(), Terminal(), {})
    async with output.progress("searching for the network: registered, 家庭网络 " * 2):
        await elapse(1.5)
    drawn = [part for part in text(output.err).split("\r\x1b[K") if part]
    assert len(drawn) == 2
    assert all(width(part) < 40 and part.endswith(" s") for part in drawn)


async def test_progress_leaves_room_for_the_echo_of_ctrl_c(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    output = Output(io.StringIO(), Terminal(), {})
    async with output.progress("searching for the network: registered at home"):
        await elapse(1.5)
    drawn = [part for part in text(output.err).split("\r\x1b[K") if part]
    assert drawn[-1] == "searching for the network: ... 1 s"  # whole words
    assert all(width(part + "^C") < 40 for part in drawn)


def test_messages_at_a_terminal_are_wrapped_between_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    output = Output(Terminal(), Terminal(), {})
    output.message("logging out; Ctrl-C again exits at once")
    assert text(output.err) == "m5310: logging out; Ctrl-C again exits\nat once\n"


def test_sentence_is_wrapped_at_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    terminal, plain = Output(Terminal(), Terminal(), {"NO_COLOR": ""}), piped()
    for output in (terminal, plain):
        output.sentence("logged in as 1;2; Ctrl-C logs out")
        output.erase_echo()
    assert text(terminal.out) == "logged in as 1;2;\nCtrl-C logs out\n"
    assert text(plain.out) == "logged in as 1;2; Ctrl-C logs out\n"
    assert (text(terminal.err), text(plain.err)) == ("\r\x1b[K", "")


def test_characters_that_a_terminal_obeys_are_shown_as_escapes() -> None:
    output, raw = piped(), "a\x1b[31m\u202eb\u2067\x7f\x9b\u2028"
    shown = r"a\x1b[31m\u202eb\u2067\x7f\x9b\u2028"
    output.result(raw, Style.RED)
    output.message(raw)
    output.explained("line " + raw, raw, 10, Style.PLAIN)
    output.table(("H",), [(raw,)], [Style.PLAIN])
    for line in (*text(output.out).splitlines(), *text(output.err).splitlines()):
        assert line.isprintable(), line
    assert text(output.err) == f"m5310: {shown}\n"
    assert text(output.out).count(shown) == 4


@given(st.text())
def test_no_text_can_command_a_terminal(content: str) -> None:
    shown = visible(content)
    assert not {unicodedata.category(each) for each in shown if each not in "\n\t"} & {"Cc", "Cf"}
    if content.isprintable():
        assert shown == content


async def test_progress_is_silent_in_pipes() -> None:
    output = piped()
    async with output.progress("searching") as show:
        show("still searching")
    assert text(output.err) == ""


def test_closed_reader_of_results_raises() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as gone:
        results = Output(gone, io.StringIO(), {})
        messages = Output(io.StringIO(), gone, {})
        os.close(reading)
        with pytest.raises(BrokenPipeError):
            results.result("result")
        messages.message("message")
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, writing)  # buffered text is flushed at the end
        os.close(null)


def test_characters_outside_the_code_page_are_escaped() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Output(stream, io.StringIO(), {}).result("模组")
    assert raw.getvalue() == b"\\u6a21\\u7ec4\n"
