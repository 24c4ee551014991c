"""Deadlines: the earliest of several, and the next one of each of many objects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.clock.deadlines import Deadlines, earliest


@pytest.mark.parametrize(
    ("deadlines", "first"),
    [((), None), ((None, None), None), ((3.0,), 3.0), ((None, 5.0, 2.0, None), 2.0)],
)
def test_earliest_ignores_none(deadlines: tuple[float | None, ...], first: float | None) -> None:
    assert earliest(*deadlines) == first


def test_pop_due_returns_each_key_once_in_order() -> None:
    deadlines: Deadlines[str] = Deadlines()
    assert deadlines.next is None
    for key, at in (("c", 3.0), ("b", 1.0), ("a", 1.0), ("d", 9.0)):
        deadlines.set(key, at)
    assert deadlines.next == 1.0
    assert deadlines.pop_due(0.5) == []
    assert deadlines.pop_due(3.0) == ["b", "a", "c"]
    assert deadlines.pop_due(3.0) == []
    assert deadlines.next == 9.0


@given(plans=st.lists(st.tuples(st.integers(0, 3), st.none() | st.floats(0, 9)), max_size=60))
def test_last_deadline_of_each_key_counts(plans: list[tuple[int, float | None]]) -> None:
    deadlines: Deadlines[int] = Deadlines()
    for key, at in plans:
        deadlines.set(key, at)
    planned = {key: at for key, at in dict(plans).items() if at is not None}
    assert deadlines.next == min(planned.values(), default=None)
    assert sorted(deadlines.pop_due(5)) == sorted(key for key, at in planned.items() if at <= 5)
    assert deadlines.next == min((at for at in planned.values() if at > 5), default=None)


def test_replaced_deadlines_do_not_accumulate() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("calm", 5000)
    for at in range(1000):
        deadlines.set("lively", 10_000 + at)
    assert len(deadlines._heap) < 50
    assert deadlines.pop_due(20_000) == ["calm", "lively"]
