"""Echo requests of the module: AT+NPING, and the line that says how it went."""

from __future__ import annotations

import asyncio
import math
from typing import Final

from m5310.at.codec import Execute
from m5310.commands import network
from m5310.commands.network import PingFailure, PingReply
from m5310.errors import Code, M5310Error, ParameterError

REPLY: Final = 10.0
"""Seconds for a reply. A guess: a module that must first connect its radio takes a few."""
SIZE: Final = 12
"""Bytes of a request. A guess: the default of modules of the same chip."""
MARGIN: Final = 5.0
"""Seconds we wait beyond the module's own time for the line that says how it went."""
# What AT+NPING takes, in seconds. A guess: the range of modules of the same chip.
_SHORTEST = 0.01
_LONGEST = 600.0

Outcome = PingReply | PingFailure | M5310Error


class PingFailed(M5310Error):
    """No reply came. `reason` is the module's number, None if the module said nothing."""

    code = Code.TIMEOUT

    def __init__(self, address: str, reason: int | None) -> None:
        said = "the module told no outcome" if reason is None else f"+NPINGERR:{reason}"
        super().__init__(
            f"no reply from {address} ({said}); check the registration and the address"
        )
        self.address = address
        self.reason = reason


class Pings:
    """One at a time: an outcome does not say to which request it belongs."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._turn = asyncio.Lock()
        self._outcome: asyncio.Future[Outcome] | None = None
        self._due = 0.0  # until when it may come, on the loop's clock

    async def ping(self, address: str, size: int, timeout: float) -> PingReply:  # noqa: ASYNC109
        """See `Module.ping`."""
        if not _SHORTEST <= timeout <= _LONGEST:
            raise ParameterError(
                f"a timeout of {timeout} s; the module takes {_SHORTEST}..{_LONGEST:.0f} s"
            )
        command = network.ping(address, size, math.ceil(timeout * 1000))
        async with self._turn:
            await self._bygone()
            loop = asyncio.get_running_loop()
            waiter: asyncio.Future[Outcome] = loop.create_future()
            self._outcome = waiter  # before the command: the line may come before its OK
            self._due = loop.time() + timeout + MARGIN
            try:
                await self._execute(command)
                await asyncio.wait({waiter}, timeout=timeout + MARGIN)
            except M5310Error:
                self._outcome = None
                raise
            self._outcome = None
        if not waiter.done():
            raise PingFailed(address, None)
        match waiter.result():
            case PingReply() as reply:
                return reply
            case PingFailure(reason):
                raise PingFailed(address, reason)
            case error:
                raise error

    async def _bygone(self) -> None:
        """Let the request of a caller who was cancelled have its outcome, or ours would be that."""
        if self._outcome is not None:
            left = self._due - asyncio.get_running_loop().time()
            await asyncio.wait({self._outcome}, timeout=max(left, 0))

    def ended(self, outcome: Outcome) -> None:
        """A line said how it went, or an error why none will."""
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(outcome)
