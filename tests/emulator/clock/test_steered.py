"""The clock for people: its speed changes, it is paused and advanced."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from emulator.clock.clocks import Timer
from emulator.clock.steered import SteeredClock
from tests.support.clock import VirtualLoop, elapse, run


def started(speed: float = 1.0) -> tuple[SteeredClock, float]:
    clock = SteeredClock(speed=speed)
    clock.start()
    return clock, clock.now()


class Log:
    """Plans timers by seconds from the begin, and has what ran and when."""

    def __init__(self, clock: SteeredClock) -> None:
        self.clock, self.begin = clock, clock.now()
        self.seen: list[tuple[str, object]] = []

    def plan(self, name: str, seconds: float) -> Timer:
        return self.clock.call_at(self.begin + seconds, lambda: self.note(name))

    def note(self, name: str) -> None:
        self.seen.append((name, pytest.approx(self.clock.now() - self.begin, abs=1e-5)))


async def test_it_follows_the_loop_at_each_speed_without_a_jump() -> None:
    clock, begin = started(speed=2)
    await elapse(10)
    assert clock.now() - begin == pytest.approx(20, abs=1e-5)
    clock.set_speed(60)
    assert clock.now() - begin == pytest.approx(20, abs=1e-5)
    await elapse(10)
    assert clock.now() - begin == pytest.approx(620, abs=1e-5)
    assert clock.speed == 60


async def test_a_timer_moves_with_the_speed() -> None:
    clock, begin = started()
    loop = asyncio.get_running_loop()
    fired: list[float] = []
    clock.call_at(begin + 100, lambda: fired.append(loop.time()))
    await elapse(10)
    clock.set_speed(9)  # 90 s are left
    await elapse(100)
    assert fired == pytest.approx([20], abs=1e-5)


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf")])
def test_it_rejects_a_speed(speed: float) -> None:
    with pytest.raises(ValueError, match="expected a factor above 0"):
        SteeredClock(speed=speed)
    clock = SteeredClock()
    with pytest.raises(ValueError, match="expected a factor above 0"):
        clock.set_speed(speed)
    assert clock.speed == 1


def test_it_stands_still_before_the_start_and_between_two_loops() -> None:
    clock = SteeredClock()
    fired: list[float] = []
    begin = clock.now()
    clock.call_at(begin + 15, lambda: fired.append(clock.now() - begin))

    async def ten_seconds() -> None:
        clock.start()
        clock.start()
        await elapse(10)
        assert clock.now() - begin in (pytest.approx(10, abs=1e-5), pytest.approx(20, abs=1e-5))

    run(ten_seconds())
    assert fired == []
    run(ten_seconds())
    assert clock.now() - begin == pytest.approx(20, abs=1e-5)
    assert fired == pytest.approx([15], abs=1e-5)


async def test_paused_it_stands_still_and_goes_on_from_there() -> None:
    clock, _ = started()
    log = Log(clock)
    log.plan("later", 3)
    await elapse(2)
    clock.pause()
    clock.pause()
    assert clock.paused
    await elapse(1000)
    assert clock.now() - log.begin == pytest.approx(2, abs=1e-5)
    assert log.seen == []
    clock.resume()
    clock.resume()
    await elapse(5)
    assert log.seen == [("later", 3)]
    assert clock.now() - log.begin == pytest.approx(7, abs=1e-5)


async def test_what_is_due_by_now_happens_while_paused() -> None:
    """Otherwise nothing would follow from a command, or from a change, until it goes on."""
    clock, begin = started()
    clock.pause()
    log = Log(clock)

    def first() -> None:
        log.note("first")
        clock.call_at(clock.now(), lambda: log.note("planned by it"))

    clock.call_at(begin, first)
    log.plan("overdue", -5)
    log.plan("not yet", 1e-3)
    assert log.seen == []  # never within `call_at`
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [name for name, _ in log.seen] == ["overdue", "first", "planned by it"]


async def test_timer_never_fires_early() -> None:
    clock, begin = started(speed=3)
    early = []
    done = asyncio.Event()

    def check(when: float) -> None:
        early.append(clock.now() < when)
        if len(early) == 1000:
            done.set()

    for number in range(1000):
        when = begin + number / 7919
        clock.call_at(when, lambda when=when: check(when))  # type: ignore[misc]
    await done.wait()
    assert not any(early)


async def test_a_timer_that_raises_does_not_hold_up_the_others() -> None:
    clock, begin = started()
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: raised.append(type(context["exception"]))
    )
    log = Log(clock)

    def fail() -> None:
        raise ZeroDivisionError

    for seconds in (1, 1, 100):
        clock.call_at(begin + seconds, fail)
        log.plan("next", seconds)
    await elapse(2)
    assert await clock.advance(200)
    assert raised == [ZeroDivisionError] * 3
    assert log.seen == [("next", 1), ("next", 1), ("next", 100)]


# Advance -----------------------------------------------------------------------------------------


async def test_advance_runs_timers_in_order_at_their_times() -> None:
    clock, begin = started()
    clock.pause()
    log = Log(clock)

    def second() -> None:
        log.note("b")
        log.plan("planned meanwhile", 4)
        log.plan("planned for the past", 1)

    clock.call_at(begin + 3, second)
    log.plan("a", 1)
    log.plan("c", 3)
    log.plan("never", 2).cancel()
    log.plan("at the end", 5)
    log.plan("later", 5.01)
    assert await clock.advance(5)
    past = ("planned for the past", 3)
    assert log.seen == [
        ("a", 1),
        ("b", 3),
        past,
        ("c", 3),
        ("planned meanwhile", 4),
        ("at the end", 5),
    ]
    assert clock.now() == begin + 5
    assert clock.paused


async def test_a_clock_that_runs_goes_on_after_advance() -> None:
    clock, begin = started(speed=10)
    log = Log(clock)
    log.plan("far", 4000)
    log.plan("further", 4200)
    assert await clock.advance(4100)
    assert clock.now() - begin == pytest.approx(4100, abs=1e-5)
    await elapse(20)
    assert log.seen == [("far", 4000), ("further", 4200)]
    assert clock.now() - begin == pytest.approx(4300, abs=1e-5)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
async def test_advance_rejects_seconds(seconds: float) -> None:
    clock, _ = started()
    with pytest.raises(ValueError, match="expected a number of seconds, 0 or more"):
        await clock.advance(seconds)
    assert not clock.advancing


async def test_advance_needs_a_start() -> None:
    with pytest.raises(RuntimeError, match="has not been started"):
        await SteeredClock().advance(1)


class Busy:
    """A timer each second, which takes 0.4 ms of the loop's time; `half` is set at the 50th."""

    def __init__(self, clock: SteeredClock) -> None:
        self.clock, self.begin, self.ran = clock, clock.now(), 0
        self.half = asyncio.Event()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self._selector = loop._clock
        self._plan()

    def _plan(self) -> None:
        self.clock.call_at(self.begin + self.ran + 1, self._on_timer)

    def _on_timer(self) -> None:
        self.ran += 1
        self._selector.now += 0.0004
        if self.ran == 50:
            self.half.set()
        self._plan()


