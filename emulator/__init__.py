"""The other side of the wire: an emulated M5310, the air behind it, and OneNET behind that.

Its names are loaded when they are first used, so that `python -m emulator` is in charge of signals
before anything heavy is imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.clock import LoopClock, VirtualClock
    from emulator.emulator import Emulator
    from emulator.line.noise import Rates

__all__ = ["Emulator", "LoopClock", "Rates", "VirtualClock"]

_ROOMS = {
    "Emulator": "emulator.emulator",
    "LoopClock": "emulator.clock",
    "Rates": "emulator.line.noise",
    "VirtualClock": "emulator.clock",
}


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)
