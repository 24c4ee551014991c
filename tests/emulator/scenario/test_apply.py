"""Scenario actions applied to an emulator, and undone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from emulator import Emulator, VirtualClock
from emulator.line.faults import Rates
from emulator.module.boot import Cause
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.sim import Sim
from emulator.onenet.api_faults import ApiFault
from emulator.onenet.misbehaviour import PlatformFaults
from emulator.scenario.apply import Changes
from emulator.scenario.events import (
    AirChange,
    CableChange,
    Change,
    NoiseChange,
    PlatformChange,
    RadioChange,
    Restart,
)
from emulator.simulation.board import Board
from tests.support.hosts import Host

pytestmark = pytest.mark.realtime


@asynccontextmanager
async def two_boards(
    link: Path | None = None,
) -> AsyncIterator[tuple[Emulator, VirtualClock]]:
    clock = VirtualClock()
    it = Emulator(baud=None, http=None, clock=clock, modules=2, latency=0.5, link=link)
    async with it:
        yield it, clock


Look = Callable[[Emulator, Board], object]


@pytest.mark.parametrize(
    ("action", "look", "then"),
    [
        (
            RadioChange(coverage=Coverage.ECL2),
            lambda _, board: board.module.radio.coverage,
            Coverage.ECL2,
        ),
        (RadioChange(refusing=True), lambda _, board: board.module.radio.refusing, True),
        (RadioChange(sim=Sim.FOREIGN), lambda _, board: board.module.sim, Sim.FOREIGN),
        (
            NoiseChange(loss=1),
            lambda _, board: board.line.faults.rates,
            (Rates(loss=1),) * 2,
        ),
        (AirChange(3.0, None), lambda it, _: (it.air.faults.latency, it.air.faults.loss), (3.0, 0)),
        (
            AirChange(None, 0.5),
            lambda it, _: (it.air.faults.latency, it.air.faults.loss),
            (0.5, 0.5),
        ),
        (RadioChange(busy=True), lambda _, board: board.module.radio.busy, True),
        (
            PlatformChange(discovers=False),
            lambda it, _: it.misbehaviour.faults,
            PlatformFaults(discovers=False),
        ),
        (
            PlatformChange(silent=True),
            lambda it, _: it.misbehaviour.faults,
            PlatformFaults(silent=True),
        ),
        (
            PlatformChange(api=ApiFault(15, 3)),
            lambda it, _: it.platform.api_faults.fault,
            ApiFault(15, 3),
        ),
    ],
)
async def test_change_of_one_board_is_undone(action: Change, look: Look, then: object) -> None:
    async with two_boards() as (it, _):
        first, second = it.boards
        before = look(it, second)
        undo = Changes(it).apply(action, second, ends=True)
        assert look(it, second) == then
        assert look(it, first) in (before, then)
        if not isinstance(action, AirChange | PlatformChange):
            assert look(it, first) == before
        for end in undo:
            end()
        assert look(it, second) == before


@pytest.mark.parametrize("ends", [False, True])
async def test_fault_that_the_year_does_not_have_changes_nothing(ends: bool) -> None:
    async with two_boards() as (it, _):
        change = PlatformChange(ApiFault(5117), silent=True)
        with pytest.raises(ValueError, match="errno 5117: expected one of this year: 0, 1, 2,"):
            Changes(it).apply(change, it.boards[0], ends=ends)
        assert it.misbehaviour.faults == PlatformFaults()
        assert it.platform.api_faults.fault == ApiFault()


def there(board: Board) -> bool:
    return Path(board.line.port).is_symlink()


async def test_unplugging_and_plugging_are_undone(tmp_path: Path) -> None:
    async with two_boards(tmp_path / "m5310") as (it, _):
        first, second = it.boards
        changes = Changes(it)
        (plug,) = changes.apply(CableChange(plugged=False), second, ends=True)
        assert not there(second)
        plug()
        assert there(second)
        assert changes.apply(CableChange(plugged=False), second, ends=False) == []
        (unplug,) = changes.apply(CableChange(plugged=True), second, ends=True)
        assert there(second)
        unplug()
        assert not there(second)
        assert there(first)


async def test_restart_affects_one_board_and_is_not_undone() -> None:
    async with two_boards() as (it, clock):
        with Host(it.boards[1].line.port) as host, Host(it.boards[0].line.port) as other:
            assert Changes(it).apply(Restart(Cause.WATCHDOG), it.boards[1], ends=True) == []
            clock.advance(5)
            assert "WATCHDOG" in await host.until("M5310\r\nOK\r\n")
            other.send("AT")
            clock.advance(0)
            assert await other.until("OK\r\n") == "\r\nOK\r\n"
