"""What all calls of the page share. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from emulator.onenet.errors import ApiError, Reason
from emulator.scenario.player import Play
from emulator.simulation.bench import Bench
from emulator.simulation.board import Board

T = TypeVar("T")


@dataclass(slots=True)
class Control:
    """The emulator `bench`, which began at `started` (POSIX seconds).

    `coap`: URL of its CoAP server; None: it has none. `viewers`: who watches at present. `play`:
    the scenario that the page has started last.
    """

    bench: Bench
    started: float
    coap: str | None = None
    viewers: int = 0
    play: Play | None = None

    def change(self, change: Callable[[], T]) -> T:
        """Make a change after everything that is due, and process what it causes."""
        self.bench.settle()
        try:
            return change()
        finally:
            self.bench.settle()

    def board(self, number: str) -> Board:
        """The module with the number in a path. Raises ApiError if there is none."""
        boards = self.bench.boards
        if not 1 <= int(number) <= len(boards):
            expected = f"1 to {len(boards)}" if boards else "none: the cloud runs without modules"
            raise ApiError(Reason.NOT_FOUND, f"module {number}, expected {expected}")
        return boards[int(number) - 1]

    def close(self) -> None:
        """End what the page has begun."""
        if self.play is not None:
            self.play.stop()
