"""Which acknowledgements are awaited, until when, and for what."""

from __future__ import annotations

import asyncio

from m5310.device.acknowledgements import OVERDUE, Acknowledgements
from m5310.device.reports import Portion, Report
from tests.support.clock import elapse


class Bench:
    """`overdue` are the numbers of portions whose word did not come, `at` when that was told."""

    def __init__(self) -> None:
        self.overdue: list[int] = []
        self.at: list[float] = []
        self.it = Acknowledgements(self._overdue)
        self.report = Report((), 3, acknowledge=True)

    def _overdue(self, portion: Portion) -> None:
        self.overdue.append(portion.number)
        self.at.append(asyncio.get_running_loop().time())

    def portion(self, number: int) -> Portion:
        return Portion(self.report, number, (), True)


async def test_ackid_of_any_attempt_counts() -> None:
    bench = Bench()
    portion = bench.portion(0)
    assert [bench.it.asked(portion) for _ in range(3)] == [2, 3, 4]
    assert bench.report.ackids == (4,)
    assert list(bench.it.portions) == [portion] * 3
    assert bench.it.arrived(3) is portion
    assert portion.acknowledged
    assert [bench.it.arrived(ackid) for ackid in (2, 3, 4, 99)] == [None] * 4


async def test_acknowledgement_before_ok() -> None:
    bench = Bench()
    portion = bench.portion(0)
    assert bench.it.arrived(bench.it.asked(portion)) is portion
    assert len(bench.it) == 0
    await elapse(2 * OVERDUE)
    assert bench.overdue == []


async def test_overdue_portions_in_order_and_late_acknowledgement() -> None:
    bench = Bench()
    portions = [bench.portion(number) for number in range(3)]
    for portion in portions:
        bench.it.asked(portion)
        bench.it.accepted(portion)
        await elapse(1)
    assert len(bench.it) == 3
    assert bench.it.arrived(3) is portions[1]
    await elapse(OVERDUE)
    assert bench.overdue == [0, 2]
    assert bench.at == [OVERDUE, OVERDUE + 2]
    assert len(bench.it) == 0
    assert bench.it.arrived(4) is portions[2]


async def test_forget_all_ends_timer() -> None:
    bench = Bench()
    portions = [bench.portion(number) for number in range(3)]
    for portion in portions:
        bench.it.asked(portion)
    for portion in portions[:2]:
        bench.it.accepted(portion)
    assert bench.it.forget_all() == portions[:2]
    assert bench.it.portions == ()
    assert bench.it.arrived(2) is None
    await elapse(2 * OVERDUE)
    assert bench.overdue == []
    assert bench.it.asked(portions[0]) == 5  # none repeats
