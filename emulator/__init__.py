"""The other side of the wire: an emulated M5310, the air behind it, and OneNET behind that.

Its names are loaded when they are first used, so that `python -m emulator` is in charge of signals
before anything heavy is imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.clock.clocks import EagerClock, LoopClock, VirtualClock
    from emulator.emulator import Emulator
    from emulator.line.faults import Rates
    from emulator.module.firmware import Firmware
    from emulator.module.radio.coverage import Coverage
    from emulator.module.radio.sim import Sim
    from emulator.onenet.errors import ApiError
    from emulator.simulation.remote import within
    from emulator.testing.application import Cloud
    from emulator.testing.journal import Journal

__all__ = [
    "ApiError",
    "Cloud",
    "Coverage",
    "EagerClock",
    "Emulator",
    "Firmware",
    "Journal",
    "LoopClock",
    "Rates",
    "Sim",
    "VirtualClock",
    "within",
]

_ROOMS = {
    "ApiError": "emulator.onenet.errors",
    "Cloud": "emulator.testing.application",
    "Coverage": "emulator.module.radio.coverage",
    "EagerClock": "emulator.clock.clocks",
    "Emulator": "emulator.emulator",
    "Firmware": "emulator.module.firmware",
    "Journal": "emulator.testing.journal",
    "LoopClock": "emulator.clock.clocks",
    "Rates": "emulator.line.faults",
    "Sim": "emulator.module.radio.sim",
    "VirtualClock": "emulator.clock.clocks",
    "within": "emulator.simulation.remote",
}


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)
