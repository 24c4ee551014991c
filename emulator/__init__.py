"""The other side of the wire: an emulated M5310, the air behind it, and OneNET behind that.

Its names are loaded when they are first used, so that `python -m emulator` is in charge of signals
before anything heavy is imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.clock import EagerClock, LoopClock, VirtualClock
    from emulator.cloud import Cloud
    from emulator.coverage import Coverage
    from emulator.emulator import Emulator
    from emulator.firmware import Firmware
    from emulator.journal import Journal
    from emulator.line.noise import Rates
    from emulator.onenet.errors import ApiError
    from emulator.remote import within
    from emulator.sim import Sim

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
    "Cloud": "emulator.cloud",
    "Coverage": "emulator.coverage",
    "EagerClock": "emulator.clock",
    "Emulator": "emulator.emulator",
    "Firmware": "emulator.firmware",
    "Journal": "emulator.journal",
    "LoopClock": "emulator.clock",
    "Rates": "emulator.line.noise",
    "Sim": "emulator.sim",
    "VirtualClock": "emulator.clock",
    "within": "emulator.remote",
}


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)
