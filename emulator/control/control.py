"""What all calls of the page share. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from emulator.simulation.bench import Bench

T = TypeVar("T")


@dataclass(slots=True)
class Control:
    """The emulator `bench`, which began at `started` (POSIX seconds).

    `coap`: URL of its CoAP server; None: it has none. `viewers`: who watches at present.
    """

    bench: Bench
    started: float
    coap: str | None = None
    viewers: int = 0

    def change(self, change: Callable[[], T]) -> T:
        """Make a change after everything that is due, and process what it causes."""
        self.bench.settle()
        try:
            return change()
        finally:
            self.bench.settle()
