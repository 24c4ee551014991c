"""`Journal`: lines of both directions, waiting for lines, size limit."""

from __future__ import annotations

import asyncio
import threading

import pytest

from emulator.recording.trace import Direction, TraceLine
from emulator.testing import journal as journal_module
from emulator.testing.journal import Journal

pytestmark = pytest.mark.realtime


def trace_line(text: str, direction: Direction = Direction.TO_HOST) -> TraceLine:
    return TraceLine(0.5, direction, text)


def filled(*texts: str) -> Journal:
    journal = Journal()
    for text in texts:
        journal(
            trace_line(text, Direction.TO_MODULE if text.startswith("AT") else Direction.TO_HOST)
        )
    return journal


def test_commands_and_answers() -> None:
    journal = filled("AT+CSQ", "+CSQ:27,99", "OK")
    journal(trace_line("the host hung up", Direction.NOTE))
    assert journal.commands == ["AT+CSQ"]
    assert journal.answers == ["+CSQ:27,99", "OK"]
    assert [line.text for line in journal] == ["AT+CSQ", "+CSQ:27,99", "OK", "the host hung up"]


def test_settle_is_called_before_reading() -> None:
    journal = filled("AT")
    journal.settle = lambda: journal(trace_line("OK"))
    assert journal.answers == ["OK"]


def test_until_continues_after_the_last_match() -> None:
    journal = filled("AT", "OK", "ATI", "OK")
    first, second = journal.until("OK"), journal.until("OK")
    assert [first, second] == [line for line in journal if line.text == "OK"]
    assert first is not second
    with pytest.raises(TimeoutError, match="no line starts with 'OK'; received lines:\nnone"):
        journal.until("OK", timeout=0)


def test_timeout_lists_lines_and_consumes_none() -> None:
    journal = filled("AT+CSQ", "ERROR")
    with pytest.raises(TimeoutError, match=r"'OK'; received lines:\n.*--> AT\+CSQ\n.*<-- ERROR"):
        journal.until("OK", timeout=0)
    assert journal.until("ERROR").text == "ERROR"


def test_until_waits_for_a_line_of_another_thread() -> None:
    journal = filled("AT")
    timer = threading.Timer(0.01, lambda: (journal(trace_line("other")), journal(trace_line("OK"))))
    timer.start()
    assert journal.until("OK").text == "OK"
    timer.join()


def test_until_is_refused_in_a_coroutine() -> None:
    async def wait() -> None:
        filled("OK").until("OK")

    with pytest.raises(RuntimeError, match=r"use `await asyncio.to_thread\(journal.until, ...\)`"):
        asyncio.run(wait())


def test_repr_counts_the_lines() -> None:
    assert repr(filled("AT", "OK")) == "<Journal: 2 lines>"


def test_render_as_trace() -> None:
    assert Journal().render() == ""
    assert filled("AT", "OK").render() == "     0.500 --> AT\n     0.500 <-- OK"
    assert filled("AT", "OK").render(1) == "... 1 lines before\n     0.500 <-- OK"


def test_oldest_lines_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "MAX_LINES", 3)
    journal = filled("1", "2", "3")
    assert journal.until("1").text == "1"
    for text in ("4", "5", "6"):
        journal(trace_line(text))
    assert journal.answers == ["4", "5", "6"]
    assert journal.until("5").text == "5"
    assert journal.until("6").text == "6"
    assert journal.render().startswith("... 3 lines before\n")