async def advancing(clock: SteeredClock, seconds: float) -> asyncio.Task[bool]:
    """An `advance` that has begun."""
    task = asyncio.ensure_future(clock.advance(seconds))
    await asyncio.sleep(0)
    assert clock.advancing
    return task


async def test_other_events_take_turns_with_an_advance() -> None:
    clock, _ = started()
    busy = Busy(clock)
    task = await advancing(clock, 3000)
    others, times = 0, []
    while not task.done():
        await asyncio.sleep(0)
        others += 1
        times.append(clock.now())
    assert busy.ran == 3000
    assert others >= 1000  # three timers take a turn of 1 ms
    assert times == sorted(times)
    assert clock.now() - busy.begin == pytest.approx(3000, abs=1e-5)


async def test_what_others_plan_during_an_advance_happens_in_its_order() -> None:
    clock, _ = started()
    busy, log = Busy(clock), Log(clock)
    task = await advancing(clock, 100)
    await busy.half.wait()
    log.plan("between", 80.5)
    log.plan("soon", 10)
    reached = busy.ran
    await task
    assert log.seen == [("soon", reached), ("between", 80.5)]


async def test_there_is_one_advance_at_a_time() -> None:
    clock, begin = started()
    Busy(clock)
    task = await advancing(clock, 50)
    with pytest.raises(RuntimeError, match="another one has not ended"):
        await clock.advance(1)
    assert await task
    assert not clock.advancing
    assert await clock.advance(1)
    assert clock.now() - begin == pytest.approx(51, abs=1e-2)


async def test_pause_ends_an_advance_where_it_is() -> None:
    clock, begin = started()
    busy = Busy(clock)
    task = await advancing(clock, 1e6)
    await busy.half.wait()
    clock.pause()
    reached = clock.now()
    assert not clock.advancing
    other = asyncio.ensure_future(clock.advance(20))  # before the first has noticed
    assert await task is False
    assert await other is True
    assert clock.now() == reached + 20
    await elapse(100)
    assert clock.now() == reached + 20
    assert reached - begin == pytest.approx(busy.ran - 20, abs=1e-2)


