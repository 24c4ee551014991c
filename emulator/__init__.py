"""The other side of the wire: an emulated M5310, the air behind it, and OneNET behind that.

`Emulator` is loaded when it is first used, so that `python -m emulator` is in charge of signals
before anything heavy is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.emulator import Emulator

__all__ = ["Emulator"]


def __getattr__(name: str) -> object:
    if name == "Emulator":
        from emulator.emulator import Emulator  # noqa: PLC0415 - see above

        return Emulator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
