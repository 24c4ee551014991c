"""Observations of the platform. They end with a login, and must be made again after the next."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

OBSERVE_WITHIN: Final = 10.0
"""Seconds from a new login in which the platform observes again what it observed before. Until
then the module may drop reports."""  # guess: some seconds were seen

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
        """Whether something may be observed again that was before the last interruption."""
        return bool(self._missing)

    def observed(self, what: Observation, *, added: bool) -> None:
        """The platform observes `what`, or stops observing it."""
        if added:
            self._observed.add(what)
        else:
            self._observed.discard(what)
        self._changed.set()

    def interrupted(self) -> None:
        """The login has ended, and with it every observation."""
        self._missing = self._missing | self._observed  # a new set: see `wait_complete`
        self._observed.clear()
        self._changed.set()

    async def wait_complete(self) -> None:
        """Wait until nothing is missing, `OBSERVE_WITHIN` s are over, or an interruption."""
        missing = self._missing  # replaced by an interruption
        try:
            async with asyncio.timeout(OBSERVE_WITHIN):
                while missing is self._missing and not missing <= self._observed:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            _log.info("the platform has not observed again: %s", missing - self._observed)
        if missing is self._missing:
            self._missing = set()
