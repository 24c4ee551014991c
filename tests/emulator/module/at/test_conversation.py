"""The conversation: echo, answers, unsolicited lines, faults."""

from __future__ import annotations

from typing import ClassVar

import pytest

from emulator.module.at.codec import LINE_LIMIT, Cme
from emulator.module.at.command_faults import NO_FAULT, CommandFault, ExtraBytes, Place
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, CommandTable
from emulator.module.at.conversation import UART_BUFFER, URC_LIMIT, Conversation
from tests.support.uart import lines


class ConversationBench:
    """A conversation with a slow command, `+SLOW`, and one that stops it, `+STOP`."""

    def __init__(self) -> None:
        self.output = bytearray()
        self.conversation = Conversation(self.output.extend)
        self.conversation.table = CommandTable(self.conversation, self)

    def _note(self, _now: float) -> Answer:
        self.conversation.urc("+NOTED")
        return Answer(("+NOTE:1", "+NOTE:2"))

    def _stop(self, _now: float) -> Answer:
        self.conversation.stop()
        return OK

    COMMANDS: ClassVar[Commands] = {
        "+SLOW": CommandForms(execute=lambda _self, _now: Answer(("+SLOW:1",), delay=5.0)),
        "+NOTE": CommandForms(execute=_note),
        "+STOP": CommandForms(execute=_stop),
    }

    def raw(self, data: bytes, now: float = 0.0) -> bytes:
        self.conversation.receive(data, now)
        return self.taken()

    def step(self, now: float) -> float | None:
        """Step the conversation; returns when to step next."""
        self.conversation.step(now)
        return self.conversation.due

    def taken(self) -> bytes:
        output = bytes(self.output)
        self.output.clear()
        return output


def test_commands_of_one_line_have_one_answer() -> None:
    bench = ConversationBench()
    answer = b"\r\n+CMEE:1\r\n+NOTE:1\r\n+NOTE:2\r\n\r\nOK\r\n"
    assert bench.raw(b"AT+CMEE=1;+CMEE?;+NOTE\r").startswith(answer)
    assert bench.raw(b"AT+CMEE=0;+NONE;+CMEE=1\r") == b"\r\nERROR\r\n"
    assert bench.raw(b"AT+CMEE?;+SLOW\r", 10.0) == b""
    assert bench.step(15.0) is None
    assert bench.taken() == b"\r\n+CMEE:0\r\n+SLOW:1\r\n\r\nOK\r\n"
    assert bench.raw(b"AT+STOP;+CMEE=1\r") == b""


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"AT\r", b"\r\nOK\r\n"),
        (b"AT\r\n", b"\r\nOK\r\n"),
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
    assert ConversationBench().raw(sent) == expected


def test_errors_have_numbers_while_cmee_is_1() -> None:
    bench = ConversationBench()
    assert bench.raw(b"AT+CMEE=1\r") == b"\r\nOK\r\n"
    assert bench.raw(b"AT+CMEE?\r") == b"\r\n+CMEE:1\r\n\r\nOK\r\n"
    assert bench.raw(b"ATX\r") == b"\r\n+CME ERROR:4\r\n"
    assert bench.raw(b"hello\r") == b"\r\n+CME ERROR:4\r\n"
    assert bench.raw(b"AT+CMEE=2\r") == b"\r\n+CME ERROR:50\r\n"
    assert bench.raw(b"ATZ\r") == b"\r\nOK\r\n"
    assert bench.raw(b"ATX\r") == b"\r\nERROR\r\n"


def test_echo_repeats_bytes_as_they_come() -> None:
    bench = ConversationBench()
    assert bench.raw(b"ATE1\r") == b"\r\nOK\r\n"
    assert bench.raw(b"A") == b"A"
    assert bench.raw(b"T\r") == b"T\r\r\nOK\r\n"
    assert bench.raw(b"\n") == b""
    assert bench.raw(b"ATE0\rAT\r") == b"ATE0\r\r\nOK\r\n\r\nOK\r\n"


