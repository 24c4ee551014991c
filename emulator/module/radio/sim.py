"""The SIM in the module's holder, and what it lets the host do."""

from __future__ import annotations

from enum import Enum, auto

from emulator.module.at.codec import Cme, Refusal


class Sim(Enum):
    """FOREIGN: of an operator with whom the network has no agreement."""

    READY = auto()
    LOCKED = auto()
    MISSING = auto()
    FOREIGN = auto()

    @property
    def usable(self) -> bool:
        """It can be asked who it is, and the network with it."""
        return self in (Sim.READY, Sim.FOREIGN)

    def check_present(self) -> None:
        """Raises Refusal when there is none."""
        if self is Sim.MISSING:
            raise Refusal(Cme.NO_SIM)

    def check_usable(self) -> None:
        """Raises Refusal when there is none, or when it waits for its PIN."""
        self.check_present()
        if self is Sim.LOCKED:
            raise Refusal(Cme.SIM_PIN_REQUIRED)
