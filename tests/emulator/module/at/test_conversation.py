"""One command at a time, and what comes unasked between them."""

from __future__ import annotations

import pytest

from emulator.module.at.codec import LINE_LIMIT, Cme
from emulator.module.at.commands import OK, Answer, CommandForms
from emulator.module.at.conversation import UART_BUFFER, URC_LIMIT, Conversation
from emulator.module.command_faults import NO_FAULT, CommandFault, ExtraBytes, Place
from tests.support.uart import lines


class Desk:
    """A conversation with one slow command, `+SLOW`, and one that stops it, `+STOP`."""

    def __init__(self) -> None:
        self.output = bytearray()
        self.conversation = Conversation(self.output.extend)
        self.conversation.table = {
            **self.conversation.commands(),
            "+SLOW": CommandForms(execute=lambda _now: Answer(("+SLOW:1",), delay=5.0)),
            "+TELL": CommandForms(execute=self._tell),
            "+STOP": CommandForms(execute=self._stop),
        }

    def _tell(self, _now: float) -> Answer:
        self.conversation.urc("+TOLD")
        return Answer(("+TELL:1", "+TELL:2"))

    def _stop(self, _now: float) -> Answer:
        self.conversation.stop()
        return OK

    def raw(self, data: bytes, now: float = 0.0) -> bytes:
        self.conversation.receive(data, now)
        return self.taken()

    def taken(self) -> bytes:
        output = bytes(self.output)
        self.output.clear()
        return output


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"AT\r", b"\r\nOK\r\n"),
        (b"AT\r\n", b"\r\nOK\r\n"),
        (b"ati\r", b"\r\nOK\r\n"),
        (b"ATI3\r", b"\r\nOK\r\n"),
        (b"ATZ\r", b"\r\nOK\r\n"),
        (b"AT&F\r", b"\r\nOK\r\n"),
        (b"AT&F0\r", b"\r\nOK\r\n"),
        (b"ATE0\r", b"\r\nOK\r\n"),
        (b"AT+CMEE?\r", b"\r\n+CMEE:0\r\n\r\nOK\r\n"),
        (b"AT+CMEE=?\r", b"\r\n+CMEE:(0,1)\r\n\r\nOK\r\n"),
        (b"\r", b""),
        (b"  \r\n", b""),
        (b"ATZ1\r", b"\r\nERROR\r\n"),
        (b"ATE2\r", b"\r\nERROR\r\n"),
        (b"ATX\r", b"\r\nERROR\r\n"),
        (b"AT+CMEE=2\r", b"\r\nERROR\r\n"),
        (b"AT+CMEE=1,1\r", b"\r\nERROR\r\n"),
        (b"hello\r", b"\r\nERROR\r\n"),
        (b"AT" + b"x" * LINE_LIMIT + b"\r", b"\r\nERROR\r\n"),
    ],
)
def test_lines_and_their_answers(sent: bytes, expected: bytes) -> None:
    assert Desk().raw(sent) == expected


def test_errors_have_numbers_while_cmee_is_1() -> None:
    desk = Desk()
    assert desk.raw(b"AT+CMEE=1\r") == b"\r\nOK\r\n"
    assert desk.raw(b"AT+CMEE?\r") == b"\r\n+CMEE:1\r\n\r\nOK\r\n"
    assert desk.raw(b"ATX\r") == b"\r\n+CME ERROR:4\r\n"
    assert desk.raw(b"hello\r") == b"\r\n+CME ERROR:4\r\n"
    assert desk.raw(b"AT+CMEE=2\r") == b"\r\n+CME ERROR:50\r\n"
    assert desk.raw(b"ATZ\r") == b"\r\nOK\r\n"
    assert desk.raw(b"ATX\r") == b"\r\nERROR\r\n"


def test_echo_repeats_bytes_as_they_come() -> None:
    desk = Desk()
    assert desk.raw(b"ATE1\r") == b"\r\nOK\r\n"
    assert desk.raw(b"A") == b"A"
    assert desk.raw(b"T\r") == b"T\r\r\nOK\r\n"
    assert desk.raw(b"\n") == b""
    assert desk.raw(b"ATE0\rAT\r") == b"ATE0\r\r\nOK\r\n\r\nOK\r\n"


