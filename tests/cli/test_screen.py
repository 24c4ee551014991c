"""What is shown: plain in pipes, coloured and wrapped at terminals, in columns that line up."""

from __future__ import annotations

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.cli.screen import Screen, Style, padded, width
from tests.clock import elapse


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def piped() -> Screen:
    return Screen(io.StringIO(), io.StringIO(), {})


def text(stream: object) -> str:
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


def test_results_go_to_stdout_and_the_rest_to_stderr() -> None:
    screen = piped()
    screen.say("a result", Style.RED)
    screen.say()
    screen.tell("advice")
    assert (text(screen.out), text(screen.err)) == ("a result\n\n", "m5310: advice\n")


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours_only_where_they_are_wanted(environment: dict[str, str], coloured: bool) -> None:
    screen = Screen(Terminal(), Terminal(), environment)
    assert screen.painted("x", Style.RED) == ("\x1b[31mx\x1b[0m" if coloured else "x")
    assert screen.painted("x", Style.PLAIN) == "x"
    assert screen.painted("", Style.RED) == ""
    assert piped().painted("x", Style.RED) == "x"


def test_a_table_lines_up_whatever_the_script() -> None:
    screen = piped()
    screen.table(("名称", "B"), [("a", "long " * 30), ("模组", "")], [Style.PLAIN, Style.RED])
    lines = text(screen.out).splitlines()
    assert lines == ["名称  B", "a     " + ("long " * 30).rstrip(), "模组"]


def test_a_table_wraps_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    screen = Screen(Terminal(), Terminal(), {"NO_COLOR": "1"})
    screen.table(("A", "B"), [("first", "word " * 20), ("second", "")], [Style.PLAIN] * 2)
    lines = text(screen.out).splitlines()
    assert max(map(len, lines)) <= 50
    assert lines[1].startswith("first   word")
    assert lines[2].startswith("        word")
    assert lines[-1] == "second"


@given(st.text(max_size=20), st.integers(0, 60))
def test_padding_fills_columns(cell: str, columns: int) -> None:
    assert width(padded(cell, columns)) == max(columns, width(cell))


async def test_progress_tells_what_and_for_how_long() -> None:
    screen = Screen(io.StringIO(), Terminal(), {})
    async with screen.working("looking") as say:
        await elapse(2.5)
        say("still looking")
        await elapse(1)
        screen.say("a result")
    shown = text(screen.err)
    for part in ("looking ... 0 s", "looking ... 2 s", "still looking ... 3 s"):
        assert part in shown
    assert shown.endswith("\r\x1b[K")
    assert text(screen.out) == "a result\n"
    screen.tell("later")
    assert text(screen.err).endswith("\r\x1b[Km5310: later\n")


async def test_progress_is_silent_in_pipes() -> None:
    screen = piped()
    async with screen.working("looking") as say:
        say("still looking")
    assert text(screen.err) == ""


def test_a_reader_of_results_who_has_gone_is_noticed() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as gone:
        results = Screen(gone, io.StringIO(), {})
        advice = Screen(io.StringIO(), gone, {})
        os.close(reading)
        with pytest.raises(BrokenPipeError):
            results.say("anybody?")
        advice.tell("nobody needs this")
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, writing)  # what is still buffered must go somewhere
        os.close(null)


def test_what_a_code_page_lacks_is_escaped() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Screen(stream, io.StringIO(), {}).say("模组")
    assert raw.getvalue() == b"\\u6a21\\u7ec4\n"
