"""A modem under calls, noise and losses in any order: every caller hears, every line is told."""

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
        self.said = 0
        self.heard: list[str] = []
        self.told: list[PortError] = []
        self.last = 0.0
        self.seen = (0,) * len(Counters.__slots__)
        self.run(self._plug())

    async def _plug(self) -> None:
        self.port = Scripted({"AT+": None})
        self.modem = self.port.modem
        self.seen = (0,) * len(Counters.__slots__)
        self.modem.listen(self.heard.append, self.told.append)

    @rule(command=st.sampled_from([PLAIN, CSQ]))
    def execute(self, command: Command) -> None:
        # written or given up once its timeout is over and the step has settled, ended within
        # another; the others go before
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
            self.said += 1
            self.run(self._receive(b"\r\n+CEREG:%d\r\n" % self.said))

    async def _receive(self, data: bytes) -> None:
        self.modem.data_received(data)
        await asyncio.sleep(0)

    @rule(seconds=BRIEF)
    def wait(self, seconds: float) -> None:
        self.pass_time(seconds)

    @rule(deaf=st.booleans())
    def mood(self, deaf: bool) -> None:
        """Whether it answers AT."""
        self.port.rules = {"AT": None} if deaf else {"AT+": None}

    @rule(how=st.sampled_from(["vanish", "close", "abandon"]))
    def release(self, how: str) -> None:
        error = ModemReset("it began anew")

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
        assert not self.pending()  # at once
        self.last = 0.0
        if how != "abandon":
            assert len(self.told) == 1

    @rule()
    def plug_again(self) -> None:
        if self.port.closed:
            self.told.clear()
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
    def all_is_told_once_in_order(self) -> None:
        if hasattr(self, "port"):
            mine = [line for line in self.heard if line.startswith("+CEREG")]
            assert mine == [f"+CEREG:{number}" for number in range(1, self.said + 1)]

    @invariant()
    def one_timer(self) -> None:
        """None while nobody waits: but for the end of a command whose caller has gone."""
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
