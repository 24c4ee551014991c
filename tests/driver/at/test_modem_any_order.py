"""A modem under calls, noise and losses in any order: every call ends, every line is delivered."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from m5310.at.codec import Command, Response
from m5310.at.events import Counters
from m5310.at.resync import SETTLE_OWED
from m5310.errors import ModemReset, PortError
from tests.support.effort import scaled
from tests.support.orders import BRIEF, Orders
from tests.support.scripted import Scripted

TIMEOUT: Final = 5.0
PLAIN = Command("AT+CFUN=1", timeout=TIMEOUT)
CSQ = Command("AT+CSQ", (Response(re.compile(r"\+CSQ:\d+,\d+"), required=True),), timeout=TIMEOUT)


class ModemOrders(Orders):
    """Calls, cancellations, answers, noise, restarts and lost ports."""

    @initialize()
    def plug(self) -> None:
        self.sent = 0
        self.received: list[str] = []
        self.losses: list[PortError] = []
        self.last = 0.0
        self.seen = (0,) * len(Counters.__slots__)
        self.run(self._plug())

    async def _plug(self) -> None:
        self.port = Scripted({"AT+": None})
        self.modem = self.port.modem
        self.seen = (0,) * len(Counters.__slots__)
        self.modem.listen(self.received.append, self.losses.append)

    @rule(command=st.sampled_from([PLAIN, CSQ]))
    def execute(self, command: Command) -> None:
        # Written or given up after its timeout and the settling, ended within another
        # timeout; earlier calls go first.
        self.last = max(self.last, self.loop.time()) + 2 * TIMEOUT + SETTLE_OWED
        self.begin(command.line, lambda: self.modem.execute(command), self.last)

    @rule(
        data=st.lists(
            st.sampled_from(
                [
                    b"\r\nOK\r\n",
                    b"\r\nERROR\r\n",
                    b"\r\n+CSQ:17,99\r\n",
                    b"\r\n+CS",
                    b"\xff\0",
                    b"OK",
                ]
            ),
            max_size=4,
        ).map(b"".join)
    )
    def receive(self, data: bytes) -> None:
        if not self.port.closed:
            self.run(self._receive(data))

    @rule()
    def unsolicited(self) -> None:
        if not self.port.closed:
            self.sent += 1
            self.run(self._receive(b"\r\n+CEREG:%d\r\n" % self.sent))

    async def _receive(self, data: bytes) -> None:
        self.modem.data_received(data)
        await asyncio.sleep(0)

    @rule(seconds=BRIEF)
    def wait(self, seconds: float) -> None:
        self.pass_time(seconds)

    @rule(on=st.booleans())
    def answer_probes(self, on: bool) -> None:
        self.port.rules = {"AT+": None} if on else {"AT": None}

    @rule(how=st.sampled_from(["vanish", "close", "abandon"]))
    def release(self, how: str) -> None:
        error = ModemReset("the module restarted")

        async def end() -> None:
            match how:
                case "vanish":
                    self.port.vanish()
                case "close":
                    await self.modem.close()
                case "abandon":
                    self.modem.abandon(error)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

        self.run(end())
        assert not self.pending()
        self.last = 0.0
        if how != "abandon":
            assert len(self.losses) == 1

    @rule()
    def plug_again(self) -> None:
        if self.port.closed:
            self.losses.clear()
            self.run(self._plug())

    @invariant()
    def counted(self) -> None:
        if not hasattr(self, "port"):
            return
        counters = self.modem.counters
        now = tuple(getattr(counters, name) for name in type(counters).__slots__)
        assert all(after >= before for before, after in zip(self.seen, now, strict=True))
        self.seen = now

    @invariant()
    def lines_are_delivered_once_in_order(self) -> None:
        if hasattr(self, "port"):
            numbered = [line for line in self.received if line.startswith("+CEREG")]
            assert numbered == [f"+CEREG:{number}" for number in range(1, self.sent + 1)]

    @invariant()
    def one_timer(self) -> None:
        """At most one: none while no command is outstanding or held."""
        assert self.timers() <= 1

    def teardown(self) -> None:
        if hasattr(self, "port"):
            self.pass_time(max(0.0, self.last - self.loop.time()))
            assert not self.pending()
            self.pass_time(2 * TIMEOUT)
            assert not self.timers()
            self.run(self.modem.close())
        self.leave()


ModemOrders.TestCase.settings = settings(max_examples=scaled(100), stateful_step_count=40)
TestModem = ModemOrders.TestCase
