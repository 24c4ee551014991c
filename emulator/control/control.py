"""What all calls of the page share. Pure."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import TypeVar

from emulator.control.traffic import Traffic
from emulator.onenet.errors import ApiError, Reason
from emulator.scenario.player import Play
from emulator.simulation.bench import Bench
from emulator.simulation.board import Board

T = TypeVar("T")


@dataclass(slots=True)
class Control:
    """The emulator `bench`, which began at `started` (POSIX seconds).

    `traffic`: what has gone over its lines and its air. `servers`: the addresses of servers in the
    air. `coap`: URL of its CoAP server; None: it has none. `changes`: for each viewer, the devices
    that came online (True) or went offline since it was sent that. `play`: the scenario that the
    page has started last.
    """

    bench: Bench
    started: float
    traffic: Traffic
    servers: Container[str]
    coap: str | None = None
    play: Play | None = None
    changes: list[dict[str, bool]] = field(default_factory=list)

    @property
    def viewers(self) -> int:
        """How many watch at present."""
        return len(self.changes)

    def on_online(self, device_id: str, online: bool) -> None:
        """A device has come online, or gone offline."""
        for changes in self.changes:
            changes[device_id] = online

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