@pytest.mark.parametrize("reset", [b"ATZ\r", b"AT&F\r"])
def test_a_reset_ends_the_echo(reset: bytes) -> None:
    desk = Desk()
    desk.raw(b"ATE1\r")
    assert desk.raw(reset) == reset + b"\r\nOK\r\n"
    assert desk.raw(b"AT\r") == b"\r\nOK\r\n"


def test_information_stands_before_ok_and_news_after_it() -> None:
    expected = b"\r\n+TELL:1\r\n\r\n+TELL:2\r\n\r\nOK\r\n\r\n+TOLD\r\n"
    assert Desk().raw(b"AT+TELL\r") == expected
    assert Desk().raw(b"AT+TELL\rAT\r") == expected + b"\r\nOK\r\n"


def test_a_slow_command_is_answered_when_due() -> None:
    desk = Desk()
    assert desk.conversation.step(0.0) is None
    assert desk.raw(b"AT+SLOW\r", 10.0) == b""
    assert desk.conversation.answering
    assert desk.conversation.step(14.9) == 15.0
    assert desk.taken() == b""
    assert desk.conversation.step(15.0) is None
    assert desk.taken() == b"\r\n+SLOW:1\r\n\r\nOK\r\n"
    assert not desk.conversation.answering


def test_further_lines_wait_for_the_answer_to_the_one_before() -> None:
    desk = Desk()
    desk.raw(b"ATE1\r")
    assert desk.raw(b"AT+SLOW\rAT\rAT+SLOW\rATI\r") == b"AT+SLOW\r"
    assert desk.raw(b"ATE0\r", 1.0) == b""
    assert desk.conversation.step(5.0) == 10.0
    slow = b"\r\n+SLOW:1\r\n\r\nOK\r\n"
    assert desk.taken() == slow + b"AT\r\r\nOK\r\nAT+SLOW\r"
    assert desk.conversation.step(10.0) is None
    assert desk.taken() == slow + b"ATI\r\r\nOK\r\nATE0\r\r\nOK\r\n"


