"""Observations of the platform. They end with a login, and must be made again after the next."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Final

from m5310.lwm2m.path import ANY, Path

OBSERVE_WITHIN: Final = 10.0
"""Seconds from a new login to the first observe, and from one to the next: the platform observes
again what it observed before. Until then the module may drop reports."""
# guess: up to 9 s were seen

Observation = tuple[int, int, int]
"""The ids of object, instance and resource, -1 for all."""

_log = logging.getLogger("m5310.device")


class Observations:
    def __init__(self) -> None:
        self._observed: set[Observation] = set()
        self._missing: set[Observation] = set()  # observed before, or expected after a login
        self._changed = asyncio.Event()

    @property
    def missing(self) -> bool:
        """Whether something may be observed again that was before the last interruption, or is
        expected."""
        return bool(self._missing)

    def expect(self, instances: Iterable[Path]) -> None:
        """After a login: the platform is about to observe these object instances, each in turn."""
        self._observed.clear()
        expected = {(each.object, each.instance, ANY) for each in instances}
        self._missing = expected
        self._changed.set()

    def _covered(self, what: Observation) -> bool:
        """Whether it is observed: itself, its object, or a resource of it."""
        object_, instance, _ = what
        return what in self._observed or any(
            seen[0] == object_ and seen[1] in (instance, ANY) for seen in self._observed
        )

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
        """Wait until nothing is missing, `OBSERVE_WITHIN` s without an observe, or an
        interruption."""
        missing = self._missing  # replaced by an interruption
        try:
            while missing is self._missing and not all(map(self._covered, missing)):
                self._changed.clear()
                async with asyncio.timeout(OBSERVE_WITHIN):  # from one to the next
                    await self._changed.wait()
        except TimeoutError:
            _log.info("the platform has not observed: %s", missing - self._observed)
        if missing is self._missing:
            self._missing = set()
