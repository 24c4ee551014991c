"""Scenario files on a testbed, in its virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

from emulator import Emulator
from emulator.clock.clocks import Timer
from emulator.scenario.parser import read
from emulator.scenario.player import Play
from tests.support.null_modem import START
from tests.support.testbed import DeviceTestbed


class _Stage:
    """What a scenario uses of an emulator: all but the line, whose faults a testbed has itself."""

    def __init__(self, testbed: DeviceTestbed) -> None:
        self._loop = asyncio.get_running_loop()
        self.boards = [SimpleNamespace(module=testbed.module)]
        self.clock = self
        self.settle = testbed.settle
        self.platform = testbed.platform
        self.air = testbed.air
        self.misbehaviour = testbed.simulation.misbehaviour

    def now(self) -> float:
        return START + self._loop.time()

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        return self._loop.call_at(when - START, callback)


def play(testbed: DeviceTestbed, text: str) -> Play:
    """The scenario of this text, started."""
    played = Play(cast(Emulator, _Stage(testbed)), read(text))
    played.start()
    return played
