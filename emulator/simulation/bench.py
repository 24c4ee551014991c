"""What scenarios and the page act on: a running emulator, as far as they know it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from emulator.air.network import Air
from emulator.clock.clocks import Clock
from emulator.onenet.misbehaviour import Misbehaviour
from emulator.onenet.platform import Platform
from emulator.simulation.board import Board


class Bench(Protocol):
    """Modules, air and cloud by one clock. `emulator.Emulator` is one.

    Code that changes a part directly calls `settle` before and after it. `played`: the scenario
    that was played last, as `emulator.scenario.player.Play`; None: none.
    """

    played: object | None

    @property
    def boards(self) -> Sequence[Board]: ...
    @property
    def platform(self) -> Platform: ...
    @property
    def air(self) -> Air: ...
    @property
    def misbehaviour(self) -> Misbehaviour: ...
    @property
    def clock(self) -> Clock: ...

    def now(self) -> float:
        """The time of all parts: POSIX seconds that never go back."""

    def settle(self) -> None:
        """Do everything that is due by now."""
