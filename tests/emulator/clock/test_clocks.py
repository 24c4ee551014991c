"""Clocks: real and scaled time, time moved by hand, time that skips waiting."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.clock.clocks import VIRTUAL_START, EagerClock, LoopClock, VirtualClock
from tests.support.clock import elapse, run


async def test_loop_clock_starts_at_the_date_and_follows_the_loop() -> None:
    clock = LoopClock()
    assert abs(clock.now() - time.time()) < 60
    before = clock.now()
    assert clock.now() == before  # it stands still until it is started
    clock.start()
    await elapse(10)
    assert clock.now() - before == pytest.approx(10, abs=1e-6)


def test_loop_clock_stands_still_between_two_loops() -> None:
    clock = LoopClock()

    async def ten_seconds() -> float:
        clock.start()
        clock.start()
        await elapse(10)
        return clock.now()

    first = run(ten_seconds())
    assert run(ten_seconds()) - first == pytest.approx(10, abs=1e-6)


@pytest.mark.parametrize("speed", [0.5, 1, 60, 86_400])
async def test_loop_clock_runs_at_its_speed(speed: float) -> None:
    clock = LoopClock(speed=speed)
    clock.start()
    begin, loop_begin = clock.now(), asyncio.get_running_loop().time()
    done = asyncio.Event()
    clock.call_at(begin + 3600, done.set)
    await done.wait()
    assert clock.now() >= begin + 3600
    passed = asyncio.get_running_loop().time() - loop_begin
    assert passed == pytest.approx(3600 / speed, abs=1e-5)


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf")])
def test_loop_clock_rejects_speed(speed: float) -> None:
    with pytest.raises(ValueError, match="expected a factor above 0"):
        LoopClock(speed=speed)


async def test_timer_never_fires_early() -> None:
    clock = LoopClock(speed=3)
    clock.start()
    begin = clock.now()
    done = asyncio.Event()
    early = []

    def check(when: float) -> None:
        early.append(clock.now() < when)
        if len(early) == 1000:
            done.set()

    for number in range(1000):
        when = begin + number / 7919
        clock.call_at(when, lambda when=when: check(when))  # type: ignore[misc]
    await done.wait()
    assert not any(early)


async def test_a_timer_can_be_cancelled() -> None:
    clock = LoopClock()
    clock.start()
    called: list[str] = []
    clock.call_at(clock.now() + 1, lambda: called.append("a")).cancel()
    clock.call_at(clock.now() + 1, lambda: called.append("b"))
    await elapse(2)
    assert called == ["b"]


def test_virtual_clock_starts_at_a_fixed_time() -> None:
    assert VirtualClock().now() == VIRTUAL_START
    clock = VirtualClock(100.0)
    clock.start()
    assert clock.now() == 100.0
    assert not clock.advance_to_next()
    clock.advance(5)
    assert clock.now() == 105.0


def test_advance_runs_timers_in_order_at_their_times() -> None:
    clock = VirtualClock(0.0)
    seen: list[tuple[str, float]] = []

    def note(name: str) -> None:
        seen.append((name, clock.now()))
        if name == "b":
            clock.call_at(4.0, lambda: note("planned meanwhile"))

    clock.call_at(3.0, lambda: note("b"))
    clock.call_at(1.0, lambda: note("a"))
    clock.call_at(3.0, lambda: note("c"))
    clock.call_at(2.0, lambda: note("never")).cancel()
    clock.call_at(9.0, lambda: note("later"))
    clock.advance(5.0)
    assert seen == [("a", 1.0), ("b", 3.0), ("c", 3.0), ("planned meanwhile", 4.0)]
    assert clock.now() == 5.0
    assert clock.next == 9.0


def test_advance_to_next() -> None:
    clock = VirtualClock(10.0)
    seen: list[float] = []
    clock.call_at(70.0, lambda: seen.append(clock.now()))
    clock.call_at(5.0, lambda: seen.append(clock.now()))  # overdue already
    assert clock.advance_to_next()
    assert clock.advance_to_next()
    assert seen == [10.0, 70.0]
    assert not clock.advance_to_next()
    assert clock.now() == 70.0


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_advance_rejects_seconds(seconds: float) -> None:
    with pytest.raises(ValueError, match="expected a number of seconds, 0 or more"):
        VirtualClock().advance(seconds)


def test_watchers_are_called_before_time_moves() -> None:
    clock = VirtualClock(0.0)
    seen: list[float] = []

    def check() -> None:
        seen.append(clock.now())

    clock.watch(check)
    clock.advance(1.0)
    clock.call_at(5.0, check)
    clock.advance_to_next()
    clock.unwatch(check)
    clock.advance(1.0)
    assert seen == [0.0, 1.0, 5.0]


def test_watchers_of_timers_are_called_after_each_timer() -> None:
    clock = VirtualClock(0.0)
    seen: list[float] = []

    def read() -> None:
        seen.append(clock.now())
        if clock.now() == 2.0:
            clock.call_at(3.0, lambda: None)  # what was read plans something before the end

    clock.watch(read, timers=True)
    clock.call_at(2.0, lambda: None)
    clock.advance(10.0)
    clock.unwatch(read)
    clock.call_at(11.0, lambda: None)
    clock.advance(1.0)
    assert seen == [0.0, 2.0, 3.0]


@given(
    st.lists(st.floats(0, 100), max_size=20), st.lists(st.floats(0, 30), min_size=1, max_size=20)
)
def test_step_size_does_not_change_what_runs(due: list[float], steps: list[float]) -> None:
    def called(steps: list[float]) -> list[float]:
        clock = VirtualClock(0.0)
        seen: list[float] = []
        for when in due:
            clock.call_at(when, lambda: seen.append(clock.now()))
        for step in steps:
            clock.advance(step)
        return seen

    whole = called([sum(steps)])
    cut = called(steps)
    assert cut[: len(whole)] == pytest.approx(whole[: len(cut)])
    assert abs(len(cut) - len(whole)) <= len([when for when in due if when > sum(steps) - 1e-6])


async def test_eager_clock_moves_only_while_work_is_pending() -> None:
    clock = EagerClock(0.0)
    clock.start()
    happened: list[float] = []
    clock.work_pending = lambda: len(happened) < 2
    for when in (5.0, 60.0, 86_400.0):
        clock.call_at(when, lambda: happened.append(clock.now()))
    assert happened == []
    for _ in range(5):
        await asyncio.sleep(0)
    assert happened == [5.0, 60.0]
    assert clock.now() == 60.0
    clock.work_pending = lambda: True
    clock.advance(1.0)
    assert clock.now() == 61.0
    clock.check()
    for _ in range(5):
        await asyncio.sleep(0)
    assert happened[2:] == [86_400.0]
    assert clock.now() == 86_400.0


async def test_eager_clock_goes_on_after_a_timer_that_raises() -> None:
    clock = EagerClock(0.0)
    clock.start()
    seen: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda *_: seen.append("raised"))
    clock.work_pending = lambda: "second" not in seen
    clock.call_at(5.0, lambda: 1 // 0)
    clock.call_at(6.0, lambda: seen.append("second"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert seen == ["raised", "second"]


def test_eager_clock_stands_still_before_start() -> None:
    clock = EagerClock(0.0)
    clock.work_pending = lambda: True
    clock.call_at(5.0, lambda: None)
    assert clock.now() == 0.0