async def test_a_timer_may_pause_the_clock_within_an_advance() -> None:
    clock, begin = started()
    clock.call_at(begin + 7, clock.pause)
    assert await clock.advance(100) is False
    assert clock.now() == begin + 7


async def test_speed_and_resume_take_effect_after_an_advance() -> None:
    clock, begin = started()
    clock.pause()
    Busy(clock)
    task = await advancing(clock, 100)
    await asyncio.sleep(0)
    clock.set_speed(4)
    clock.resume()
    assert await task
    assert clock.now() == begin + 100
    await elapse(10)
    assert clock.now() - begin == pytest.approx(140, abs=1e-2)


async def test_a_cancelled_advance_goes_on_from_the_time_reached() -> None:
    clock, begin = started()
    busy = Busy(clock)
    task = await advancing(clock, 1e6)
    await busy.half.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert not clock.advancing
    reached = clock.now()
    await elapse(10)
    assert clock.now() - reached == pytest.approx(10, abs=1e-2)
    assert reached - begin == pytest.approx(busy.ran - 10, abs=1)


async def test_watchers_are_called_after_each_timer_of_an_advance() -> None:
    clock, begin = started()
    log = Log(clock)

    def read() -> None:
        log.note("read")
        if len(log.seen) == 2:
            log.plan("planned by what was read", 3)

    clock.watch(read)
    log.plan("sends", 2)
    await clock.advance(10)
    assert log.seen == [("sends", 2), ("read", 2), ("planned by what was read", 3), ("read", 3)]
    clock.unwatch(read)
    clock.unwatch(read)
    clock.call_at(begin + 11, lambda: None)
    await clock.advance(10)
    assert len(log.seen) == 4


async def test_what_never_stops_sending_leaves_turns_to_others_within_an_advance() -> None:
    clock, begin = started()
    loop = asyncio.get_running_loop()
    reads = 0

    def read() -> bool:
        nonlocal reads
        reads += 1
        block(0.0004)
        return True

    clock.watch(read)
    log = Log(clock)
    log.plan("sends", 2)
    log.plan("later", 3)
    task = await advancing(clock, 10)
    late = []
    while reads < 1000:
        due = loop.time()
        await asyncio.sleep(0)
        late.append(loop.time() - due)
    assert max(late) < 0.002
    assert log.seen == [("sends", 2)]
    assert clock.now() == begin + 2
    clock.pause()
    assert await task is False


async def test_a_watcher_that_raises_is_not_called_again_for_the_same_timer() -> None:
    clock, begin = started()
    raised: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: raised.append(type(context["exception"]))
    )

    def read() -> bool:
        raise ZeroDivisionError

    clock.watch(read)
    clock.call_at(begin + 1, lambda: None)
    clock.call_at(begin + 2, lambda: None)
    assert await clock.advance(10)
    assert raised == [ZeroDivisionError] * 2


@pytest.mark.realtime
async def test_what_was_written_before_an_advance_is_read_before_it() -> None:
    clock, _ = started()
    clock.pause()
    begin = clock.now()
    reading, writing = os.pipe()
    loop, at = asyncio.get_running_loop(), []

    def read() -> None:
        os.read(reading, 100)
        at.append(clock.now())

    loop.add_reader(reading, read)
    try:
        os.write(writing, b"AT\r")
        await clock.advance(3600)
        os.write(writing, b"AT\r")
        await clock.advance(3600)
    finally:
        loop.remove_reader(reading)
        os.close(reading)
        os.close(writing)
    assert at == [begin, begin + 3600]


# A loop that is late -----------------------------------------------------------------------------