def test_what_waits_is_bounded() -> None:
    desk = Desk()
    desk.raw(b"AT+SLOW\r" + b"AT\r" * (UART_BUFFER // 3) + b"AT\rATI\r")
    lost = len(b"AT\rATI\r") - UART_BUFFER % 3
    assert desk.conversation.lost == lost
    desk.raw(b"\r" * 1000)
    assert desk.conversation.lost == lost + 1000
    desk.conversation.step(5.0)
    assert lines(desk.taken()).count("OK") == 1 + UART_BUFFER // 3


def test_news_may_fall_between_a_command_and_its_answer() -> None:
    desk = Desk()
    desk.raw(b"AT+SLOW\r")
    desk.conversation.urc("+NEWS")
    desk.conversation.flush()
    assert desk.taken() == b"\r\n+NEWS\r\n"


def test_news_never_falls_inside_a_line_that_is_echoed() -> None:
    desk = Desk()
    desk.raw(b"ATE1\r")
    assert desk.raw(b"A") == b"A"
    for number in range(URC_LIMIT + 1):
        desk.conversation.urc(f"+NEWS:{number}")
        desk.conversation.flush()
    assert desk.taken() == b""
    held = lines(desk.raw(b"T\r").removeprefix(b"T\r"))
    assert held == ["OK", *(f"+NEWS:{number}" for number in range(1, URC_LIMIT + 1))]


def test_without_echo_half_a_line_holds_nothing_back() -> None:
    desk = Desk()
    desk.raw(b"A")
    desk.conversation.urc("+NEWS")
    desk.conversation.flush()
    assert desk.taken() == b"\r\n+NEWS\r\n"


def test_stopped_it_says_nothing_more() -> None:
    desk = Desk()
    desk.conversation.urc("+NEWS")
    assert desk.raw(b"AT+STOP\rAT\r") == b""
    assert desk.raw(b"AT\r") == b""
    assert desk.conversation.step(100.0) is None
    assert desk.taken() == b""


def test_each_command_line_is_told_before_it_is_obeyed_and_nothing_else_is() -> None:
    heard: list[int] = []
    output = bytearray()
    conversation = Conversation(output.extend, lambda: heard.append(len(output)))
    conversation.table = conversation.commands()
    conversation.receive(b"AT\r\r\ngarbage\rAT+NOSUCH\rAT", 0.0)
    assert heard == [0, len(b"\r\nOK\r\n\r\nERROR\r\n")]


# A module that is not well ------------------------------------------------------------------------


class Upsets:
    """A desk whose module treats each next line as `planned` says."""

    def __init__(self, *planned: CommandFault) -> None:
        self.planned = list(planned)
        self.asked: list[str] = []
        self.output = bytearray()
        self.conversation = Conversation(self.output.extend, fault_source=self.upset)
        self.conversation.table = self.conversation.commands()

    def upset(self, line: str) -> CommandFault:
        self.asked.append(line)
        return self.planned.pop(0) if self.planned else NO_FAULT

    def say(self, line: str, now: float = 0.0) -> str:
        self.conversation.receive(line.encode() + b"\r", now)
        return self.taken()

    def taken(self) -> str:
        said = self.output.decode()
        self.output.clear()
        return said


def test_a_command_is_refused_though_nothing_is_wrong_with_it() -> None:
    desk = Upsets(NO_FAULT, CommandFault(refusal=Cme.NO_NETWORK), NO_FAULT)
    assert desk.say("AT+CMEE=1") == "\r\nOK\r\n"
    assert desk.say(" AT+CMEE=0") == "\r\n+CME ERROR:30\r\n"
    assert desk.say("AT+CMEE?") == "\r\n+CMEE:1\r\n\r\nOK\r\n"
    assert desk.asked == ["AT+CMEE=1", "AT+CMEE=0", "AT+CMEE?"]


def test_an_answer_comes_late_and_what_follows_waits() -> None:
    desk = Upsets(CommandFault(delay=5.0), CommandFault(refusal=Cme.NOT_ALLOWED, delay=2.0))
    assert desk.say("AT") == ""
    assert desk.say("AT", 1.0) == ""
    assert desk.conversation.step(4.9) == 5.0
    assert desk.conversation.step(5.0) == 7.0
    assert desk.taken() == "\r\nOK\r\n"
    assert desk.conversation.step(7.0) is None
    assert desk.taken() == "\r\nERROR\r\n"


def test_a_command_is_not_heard_or_its_answer_is_not_given() -> None:
    desk = Upsets(CommandFault(executed=False), CommandFault(answered=False))
    assert desk.say("AT+CMEE=1") == ""
    assert desk.say("AT+CMEE?") == ""
    assert desk.say("AT+CMEE?") == "\r\n+CMEE:0\r\n\r\nOK\r\n"
    desk.planned = [CommandFault(answered=False)]
    assert desk.say("AT+CMEE=1") == ""
    assert desk.say("AT+CMEE?") == "\r\n+CMEE:1\r\n\r\nOK\r\n"


def test_a_blank_line_is_nothing_to_upset() -> None:
    desk = Upsets()
    assert desk.say("  ") == ""
    assert desk.asked == []


def test_what_stands_inside_an_answer_in_two_parts_keeps_the_rest_waiting() -> None:
    desk = Upsets(CommandFault(extra=ExtraBytes(b"<>", Place.INSIDE, split=2.0)))
    assert desk.say("AT") == "\r\nO<"
    assert desk.conversation.answering
    desk.conversation.urc("+CEREG:1")
    assert desk.conversation.step(1.0) == 2.0
    assert desk.say("AT+CMEE?", 1.0) == ""
    assert desk.conversation.step(2.0) is None
    assert desk.taken() == ">K\r\n\r\n+CMEE:0\r\n\r\nOK\r\n\r\n+CEREG:1\r\n"
