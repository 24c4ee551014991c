"""Timers in the order of their times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.clock.timer_queue import TimerQueue


def drained(queue: TimerQueue) -> int:
    """How many callbacks ran, up to the last one."""
    count = 0
    while queue.next is not None:
        queue.pop()()
        count += 1
    return count


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=400))
def test_timers_come_by_time_then_in_the_order_of_adding(plans: list[tuple[int, bool]]) -> None:
    queue, seen = TimerQueue(), []
    for number, (when, cancelled) in enumerate(plans):
        timer = queue.add(when, lambda number=number: seen.append(number))  # type: ignore[misc]
        if cancelled:
            timer.cancel()
            timer.cancel()
    kept = [(when, number) for number, (when, cancelled) in enumerate(plans) if not cancelled]
    assert len(queue) == len(kept)
    assert drained(queue) == len(kept)
    assert seen == [number for _, number in sorted(kept)]


def test_a_timer_that_has_run_cannot_be_cancelled() -> None:
    queue = TimerQueue()
    timer = queue.add(1.0, lambda: None)
    queue.add(2.0, lambda: None)
    queue.pop()
    timer.cancel()
    assert len(queue) == 1
    assert queue.next == 2.0


def test_cancelled_timers_do_not_accumulate() -> None:
    queue, seen = TimerQueue(), []
    queue.add(90_000.0, lambda: seen.append("kept"))
    for number in range(10_000):
        queue.add(86_400.0 + number, lambda: seen.append("cancelled")).cancel()
        assert len(queue._heap) < 300
    assert drained(queue) == 1
    assert seen == ["kept"]
