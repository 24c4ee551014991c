"""Does to an emulator what an action says, and knows the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from emulator.emulator import Emulator
from emulator.scenario.events import (
    AirChange,
    ByteFault,
    CableChange,
    CoverageChange,
    NetworkChange,
    NoiseChange,
    PlatformChange,
    Restart,
    SimChange,
    Way,
)
from emulator.simulation.board import Board

Undo = Callable[[], None]
Staged = (
    CoverageChange
    | NetworkChange
    | SimChange
    | Restart
    | CableChange
    | NoiseChange
    | ByteFault
    | AirChange
    | PlatformChange
)


def perform(action: Staged, it: Emulator, board: Board) -> Undo:
    """Do `action` to `board`, or to what all share; what is returned makes things as they were.

    Raises OSError: the port cannot be had again.
    """
    match action:
        case CoverageChange(coverage):
            return _set(board.module.radio, "coverage", coverage)
        case NetworkChange(refusing):
            return _set(board.module.radio, "refusing", refusing)
        case SimChange(sim):
            return _set(board.module.radio, "sim", sim)
        case Restart(cause):
            board.module.power_cycle(cause, it.now())
            return _nothing
        case CableChange(plugged):
            (board.line.plug if plugged else board.line.unplug)()
            return board.line.unplug if plugged else board.line.plug
        case NoiseChange():
            return _noise(action, board)
        case ByteFault(way, spot):
            faults = board.line.faults
            (faults.to_host if way is Way.TO_HOST else faults.to_module).plan(spot)
            return _nothing
        case AirChange():
            return _weather(action, it)
        case PlatformChange(faults):
            return _set(it.misbehaviour, "faults", faults)
        case _:
            assert_never(action)


def _nothing() -> None:
    """There is no way back."""


def _set(part: object, name: str, value: object) -> Undo:
    before = getattr(part, name)
    setattr(part, name, value)
    return lambda: setattr(part, name, before)


def _noise(action: NoiseChange, board: Board) -> Undo:
    faults = board.line.faults
    to_host, to_module = faults.rates
    faults.set_rates(action.rates)

    def undo() -> None:
        faults.to_host.rates, faults.to_module.rates = to_host, to_module

    return undo


def _weather(action: AirChange, it: Emulator) -> Undo:
    air = it.air
    latency, loss = air.latency, air.loss
    air.latency = latency if action.latency is None else action.latency
    air.loss = loss if action.loss is None else action.loss

    def undo() -> None:
        air.latency, air.loss = latency, loss

    return undo
