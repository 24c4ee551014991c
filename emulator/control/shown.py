"""What the calls and the stream show of clock and modules. Pure."""

from __future__ import annotations

from emulator.control.control import Control
from emulator.onenet.http.answers import Answer


def clock(control: Control) -> Answer:
    """The members of the state that the clock has."""
    return {"now": control.bench.now()}


def module(control: Control, number: int) -> Answer:
    """The module with this number, 1 or more, and its place, line and login."""
    board = control.bench.boards[number - 1]
    return {"number": number, "imei": board.module.identity.imei}
