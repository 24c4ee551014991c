"""What the platform observes: after a new login it has to say so again."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

AGAIN: Final = 10.0
"""Seconds the platform gets, after a new login, to observe what it observed before. Until then a
module may drop what is reported; a guess, some seconds were seen."""

Observation = tuple[int, int, int]
"""The ids of object, instance and resource, -1 for all."""

_log = logging.getLogger("m5310.device")


class Observations:
    def __init__(self) -> None:
        self._observed: set[Observation] = set()
        self._missing: set[Observation] = set()  # observed before the last interruption
        self._changed = asyncio.Event()

    @property
    def missing(self) -> bool:
        """Whether some of what was observed before the last interruption may be, again."""
        return bool(self._missing)

    def observed(self, what: Observation, *, added: bool) -> None:
        """The platform observes it, or no more."""
        if added:
            self._observed.add(what)
        else:
            self._observed.discard(what)
        self._changed.set()

    def interrupted(self) -> None:
        """The login is over, and with it every observation."""
        self._missing = self._missing | self._observed  # a new set: see `complete`
        self._observed.clear()
        self._changed.set()

    async def complete(self) -> None:
        """Wait until nothing is missing, at most `AGAIN` s, or until the next interruption."""
        missing = self._missing  # another one after an interruption
        try:
            async with asyncio.timeout(AGAIN):
                while missing is self._missing and not missing <= self._observed:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            _log.info("the platform has not observed again: %s", missing - self._observed)
        if missing is self._missing:
            self._missing = set()
