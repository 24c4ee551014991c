"""A modem under calls, noise and losses in any order: every call ends, every line is delivered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from m5310.at.codec import Answer, Command, Response
from m5310.at.events import Counters
from m5310.at.resync import SETTLE_OWED
from m5310.errors import ModemReset, PortError
from tests.support.effort import scaled
from tests.support.orders import BRIEF, Orders
from tests.support.scripted import Scripted

TIMEOUT: Final = 5.0
NAME: Final = "AT+N="
PIECES: Final = st.sampled_from(
    [b"\r\nOK\r\n", b"\r\nERROR\r\n", b"\r\n+N:0\r\n", b"\r\n+CS", b"\xff\0", b"OK"]
)
CANCEL: Final = st.sampled_from([None, 0, 1])


def numbered(number: int, *, asks: bool) -> Command:
    """A command that no other equals, and whose response no other has."""
    responses = (Response(re.compile(rf"\+N:{number}")),) if asks else ()
    return Command(f"{NAME}{number}", responses, TIMEOUT)


class ModemOrders(Orders):
    """Calls, cancellations, answers, noise, restarts and lost ports."""

    @initialize(answers=st.booleans())
    def plug(self, answers: bool) -> None:
        self.sent = 0
        self.received: list[str] = []
        self.losses: list[PortError] = []
        self.last = 0.0
        self.written: list[int] = []  # commands, on earlier ports
        self.withdrawn: set[int] = set()  # commands that were cancelled before they were written
        self.run(self._plug(answers))

    async def _plug(self, answers: bool) -> None:
        self.port = Scripted({"AT+": None} if answers else {"AT": None})
        self.modem = self.port.modem
        self.seen = (0,) * len(Counters.__slots__)
        self.modem.listen(self.received.append, self.losses.append)

    @rule(calls=st.lists(st.booleans(), min_size=1, max_size=3))
    def execute(self, calls: list[bool]) -> None:
        for asks in calls:
            command = numbered(len(self.calls), asks=asks)
            # Written or given up after its timeout and the settling, ended within another
            # timeout; earlier calls go first.
            self.last = max(self.last, self.loop.time()) + 2 * TIMEOUT + SETTLE_OWED
            self.begin(command.line, partial(self.modem.execute, command), self.last)

    @rule(data=st.lists(PIECES, max_size=4).map(b"".join), cancel=CANCEL)
    def receive(self, data: bytes, cancel: int | None) -> None:
        if not self.port.closed:
            self.run(self._at_once(cancel, lambda: self.modem.data_received(data)))

    @rule(result=st.sampled_from(["OK", "ERROR"]), cancel=CANCEL)
    def answer(self, result: str, cancel: int | None) -> None:
        """The answer to the last command that was written."""
        if written := self._numbers_written():
            answer = f"\r\n+N:{written[-1]}\r\n\r\n{result}\r\n".encode()
            self.receive(answer, cancel)

    @rule()
    def unsolicited(self) -> None:
        if not self.port.closed:
            self.sent += 1
            self.receive(b"\r\n+CEREG:%d\r\n" % self.sent, cancel=None)

    async def _at_once(self, cancel: int | None, event: Callable[[], object]) -> None:
        """The event, in the same round of the loop as the cancellation of a call."""
        if cancel is not None and cancel < len(calls := self.pending()):
            call = calls[cancel]
            call.task.cancel()
            if cancel and (number := self.calls.index(call)) not in self._numbers_written():
                self.withdrawn.add(number)  # the first call may be in the engine already
        event()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def _numbers_written(self) -> list[int]:
        return [int(line.removeprefix(NAME)) for line in self.port.sent]

    @rule(seconds=BRIEF)
    def wait(self, seconds: float) -> None:
        self.pass_time(seconds)

    @rule(on=st.booleans())
    def answer_probes(self, on: bool) -> None:
        self.port.rules = {"AT+": None} if on else {"AT": None}

    @rule(how=st.sampled_from([*[None] * 5, "vanish", "close", "abandon"]), cancel=CANCEL)
    def release(self, how: str | None, cancel: int | None) -> None:
        match how:
            case None:  # not as often as the other rules
                return
            case "vanish":
                self.run(self._at_once(cancel, self.port.vanish))
            case "close":
                self.run(self._close(cancel))
            case _:
                error = ModemReset("the module restarted")
                self.run(self._at_once(cancel, lambda: self.modem.abandon(error)))
        assert not self.pending()
        self.last = 0.0
        if how != "abandon":
            assert len(self.losses) == 1

    async def _close(self, cancel: int | None) -> None:
        await self._at_once(cancel, lambda: None)
        await self.modem.close()

    @rule(answers=st.booleans())
    def plug_again(self, answers: bool) -> None:
        if self.port.closed:
            self.losses.clear()
            self.written += self._numbers_written()
            self.run(self._plug(answers))

    @invariant()
    def counters_do_not_decrease(self) -> None:
        if hasattr(self, "port"):
            counters = self.modem.counters
            now = tuple(getattr(counters, name) for name in type(counters).__slots__)
            assert all(after >= before for before, after in zip(self.seen, now, strict=True))
            self.seen = now

    @invariant()
    def commands_are_written_once_in_order(self) -> None:
        if hasattr(self, "port"):
            written = self.written + self._numbers_written()
            assert written == sorted(set(written))
            assert self.withdrawn.isdisjoint(written)
            cancelled = {at for at, call in enumerate(self.calls) if call.task.cancelled()}
            self.withdrawn |= cancelled - set(written)
            assert len(self.modem._queue) <= len(self.pending())

    @invariant()
    def each_call_gets_its_own_answer(self) -> None:
        for number, call in enumerate(self.calls):
            task = call.task
            if task.done() and not task.cancelled() and task.exception() is None:
                answer = task.result()
                assert isinstance(answer, Answer)
                assert answer.command.line == call.name
                assert set(answer.lines) <= {f"+N:{number}"}

    @invariant()
    def lines_are_delivered_once_in_order(self) -> None:
        if hasattr(self, "port"):
            reports = [line for line in self.received if line.startswith("+CEREG")]
            assert reports == [f"+CEREG:{number}" for number in range(1, self.sent + 1)]

    @invariant()
    def timer_is_set_to_the_deadline(self) -> None:
        if hasattr(self, "port"):
            waits = not self.port.closed and self.modem._engine.deadline is not None
            assert self.timers() == waits

    def teardown(self) -> None:
        if hasattr(self, "port"):
            self.pass_time(max(0.0, self.last - self.loop.time()))
            assert not self.pending()
            self.pass_time(2 * TIMEOUT)
            assert not self.timers()
            self.run(self.modem.close())
        self.leave()


ModemOrders.TestCase.settings = settings(max_examples=scaled(600), stateful_step_count=40)
TestModem = ModemOrders.TestCase
