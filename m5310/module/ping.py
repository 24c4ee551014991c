"""Echo requests (AT+NPING), and the URC that reports the outcome."""

from __future__ import annotations

import asyncio
import math
from typing import Final, assert_never

from m5310.at.codec import Execute
from m5310.at.tasks import Pending
from m5310.commands.ping import PingFailure, PingReply, ping
from m5310.errors import Code, M5310Error, ParameterError

REPLY: Final = 10.0
"""Seconds for a reply."""
# guess: a module that must connect its radio first needs some.
SIZE: Final = 12
"""Bytes of a request."""
# guess: the default of modules of the same chip.
MARGIN: Final = 5.0
"""Seconds after the module's own timeout in which the outcome may still come."""
# guess: the range of AT+NPING on modules of the same chip, in seconds.
_SHORTEST = 0.01
_LONGEST = 600.0

_PING: Final = "ping"


class PingFailed(M5310Error):
    """No reply came from `address`. `reason` is the module's number, None without an outcome."""

    code = Code.TIMEOUT

    def __init__(self, address: str, reason: int | None) -> None:
        why = "the module reported no outcome" if reason is None else f"+NPINGERR:{reason}"
        super().__init__(f"no reply from {address} ({why}); check the registration and the address")
        self.address = address
        self.reason = reason


class Pings:
    """One ping at a time, because an outcome does not name its request.

    Call `resolve` with each outcome, and `fail` when none can come any more.
    """

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._lock = asyncio.Lock()
        self._outcomes: Pending[str, PingReply | PingFailure] = Pending()
        self._due = 0.0  # the expected outcome comes before this time of the loop

    async def ping(self, address: str, size: int, timeout: float) -> PingReply:  # noqa: ASYNC109
        """As `Module.ping`."""
        if not _SHORTEST <= timeout <= _LONGEST:
            raise ParameterError(
                f"timeout {timeout} s: expected {_SHORTEST}..{_LONGEST:.0f} s, the module's range"
            )
        command = ping(address, size, math.ceil(timeout * 1000))
        async with self._lock:
            await self._wait_for_abandoned_ping()
            outcome = self._outcomes.expect(_PING)
            self._due = asyncio.get_running_loop().time() + timeout + MARGIN
            try:
                await self._execute(command)
                result = await Pending.wait(outcome, timeout + MARGIN)
            except M5310Error:
                self._outcomes.drop(_PING)
                raise
            self._outcomes.drop(_PING)
        match result:
            case PingReply():
                return result
            case PingFailure(reason):
                raise PingFailed(address, reason)
            case None:
                raise PingFailed(address, None)
            case _:
                assert_never(result)

    async def _wait_for_abandoned_ping(self) -> None:
        """The outcome of a cancelled ping must not be taken for that of the next one."""
        if self._outcomes.expected(_PING):
            left = self._due - asyncio.get_running_loop().time()
            await asyncio.wait({self._outcomes.expect(_PING)}, timeout=max(left, 0))

    def resolve(self, outcome: PingReply | PingFailure) -> None:
        self._outcomes.resolve(_PING, outcome)

    def fail(self, error: M5310Error) -> None:
        self._outcomes.fail_all(error)
