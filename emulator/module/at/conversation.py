"""The conversation on the UART: one command at a time, unsolicited lines between the answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from emulator.module.at.codec import (
    Command,
    LineReader,
    Refusal,
    cis_refusal,
    framed,
    information,
    parse,
    refused,
)
from emulator.module.at.command_faults import NO_FAULT, CommandFault, FaultSource
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, CommandTable, Values

# guess: bytes that wait while a command is executed (the longest line and some more); further bytes
# are lost, as in a UART whose reader is busy
UART_BUFFER = 4096
# guess: unsolicited lines that wait while a host with echo types a line; the oldest is dropped
URC_LIMIT = 64

_OK = framed("OK")


@dataclass(frozen=True, slots=True)
class Manner:
    """`echo`: on after each boot. `blank`: one stands after the colon of each line `+NAME:`, but
    not where it begins with `apart`; `error_blank`: in `+CME ERROR: `.
    `cis_refusal`: with a number of the suite's errors.
    """

    echo: bool = False
    blank: bool = False
    error_blank: bool = False
    apart: str = ""
    cis_refusal: Callable[[int], Refusal] = cis_refusal

    def line(self, text: str) -> str:
        """A line as this module writes it."""
        if not self.blank or (self.apart and text.startswith(self.apart)):
            return text
        return _COLON.sub(r"\1: ", text, count=1)


_COLON = re.compile(r"\A(\+[A-Z]+):(?! )")


class Conversation:
    """`write` sends bytes to the host, `on_command` is called with each command line. Set the whole
    `table` before the first byte. `fault_source` injects faults into commands; None: no faults.

    A new conversation has errors without numbers, as after every boot. `manner`: of the module.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        on_command: Callable[[], None] = lambda: None,
        fault_source: FaultSource | None = None,
        manner: Manner = Manner(),
    ) -> None:
        self.table = CommandTable(self)
        self.fault_source = fault_source
        self.on_refused: Callable[[str], None] = lambda _line: None  # by whatever part
        self.bytes_lost = 0  # because the UART buffer was full
        self.due: float | None = None  # when the answer that further lines wait for goes on
        self._write = write
        self._on_command = on_command
        self._manner = manner
        self._reader = LineReader()
        self._reader.echo = manner.echo
        self._urcs: list[str] = []
        self._numbers = False
        self._answer: list[tuple[float, bytes]] = []  # its pieces, each with its time
        self._split = False  # a piece of it is written, another is not
        self._stopped = False

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes of the host, cut in any way."""
        self._reader.feed(data)
        self._execute_lines(now)

    def urc(self, line: str) -> None:
        """Queue an unsolicited line; `flush` writes it."""
        self._urcs.append(self._manner.line(line))
        del self._urcs[:-URC_LIMIT]

    def flush(self) -> None:
        """Write the unsolicited lines, but not inside a line that the host types with echo, nor
        between the pieces of an answer.
        """
        if not self._urcs or self._split or (self._reader.echo and self._reader.begun):
            return
        self._write(b"".join(map(framed, self._urcs)))
        self._urcs.clear()

    def step(self, now: float) -> None:
        """Write what of the answer is due at `now`, then execute the lines that wait for it."""
        self._write_due(now)
        self._execute_lines(now)
        self.flush()

    def stop(self) -> None:
        """The module restarts: read and write nothing more."""
        self._stopped = True
        self._answer.clear()
        self._urcs.clear()
        self.due = None

    def _execute_lines(self, now: float) -> None:
        while not self._answer and not self._stopped:
            echoed, line = self._reader.take()
            if echoed:
                self._write(echoed)
            if line is None:
                return
            self._execute(line, now)
            if self._urcs:
                self.flush()
        self.bytes_lost += self._reader.drop_beyond(UART_BUFFER)

    def _execute(self, line: bytes, now: float) -> None:
        fault = NO_FAULT
        try:
            command = parse(line)
            if command is None:
                return
            self._on_command()
            if self.fault_source is not None:
                fault = self.fault_source(line.decode("utf-8", "backslashreplace").strip())
            if not fault.executed:
                return
            if fault.cis is not None:
                raise self._manner.cis_refusal(fault.cis)
            if fault.refusal is not None:
                raise Refusal(fault.refusal)
            answer = self.table.execute(command, now)
            if command.following:
                answer = self._join(answer, command.following, now)
        except Refusal as refusal:
            self.on_refused(line.decode("utf-8", "backslashreplace").strip())
            final = refused(refusal, numbers=self._numbers, blank=self._manner.error_blank)
            self._write_answer([final], fault, now)
        else:
            if not self._stopped:
                lines = [*information(map(self._manner.line, answer.lines)), _OK]
                self._write_answer(lines, fault, now, answer.delay)

    def _join(self, first: Answer, following: Iterable[Command], now: float) -> Answer:
        """Execute the other commands of a line: one answer with the lines of all."""
        # guess: after a refusal no command is executed, and the error is the whole answer
        lines, delay = list(first.lines), first.delay
        for command in following:
            if self._stopped:
                break
            answer = self.table.execute(command, now)
            lines += answer.lines
            delay += answer.delay
        return Answer(tuple(lines), delay)

    def _write_answer(
        self, lines: list[bytes], fault: CommandFault, now: float, delay: float = 0.0
    ) -> None:
        if fault is NO_FAULT and not delay:  # nearly always
            self._write(b"".join(lines))
            return
        due = now + delay
        for pause, piece in fault.render(lines):
            due += pause
            self._answer.append((due, piece))
        self._write_due(now)

    def _write_due(self, now: float) -> None:
        while self._answer and self._answer[0][0] <= now:
            self._write(self._answer.pop(0)[1])
            self._split = bool(self._answer)
        self.due = self._answer[0][0] if self._answer else None

    def _set_echo(self, values: Values, _now: float) -> Answer:
        self._reader.echo = values.only_flag()
        return OK

    def _restore(self, values: Values, _now: float) -> Answer:
        """Settings as after a boot (V.250 6.1.1, 6.1.2)."""
        # guess: these two are all of them
        values.only((0, 0))
        self._reader.echo = self._manner.echo
        self._numbers = False
        return OK

    def _set_numbers(self, values: Values, _now: float) -> Answer:
        self._numbers = values.only_flag()
        return OK

    def _read_numbers(self, _now: float) -> Answer:
        return Answer((f"+CMEE:{self._numbers:d}",))

    COMMANDS: ClassVar[Commands] = {
        "": CommandForms(execute=lambda _self, _now: OK),
        "E": CommandForms(set=_set_echo),
        "Z": CommandForms(set=_restore),
        "&F": CommandForms(set=_restore),
        "+CMEE": CommandForms(set=_set_numbers, read=_read_numbers, test="+CMEE:(0,1)"),
    }
