"""Applies the action of a scenario event to an emulator, and undoes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

from emulator.emulator import Emulator
from emulator.scenario.events import (
    AirChange,
    ByteFault,
    CableChange,
    Change,
    NoiseChange,
    PlatformChange,
    RadioChange,
    Restart,
)
from emulator.simulation.board import Board

Undo = Callable[[], None]


def apply(change: Change, emulator: Emulator, board: Board) -> Undo:
    """Apply `change` to `board`, or to what all boards share. The result undoes it.

    Raises OSError if the port cannot be opened again.
    """
    match change:
        case RadioChange(coverage, refusing, sim):
            return _set(board.module.radio, coverage=coverage, refusing=refusing, sim=sim)
        case Restart(cause):
            board.module.power_cycle(cause, emulator.now())
        case CableChange(plugged):
            (board.line.plug if plugged else board.line.unplug)()
            return board.line.unplug if plugged else board.line.plug
        case NoiseChange(rates):
            return _set(board.line.faults, rates=(rates, rates))
        case ByteFault(to_host, fault):
            faults = board.line.faults
            (faults.to_host if to_host else faults.to_module).plan(fault)
        case AirChange(latency, loss):
            air = emulator.air
            return _set(
                air,
                latency=air.latency if latency is None else latency,
                loss=air.loss if loss is None else loss,
            )
        case PlatformChange(faults):
            return _set(emulator.misbehaviour, faults=faults)
        case _:
            assert_never(change)
    return lambda: None  # cannot be undone


def _set(part: object, **attributes: object) -> Undo:
    """Set the attributes that are not None."""
    new = {name: value for name, value in attributes.items() if value is not None}
    before = {name: getattr(part, name) for name in new}

    def assign(values: Mapping[str, object]) -> None:
        for name, value in values.items():
            setattr(part, name, value)

    assign(new)
    return lambda: assign(before)
