"""Deadlines of which some may not be: the first of several, and of many that change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.clock.deadlines import Alarms, earliest


@pytest.mark.parametrize(
    ("deadlines", "first"),
    [((), None), ((None, None), None), ((3.0,), 3.0), ((None, 5.0, 2.0, None), 2.0)],
)
def test_the_first_deadline(deadlines: tuple[float | None, ...], first: float | None) -> None:
    assert earliest(*deadlines) == first


def test_alarms_go_off_in_their_order_and_once() -> None:
    alarms: Alarms[str] = Alarms()
    assert alarms.next is None
    for key, at in (("c", 3.0), ("b", 1.0), ("a", 1.0), ("d", 9.0)):
        alarms.plan(key, at)
    assert alarms.next == 1.0
    assert alarms.due(0.5) == []
    assert alarms.due(3.0) == ["b", "a", "c"]
    assert alarms.due(3.0) == []
    assert alarms.next == 9.0


@given(plans=st.lists(st.tuples(st.integers(0, 3), st.none() | st.floats(0, 9)), max_size=60))
def test_the_last_plan_for_each_counts(plans: list[tuple[int, float | None]]) -> None:
    alarms: Alarms[int] = Alarms()
    for key, at in plans:
        alarms.plan(key, at)
    planned = {key: at for key, at in dict(plans).items() if at is not None}
    assert alarms.next == min(planned.values(), default=None)
    assert sorted(alarms.due(5)) == sorted(key for key, at in planned.items() if at <= 5)
    assert alarms.next == min((at for at in planned.values() if at > 5), default=None)


def test_what_is_planned_anew_for_ever_leaves_nothing_behind() -> None:
    alarms: Alarms[str] = Alarms()
    alarms.plan("calm", 5000)
    for at in range(1000):
        alarms.plan("lively", 10_000 + at)
    assert len(alarms._heap) < 50
    assert alarms.due(20_000) == ["calm", "lively"]
