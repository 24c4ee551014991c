"""The journal of a line: looked at, waited for from another thread, bounded."""

from __future__ import annotations

import threading

import pytest

from emulator.recording.trace import Direction, TraceLine
from emulator.testing import journal as room
from emulator.testing.journal import Journal

pytestmark = pytest.mark.realtime


def said(text: str, direction: Direction = Direction.TO_HOST) -> TraceLine:
    return TraceLine(0.5, direction, text)


def filled(*texts: str) -> Journal:
    journal = Journal()
    for text in texts:
        journal(said(text, Direction.TO_MODULE if text.startswith("AT") else Direction.TO_HOST))
    return journal


def test_it_tells_who_said_what() -> None:
    journal = filled("AT+CSQ", "+CSQ:27,99", "OK")
    journal(said("the host hung up", Direction.NOTE))
    assert journal.commands == ["AT+CSQ"]
    assert journal.answers == ["+CSQ:27,99", "OK"]
    assert [line.text for line in journal] == ["AT+CSQ", "+CSQ:27,99", "OK", "the host hung up"]


def test_whoever_looks_sees_what_was_just_said() -> None:
    journal = filled("AT")
    journal.settle = lambda: journal(said("OK"))
    assert journal.answers == ["OK"]


def test_each_wait_looks_behind_the_one_before() -> None:
    journal = filled("AT", "OK", "ATI", "OK")
    first, second = journal.until("OK"), journal.until("OK")
    assert [first, second] == [line for line in journal if line.text == "OK"]
    assert first is not second
    with pytest.raises(TimeoutError, match="no line began with 'OK'; what came:\nnothing"):
        journal.until("OK", timeout=0)


def test_who_waits_in_vain_reads_what_came_and_may_wait_for_that() -> None:
    journal = filled("AT+CSQ", "ERROR")
    with pytest.raises(TimeoutError, match=r"'OK'; what came:\n.*--> AT\+CSQ\n.*<-- ERROR"):
        journal.until("OK", timeout=0)
    assert journal.until("ERROR").text == "ERROR"


def test_a_line_is_waited_for_while_others_say_it() -> None:
    journal = filled("AT")
    speaker = threading.Timer(0.01, lambda: (journal(said("other")), journal(said("OK"))))
    speaker.start()
    assert journal.until("OK").text == "OK"
    speaker.join()


def test_it_is_shown_as_a_trace() -> None:
    assert Journal().render() == ""
    assert filled("AT", "OK").render() == "     0.500 --> AT\n     0.500 <-- OK"
    assert filled("AT", "OK").render(1) == "... 1 lines before\n     0.500 <-- OK"


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "KEPT", 3)
    journal = filled("1", "2", "3")
    assert journal.until("1").text == "1"
    for text in ("4", "5", "6"):
        journal(said(text))
    assert journal.answers == ["4", "5", "6"]
    assert journal.until("5").text == "5"
    assert journal.until("6").text == "6"
    assert journal.render().startswith("... 3 lines before\n")
