"""Does to an emulator what an act says, and knows the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from emulator.emulator import Emulator
from emulator.scenario.events import (
    Cable,
    Card,
    Mood,
    Network,
    Noise,
    Reception,
    Restart,
    Spoil,
    Way,
    Weather,
)
from emulator.simulation.board import Board

Undo = Callable[[], None]
Staged = Reception | Network | Card | Restart | Cable | Noise | Spoil | Weather | Mood


def perform(act: Staged, it: Emulator, board: Board) -> Undo:
    """Do `act` to `board`, or to what all share; what is returned makes things as they were.

    Raises OSError: the port cannot be had again.
    """
    match act:
        case Reception(coverage):
            return _set(board.module.radio, "coverage", coverage)
        case Network(refusing):
            return _set(board.module.radio, "refusing", refusing)
        case Card(sim):
            return _set(board.module.radio, "sim", sim)
        case Restart(cause):
            board.module.power_cycle(cause, it.now())
            return _nothing
        case Cable(plugged):
            (board.line.plug if plugged else board.line.unplug)()
            return board.line.unplug if plugged else board.line.plug
        case Noise():
            return _noise(act, board)
        case Spoil(way, spot):
            faults = board.line.faults
            (faults.to_host if way is Way.TO_HOST else faults.to_module).plan(spot)
            return _nothing
        case Weather():
            return _weather(act, it)
        case Mood(manner):
            return _set(it.front, "manner", manner)
        case _:
            assert_never(act)


def _nothing() -> None:
    """There is no way back."""


def _set(part: object, name: str, value: object) -> Undo:
    before = getattr(part, name)
    setattr(part, name, value)
    return lambda: setattr(part, name, before)


def _noise(act: Noise, board: Board) -> Undo:
    faults = board.line.faults
    to_host, to_module = faults.rates
    faults.set_rates(act.rates)

    def undo() -> None:
        faults.to_host.rates, faults.to_module.rates = to_host, to_module

    return undo


def _weather(act: Weather, it: Emulator) -> Undo:
    air = it.air
    latency, loss = air.latency, air.loss
    air.latency = latency if act.latency is None else act.latency
    air.loss = loss if act.loss is None else act.loss

    def undo() -> None:
        air.latency, air.loss = latency, loss

    return undo
