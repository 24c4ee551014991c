"""Echo requests of the module: AT+NPING, and the line that reports the outcome."""

from __future__ import annotations

import asyncio
import math
from typing import Final

from m5310.at.codec import Execute
from m5310.at.tasks import Pending
from m5310.commands import network
from m5310.commands.network import PingFailure, PingReply
from m5310.errors import Code, M5310Error, ParameterError

REPLY: Final = 10.0
"""Seconds for a reply."""
# guess: a module that must first connect its radio takes a few.
SIZE: Final = 12
"""Bytes of a request."""
# guess: the default of modules of the same chip.
MARGIN: Final = 5.0
"""Seconds beyond the module's own time to wait for the line with the outcome."""
# guess: seconds that AT+NPING takes, the range of modules of the same chip.
_SHORTEST = 0.01
_LONGEST = 600.0

_PING: Final = "ping"


class PingFailed(M5310Error):
    """No reply came. `reason` is the module's number, None if it reported no outcome."""

    code = Code.TIMEOUT

    def __init__(self, address: str, reason: int | None) -> None:
        why = "the module reported no outcome" if reason is None else f"+NPINGERR:{reason}"
        super().__init__(f"no reply from {address} ({why}); check the registration and the address")
        self.address = address
        self.reason = reason


class Pings:
    """One at a time, since an outcome does not name its request.

    Call `resolve` with each outcome, and `fail` when none can come any more.
    """

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._lock = asyncio.Lock()
        self._outcomes: Pending[str, PingReply | PingFailure] = Pending()
        self._due = 0.0  # until when the expected outcome may come, on the loop's clock

    async def ping(self, address: str, size: int, timeout: float) -> PingReply:  # noqa: ASYNC109
        """As `Module.ping`."""
        if not _SHORTEST <= timeout <= _LONGEST:
            raise ParameterError(
                f"timeout {timeout} s: expected {_SHORTEST}..{_LONGEST:.0f} s, the module's range"
            )
        command = network.ping(address, size, math.ceil(timeout * 1000))
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

    async def _wait_for_abandoned_ping(self) -> None:
        """The outcome of a request whose caller was cancelled must not be taken for the next."""
        if self._outcomes.expected(_PING):
            left = self._due - asyncio.get_running_loop().time()
            await asyncio.wait({self._outcomes.expect(_PING)}, timeout=max(left, 0))

    def resolve(self, outcome: PingReply | PingFailure) -> None:
        self._outcomes.resolve(_PING, outcome)

    def fail(self, error: M5310Error) -> None:
        self._outcomes.fail_all(error)
