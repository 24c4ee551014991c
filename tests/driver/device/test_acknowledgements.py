"""Acknowledgements: ackids, overdue portions and late acknowledgements."""

from __future__ import annotations

import asyncio

from m5310.device.acknowledgements import OVERDUE, Acknowledgements
from m5310.device.reports import Portion, Report
from tests.support.clock import elapse


class ExpectedAcknowledgements:
    """`overdue` are the numbers of overdue portions, `at` the times of these calls."""

    def __init__(self) -> None:
        self.overdue: list[int] = []
        self.at: list[float] = []
        self.acknowledgements = Acknowledgements(self._overdue)
        self.report = Report((), 3, acknowledge=True)

    def _overdue(self, portion: Portion) -> None:
        self.overdue.append(portion.number)
        self.at.append(asyncio.get_running_loop().time())

    def portion(self, number: int) -> Portion:
        return Portion(self.report, number, (), True)


async def test_ackid_of_any_attempt_counts() -> None:
    expected = ExpectedAcknowledgements()
    portion = expected.portion(0)
    assert [expected.acknowledgements.expect(portion) for _ in range(3)] == [2, 3, 4]
    assert expected.report.ackids == (4,)
    assert list(expected.acknowledgements.portions) == [portion] * 3
    assert expected.acknowledgements.resolve(3) is portion
    assert portion.acknowledged
    assert [expected.acknowledgements.resolve(ackid) for ackid in (2, 3, 4, 99)] == [None] * 4


async def test_acknowledgement_before_ok() -> None:
    expected = ExpectedAcknowledgements()
    portion = expected.portion(0)
    assert expected.acknowledgements.resolve(expected.acknowledgements.expect(portion)) is portion
    assert len(expected.acknowledgements) == 0
    await elapse(2 * OVERDUE)
    assert expected.overdue == []


async def test_overdue_portions_in_order_and_late_acknowledgement() -> None:
    expected = ExpectedAcknowledgements()
    portions = [expected.portion(number) for number in range(3)]
    for portion in portions:
        expected.acknowledgements.expect(portion)
        expected.acknowledgements.accepted(portion)
        await elapse(1)
    assert len(expected.acknowledgements) == 3
    assert expected.acknowledgements.resolve(3) is portions[1]
    await elapse(OVERDUE)
    assert expected.overdue == [0, 2]
    assert expected.at == [OVERDUE, OVERDUE + 2]
    assert len(expected.acknowledgements) == 0
    assert expected.acknowledgements.resolve(4) is portions[2]


async def test_forget_all_ends_timer() -> None:
    expected = ExpectedAcknowledgements()
    portions = [expected.portion(number) for number in range(3)]
    for portion in portions:
        expected.acknowledgements.expect(portion)
    for portion in portions[:2]:
        expected.acknowledgements.accepted(portion)
    assert expected.acknowledgements.stop_timers() == tuple(portions[:2])
    expected.acknowledgements.forget_all()
    assert expected.acknowledgements.portions == ()
    assert expected.acknowledgements.resolve(2) is None
    await elapse(2 * OVERDUE)
    assert expected.overdue == []
    assert expected.acknowledgements.expect(portions[0]) == 5  # no ackid is used twice
