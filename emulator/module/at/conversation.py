"""The conversation on the UART: one command at a time, and what comes unasked between them."""

from __future__ import annotations

from collections.abc import Callable

from emulator.module.at.codec import LineReader, Refusal, framed, parse, refused
from emulator.module.at.commands import OK, Answer, Forms, Table, Values, answer
from emulator.module.command_faults import NO_FAULT, CommandFault, FaultSource

# Bytes that wait while a command is being answered; what comes beyond is lost, as in a UART whose
# reader is busy. Room for the longest line and some. A guess.
UART_BUFFER = 4096
# Unsolicited lines that wait while a host with echo types; beyond, the oldest is lost. A guess.
URC_LIMIT = 64


class Conversation:
    """`write` sends bytes to the host, `heard` is called with each command line. Give it the whole
    `table` before the first byte. `fault_source` says what goes wrong with a command line; None:
    nothing does.

    At start as after every boot: echo off, errors without numbers.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        heard: Callable[[], None] = lambda: None,
        fault_source: FaultSource | None = None,
    ) -> None:
        self.table: Table = {}
        self.fault_source = fault_source
        self.lost = 0  # bytes that found the UART's buffer full
        self._write = write
        self._heard = heard
        self._reader = LineReader()
        self._urcs: list[str] = []
        self._numbers = False
        self._answers: list[tuple[float, bytes]] = []  # pieces of one, each at its time
        self._parted = False  # one of them is written, another is not
        self._stopped = False

    def commands(self) -> Table:
        """The commands of the conversation itself."""
        return {
            "": Forms(execute=lambda _now: OK),
            "E": Forms(assign=self._set_echo),
            "I": Forms(assign=_accept),
            "Z": Forms(assign=self._restore),
            "&F": Forms(assign=self._restore),
            "+CMEE": Forms(assign=self._set_numbers, read=self._tell_numbers, test="+CMEE:(0,1)"),
        }

    @property
    def answering(self) -> bool:
        """Whether a command's answer takes its time; further lines wait for it."""
        return bool(self._answers)

    @property
    def due(self) -> float | None:
        """When to step next."""
        return self._answers[0][0] if self._answers else None

    def receive(self, data: bytes, now: float) -> None:
        """Bytes of the host, in any cut."""
        self._reader.feed(data)
        self._serve(now)

    def urc(self, line: str) -> None:
        """Something for the host that it did not ask for; `flush` writes it."""
        self._urcs.append(line)
        del self._urcs[:-URC_LIMIT]

    def flush(self) -> None:
        """Write what came unasked: never inside a line, so not while the host types with echo, nor
        while a line is told in parts.
        """
        if not self._urcs or self._parted or (self._reader.echo and self._reader.begun):
            return
        self._write(b"".join(map(framed, self._urcs)))
        self._urcs.clear()

    def step(self, now: float) -> float | None:
        """Finish the answer that is due at `now`; returns when one is, None when idle."""
        if self._answers:
            self._say(now)
            self._serve(now)
        self.flush()
        return self.due

    def stop(self) -> None:
        """The module restarts: no further byte is read, and no answer written."""
        self._stopped = True
        self._answers.clear()
        self._urcs.clear()

    def _serve(self, now: float) -> None:
        """Answer the lines that have come, each in full before the next is read."""
        while not self._answers and not self._stopped:
            echoed, line = self._reader.take()
            if echoed:
                self._write(echoed)
            if line is None:
                return
            self._obey(line, now)
            self.flush()
        self.lost += self._reader.drop_beyond(UART_BUFFER)

    def _obey(self, line: bytes, now: float) -> None:
        upset = NO_FAULT
        try:
            command = parse(line)
            if command is None:
                return
            self._heard()
            if self.fault_source is not None:
                upset = self.fault_source(line.decode("utf-8", "backslashreplace").strip())
            if not upset.executed:
                return
            if upset.refusal is not None:
                raise Refusal(upset.refusal)
            given = answer(self.table, command, now)
        except Refusal as refusal:
            self._give([refused(refusal, numbers=self._numbers)], upset, now)
        else:
            if not self._stopped:
                self._give([framed(line) for line in (*given.lines, "OK")], upset, now, given.delay)

    def _give(
        self, lines: list[bytes], upset: CommandFault, now: float, delay: float = 0.0
    ) -> None:
        if upset is NO_FAULT and not delay:  # nearly always
            self._write(b"".join(lines))
            return
        due = now + delay
        for pause, piece in upset.render(lines):
            due += pause
            self._answers.append((due, piece))
        self._say(now)

    def _say(self, now: float) -> None:
        """Write what of the answer is due; a part of it may be."""
        while self._answers and self._answers[0][0] <= now:
            self._write(self._answers.pop(0)[1])
            self._parted = bool(self._answers)

    def _set_echo(self, values: Values, _now: float) -> Answer:
        echo = bool(values.integer(0, 1))
        values.end()
        self._reader.echo = echo
        return OK

    def _restore(self, values: Values, _now: float) -> Answer:
        """V.250 6.1.1, 6.1.2: settings as at start. That these two are all of them is a guess."""
        values.integer(0, 0)
        values.end()
        self._reader.echo = False
        self._numbers = False
        return OK

    def _set_numbers(self, values: Values, _now: float) -> Answer:
        numbers = bool(values.integer(0, 1))
        values.end()
        self._numbers = numbers
        return OK

    def _tell_numbers(self, _now: float) -> Answer:
        return Answer((f"+CMEE:{int(self._numbers)}",))


def _accept(values: Values, _now: float) -> Answer:
    values.integer(0, 0xFFFF)
    values.end()
    return OK
