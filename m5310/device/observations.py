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

OBSERVED_LIMIT: Final = 1000
"""Observations that are remembered: more than any device has."""

Observation = tuple[int, int, int]
"""The ids of object, instance and resource, -1 for all."""

_log = logging.getLogger("m5310.device")


class Observations:
    def __init__(self) -> None:
        self._observed: set[Observation] = set()
        self._missing: set[Observation] = set()  # observed before the last interruption
        self._expected: set[Path] = set()  # instances, after a login
        self._changed = asyncio.Event()

    @property
    def missing(self) -> bool:
        """Whether something may be observed again that was before the last interruption."""
        return bool(self._missing)

    def lacks(self, path: Path) -> bool:
        """Whether a report of `path` is too early: something is missing, or an observe of its
        instance is expected."""
        return self.missing or self._lacks_instance(path)

    def _lacks_instance(self, path: Path) -> bool:
        return path.instance_path in self._expected and not any(
            object_ == path.object and instance in (path.instance, ANY)
            for object_, instance, _ in self._observed
        )

    def expect(self, instances: Iterable[Path]) -> None:
        """After a login: the platform is about to observe these object instances, each in turn."""
        self._observed.clear()
        self._missing = set()
        self._expected = set(instances)
        self._changed.set()

    def observed(self, what: Observation, *, added: bool) -> None:
        """The platform observes `what`, or stops observing it."""
        if added:
            if len(self._observed) < OBSERVED_LIMIT:
                self._observed.add(what)
        else:
            self._observed.discard(what)
        self._changed.set()

    def interrupted(self) -> None:
        """The login has ended, and with it every observation."""
        self._missing = self._missing | self._observed  # a new set: see `wait_complete`
        self._expected = set()
        self._observed.clear()
        self._changed.set()

    async def wait_for(self, path: Path) -> None:
        """Wait while the path is lacking, up to `OBSERVE_WITHIN` s from one observe to the next, or
        to an interruption."""
        if self.missing:
            await self.wait_complete()
        expected = self._expected  # replaced by an interruption
        try:
            while expected is self._expected and self._lacks_instance(path):
                self._changed.clear()
                async with asyncio.timeout(OBSERVE_WITHIN):
                    await self._changed.wait()
        except TimeoutError:
            _log.info("the platform has not observed %s", path.instance_path)
            if expected is self._expected:
                self._expected = set()

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