def block(seconds: float) -> None:
    """Something else holds the loop for `seconds`."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop._clock.now += seconds


async def test_timers_that_are_late_run_near_their_times_and_then_it_is_in_time() -> None:
    """What a part has to do within seconds would hold the loop if it was all done at once."""
    clock, begin = started()
    late: list[float] = []
    for number in range(1, 50):
        due = begin + number / 100
        clock.call_at(due, lambda due=due: late.append(clock.now() - due))  # type: ignore[misc]
    block(0.5)
    assert clock.now() - begin < 0.05  # nor does an input come long before what is due
    await elapse(0)
    others = 0
    while len(late) < 49:
        await asyncio.sleep(0)
        others += 1
    assert min(late) >= 0
    assert max(late) < 0.02
    assert others > 20
    assert clock.now() - begin == pytest.approx(0.5, abs=1e-5)


async def test_without_timers_a_late_loop_loses_no_time() -> None:
    clock, begin = started()
    block(5000)
    assert clock.now() - begin == pytest.approx(5000, abs=1e-5)


async def test_a_loop_that_is_late_for_long_loses_time() -> None:
    clock, _ = started()
    log = Log(clock)
    log.plan("before", 1)
    log.plan("behind", 2.5)
    block(5000)
    await elapse(1e-6)
    assert [name for name, _ in log.seen] == ["before"]
    await elapse(0.5)
    assert [name for name, _ in log.seen] == ["before", "behind"]
    assert clock.now() - log.begin == pytest.approx(2.5, abs=0.02)


async def test_a_speed_that_is_too_high_leaves_turns_to_others() -> None:
    clock, begin = started(speed=86_400)
    busy = Busy(clock)  # the computer takes 0.4 ms of the 0.012 ms that each second has
    loop, late = asyncio.get_running_loop(), []
    while loop.time() < 1:
        due = loop.time() + 1e-4
        await elapse(1e-4)
        late.append(loop.time() - due)
    assert max(late) < 0.002
    assert len(late) > 500
    assert busy.ran == pytest.approx(1 / 0.0004, rel=0.01)
    assert clock.now() - begin == pytest.approx(busy.ran, abs=2)


# Against a model ---------------------------------------------------------------------------------

# Multiples of a power of two: no sum of them is rounded.
QUARTERS = st.integers(0, 400).map(lambda number: number / 4)


class Model(RuleBasedStateMachine):
    """Any order of changes: timers run once, in order, at the time that a list of them gives."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.clock = SteeredClock()
        self.begin = self.clock.now()
        self.at, self.speed, self.paused = 0.0, 1.0, False
        self.count = 0
        self.timers: dict[int, Timer] = {}
        self.planned: dict[int, float] = {}  # by number, which is the order of planning
        self.ran: list[tuple[int, float]] = []
        self.expected: list[tuple[int, float]] = []
        self.latest = self.begin
        self.do(self.start())

    async def start(self) -> None:
        self.clock.start()

    def do(self, work: Coroutine[Any, Any, Any]) -> None:
        self.loop.run_until_complete(work)

    def move(self, target: float) -> None:
        """The model's time goes to `target`."""
        due = sorted((when, number) for number, when in self.planned.items() if when <= target)
        for when, number in due:
            self.at = max(self.at, when)
            self.expected.append((number, self.at))
            del self.planned[number]
        self.at = max(self.at, target)

    def on_timer(self, number: int) -> None:
        self.ran.append((number, self.clock.now() - self.begin))

    @rule(seconds=QUARTERS | st.just(-1.0))
    def plan(self, seconds: float) -> None:
        number = self.count = self.count + 1
        when = self.at + seconds
        self.planned[number] = when
        self.timers[number] = self.clock.call_at(self.begin + when, lambda: self.on_timer(number))
        self.do(asyncio.sleep(0))
        self.do(asyncio.sleep(0))
        self.move(self.at)

    @precondition(lambda self: self.timers)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.timers)))
        self.timers[number].cancel()
        self.planned.pop(number, None)

    @rule(speed=st.sampled_from([0.25, 1.0, 4.0, 64.0]))
    def change_speed(self, speed: float) -> None:
        self.clock.set_speed(speed)
        self.speed = speed

    @rule()
    def pause(self) -> None:
        self.clock.pause()
        self.paused = True

    @rule()
    def resume(self) -> None:
        self.clock.resume()
        self.paused = False

    @rule(seconds=QUARTERS)
    def wait(self, seconds: float) -> None:
        self.do(asyncio.sleep(seconds))
        self.do(asyncio.sleep(0))
        self.move(self.at if self.paused else self.at + seconds * self.speed)

    @rule(seconds=QUARTERS)
    def advance(self, seconds: float) -> None:
        self.do(self.clock.advance(seconds))
        self.move(self.at + seconds)

    @invariant()
    def agree(self) -> None:
        now = self.clock.now()
        assert now >= self.latest
        self.latest = now
        assert now - self.begin == self.at
        assert self.ran == self.expected
        assert (self.clock.speed, self.clock.paused) == (self.speed, self.paused)

    def teardown(self) -> None:
        self.loop.close()


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=50, stateful_step_count=30)
