"""What the calls and the stream show of clock and modules. Pure."""

from __future__ import annotations

from emulator.clock.clocks import LoopClock
from emulator.clock.steered import SteeredClock
from emulator.control import snapshot
from emulator.control.control import Control
from emulator.onenet.http.answers import Answer


def clock(control: Control) -> Answer:
    """The members of the state that the clock has."""
    clock = control.bench.clock
    if isinstance(clock, SteeredClock):
        speed, paused, advancing = clock.speed, clock.paused, clock.advancing
    elif isinstance(clock, LoopClock):
        speed, paused, advancing = clock.speed, False, False
    else:  # a program moves it
        speed, paused, advancing = 1.0, True, False
    return {
        "now": control.bench.now(),
        "speed": speed,
        "paused": paused,
        "advancing": advancing,
        "steered": isinstance(clock, SteeredClock),  # else no call steers it
    }


def entry(control: Control, number: int) -> Answer:
    """The module with this number, 1 or more, as a list shows it."""
    board = control.bench.boards[number - 1]
    return snapshot.entry(number, board, _device(control, number))


def module(control: Control, number: int) -> Answer:
    """The module with this number, 1 or more, and its place, line and login."""
    board = control.bench.boards[number - 1]
    return snapshot.whole(number, board, _device(control, number))


def _device(control: Control, number: int) -> str | None:
    """The cloud's id of the module's device."""
    imei = control.bench.boards[number - 1].module.identity.imei
    device = control.bench.platform.device_by_imei(imei)
    return None if device is None else device.id