@pytest.mark.parametrize("reset", [b"ATZ\r", b"AT&F\r"])
def test_reset_commands_end_the_echo(reset: bytes) -> None:
    bench = ConversationBench()
    bench.raw(b"ATE1\r")
    assert bench.raw(reset) == reset + b"\r\nOK\r\n"
    assert bench.raw(b"AT\r") == b"\r\nOK\r\n"


def test_urcs_follow_the_final_result() -> None:
    expected = b"\r\n+NOTE:1\r\n+NOTE:2\r\n\r\nOK\r\n\r\n+NOTED\r\n"
    assert ConversationBench().raw(b"AT+NOTE\r") == expected
    assert ConversationBench().raw(b"AT+NOTE\rAT\r") == expected + b"\r\nOK\r\n"


def test_slow_command_is_answered_when_due() -> None:
    bench = ConversationBench()
    assert bench.step(0.0) is None
    assert bench.raw(b"AT+SLOW\r", 10.0) == b""
    assert bench.conversation.due is not None
    assert bench.step(14.9) == 15.0
    assert bench.taken() == b""
    assert bench.step(15.0) is None
    assert bench.taken() == b"\r\n+SLOW:1\r\n\r\nOK\r\n"
    assert bench.conversation.due is None


def test_further_lines_wait_for_the_answer() -> None:
    bench = ConversationBench()
    bench.raw(b"ATE1\r")
    assert bench.raw(b"AT+SLOW\rAT\rAT+SLOW\rATE1\r") == b"AT+SLOW\r"
    assert bench.raw(b"ATE0\r", 1.0) == b""
    assert bench.step(5.0) == 10.0
    slow = b"\r\n+SLOW:1\r\n\r\nOK\r\n"
    assert bench.taken() == slow + b"AT\r\r\nOK\r\nAT+SLOW\r"
    assert bench.step(10.0) is None
    assert bench.taken() == slow + b"ATE1\r\r\nOK\r\nATE0\r\r\nOK\r\n"


