"""What the module says of a login, an update or a logout, and who waits for it."""

from __future__ import annotations

import asyncio

from m5310.dialects.urcs import Closed, Opened, Updated
from m5310.errors import M5310Error

Verdict = Opened | Closed | Updated


class Verdicts:
    """Tell it of each verdict that `came`; `fail` it when none will come any more."""

    def __init__(self) -> None:
        self._awaited: dict[type[Verdict], asyncio.Future[bool]] = {}

    def expect(self, kind: type[Verdict]) -> asyncio.Future[bool]:
        """The next one of that kind: whether it tells of a success. Several may wait for it."""
        if kind not in self._awaited:
            self._awaited[kind] = asyncio.get_running_loop().create_future()
        return self._awaited[kind]

    def came(self, verdict: Verdict) -> None:
        awaited = self._awaited.pop(type(verdict), None)
        if awaited is not None:
            awaited.set_result(verdict.success)

    def fail(self, error: M5310Error) -> None:
        """Whoever waits gets `error`, now."""
        awaited, self._awaited = self._awaited, {}
        for each in awaited.values():
            each.set_exception(error)
            each.exception()  # looked at: perhaps nobody waits


async def within(seconds: float, verdict: asyncio.Future[bool]) -> bool | None:
    """None if it does not come in time. Raises what `fail` was told if it cannot come any more."""
    done, _ = await asyncio.wait({verdict}, timeout=seconds)
    return verdict.result() if done else None
