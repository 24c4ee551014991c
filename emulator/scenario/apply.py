"""Applies the changes of scenario events to an emulator, for a time or for ever."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import assert_never

from emulator.scenario.events import (
    AirChange,
    ByteFault,
    CableChange,
    Change,
    LoginEnd,
    NoiseChange,
    PlatformChange,
    RadioChange,
    Restart,
)
from emulator.scenario.overlay import Overlay, Setting, Undo
from emulator.simulation.bench import Bench
from emulator.simulation.board import Board


class Changes:
    """The changes of one scenario to `bench`."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._overlay = Overlay()

    def apply(self, change: Change, board: Board, *, ends: bool) -> list[Undo]:
        """Apply `change` to `board`, or to what all boards share; `ends`: the results end it.

        Raises OSError if the port cannot be opened again, ValueError for what the platform of this
        year does not have.
        """
        match change:
            case Restart(cause):
                board.module.power_cycle(cause, self._bench.now())
            case LoginEnd(reason):
                board.module.end_login(reason, self._bench.now())
            case ByteFault(to_host, fault):
                faults = board.line.faults
                (faults.to_host if to_host else faults.to_module).plan(fault)
            case _:
                settings = _settings(change, self._bench, board)
                if ends:
                    return [self._overlay.begin(setting, value) for setting, value in settings]
                for setting, value in settings:
                    self._overlay.set(setting, value)
        return []


Settings = RadioChange | CableChange | NoiseChange | AirChange | PlatformChange


def _settings(change: Settings, bench: Bench, board: Board) -> Iterator[tuple[Setting, object]]:
    """Each setting that `change` names, with its new value."""
    for name in (field.name for field in fields(change)):
        value = getattr(change, name)
        if value is None:
            continue
        match change:
            case RadioChange():
                yield Setting(board.module.radio, name), value
            case CableChange():
                yield Setting(board.line, name), value
            case NoiseChange():
                yield Setting(board.line.faults.to_host, "rates", name), value
                yield Setting(board.line.faults.to_module, "rates", name), value
            case AirChange():
                yield Setting(bench.air.faults, name), value
            case PlatformChange() if name == "api":
                yield Setting(bench.platform.api_faults, "fault"), value
            case PlatformChange():
                yield Setting(bench.misbehaviour, "faults", name), value
            case _:
                assert_never(change)