def test_waiting_bytes_are_limited() -> None:
    bench = ConversationBench()
    bench.raw(b"AT+SLOW\r" + b"AT\r" * (UART_BUFFER // 3) + b"AT\rATZ\r")
    lost = len(b"AT\rATZ\r") - UART_BUFFER % 3
    assert bench.conversation.bytes_lost == lost
    bench.raw(b"\r" * 1000)
    assert bench.conversation.bytes_lost == lost + 1000
    bench.step(5.0)
    assert lines(bench.taken()).count("OK") == 1 + UART_BUFFER // 3


def test_urc_between_a_command_and_its_answer() -> None:
    bench = ConversationBench()
    bench.raw(b"AT+SLOW\r")
    bench.conversation.urc("+EVENT")
    bench.conversation.flush()
    assert bench.taken() == b"\r\n+EVENT\r\n"


def test_urcs_are_held_during_an_echoed_line() -> None:
    bench = ConversationBench()
    bench.raw(b"ATE1\r")
    assert bench.raw(b"A") == b"A"
    for number in range(URC_LIMIT + 1):
        bench.conversation.urc(f"+EVENT:{number}")
        bench.conversation.flush()
    assert bench.taken() == b""
    held = lines(bench.raw(b"T\r").removeprefix(b"T\r"))
    assert held == ["OK", *(f"+EVENT:{number}" for number in range(1, URC_LIMIT + 1))]


def test_urc_during_half_a_line_without_echo() -> None:
    bench = ConversationBench()
    bench.raw(b"A")
    bench.conversation.urc("+EVENT")
    bench.conversation.flush()
    assert bench.taken() == b"\r\n+EVENT\r\n"


def test_stopped_conversation_writes_nothing() -> None:
    bench = ConversationBench()
    bench.conversation.urc("+EVENT")
    assert bench.raw(b"AT+STOP\rAT\r") == b""
    assert bench.raw(b"AT\r") == b""
    assert bench.step(100.0) is None
    assert bench.taken() == b""


def test_on_command_is_called_before_each_command() -> None:
    calls: list[int] = []
    output = bytearray()
    conversation = Conversation(output.extend, lambda: calls.append(len(output)))
    conversation.receive(b"AT\r\r\ngarbage\rAT+NOSUCH\rAT", 0.0)
    assert calls == [0, len(b"\r\nOK\r\n\r\nERROR\r\n")]


# Faults -----------------------------------------------------------------------------------------


class FaultBench:
    """A conversation that applies the next fault of `planned` to each line."""

    def __init__(self, *planned: CommandFault) -> None:
        self.planned = list(planned)
        self.asked: list[str] = []
        self.output = bytearray()
        self.conversation = Conversation(self.output.extend, fault_source=self.fault)

    def fault(self, line: str) -> CommandFault:
        self.asked.append(line)
        return self.planned.pop(0) if self.planned else NO_FAULT

    def send(self, line: str, now: float = 0.0) -> str:
        self.conversation.receive(line.encode() + b"\r", now)
        return self.taken()

    def step(self, now: float) -> float | None:
        """Step the conversation; returns when to step next."""
        self.conversation.step(now)
        return self.conversation.due

    def taken(self) -> str:
        output = self.output.decode()
        self.output.clear()
        return output


def test_fault_refuses_a_correct_command() -> None:
    bench = FaultBench(NO_FAULT, CommandFault(refusal=Cme.NO_NETWORK), NO_FAULT)
    assert bench.send("AT+CMEE=1") == "\r\nOK\r\n"
    assert bench.send(" AT+CMEE=0") == "\r\n+CME ERROR:30\r\n"
    assert bench.send("AT+CMEE?") == "\r\n+CMEE:1\r\n\r\nOK\r\n"
    assert bench.asked == ["AT+CMEE=1", "AT+CMEE=0", "AT+CMEE?"]


def test_fault_delays_the_answer_and_further_lines() -> None:
    bench = FaultBench(CommandFault(delay=5.0), CommandFault(refusal=Cme.NOT_ALLOWED, delay=2.0))
    assert bench.send("AT") == ""
    assert bench.send("AT", 1.0) == ""
    assert bench.step(4.9) == 5.0
    assert bench.step(5.0) == 7.0
    assert bench.taken() == "\r\nOK\r\n"
    assert bench.step(7.0) is None
    assert bench.taken() == "\r\nERROR\r\n"


def test_fault_drops_the_command_or_its_answer() -> None:
    bench = FaultBench(CommandFault(executed=False), CommandFault(answered=False))
    assert bench.send("AT+CMEE=1") == ""
    assert bench.send("AT+CMEE?") == ""
    assert bench.send("AT+CMEE?") == "\r\n+CMEE:0\r\n\r\nOK\r\n"
    bench.planned = [CommandFault(answered=False)]
    assert bench.send("AT+CMEE=1") == ""
    assert bench.send("AT+CMEE?") == "\r\n+CMEE:1\r\n\r\nOK\r\n"


def test_blank_line_has_no_fault() -> None:
    bench = FaultBench()
    assert bench.send("  ") == ""
    assert bench.asked == []


def test_split_extra_bytes_delay_the_rest_of_the_answer() -> None:
    bench = FaultBench(CommandFault(extra=ExtraBytes(b"<>", Place.INSIDE, split=2.0)))
    assert bench.send("AT") == "\r\nO<"
    assert bench.conversation.due is not None
    bench.conversation.urc("+CEREG:1")
    assert bench.step(1.0) == 2.0
    assert bench.send("AT+CMEE?", 1.0) == ""
    assert bench.step(2.0) is None
    assert bench.taken() == ">K\r\n\r\n+CMEE:0\r\n\r\nOK\r\n\r\n+CEREG:1\r\n"
