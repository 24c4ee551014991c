"""The SIM in the module's holder."""

from __future__ import annotations

from enum import auto

from emulator.module.at.codec import Cme, Refusal
from emulator.module.named import Named


class Sim(Named):
    """State of the SIM. FOREIGN: of an operator without a roaming agreement."""

    READY = auto()
    LOCKED = auto()
    MISSING = auto()
    FOREIGN = auto()

    @property
    def usable(self) -> bool:
        """Whether its identity can be read, by the host and for the network."""
        return self in (Sim.READY, Sim.FOREIGN)

    def check_present(self) -> None:
        """Raises Refusal when there is no SIM (TS 27.007 9.2)."""
        if self is Sim.MISSING:
            raise Refusal(Cme.NO_SIM)

    def check_usable(self) -> None:
        """Raises Refusal when there is no SIM, or when it waits for its PIN."""
        self.check_present()
        if self is Sim.LOCKED:
            raise Refusal(Cme.SIM_PIN_REQUIRED)
